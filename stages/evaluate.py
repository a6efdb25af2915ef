"""evaluate: whether the generated clips are what their prompts ask for, and how like held-out music they are."""

from functools import partial
from pathlib import Path

from legato.codec import model as codec
from legato.codec.weights import WEIGHTS
from legato.dia.dataset import read_held_out
from legato.errors import stage
from legato.files import write_json
from legato.measure.evaluation.clips import read_samples
from legato.measure.evaluation.config import EvaluateParams
from legato.measure.evaluation.report import evaluate
from legato.work.recorded import verified
from legato.workspace import params

SAMPLES = Path("reports/samples")
HELDOUT = Path("dataset/heldout_dataset")
REPORT = Path("reports/evaluate.json")


def main() -> None:
    settings = params.load("evaluate", EvaluateParams)
    decode = partial(codec.decode, codec.load(WEIGHTS))
    write_json(REPORT, evaluate(read_samples(SAMPLES), read_held_out(HELDOUT), settings.excerpts, decode))


if __name__ == "__main__":
    stage(verified(main))
