"""For which machine a plugin's files are made, read from the files: nothing is loaded."""

import platform
import struct
import sys
from pathlib import Path

from legato.files import require_file

ELF, ELF_HEADER = b"\x7fELF", struct.Struct("<16sHH")  # its third field is the machine
ELF_MACHINES = {3: "i686", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}


def machine_fault(path: Path) -> str | None:
    """Why a plugin cannot run on this machine, where its files say so. VST3's folders are those of its SDK, 3.7."""
    if sys.platform != "linux":
        return None
    here = platform.machine()
    if path.suffix == ".so":
        return _library_fault(require_file(path))
    library = path / "Contents" / f"{here}-linux" / f"{path.stem}.so"
    if not path.is_dir():
        return "on Linux a .vst3 is a folder"
    if not library.is_file():
        made_for = sorted({each.parent.name for each in path.glob("Contents/*/*") if each.is_file()} - {"Resources"})
        return f"lacks {library.relative_to(path)}: it is made for {', '.join(made_for) or 'no machine at all'}"
    return _library_fault(library)


def _library_fault(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(ELF_HEADER.size)
    if len(head) < ELF_HEADER.size or not head.startswith(ELF):
        return "is no library of Linux (ELF)"
    _, _, number = ELF_HEADER.unpack(head) if head[5] == 1 else (None, None, -1)
    machine = ELF_MACHINES.get(number, f"another machine (ELF {number})")
    return None if machine == platform.machine() else f"is made for {machine}; this machine is {platform.machine()}"
