"""Which code computes a result: the modules a file reaches by its imports, and the packages these import.

The walk reads imports without running them, those inside functions too.
"""

import ast
import hashlib
import importlib.metadata
import platform
import sys
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent.parent
# What says how the work is done, never what comes out of it.
MACHINERY = frozenset({"categories", "code_version", "errors", "item_cache", "items", "params", "pool", "progress"})
NOT_COMPUTING = frozenset({"joblib", "pydantic", "tqdm", "yaml"})
DISTRIBUTIONS = {"dac": "descript-audio-codec", "fluidsynth": "pyfluidsynth"}  # named otherwise than their import


def modules_reached(script: Path) -> set[Path]:
    """The files of every legato module that `script` imports, directly or not, anywhere in its code."""
    return _reached(script, frozenset())


@cache
def code_version(script: Path) -> str:
    """A hash of `script`, the modules of legato it reaches and the versions of the packages they import.

    What merely runs the work is left out: neither the pool nor this cache changes a byte of what it runs.
    """
    left_out = frozenset(SOURCE / "legato" / f"{name}.py" for name in MACHINERY)
    files = {script, *_reached(script, left_out)}
    sources = sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files)
    packages = {name.split(".")[0] for path in files for name in _imports(path)} - NOT_COMPUTING
    versions = sorted(f"{name}=={_version(name)}" for name in packages - sys.stdlib_module_names - {"legato"})
    machine = platform.system(), platform.machine(), platform.python_version()
    return hashlib.sha256(repr((sources, versions, machine)).encode()).hexdigest()


def _reached(script: Path, left_out: frozenset[Path]) -> set[Path]:
    reached: set[Path] = set()
    waiting = [script]
    while waiting:
        for path in _modules(waiting.pop()) - reached - left_out:
            reached.add(path)
            waiting.append(path)
    return reached


@cache
def _modules(path: Path) -> frozenset[Path]:
    """The legato modules that one file imports, at its top or inside a function."""
    files = (SOURCE / (name.replace(".", "/") + ".py") for name in _imports(path) if name.split(".")[0] == "legato")
    return frozenset(file for file in files if file.is_file())


@cache
def _imports(path: Path) -> frozenset[str]:
    """The dotted names that a file imports; of `from a import b` both a and a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(DISTRIBUTIONS.get(package, package))
    except importlib.metadata.PackageNotFoundError:
        return "absent"
