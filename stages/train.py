"""train: a Dia on the collected dataset."""

from pathlib import Path

from legato import params
from legato.dia import model, training
from legato.dia.batches import read_dataset
from legato.dia.config import TrainParams
from legato.errors import stage

DATASET = Path("dataset/encoded_dataset")
HELDOUT = Path("dataset/heldout_dataset")
MODEL = Path("models/dia")
REPORTS = Path("reports/train")


def main() -> None:
    wanted = params.load("train", TrainParams)
    trained = training.train(wanted, read_dataset(DATASET), read_dataset(HELDOUT), REPORTS)
    model.save(trained, MODEL)


if __name__ == "__main__":
    stage(main)
