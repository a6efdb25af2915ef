"""Which modules of legato a script reaches, found without running it."""

import ast
from functools import cache
from pathlib import Path

SOURCE = Path("src")


def modules_reached(script: Path) -> set[str]:
    """The files of every legato module that `script` imports, directly or not, anywhere in its code."""
    reached: set[Path] = set()
    waiting = [script]
    while waiting:
        for path in imported(waiting.pop()) - reached:
            reached.add(path)
            waiting.append(path)
    return {str(path) for path in reached}


@cache
def imported(path: Path) -> frozenset[Path]:
    """The legato modules that one file imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    files = (SOURCE / (name.replace(".", "/") + ".py") for name in names if name.split(".")[0] == "legato")
    return frozenset(file for file in files if file.is_file())
