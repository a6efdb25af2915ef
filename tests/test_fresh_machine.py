"""Nothing depends on what earlier runs left on a machine, nor leaves there what can break the next one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.checkout import ROOT

AT_ONCE, ROUNDS = 8, 10
HEARS = """
import json, multiprocessing, os, sys
from pathlib import Path
import numpy as np, scipy.fft, scipy.ndimage, soxr  # once for all processes: they keep nothing

def hear(answer, everybody):
    everybody.wait()
    from legato.audio.estimators import RATE, fundamentals, heard_bpm, percussion

    seconds = np.arange(6 * RATE) / RATE
    wave = (np.sin(2 * np.pi * 110 * seconds) * np.exp(-8 * (seconds % 0.5))).astype(np.float32)
    answer.write_text(json.dumps([heard_bpm(wave), percussion(wave), float(np.median(fundamentals(wave)))]))

fork = multiprocessing.get_context("fork")
for folder in map(Path, sys.argv[1:]):
    os.environ |= {"HOME": str(folder / "home"), "NUMBA_CACHE_DIR": str(folder / "home/numba")}
    everybody = fork.Barrier(AT_ONCE)
    processes = [fork.Process(target=hear, args=(folder / str(n), everybody)) for n in range(AT_ONCE)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0, process.exitcode
""".replace("AT_ONCE", str(AT_ONCE))
IMPORTS_ALL = """
import pkgutil, sys
import legato

for module in pkgutil.walk_packages(legato.__path__, "legato."):
    __import__(module.name)
import dac
from legato.codec import model
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def run(code: str, home: Path, *arguments: Path) -> str:
    """What a Python process prints whose every cache is in `home`."""
    places = {"HOME": str(home), "TMPDIR": str(home), "NUMBA_CACHE_DIR": str(home / "numba")}
    environment = os.environ | places | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_processes_that_hear_at_once_on_an_empty_cache_answer_alike(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(ROUNDS)]
    for folder in folders:
        (folder / "home").mkdir(parents=True)
    run(HEARS, tmp_path, *folders)
    answers = [path.read_text() for path in tmp_path.glob("*/*") if path.is_file()]
    assert len(answers) == ROUNDS * AT_ONCE
    assert len(set(answers)) == 1
    bpm, (share, *_), hz = json.loads(answers[0])
    assert bpm == pytest.approx(120, rel=0.01)
    assert share > 0
    assert hz == pytest.approx(110, rel=0.02)
    assert not [*tmp_path.glob("*/home/*")]  # there is nothing to break


def test_nothing_is_compiled_and_kept_where_other_processes_look(tmp_path: Path) -> None:
    """numba's cache breaks for good when two processes fill it at once; matplotlib's delays whoever comes first."""
    loaded = set(run(IMPORTS_ALL, tmp_path).split())
    assert {"dac", "legato", "torch", "transformers"} <= loaded
    assert not loaded & {"librosa", "llvmlite", "matplotlib", "numba"}
    assert not [*tmp_path.rglob("*")]


def test_the_tests_know_nothing_of_their_user(nobodys_home: Path) -> None:
    import botocore.session
    from dvc.config import Config

    assert Path.home() == nobodys_home
    assert botocore.session.get_session().get_credentials() is None
    config = Config.from_cwd()
    assert not any([*config.load_one("global").values(), *config.load_one("system").values()])
    listed = subprocess.run(["git", "config", "--list"], cwd=nobodys_home, capture_output=True, text=True, check=False)
    assert listed.stdout == ""
