"""evaluate: whether the generated clips are what their prompts ask for, and how like held-out music they are."""

from functools import partial

from legato.codec import model as codec
from legato.dia.dataset import read_held_out
from legato.errors import stage
from legato.files import write_json
from legato.measure.evaluation.clips import read_samples
from legato.measure.evaluation.config import EvaluateParams
from legato.measure.evaluation.report import evaluate
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.layout import EVALUATION, HELD_OUT, SAMPLES, WEIGHTS


def main() -> None:
    settings = params.load("evaluate", EvaluateParams)
    decode = partial(codec.decode, codec.load(WEIGHTS.path))
    found = evaluate(read_samples(SAMPLES.path), read_held_out(HELD_OUT.path), settings.excerpts, decode)
    write_json(EVALUATION.path, found)


if __name__ == "__main__":
    stage(verified(main))
