"""train: a Dia on the collected dataset. An argument, if any, is a checkpoint to go on from."""

from pathlib import Path

from legato import params
from legato.dia import training
from legato.dia.config import TrainParams
from legato.dia.dataset import read_split
from legato.errors import stage

TRAIN = Path("dataset/encoded_dataset")
HELDOUT = Path("dataset/heldout_dataset")
PLACES = training.Places(
    model=Path("models/dia"),
    reports=Path("reports/train"),
    checkpoints=Path("models/dia_checkpoints"),
    logs=Path("logs/train"),
)


def main(resume: str | None = None) -> None:
    wanted = params.load("train", TrainParams)
    training.train(wanted, read_split(TRAIN, HELDOUT), PLACES, Path(resume) if resume else None)


if __name__ == "__main__":
    stage(main)
