"""render@category: play each MIDI file through the SoundFont; a recording is passed on as it is."""

from legato.errors import stage
from legato.render.category import index_stems, made_with, render_category
from legato.work import items
from legato.work.recorded import verified
from legato.workspace.layout import facts_path


def main(category: str) -> None:
    rows = items.record(facts_path(category, "render"), lambda: render_category(category), made_with(category))
    index_stems(category, [row["id"] for row in rows])


if __name__ == "__main__":
    stage(verified(main))
