"""train: a Dia on the collected dataset. An argument, if any, is a checkpoint to continue from.

LEGATO_DATA in the environment is where tracks come from as they are needed: s3://bucket/folder, or `dvc` for the
default remote.
"""

import os
from pathlib import Path

from legato.dia import training
from legato.dia.config import TrainParams
from legato.dia.dataset import read_split
from legato.dia.packed import split_in
from legato.errors import LegatoError, stage
from legato.files import read_json
from legato.work.recorded import verified
from legato.workspace import layout, params

DATA_VARIABLE = "LEGATO_DATA"
PLACES = training.Places(
    model=layout.MODEL.path,
    reports=layout.TRAINING.path.parent,
    checkpoints=layout.CHECKPOINTS,
    logs=layout.TRAINING_LOGS,
)


def main(resume: str | None = None) -> None:
    audit = read_json(layout.AUDIT.path)  # where DVC was told to run this stage alone
    if not (isinstance(audit, dict) and audit.get("passed") is True):
        raise LegatoError(f"{layout.AUDIT.path}: passed: false: nothing is trained on tracks that the audit refuses")
    wanted = params.load("train", TrainParams)
    address = os.environ.get(DATA_VARIABLE)
    split = read_split(*(split_in(address) if address else (layout.TRAIN.path, layout.HELD_OUT.path)))
    training.train(wanted, split, PLACES, Path(resume) if resume else None)


if __name__ == "__main__":
    stage(verified(main))
