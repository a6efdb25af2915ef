"""train: a Dia on the collected dataset. An argument, if any, is a checkpoint to go on from."""

from pathlib import Path

from legato.dia import training
from legato.dia.config import TrainParams
from legato.dia.dataset import read_split
from legato.errors import LegatoError, stage
from legato.files import read_json
from legato.work.recorded import verified
from legato.workspace import params

TRAIN = Path("dataset/encoded_dataset")
HELDOUT = Path("dataset/heldout_dataset")
AUDIT = Path("reports/audit.json")
PLACES = training.Places(
    model=Path("models/dia"),
    reports=Path("reports/train"),
    checkpoints=Path("models/dia_checkpoints"),
    logs=Path("logs/train"),
)


def _has_passed() -> bool:
    found = read_json(AUDIT)
    return isinstance(found, dict) and found.get("passed") is True


def main(resume: str | None = None) -> None:
    if not _has_passed():  # where DVC was told to run this stage alone
        raise LegatoError(f"{AUDIT}: passed: false: nothing is trained on tracks that the audit refuses")
    wanted = params.load("train", TrainParams)
    training.train(wanted, read_split(TRAIN, HELDOUT), PLACES, Path(resume) if resume else None)


if __name__ == "__main__":
    stage(verified(main))
