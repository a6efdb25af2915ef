"""Stages' scripts run in this process, or in one forked from a process that has imported what they need: so that a
stage begins, and may be killed, at once."""

import importlib.util
import multiprocessing
import os
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from helpers.checkout import ROOT

STAGES = ROOT / "stages"
_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(
    [
        "fluidsynth",
        "legato.compose.song",
        "legato.midi.rewrite",
        "legato.prompts.writing",
        "legato.render.rendering",
        "legato.audio.normalize",
        "legato.codec.encode",
        "legato.contract.codes",
        "legato.codec.engine",
        "legato.codec.model",
        "torch._dynamo",  # which torch imports, for a second or two, when the codec's weights are put in place
    ]
)


@cache
def main_of(stage: str) -> Callable[[str], None]:
    """The `main` of a stage's script."""
    spec = importlib.util.spec_from_file_location(f"stages_{stage}", STAGES / f"{stage}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def start(stage: str, category: str, folder: Path, prepare: Callable[[], None] | None = None) -> Any:
    """Run a stage in `folder` in a process of its own, which prints to `log` there."""
    process = _WARM.Process(target=_run, args=(stage, category, folder, dict(os.environ), prepare))
    process.start()
    return process


def _run(
    stage: str, category: str, folder: Path, environment: dict[str, str], prepare: Callable[[], None] | None
) -> None:
    os.environ.update(environment)
    with chdir(folder), Path("log").open("w", buffering=1) as log, redirect_stdout(log), redirect_stderr(log):
        try:
            if prepare:
                prepare()
            main_of(stage)(category)
        except Exception as error:
            print(f"error: {error}")
            os._exit(1)
