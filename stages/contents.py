"""contents: one hash of what each stage made of each category."""

from legato import categories, recorded
from legato.contents import facts_of, write_contents
from legato.errors import stage


def main() -> None:
    names = categories.names()
    recorded.verify(facts_of(names))
    write_contents(names)


if __name__ == "__main__":
    stage(main)
