"""The train stage, whose first process also writes the gradients of its first step to gradients.pt."""

import os
import runpy
from pathlib import Path

import torch

from helpers.checkout import ROOT

NOTED = Path("gradients.pt")
clip = torch.nn.utils.clip_grad_norm_


def noted(parameters, most):
    parameters = list(parameters)
    if os.environ.get("RANK", "0") == "0" and not NOTED.exists():
        torch.save([parameter.grad for parameter in parameters], NOTED)
    return clip(parameters, most)


if __name__ == "__main__":
    torch.nn.utils.clip_grad_norm_ = noted
    runpy.run_path(str(ROOT / "stages/train.py"), run_name="__main__")
