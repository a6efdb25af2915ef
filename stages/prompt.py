"""prompt@category: write each track's prompt from its facts. No audio is touched."""

from legato.errors import stage
from legato.prompts.category import prompt_category
from legato.work import items
from legato.work.recorded import verified
from legato.workspace.layout import facts_path


def main(category: str) -> None:
    items.record(facts_path(category, "prompt"), lambda: prompt_category(category))


if __name__ == "__main__":
    stage(verified(main))
