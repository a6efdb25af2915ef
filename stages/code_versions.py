"""code_versions: a hash of the code that each stage runs."""

from pathlib import Path

from legato.errors import stage
from legato.files import write_json
from legato.work.code_version import stage_version


def main() -> None:
    scripts = sorted(Path("stages").glob("*.py"))
    write_json(Path("reports/code.json"), {script.stem: stage_version(script) for script in scripts})


if __name__ == "__main__":
    stage(main)
