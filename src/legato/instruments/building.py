"""Instruments and effects from their Faust sources: `make instruments`; with the tools there, of one of them:

    python -m legato.instruments.building supersaw

cyfaust compiles every class that a .dsp names in `sounds` and `post` to C, zig compiles them with our own
architecture (assets/voices.c) to WebAssembly. The same versions of both give the same bytes on every machine. The .json
beside it is read out of what was generated: parameters, library functions with their licences, and hashes.
"""

import hashlib
import importlib.metadata
import itertools
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from legato.errors import LegatoError, stage
from legato.files import sha256_of, write_bytes, write_json
from legato.instruments.catalogue import ASSETS, HOST_CONTROLS

FAUST_FLAGS = ("-lang", "c", "-double")
ZIG_FLAGS = ("-target", "wasm32-wasi", "-mexec-model=reactor", "-O2", "-s", "-std=c11", "-Wno-everything")
TOOLS = ("cyfaust", "ziglang")
DECLARED = re.compile(r'm->declare\(m->metaInterface, "([^"]+)", "((?:[^"\\]|\\.)*)"\);')
SLIDER = re.compile(r'addHorizontalSlider\(ui_interface->uiInterface, "(\w+)", \S+ (.*)\);')
NUMBER = re.compile(r"\(FAUSTFLOAT\)([-+.e\d]+)")
NOTED = re.compile(r'hslider\("(\w+)"[^;\n]*\);(?: *// *(.*))?$', re.MULTILINE)
IMPORTED = re.compile(r'^(?:\w+ *= *)?(?:import|library)\("([^"]+)"\);', re.MULTILINE)
LICENCE_KEYS = ("license", "licence")  # both are in use
# Licences that a function of Faust's libraries may have: beside our own, MIT and BSD; STK-4.3, whose notice is in
# assets/NOTICE.txt; LGPL with the exception that lets what is compiled go its own way.
ALLOWED = re.compile(
    r"(LicenseRef-)?(CC0-1\.0|MIT|BSD-[23]-Clause|STK-4\.3|LGPL-2\.1-or-later[- ]with[- ]Faust-exception)",
    re.IGNORECASE,
)
HEADER = 6000  # characters in which a library states its licence
UNITS = {"hz": "Hz", "s": "s", "ms": "ms", "cents": "cents", "semitones": "semitones", "octaves": "octaves", "db": "dB"}


def main(*names: str) -> None:
    for source in sorted(ASSETS.glob("*.dsp")):
        if not names or source.stem in names:
            wasm, facts = build(source)
            write_bytes(source.with_suffix(".wasm"), wasm)
            write_json(source.with_suffix(".json"), facts)
            print(f"{source.stem:16} {len(wasm) / 1000:6.1f} kB", flush=True)


def build(source: Path) -> tuple[bytes, dict[str, Any]]:
    """The WebAssembly of one .dsp, and what its .json says.

    Raises:
        LegatoError: cyfaust or ziglang is not installed, or one of them refuses the source; or that uses a library
            function whose licence is not allowed.
    """
    versions = _versions()
    declared = dict(re.findall(r'declare (\w+) "([^"]*)";', source.read_text(encoding="utf-8")))
    sounds, post = declared.get("sounds", "").split(), declared.get("post", "").split()
    with TemporaryDirectory() as folder:
        generated = {name: _faust(source, name, Path(folder)) for name in sounds + post}
        table = _table(sounds, post, declared.get("choke", "").split())
        wasm = _zig(source, Path(folder), sounds + post, table)
    text = "\n".join(generated.values())
    libraries = licences_of(text)
    check_licences(source.stem, libraries)
    sources = sorted({source, *_own_imports(source), ASSETS / "voices.c", ASSETS / "voices.h"})
    return wasm, {
        "name": source.stem,
        "about": _about(source),
        "kind": declared["kind"],
        "license": declared["license"],
        "gain": float(declared["gain"]),
        "roles": declared.get("roles", "").split(),
        "sounds": sounds,
        "polyphony": int(declared.get("polyphony", 2)),
        "parameters": _parameters(source, text),
        "libraries": libraries,
        "sha256": {path.name: sha256_of(path) for path in sources} | {f"{source.stem}.wasm": _sha256(wasm)},
        "tools": versions | {"faust": re.findall(r"generated with Faust (\S+)", text)[0]},
    }


def check_licences(name: str, libraries: Mapping[str, str]) -> None:
    """Refuse library functions whose licences would bind whoever passes the instrument on.

    Raises:
        LegatoError: one has a licence outside ALLOWED.
    """
    for function, licence in libraries.items():
        if not ALLOWED.fullmatch(licence):
            raise LegatoError(f"instrument {name!r}: {function} is under {licence}, which no instrument may use")


def _versions() -> dict[str, str]:
    try:
        return {name: importlib.metadata.version(name) for name in TOOLS}
    except importlib.metadata.PackageNotFoundError as error:
        raise LegatoError(f"{error.name} is not installed: pip install 'legato[instruments]'") from None


def _faust(source: Path, name: str, folder: Path) -> str:
    """The C of one class of a source."""
    import cyfaust

    target = folder / f"{name}.c"
    words = ["-I", str(ASSETS), "-cn", name, "-pn", name, "-o", str(target)]
    faust: Any = cyfaust
    if not faust.generate_auxfiles_from_file(str(source), *FAUST_FLAGS, *words):
        raise LegatoError(f"{source}: Faust refuses its process {name!r}: its own words are above")
    return target.read_text(encoding="utf-8")


def _zig(source: Path, folder: Path, classes: Sequence[str], table: str) -> bytes:
    for name in ("voices.h", "voices.c"):
        (folder / name).write_bytes((ASSETS / name).read_bytes())
    lines = ['#include "voices.h"', *(f'#include "{name}.c"' for name in classes), table, '#include "voices.c"']
    (folder / "all.c").write_text("\n".join(lines) + "\n", encoding="ascii")
    command = [sys.executable, "-m", "ziglang", "cc", *ZIG_FLAGS, "all.c", "-o", "all.wasm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[0]
        raise LegatoError(f"{source}: zig refuses the C that Faust made of it: {last}")
    return (folder / "all.wasm").read_bytes()


def _table(sounds: Sequence[str], post: Sequence[str], choke: Sequence[str]) -> str:
    """The C that tells voices.c which classes there are; of `choke`, each sound ends all others."""
    rows = ", ".join(f"SOUND({name})" for name in sounds) or "{0}"
    chokes = sum(1 << sounds.index(name) for name in choke)
    return "\n".join(
        (
            f"enum {{ N_SOUNDS = {len(sounds)}, N_SOUNDS_OR_1 = {max(1, len(sounds))} }};",
            f"static const Sound SOUNDS[] = {{{rows}}};",
            f"static const Sound POST_SOUND = {f'SOUND({post[0]})' if post else '{0}'};",
            f"static const Sound* const POST = {'&POST_SOUND' if post else '0'};",
            f"static const uint32_t CHOKES = {chokes};",
        )
    )


def _about(source: Path) -> str:
    """The first sentence of the comment that a source begins with."""
    lines = itertools.takewhile(lambda line: line.startswith("//"), source.read_text(encoding="utf-8").splitlines())
    return " ".join(line.strip("/ ") for line in lines).split(". ")[0].rstrip(".")


def _parameters(source: Path, text: str) -> list[dict[str, Any]]:
    """The sliders in the order of the source, without the host's; one name is one parameter of all classes."""
    found: dict[str, dict[str, Any]] = {}
    for name, numbers in SLIDER.findall(text):
        default, low, high, step = map(float, NUMBER.findall(numbers))
        unit = UNITS.get(name.rsplit("_", 1)[-1], "") if "_per_" not in name else "per s"
        row = {"name": name, "unit": unit, "low": low, "high": high, "default": default, "step": step}
        if found.setdefault(name, row) != row:
            raise LegatoError(f"{source}: {name!r} has two ranges")
    content = source.read_text(encoding="utf-8")
    written, notes = re.findall(r'hslider\("(\w+)"', content), dict(NOTED.findall(content))
    if unused := sorted(set(written) - set(found)):
        raise LegatoError(f"{source}: changes nothing: {', '.join(unused)}")
    return [found[name] | {"note": notes.get(name, "")} for name in written if name not in HOST_CONTROLS]


def licences_of(text: str) -> dict[str, str]:
    """The licence of every library and library function in generated code, by `library` or `library/function`.

    A library that declares none, neither for itself nor for what is used of it, has it in its first lines.
    """
    declared = {key: value for key, value in DECLARED.findall(text) if ".lib/" in key}
    licences: dict[str, str] = {}
    for key, value in declared.items():
        owner, _, what = key.replace(":", "/:").rpartition("/")
        if what.lstrip(":") in LICENCE_KEYS:
            licences[owner] = value
    for library in {key.split("/")[0] for key in declared} - {owner.split("/")[0] for owner in licences}:
        licences[library] = _licence_in_header(library)
    return dict(sorted(licences.items()))


def _licence_in_header(library: str) -> str:
    """The licence that a library of Faust's states in its header alone."""
    import cyfaust

    path = Path(cyfaust.__file__).parent / "resources/libraries" / library
    words = re.sub(r"//|\*", " ", path.read_text(encoding="utf-8", errors="replace")[:HEADER]).split()
    header = " ".join(words)
    if "GNU Lesser General Public License" in header and "EXCEPTION TO THE LGPL LICENSE" in header.upper():
        return "LGPL-2.1-or-later WITH Faust-exception"
    return "no licence that is known"


def _own_imports(source: Path) -> set[Path]:
    """The libraries of ours that a source imports, directly or not."""
    names = IMPORTED.findall(source.read_text(encoding="utf-8"))
    direct = {ASSETS / name for name in names if (ASSETS / name).exists()}
    return direct.union(*(_own_imports(path) for path in direct))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    stage(main)
