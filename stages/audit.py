"""audit: refuse a dataset with a track that is made of anything but what `policy` allows; hours by licence."""

from legato.dia import record
from legato.dia.config import TrainParams
from legato.errors import LegatoError, stage
from legato.files import write_json
from legato.licenses.audit import judged, line_of, read_tracks, report
from legato.licenses.policy import Input, PolicyParams, refusal
from legato.words import counted, say
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.layout import AUDIT, HELD_OUT, TRAIN


def main() -> None:
    policy, train = params.load("policy", PolicyParams), params.load("train", TrainParams)
    start = Input(kind="start", name=train.start, license=record.license_of_start(train)) if train.start else None
    refused: dict[str, list[str]] = {}
    rows = judged(read_tracks([TRAIN.path, HELD_OUT.path]), policy, refused)
    found = report(rows, refused, start, refusal(start, policy) if start else None)
    write_json(AUDIT.path, found)  # a failed one too, for the eyes
    if not found["passed"]:
        raise LegatoError(line_of(found))
    print(f"audit: {counted(found['tracks'], 'track')}, none refused")
    if start:
        say(f"start: {start.name}, {start.license}")
    for kind, hours in found["hours"].items():
        say(f"{kind}: {', '.join(f'{value} h of {name}' for name, value in hours.items())}")


if __name__ == "__main__":
    stage(verified(main))
