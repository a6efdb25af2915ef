"""Our own instruments: `speed` times them with FluidSynth beside them, `golden` keeps for the tests what they sound
like, `page` writes docs/synths.md and its pictures. After src/legato/instruments/assets has changed:

    python benchmarks/synths.py golden && python benchmarks/synths.py page
"""

import sys
from pathlib import Path

from legato.files import write_json
from legato.instruments.audition import golden
from legato.instruments.catalogue import names

ROOT = Path(__file__).parent.parent


def main() -> None:
    {"golden": write_golden}[sys.argv[1]]()


def write_golden() -> None:
    """The hash of what each instrument and effect plays."""
    write_json(ROOT / "tests/data/instruments.json", {name: golden(name) for name in names()})


if __name__ == "__main__":
    main()
