"""A result's code version changes with all that may change the result, and with nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from legato import code_version as module
from legato.code_version import code_version, stage_version

FILES = {
    "stages/render.py": "from legato.render import render\n",
    "stages/train.py": "import torch\n",
    "legato/render.py": "import numpy\n\n\ndef render():\n    from legato import synth\n",
    "legato/synth.py": "import fluidsynth\nfrom legato.items import run\n",
    "legato/items.py": "import joblib\n",
    "constraints.txt": "joblib==1\nnumpy==2.1\npyFluidSynth==1.3\ntorch==2.9\n",
}
Versions = Callable[[], tuple[str, str]]


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """The versions of a small project's render stage: for its tracks and for DVC."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "SOURCE", Path())
    for name, text in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)

    def read() -> tuple[str, str]:
        for function in (module.code_version, module._modules, module._imports):
            function.cache_clear()
        return code_version(Path("stages/render.py")), stage_version(Path("stages/render.py"))

    yield read
    read()


@pytest.mark.parametrize(
    ("name", "of_tracks", "of_stage"),
    [
        ("stages/render.py", True, True),
        ("legato/render.py", True, True),
        ("legato/synth.py", True, True),  # imported inside a function
        ("legato/items.py", False, True),  # runs the work: the stage runs anew and finds its tracks in the cache
        ("stages/train.py", False, False),
    ],
)
def test_an_edit_changes_the_version_of_who_reaches_it(
    versions: Versions, name: str, of_tracks: bool, of_stage: bool
) -> None:
    before = versions()
    Path(name).write_text(FILES[name] + "# edited\n")
    after = versions()
    assert (after[0] != before[0], after[1] != before[1]) == (of_tracks, of_stage)


@pytest.mark.parametrize(("pin", "matters"), [("pyFluidSynth==1.3", True), ("numpy==2.1", True), ("torch==2.9", False)])
def test_a_pinned_package_matters_to_who_imports_it(versions: Versions, pin: str, matters: bool) -> None:
    before = versions()
    Path("constraints.txt").write_text(FILES["constraints.txt"].replace(pin, pin + ".1"))
    after = versions()
    assert (after[1] != before[1]) == matters
    assert after[0] == before[0]


def test_an_installed_package_matters_to_tracks(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    before = versions()
    monkeypatch.setattr(module.importlib.metadata, "version", lambda name: "9" if name == "numpy" else "1")
    first = versions()
    monkeypatch.setattr(module.importlib.metadata, "version", lambda name: "8" if name == "numpy" else "1")
    assert versions()[0] != first[0] != before[0]
    assert versions()[1] == before[1]
