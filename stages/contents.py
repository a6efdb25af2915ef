"""contents: one hash of what each stage made of each category."""

from legato.errors import stage
from legato.work import recorded
from legato.workspace import categories
from legato.workspace.contents import facts_of, write_contents


def main() -> None:
    names = categories.names()
    recorded.verify(facts_of(names))
    write_contents(names)


if __name__ == "__main__":
    stage(main)
