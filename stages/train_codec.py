"""train_codec: train the small codec that ships with legato, and measure it on tracks that it never heard.

No stage of dvc.yaml: its weights are in Git, and `dvc repro` must not train for hours. docs/codec.md has the command.
"""

from pathlib import Path

from legato.codec_training.shipping import train_small_codec
from legato.errors import stage
from legato.work.code_version import stage_version


def main() -> None:
    train_small_codec(stage_version(Path(__file__)))


if __name__ == "__main__":
    stage(main)
