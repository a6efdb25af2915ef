"""A result's code version changes with all that may change the result, and with nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from legato.errors import LegatoError
from legato.work import code_version as module
from legato.work.code_version import code_version, stage_version

FILES = {
    "stages/render.py": "from legato.sound.render import render\n",
    "stages/train.py": "import torch\n",
    "legato/__init__.py": "",
    "legato/sound/__init__.py": "",
    "legato/sound/render.py": "import numpy\n\n\ndef render():\n    from legato.sound import synth\n",
    "legato/sound/synth.py": "import fluidsynth\nfrom legato.work.items import run\n",
    "legato/work/items.py": "import joblib\n",
    "legato/other/__init__.py": "",
    "legato/other/synth.py": "",
    "constraints.txt": "joblib==1\nnumpy==2.1\npyFluidSynth==1.3\ntorch==2.9\n",
}
Versions = Callable[[], tuple[str, str]]


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """The versions of a small project's render stage: for its tracks and for DVC."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "SOURCE", Path())
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)

    def read() -> tuple[str, str]:
        for function in (module.code_version, module.imported_modules, module.imported_names):
            function.cache_clear()
        return code_version(Path("stages/render.py")), stage_version(Path("stages/render.py"))

    yield read
    read()


@pytest.mark.parametrize(
    ("name", "of_tracks", "of_stage"),
    [
        ("stages/render.py", True, True),
        ("legato/sound/render.py", True, True),
        ("legato/sound/synth.py", True, True),  # imported inside a function
        ("legato/__init__.py", True, True),  # Python runs a package's file with each of its modules
        ("legato/sound/__init__.py", True, True),
        ("legato/other/__init__.py", False, False),
        ("legato/other/synth.py", False, False),
        ("legato/work/items.py", False, True),  # runs the work: the stage runs anew and finds its tracks in the cache
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


def test_what_a_packages_file_imports_is_followed(versions: Versions) -> None:
    before = versions()
    Path("legato/sound/__init__.py").write_text("from legato.other import synth\n")
    with_import = versions()
    Path("legato/other/synth.py").write_text("x = 1\n")
    assert len({before, with_import, versions()}) == 3


def test_two_modules_of_one_name_are_two(versions: Versions) -> None:
    """What was in one is in the other now: the same names and the same contents, and yet another program."""
    Path("stages/render.py").write_text("from legato.other import synth\nfrom legato.sound import synth\n")
    before = versions()
    first, second = Path("legato/other/synth.py"), Path("legato/sound/synth.py")
    texts = first.read_text(), second.read_text()
    second.write_text(texts[0])
    first.write_text(texts[1])
    after = versions()
    assert after[0] != before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize(
    "statement",
    [
        "from . import synth",
        "from .synth import play",
        "from ..items import run",
        "def play():\n    from . import synth",
        "import importlib\nimportlib.import_module('legato.sound.synth')",
        "from importlib import import_module\nimport_module('legato.sound.synth')",
        "__import__('legato.sound.synth')",
    ],
)
def test_an_import_that_cannot_be_followed_is_refused(versions: Versions, statement: str) -> None:
    versions()
    Path("legato/sound/render.py").write_text(statement + "\n")
    with pytest.raises(LegatoError, match=r"legato/sound/render.py: line \d: .*import"):
        versions()
    Path("legato/sound/render.py").write_text("")


def test_the_machinery_is_there() -> None:
    """A name that no file has would leave nothing out, and nobody would notice."""
    for name in module.MACHINERY:
        assert list((module.SOURCE / "legato").glob(name)), name
    assert Path(module.__file__) in module.machinery()


def test_every_file_of_the_library_can_be_followed() -> None:
    for path in (module.SOURCE / "legato").rglob("*.py"):
        module.imported_names(path)
