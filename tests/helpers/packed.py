"""What stages leave where `dataset.layout` is `shards`, made of what they leave where it is `files`."""

import shutil
from pathlib import Path

from legato import shards
from legato.workspace.layout import TrackFiles


def pack(*kinds: TrackFiles, root: Path = Path()) -> None:
    """Have the files of all categories in archives."""
    for made in kinds:
        for folder in sorted((root / made.path).iterdir()):
            files = folder.rename(folder.with_name(f".{folder.name}"))
            shards.pack_folder(files, folder)
            shutil.rmtree(files)
