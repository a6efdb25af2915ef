"""Which modules of legato a script reaches, by their paths in the repository."""

from pathlib import Path

from legato import code_version


def modules_reached(script: Path) -> set[str]:
    """The files of every legato module that `script` imports, directly or not, anywhere in its code."""
    return {str("src" / path.relative_to(code_version.SOURCE)) for path in code_version.modules_reached(script)}
