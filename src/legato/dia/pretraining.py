"""The start model that ships, made again: a dataset of its own by the project's own stages, and a model trained on it.

It is a workspace inside the workspace: another params.yaml, whose categories are those of models/start/corpus.yaml, and
the same stages one after another. So it is what any user's run is. Whoever breaks it off starts it again: tracks are in
its cache, and training continues from its checkpoint.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import yaml

from legato.dia.config import PretrainParams
from legato.errors import LegatoError
from legato.files import Json, read_json, write_bytes, write_json, write_text
from legato.work.code_version import SOURCE
from legato.workspace import params
from legato.workspace.layout import (
    AUDIT,
    EVALUATION,
    MODEL,
    PRETRAINING,
    SMALL_CODEC,
    SOUNDFONT,
    START,
    START_CORPUS,
    START_FIGURES,
    SYNTHS,
    TRAINING,
)

OF_CATEGORY = ("compose", "render", "prompt", "normalize", "validate", "encode")
LINKED = (Path("stages"), Path("constraints.txt"), SMALL_CODEC.parent, SYNTHS)
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**32)}  # dvc.yaml
LICENSE = "CC0-1.0"  # of what learnt from nothing else

Run = Callable[[str, str], None]  # a stage, of a category or of all: ""


def pretrain(run: Run | None = None) -> None:
    """Make models/start anew: weights in bf16, what they are, and their figures. Its card is for people to write.

    Args:
        run: runs a stage in the folder where this process is; a process of its own if not given.

    Raises:
        LegatoError: a parameter breaks a rule, or a stage fails.
    """
    wanted = params.load("pretrain", PretrainParams)
    values = values_of(wanted, params.read(), params.read(START_CORPUS))
    root, folder = Path.cwd(), PRETRAINING.absolute()
    prepare(folder, values)
    with chdir(folder):
        for stage, category in stages_of(list(values["categories"]), builds_font=_builds_font(values)):
            (run or run_stage)(stage, category)
    ship(folder, root / START)


def values_of(wanted: PretrainParams, project: Json, corpus: Json) -> Json:
    """params.yaml of the inner workspace: the project's, but for what `pretrain` and the corpus say."""
    categories = {name: one | {"tracks": wanted.tracks} for name, one in corpus.items()}
    phrases = list(dict.fromkeys(one["prompt"] for one in categories.values()))
    return project | {
        "categories": categories,
        "dataset": project["dataset"] | {"seed": wanted.seed, "held_out": wanted.held_out},
        "train": wanted.train.model_dump(),
        "sample": project["sample"] | {"prompts": phrases, "clips": wanted.clips, "seconds": float(wanted.seconds)},
        "evaluate": project["evaluate"] | {"excerpts": wanted.clips},
    }


def prepare(folder: Path, values: Json) -> None:
    """Write the inner workspace's params.yaml, and link what it shares with the project."""
    write_text(folder / params.PARAMS, yaml.safe_dump(values, sort_keys=False))
    shared = [path for path in LINKED if path.exists()]
    font = Path(values["soundfont"]["path"])
    if not (_builds_font(values) or font.is_absolute()):
        shared.append(font)
    for path in shared:
        link = folder / path
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(path.absolute())


def stages_of(categories: list[str], *, builds_font: bool = True) -> Iterator[tuple[str, str]]:
    """Every stage with its category, in the order of dvc.yaml, but those of figures that nothing here needs."""
    yield from ((stage, "") for stage in ("code_versions", "check", *(["soundfont"] if builds_font else []), "codec"))
    yield from ((stage, category) for category in categories for stage in OF_CATEGORY)
    yield from ((stage, "") for stage in ("collect", "audit", "train", "sample", "evaluate"))


def run_stage(stage: str, category: str) -> None:
    """Run a stage's script in a process of its own, which prints what it always does.

    Raises:
        LegatoError: it fails; it has said why.
    """
    script = Path("stages") / f"{stage}.py"
    path = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, str(script), *filter(None, [category])]
    print(f"pretrain: {stage}{'@' if category else ''}{category}", flush=True)
    if subprocess.run(command, env=os.environ | ENVIRONMENT | {"PYTHONPATH": path}, check=False).returncode:
        raise LegatoError(f"pretrain: {stage}: has failed, as it says above; the same command goes on from there")


def ship(folder: Path, target: Path) -> None:
    """Put a trained model in place: weights rounded to bf16, half the size for what training rounds to anyway."""
    import torch  # here, so that reading the parameters does not pay for it
    from safetensors.torch import load_file, save_file

    weights = {
        name: value.to(torch.bfloat16) if value.is_floating_point() else value
        for name, value in load_file(folder / MODEL.path / "model.safetensors").items()
    }
    temporary = folder / "model.safetensors"
    save_file(weights, temporary, {"format": "pt"})
    hours = read_json(folder / AUDIT.path)["hours"]
    is_free = all(set(hours[kind]) <= {LICENSE} for kind in ("music", "soundfont", "instrument"))
    said = read_json(folder / MODEL.path / "training.json") | {"license": LICENSE if is_free else None}
    figures: dict[str, Any] = {
        "training": read_json(folder / TRAINING.path),
        "evaluation": read_json(folder / EVALUATION.path),
    }
    write_bytes(target / "model.safetensors", temporary.read_bytes())
    shutil.copyfile(folder / MODEL.path / "config.json", target / "config.json")
    write_json(target / "training.json", said)
    write_json(target / START_FIGURES.name, figures)
    loss = figures["training"].get("held_out", {}).get("loss")
    print(f"{target}: its loss on held-out tracks is {loss}; now write its README.md")


def _builds_font(values: Json) -> bool:
    return str(values["soundfont"]["path"]) == str(SOUNDFONT.path)
