"""The `legato` command: what a user asks of a workspace beside `dvc`."""

import argparse
from pathlib import Path

from legato import categories
from legato.errors import LegatoError, stage
from legato.truth.rates import LIMITS, lies, rates

MOST_LIES = 20  # shown


def main(*words: str) -> None:
    """Parse the command line and run its command."""
    parser = argparse.ArgumentParser(prog="legato", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    validate = commands.add_parser("validate", help="check every tag of every prompt against its MIDI and audio")
    validate.add_argument("category", nargs="*", help="categories of params.yaml; all of them if none is named")
    validate.set_defaults(run=lambda found: run_validate(found.category))
    decode = commands.add_parser("decode", help="write audio back from codes, for ears")
    decode.add_argument("what", help="a track's id, a .pt file, or a folder of them")
    decode.add_argument("--out", type=Path, default=Path("decoded"), help="where to; %(default)s if not given")
    decode.set_defaults(run=lambda found: run_decode(found.what, found.out))
    found = parser.parse_args(words)
    found.run(found)


def run_validate(chosen: list[str]) -> None:
    """Print the rate of truth of each kind of verdict and the tags that are not true.

    Raises:
        LegatoError: no such category, or a rate lies under its limit.
    """
    from legato.truth.validate import validate_category  # librosa takes seconds to import

    known = categories.names()
    for name in chosen:
        if name not in known:
            raise LegatoError(f"params.yaml: categories: {name!r}: no such category; known are {', '.join(known)}")
    rows = [row for name in chosen or known for row in validate_category(name)]
    found = rates(rows)
    for kind, n_checked, n_true in found:
        limit = LIMITS.get(kind, 1.0)
        print(f"{kind:18} {n_true:6} of {n_checked:6} true  {n_true / n_checked:7.2%}  (at least {limit:.0%})")
    wrong = lies(rows)
    for name, kind, tag in wrong[:MOST_LIES]:
        print(f"not true: {name}: {tag!r} ({kind})")
    if len(wrong) > MOST_LIES:
        print(f"and {len(wrong) - MOST_LIES} more")
    if dishonest := [rate.kind for rate in found if not rate.is_honest]:
        raise LegatoError(f"validate: {', '.join(dishonest)}: too few verdicts are true")


def run_decode(what: str, folder: Path) -> None:
    """Write the audio of codes and print where it is."""
    from legato.decode import decode  # and torch

    for path in decode(what, folder):
        print(path)


def run() -> None:
    """The entry point."""
    stage(main)
