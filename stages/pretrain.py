"""pretrain: train the model that ships as a start, on music of its own, and measure it.

No stage of dvc.yaml: its weights are in Git, and `dvc repro` must not train so long. docs/training.md has the command.
"""

from legato.dia.pretraining import pretrain
from legato.errors import stage

if __name__ == "__main__":
    stage(pretrain)
