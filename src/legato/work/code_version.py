"""Which code computes a result: the modules a file reaches by its imports, and the packages these import.

The walk reads imports without running them, those inside functions too. What it cannot follow is refused: a relative
import, and a module named by a string at run time.
"""

import ast
import hashlib
import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from legato.errors import LegatoError

SOURCE = Path(__file__).parents[2]
# What says how the work is done, never what comes out of it: files below legato/.
MACHINERY = (
    "work/*.py",
    "errors.py",
    "words.py",
    "shards.py",
    "workspace/categories.py",
    "workspace/dvc_files.py",
    "workspace/layout.py",
    "workspace/params.py",
    "workspace/yaml_file.py",
)
BY_STRING = frozenset({"__import__", "import_module"})  # calls
# `dawdreamer` is optional, and its version belongs to the key of what a plugin plays, as the plugin's hash does.
NOT_COMPUTING = frozenset(
    {"dawdreamer", "distributed", "dvc", "dvc_objects", "dvclive", "joblib", "pydantic", "scmrepo", "tqdm", "yaml"}
)
DISTRIBUTIONS = {"dac": "descript-audio-codec", "fluidsynth": "pyfluidsynth", "yaml": "pyyaml"}  # named otherwise


def modules_reached(script: Path) -> set[Path]:
    """The files of every legato module that `script` imports, directly or not, anywhere in its code."""
    return _reached(script, frozenset())


def machinery() -> frozenset[Path]:
    """The files that MACHINERY names."""
    return frozenset(path for name in MACHINERY for path in (SOURCE / "legato").glob(name))


@cache
def code_version(script: Path) -> str:
    """A hash of `script`, the modules of legato it reaches and the versions installed of the packages they import.

    What merely runs the work is left out: neither the pool nor the cache of single tracks changes a byte of it.
    """
    files = {script, *_reached(script, machinery())}
    versions = [f"{name}=={_version(name)}" for name in _packages(files)]
    machine = platform.system(), platform.machine(), platform.python_version()
    return _hash(files, [*versions, *machine])


def stage_version(script: Path, constraints: Path = Path("constraints.txt")) -> str:
    """A hash of a stage's script, the modules of legato it reaches and the versions pinned of the packages they import.

    It is the same on every machine, and so DVC's: what is installed belongs to `code_version`.
    """
    pinned = dict(line.split("==") for line in constraints.read_text().splitlines())
    versions = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pinned.items()}
    files = {script, *modules_reached(script)}
    return _hash(files, [f"{name}=={versions.get(_distribution(name), 'not pinned')}" for name in _packages(files)])


def _hash(files: set[Path], versions: Iterable[str]) -> str:
    sources = ((_name(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files)
    return hashlib.sha256(repr((sorted(sources), sorted(versions))).encode()).hexdigest()


def _name(path: Path) -> str:
    """A module's path from SOURCE, which two modules never share; a script's own name."""
    return path.relative_to(SOURCE).as_posix() if path.is_relative_to(SOURCE) else path.name


def _packages(files: set[Path]) -> set[str]:
    """The packages that files import, neither legato nor Python's own, and that may change a result."""
    names = {name.split(".")[0] for path in files for name in imported_names(path)}
    return names - sys.stdlib_module_names - NOT_COMPUTING - {"legato"}


def _reached(script: Path, left_out: frozenset[Path]) -> set[Path]:
    reached: set[Path] = set()
    waiting = [script]
    while waiting:
        for path in imported_modules(waiting.pop()) - reached - left_out:
            reached.add(path)
            waiting.append(path)
    return reached


@cache
def imported_modules(path: Path) -> frozenset[Path]:
    """The legato modules that one file imports, at its top or inside a function, and the packages that they are in."""
    names = {name for name in imported_names(path) if name.split(".")[0] == "legato"}
    files = (file for name in names for file in _run_by(name))
    return frozenset(file for file in files if file.is_file())


def _run_by(name: str) -> Iterator[Path]:
    """The files that Python would run for `import name`, were each part of it a package or a module."""
    folder = SOURCE
    for part in name.split("."):
        yield folder / f"{part}.py"
        folder /= part
        yield folder / "__init__.py"


@cache
def imported_names(path: Path) -> frozenset[str]:
    """The dotted names that a file imports; of `from a import b` both a and a.b.

    Raises:
        LegatoError: there is an import that cannot be followed.
    """
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    if any(name in source for name in BY_STRING):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in BY_STRING:
                raise LegatoError(f"{path}: line {node.lineno}: an import by a string: write an import statement")
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise LegatoError(f"{path}: line {node.lineno}: a relative import: name the module from legato on")
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements, and no expressions, which are nine tenths of a tree and import nothing."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, block, ())
            waiting += inner if isinstance(inner, list) else ()


def _distribution(package: str) -> str:
    return DISTRIBUTIONS.get(package, package).replace("_", "-")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(_distribution(package))
    except importlib.metadata.PackageNotFoundError:
        return "absent"
