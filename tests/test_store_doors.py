"""As test_doors, of what the pipeline itself has written, or DVC: of a stranger's clone, or after bad luck."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers.checkout import ROOT
from helpers.doors import EDITS, VALUES, damaged, replaced, tried, trying
from helpers.micro_dia import MICRO
from legato.audio.samples import read_audio
from legato.contract.tensors import read_sealed, write_sealed
from legato.dataset import provenance
from legato.dia.widen import read_start
from legato.prompts.tags import read_prompt
from legato.tokens import SAMPLE_RATE
from legato.work import item_cache, recorded, verifying
from legato.workspace.dvc_files import LOCK, PROJECT, object_store, read_stages
from legato.workspace.layout import CHAIN_STAGES, PROMPT

Edits = list[tuple[float, bytes, bool]]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here/.dvc/tmp").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


PIPELINE = {"stages": {"make": {"cmd": "true", "outs": ["made", {"kept.json": {"cache": False}}]}}}
LOCKED = {
    "schema": "2.0",
    "stages": {"make": {"cmd": "true", "outs": [{"path": "made", "hash": "md5", "md5": "0" * 32, "size": 1}]}},
}
ADDED = {"outs": [{"path": "mine.mid", "hash": "md5", "md5": "0" * 32, "size": 1}]}


def write_project(lock: bytes, pipeline: bytes, added: bytes) -> None:
    for name, content in ((LOCK, lock), (str(PROJECT), pipeline), ("mine.mid.dvc", added), ("made", b"made")):
        Path(name).write_bytes(content)


def test_the_projects_own_files_are_taken() -> None:
    for name in (LOCK, str(PROJECT)):
        assert read_stages(ROOT / name).keys() >= {"check", "collect", "train"}


@trying
@given(which=st.integers(0, 2), at=st.floats(0, 1), new=VALUES)
def test_dvcs_files_of_any_values(workspace: Path, which: int, at: float, new: Any) -> None:
    files = [LOCKED, PIPELINE, ADDED]
    files[which] = replaced({"": files[which]}, at, new)[""]
    write_project(*(yaml.safe_dump(one).encode() for one in files))
    tried(lambda: recorded.verify([Path("made")]), workspace)
    tried(verifying.verify, workspace)


@trying
@given(which=st.integers(0, 2), edits=EDITS)
def test_dvcs_files_of_any_bytes(workspace: Path, which: int, edits: Edits) -> None:
    files = [yaml.safe_dump(one).encode() for one in (LOCKED, PIPELINE, ADDED)]
    files[which] = damaged(files[which], edits)
    write_project(*files)
    tried(verifying.verify, workspace)


@trying
@given(content=st.binary(max_size=40) | st.text(max_size=40).map(lambda text: f"[cache]\n    {text}".encode()))
def test_dvcs_configuration_of_any_bytes(workspace: Path, content: bytes) -> None:
    Path(".dvc/config").write_bytes(content)
    tried(object_store, workspace)


@trying
@given(edits=EDITS)
def test_records_of_any_bytes_are_damage_or_the_same(workspace: Path, edits: Edits) -> None:
    cache = workspace / "item_cache"
    if not cache.exists():
        with item_cache.open_scratch(cache, 1) as scratch:
            (scratch.outs[0] / "x.wav").write_bytes(b"sound")
            item_cache.keep(cache, "00" * 32, "normalize", {"lufs": -14.0}, scratch)
        (workspace / "kept").write_bytes(item_cache.record_path(cache, "00" * 32).read_bytes())
    path, before = item_cache.record_path(cache, "00" * 32), (workspace / "kept").read_bytes()
    path.chmod(0o644)
    path.write_bytes(damaged(before, edits))
    found = tried(verifying.verify, workspace)
    assert [one.kind for one in found.damages] == ([] if path.read_bytes() == before else ["record"])


STEP = {"activity": "", "code": "0", "parameters": {}, "generated": {"entity": "x", "sha256": "0"}}
ENTITY = {"entity": "y\x1b[2J\n", "sha256": "0", "license": "MIT"}
RECORD = {
    "id": "a_0",
    "category": "a",
    "license": "CC0-1.0",
    "chain": [{**STEP, "activity": name, "used": [ENTITY, ENTITY]} for name in CHAIN_STAGES],
}


def test_provenance_that_is_right_is_taken_and_shown_on_lines_of_its_own() -> None:
    Path("p.jsonl").write_text(json.dumps(RECORD) + "\n")
    (found,) = provenance.read(Path("p.jsonl"))
    lines = provenance.text_of(found).split("\n")
    assert all(line.isprintable() for line in lines)
    assert "  from y\\x1b[2J\\n  sha256 0  MIT" in lines


@trying
@given(at=st.floats(0, 1), new=VALUES | st.just("\ud800"), is_missing=st.booleans())
def test_provenance_of_any_values(workspace: Path, at: float, new: Any, is_missing: bool) -> None:
    row = replaced({"": RECORD}, at, new)[""]
    if is_missing and row and isinstance(row, dict):
        row.pop(list(row)[int(at * (len(row) - 1))])
    Path("p.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "_git", lambda *_: "")  # there is no repository here
        for found in tried(lambda: provenance.read(Path("p.jsonl")), workspace) or ():
            assert all(line.isprintable() for line in provenance.text_of(found).split("\n"))


@trying
@given(edits=EDITS)
def test_checkpoints_of_any_bytes(workspace: Path, edits: Edits) -> None:
    values = {"step": 3, "weights": torch.arange(60.0)}
    write_sealed(Path("c.pt"), values)
    Path("c.pt").write_bytes(damaged(Path("c.pt").read_bytes(), edits))
    found = tried(lambda: read_sealed(Path("c.pt"), "not a checkpoint"), workspace)
    assert found is None or (found["step"] == 3 and torch.equal(found["weights"], values["weights"]))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from legato.dia import model

    folder = tmp_path_factory.mktemp("dia")
    model.save(model.build(MICRO, seed=0), folder / "start")
    return folder / "start"


@trying
@given(edits=EDITS)
def test_weights_to_start_from_of_any_bytes(workspace: Path, start: Path, edits: Edits) -> None:
    path = start / "model.safetensors"
    before = path.read_bytes()
    try:
        path.write_bytes(damaged(before, edits))
        for model in filter(None, [tried(lambda: read_start(start), workspace)]):
            assert all(torch.isfinite(weight).all() for weight in model.parameters())
    finally:
        path.write_bytes(before)


def audio_bytes(form: str, subtype: str) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, np.zeros((500, 2)), SAMPLE_RATE, subtype, format=form)
    return content.getvalue()


AUDIO = {"wav": audio_bytes("wav", "PCM_16"), "flac": audio_bytes("flac", "PCM_16")}


@trying
@given(form=st.sampled_from([*AUDIO]), edits=EDITS)
def test_audio_of_any_bytes(workspace: Path, form: str, edits: Edits) -> None:
    path = Path(f"a.{form}")
    path.write_bytes(damaged(AUDIO[form], edits))
    found = tried(lambda: read_audio(path, SAMPLE_RATE), workspace)
    assert found is None or (found.shape[1] == 2 and np.isfinite(found).all())


def test_audio_that_says_it_is_longer_than_memory_is_one_line(workspace: Path) -> None:
    head = bytearray(AUDIO["flac"])
    head[21] |= 0x0F  # the number of samples, 36 bits
    head[22:26] = b"\xff" * 4
    Path("a.flac").write_bytes(head)
    assert tried(lambda: read_audio(Path("a.flac"), SAMPLE_RATE), workspace) is None


@trying
@given(text=st.binary(max_size=30) | st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_prompts_of_any_bytes(workspace: Path, text: bytes) -> None:
    path = PROMPT.file("a", "a_0")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    found = tried(lambda: read_prompt("a", "a_0"), workspace)
    assert found is None or found.isascii()
