"""audit: refuse a dataset with a track that is made of anything but what `policy` allows; hours by licence."""

from legato.errors import LegatoError, stage
from legato.files import write_json
from legato.licenses.audit import line_of, read_tracks, refusals, report
from legato.licenses.policy import PolicyParams
from legato.words import counted, say
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.layout import AUDIT, HELD_OUT, TRAIN


def main() -> None:
    policy = params.load("policy", PolicyParams)
    rows = read_tracks([TRAIN.path, HELD_OUT.path])
    found = report(rows, refusals(rows, policy))
    write_json(AUDIT.path, found)  # a failed one too, for the eyes
    if not found["passed"]:
        raise LegatoError(line_of(found))
    print(f"audit: {counted(len(rows), 'track')}, none refused")
    for kind, hours in found["hours"].items():
        say(f"{kind}: {', '.join(f'{value} h of {name}' for name, value in hours.items())}")


if __name__ == "__main__":
    stage(verified(main))
