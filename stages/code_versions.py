"""code_versions: a hash of the code that each stage runs."""

from pathlib import Path

from legato.errors import stage
from legato.files import write_json
from legato.work.code_version import stage_version
from legato.workspace.layout import CODE


def main() -> None:
    scripts = sorted(Path("stages").glob("*.py"))
    write_json(CODE.path, {script.stem: stage_version(script) for script in scripts})


if __name__ == "__main__":
    stage(main)
