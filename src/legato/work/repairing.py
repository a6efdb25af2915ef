"""What is damaged is thrown out, so that the next `dvc repro` makes it again, with the bytes that it had.

Two things must not be:

- that what a user has edited is lost: a file of the workspace is set aside, never deleted, and so is an object that no
  output of this version names; and what is the user's own, by Git or by `dvc add`, is left as it is;
- that DVC's cache lacks an object whose bytes the workspace still has, for nothing would notice: it is put back.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from legato.errors import LegatoError
from legato.files import replacing, write_bytes
from legato.work.listings import Files, bytes_of_listing
from legato.work.verifying import Damage, Verified, is_there

ASIDE = Path(".legato/damaged")


def repair(found: Verified) -> Iterator[str]:
    """Throw out what is damaged and is not the user's own; give a line for each: what was done, or why it was not."""
    for one in found.damages:
        try:
            if one.kind == "own":
                yield f"left as it is: {one}"
            elif one.kind in ("output", "stray"):
                yield f"set aside in {_set_aside(one.path)}: {one}" if is_there(one.path) else f"to be made: {one}"
            else:
                one.path.unlink(missing_ok=True)
                again = one.kind == "object" and _put_back(one, found.sound)
                yield f"{'made good from the workspace' if again else 'thrown out'}: {one}"
        except OSError as error:
            raise LegatoError(f"{one.path}: cannot be thrown out: {error.strerror}") from None


def n_own(found: Verified) -> int:
    """How much of it is the user's own, which is left as it is."""
    return sum(one.kind == "own" for one in found.damages)


def _set_aside(path: Path) -> Path:
    """Move a file or folder out of the way; of a link what it leads to, for that may be thrown out too."""
    target = ASIDE / (path if not path.is_absolute() else Path(path.parent.name, path.name))
    number = 0
    while is_there(target):
        number += 1
        target = target.with_name(f"{path.name}.{number}")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.is_file():
        shutil.copyfile(path, target)
        path.unlink()
    else:
        shutil.move(path, target)
    return target


def _put_back(one: Damage, sound: dict[str, Path | Files]) -> bool:
    """Give DVC's cache the bytes that the workspace has; whether it has them."""
    source = sound.get(one.md5)
    if source is None:
        return False
    if isinstance(source, Path):
        with replacing(one.path) as temporary:
            shutil.copyfile(source, temporary)  # no link: the workspace's file may be written
    else:
        write_bytes(one.path, bytes_of_listing(source))
    one.path.chmod(0o444)
    return True
