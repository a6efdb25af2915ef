"""A category's files in archives, where they are many: each track is made and kept as ever, and packed at the end.

So the layout is how results are stored, and none of what they depend on: another one makes no track again.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from legato import shards
from legato.work.items import FailedError, clear
from legato.workspace.layout import PACKING


@contextmanager
def stored(layout: shards.Layout, n_tracks: int, *folders: Path) -> Iterator[list[Path]]:
    """Give the folders where a step writes its files, which `folders` hold at the end, as files or in archives.

    Where tracks failed, the others are packed nevertheless.
    """
    if not shards.is_packed(layout, n_tracks):
        yield list(folders)
        return
    waiting = {clear(folder): PACKING / folder.relative_to(folder.anchor) for folder in folders}
    try:
        yield list(waiting.values())
        _pack(waiting)
    except FailedError:
        _pack(waiting)
        raise
    finally:
        for source in waiting.values():
            shutil.rmtree(source, ignore_errors=True)


def _pack(waiting: dict[Path, Path]) -> None:
    for folder, source in waiting.items():
        if source.is_dir() and any(source.iterdir()):  # stems are there only where they are asked for
            shards.pack_folder(source, folder)
