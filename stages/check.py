"""check: refuse a wrong params.yaml and MIDI files that cannot be read before anything is built; write which
files each category takes; name what removed categories left behind."""

from legato.check import check, left_behind, write_manifests
from legato.errors import stage
from legato.words import say
from legato.work.recorded import pull_added
from legato.workspace import categories
from legato.workspace.contents import forget_others
from legato.workspace.layout import SOURCES


def main() -> None:
    pull_added(SOURCES)
    write_manifests(check())
    names = categories.names()
    forget_others(names)
    for folder in left_behind(names):
        say(f"note: {folder}: params.yaml has no such category; nothing reads it and it may be deleted")


if __name__ == "__main__":
    stage(main)
