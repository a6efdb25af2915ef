"""evaluate: what the generated samples are like, beside the held-out data."""

from pathlib import Path

from legato import evaluation
from legato.dia.batches import read_dataset
from legato.errors import stage
from legato.files import write_json

SAMPLES = Path("reports/samples")
HELDOUT = Path("dataset/heldout_dataset")
REPORT = Path("reports/evaluate.json")


def main() -> None:
    write_json(REPORT, evaluation.evaluate(evaluation.read_samples(SAMPLES), read_dataset(HELDOUT)))


if __name__ == "__main__":
    stage(main)
