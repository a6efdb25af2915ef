"""Whatever is put at a door, what comes is a right result or an error of one line, and the workspace is as it was.

The draws are the same each time. SoundFonts have a module of their own.
"""

import hashlib
import io
import json
import os
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers import midi_bytes
from helpers.checkout import SHIPPED_PARAMS
from helpers.doors import EDITS, VALUES, damaged, replaced, tried, trying
from helpers.micro_dia import MICRO, a_track, random_codes, train_params, write_dataset, write_split
from legato.check import check
from legato.codec import model as codec
from legato.codec.skeleton import load_encoder
from legato.codec.weights import CodecParams, fetch
from legato.contract import facts
from legato.contract.codes import read_codes
from legato.dataset.folder_check import check_folder, lines_of
from legato.dia import record
from legato.dia.checkpoints import identity
from legato.dia.dataset import read_dataset, read_split
from legato.dia.widen import read_start
from legato.errors import LegatoError
from legato.files import read_json, read_jsonl, require_file
from legato.licenses.audit import read_tracks, refusals, report
from legato.licenses.policy import Input, PolicyParams, refusal
from legato.measure.metrics import dataset_metrics, read_datasets, tag_accuracy_metrics
from legato.midi.contents import read_contents
from legato.work import item_cache, items

MD5 = hashlib.md5(b"sound", usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


SHIPPED = yaml.safe_load(SHIPPED_PARAMS.read_text())


@trying
@given(at=st.floats(0, 1), new=VALUES)
def test_params_with_any_value(workspace: Path, at: float, new: Any) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(replaced(SHIPPED, at, new)))
    tried(check, workspace)


@trying
@given(edits=EDITS)
def test_params_of_any_bytes(workspace: Path, edits: list[tuple[float, bytes, bool]]) -> None:
    Path("params.yaml").write_bytes(damaged(SHIPPED_PARAMS.read_bytes(), edits))
    tried(check, workspace)


MIDI = midi_bytes.file(midi_bytes.tempo(500_000) + midi_bytes.ONE_NOTE + midi_bytes.END)


@trying
@given(edits=EDITS)
def test_midi_of_any_bytes(workspace: Path, edits: list[tuple[float, bytes, bool]]) -> None:
    Path("a.mid").write_bytes(damaged(MIDI, edits))
    contents = tried(lambda: read_contents(Path("a.mid")), workspace)
    assert contents is None or contents.n_notes > 0


def saved(value: Any) -> bytes:
    content = io.BytesIO()
    torch.save(value, content)
    return content.getvalue()


def read_by_all(folder: Path) -> Any:
    """Codes as training reads them, and as `legato validate` does, whose report names every bad file."""
    assert check_folder(folder)
    return read_dataset(folder)


@trying
@given(edits=EDITS)
def test_codes_of_any_bytes(workspace: Path, edits: list[tuple[float, bytes, bool]]) -> None:
    folder = workspace / "d"
    if not folder.exists():
        write_dataset(folder, [a_track(30)])
    (folder / "encoded_audio/t_0.pt").write_bytes(damaged(saved(random_codes(30)), edits))
    for (track,) in filter(None, [tried(lambda: read_by_all(folder), workspace)]):
        assert track.codes_TK.shape == (30, 18)


CODES = random_codes(30)
ODD_TENSORS = {
    "sparse": CODES.to_sparse(),
    "compressed rows": CODES.to_sparse_csr(),
    "of no memory": CODES.to("meta"),
    "of no memory, endless": torch.empty((2**40, 18), dtype=torch.int16, device="meta"),
    "a row repeated": CODES[:1].expand(10**9, 18),
    "a code repeated": CODES[0, 0].clone().expand(30, 18),
    "quantized": torch.quantize_per_tensor(CODES.float(), 1, 0, torch.qint8),
    "complex": CODES.to(torch.complex64),
    "a list": [CODES],
    "a number": CODES[0, 0],
    "unsigned": CODES.view(torch.uint16),
    "nothing": None,
}


@pytest.mark.parametrize("name", ODD_TENSORS)
def test_an_odd_tensor_is_named_by_all_that_read_codes(workspace: Path, name: str) -> None:
    folder = write_dataset(workspace / "d", [a_track(30, 0), a_track(30, 1)])
    path = folder / "encoded_audio/t_0.pt"
    torch.save(ODD_TENSORS[name], path)
    assert tried(lambda: read_codes(path), workspace) is None
    with pytest.raises(LegatoError, match=rf"^{path}: (must|codes must)"):
        read_dataset(folder)
    errors = [finding for finding in check_folder(folder).findings if finding.level == "error"]
    assert [finding.names for finding in errors] == [["t_0.pt"]]
    assert check_folder(folder).n_tracks == 1


METADATA = {"t_0.pt": {"text": "808 bass melody, 140 BPM", "sr": 44100, "channels": 18, "length": 30}}
ROW = {
    "id": "t_0", "category": "a", "prompt": "808 bass melody", "key": "A", "scale": "minor", "seconds": 0.3, "bpm": 140,
    "lufs": -14.0, "dbtp": -1.0, "limiter_db": 0.0, "silence": 0.0, "held_out": False, "at_target": True,
    "verdicts": [["140 BPM", "bpm", True, "notes"]], "license": "CC0-1.0", "soundfont": "x.sf2",
    "soundfont_license": "MIT", "codec": "small", "codec_license": "MIT", "soundfont_sha256": "0", "codec_sha256": "0",
}  # fmt: skip
POLICY = PolicyParams(**SHIPPED["policy"])


@trying
@given(at=st.floats(0, 1), new=VALUES | st.just("\ud800"), is_ascii=st.booleans())
def test_metadata_of_any_values(workspace: Path, at: float, new: Any, is_ascii: bool) -> None:
    folder = workspace / "d"
    if not folder.exists():
        write_dataset(folder, [a_track(30)])
    text = json.dumps(replaced({"": METADATA}, at, new)[""], ensure_ascii=is_ascii)
    (folder / "metadata.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    tried(lambda: read_by_all(folder), workspace)
    for line in tried(lambda: list(lines_of(check_folder(folder))), workspace) or ():
        line.encode()


def figures_of(folder: Path) -> Any:
    """What `stats`, `audit` and `train` make of facts."""
    rows = list(read_tracks([folder]))
    found = report(rows, refusals(rows, POLICY))
    read_dataset(folder)
    groups = read_datasets([folder])
    verdicts = tag_accuracy_metrics({name: group.verdicts for name, group in groups.items()})
    return json.dumps([found, dataset_metrics(groups), verdicts], allow_nan=False)


def test_facts_that_are_right_are_taken(workspace: Path) -> None:
    folder = write_dataset(workspace / "d", [a_track(30)])
    (folder / "tracks.jsonl").write_text(json.dumps(ROW) + "\n")
    assert '"passed": true' in tried(lambda: figures_of(folder), workspace)


@trying
@given(at=st.floats(0, 1), new=VALUES | st.just("\ud800"), is_missing=st.booleans())
def test_facts_of_any_values(workspace: Path, at: float, new: Any, is_missing: bool) -> None:
    folder = workspace / "d"
    if not folder.exists():
        write_dataset(folder, [a_track(30)])
    row = replaced({"": ROW}, at, new)[""]
    if is_missing and row and isinstance(row, dict):
        row.pop(list(row)[int(at * (len(row) - 1))])
    (folder / "tracks.jsonl").write_text(json.dumps(row) + "\n")
    tried(lambda: figures_of(folder), workspace)


BAD_LINES = {
    "not ASCII": '{"id": "ä"}'.encode(),
    "nested": b"[" * 10**5,
    "a list": b"[1]",
    "a text": b'"x"',
    "half": b'{"id": ',
    "NaN": b'{"seconds": NaN}',
    "an endless integer": b'{"bpm": ' + b"9" * 5000 + b"}",
    "a null byte": b'{"id": "a\0"}',
    "empty": b"",
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_line_that_is_no_object_is_named(workspace: Path, name: str) -> None:
    path = workspace / "rows.jsonl"
    path.write_bytes(b'{"id": "a"}\n' + BAD_LINES[name] + b'\n{"id": "b"}\n')
    with pytest.raises(LegatoError, match=rf"^{path}: not JSON Lines: line 2: "):
        read_jsonl(path)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"id": 1}, "id: must be text"),
        ({"category": ["a"]}, "category: must be text"),
        ({"prompt": "\ud800"}, "prompt: must be text"),
        ({"seconds": True}, "seconds: must be a number"),
        ({"lufs": 1e13}, "lufs: must be a number"),
        ({"held_out": 1}, "held_out: must be true or false"),
        ({"verdicts": [["a", "b", 1, "notes"]]}, "verdicts: must be a list of"),
        ({"verdicts": [["a", "b", True]]}, r"verdicts: must be a list of \[tag, kind, true or false, basis\]"),
    ],
)
def test_a_fact_of_another_kind_is_named(workspace: Path, change: dict[str, Any], rule: str) -> None:
    path = workspace / "rows.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + json.dumps(ROW | change) + "\n")
    with pytest.raises(LegatoError, match=rf"^{path}: line 2: {rule}"):
        facts.read_facts(path, facts.RULES)


@trying
@given(edits=EDITS)
def test_codec_weights_of_any_bytes(
    workspace: Path, tiny_weights: Path, edits: list[tuple[float, bytes, bool]]
) -> None:
    Path("w.pth").write_bytes(damaged(tiny_weights.read_bytes(), edits))
    for model in filter(None, [tried(lambda: codec.load("w.pth"), workspace)]):
        assert all(torch.isfinite(weight).all() for weight in model.parameters())


@trying
@given(at=st.floats(0, 1), new=VALUES)
def test_codec_architectures_of_any_values(workspace: Path, tiny_weights: Path, at: float, new: Any) -> None:
    checkpoint = torch.load(tiny_weights, weights_only=True)
    checkpoint["metadata"] = replaced({"": checkpoint["metadata"]}, at, new)[""]
    torch.save(checkpoint, "w.pth")
    tried(lambda: codec.load("w.pth"), workspace)
    tried(lambda: load_encoder(Path("w.pth")), workspace)


def first(change: Callable[[torch.Tensor], Any]) -> Callable[[dict[str, Any]], None]:
    def write(weights: dict[str, Any]) -> None:
        name = next(iter(weights))
        weights[name] = change(weights[name])

    return write


ODD_WEIGHTS = {
    "NaN": (first(lambda value: value * torch.nan), "holds NaN or infinity"),
    "infinite": (first(lambda value: value / 0), "holds NaN or infinity"),
    "complex": (first(lambda value: value.to(torch.complex64)), "must be a dense tensor of real numbers"),
    "integers": (first(torch.Tensor.long), "must be a dense tensor of real numbers"),
    "sparse": (first(lambda value: value.float().to_sparse()), "must be a dense tensor of real numbers"),
    "of no memory": (first(lambda value: value.to("meta")), "must be a dense tensor of real numbers"),
    "repeated": (first(lambda value: value.flatten()[:1].expand(10**12)), "must be a dense tensor of real numbers"),
    "a text": (first(lambda _: "x"), "must be a dense tensor of real numbers"),
    "missing": (lambda weights: weights.pop(next(iter(weights))), "the weights do not fit the architecture they name"),
    "one more": (lambda weights: weights.update(x=torch.zeros(1)), "the weights do not fit the architecture they name"),
    "another shape": (first(lambda value: value[None]), "the weights do not fit the architecture they name"),
}


@pytest.mark.parametrize(("change", "rule"), ODD_WEIGHTS.values(), ids=ODD_WEIGHTS)
def test_codec_weights_are_finite_and_all_there(
    workspace: Path, tiny_weights: Path, change: Callable[[dict[str, Any]], Any], rule: str
) -> None:
    checkpoint = torch.load(tiny_weights, weights_only=True)
    change(checkpoint["state_dict"])
    torch.save(checkpoint, workspace / "w.pth")
    with pytest.raises(LegatoError, match=rf"^{workspace}/w\.pth: .*{rule}"):
        codec.load(workspace / "w.pth")


@pytest.mark.parametrize(
    "change",
    [
        {"encoder_rates": None}, {"encoder_rates": 512}, {"encoder_rates": [512.0]}, {"encoder_rates": [1] * 999},
        {"encoder_dim": 10**9}, {"encoder_dim": -1}, {"decoder_dim": "16"}, {"decoder_rates": [2, 2]},
        {"latent_dim": []}, {"codebook_dim": {}}, {"strange": 1}, {"n_codebooks": True}, {"encoder_dim": 16_384},
    ],
    ids=str,
)  # fmt: skip
def test_an_architecture_that_is_none_is_one_line(workspace: Path, tiny_weights: Path, change: dict[str, Any]) -> None:
    checkpoint = torch.load(tiny_weights, weights_only=True)
    checkpoint["metadata"]["kwargs"] |= change
    torch.save(checkpoint, "w.pth")
    assert tried(lambda: codec.load("w.pth"), workspace) is None


def test_compressed_weights_are_refused_before_they_are_unpacked(tiny_weights: Path) -> None:
    with zipfile.ZipFile(tiny_weights) as plain, zipfile.ZipFile("w.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        for info in plain.infolist():
            packed.writestr(info.filename, plain.read(info), zipfile.ZIP_DEFLATED)
    with pytest.raises(LegatoError, match=r"^w\.pth: truncated, or .*: its content is compressed"):
        codec.load("w.pth")


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from legato.dia import model

    folder = tmp_path_factory.mktemp("dia")
    model.save(model.build(MICRO, seed=0), folder / "start")
    return folder / "start"


@trying
@given(at=st.floats(0, 1), new=VALUES)
def test_configurations_of_any_values(workspace: Path, pretrained: Path, at: float, new: Any) -> None:
    text = (pretrained / "config.json").read_text()
    try:
        (pretrained / "config.json").write_text(json.dumps(replaced(json.loads(text), at, new)))
        for model in filter(None, [tried(lambda: read_start(pretrained), workspace)]):
            assert all(torch.isfinite(weight).all() for weight in model.parameters())
    finally:
        (pretrained / "config.json").write_text(text)


@trying
@given(at=st.floats(0, 1), new=VALUES)
def test_what_a_start_says_of_itself_of_any_values(workspace: Path, at: float, new: Any) -> None:
    said = {"codes": record.speaks("0" * 64), "license": "CC0-1.0"}
    Path("training.json").write_text(json.dumps(replaced({"": said}, at, new)[""]))
    found = tried(lambda: record.read(Path()), workspace)
    assert found is None or found.codec_sha256 is None or isinstance(found.codec_sha256, str)
    tried(lambda: record.check_codec(Path(), "0" * 64, "the dataset"), workspace)
    begun = train_params(size="tiny", start=str(workspace / "here"))
    license_id = tried(lambda: record.license_of_start(begun), workspace)
    tried(lambda: refusal(Input(kind="start", name="x", license=license_id), POLICY), workspace)


def write_record(cache: Path, key: str, content: bytes) -> None:
    """A record whose own hash holds, as whoever may write into a shared cache can write it."""
    path = item_cache.record_path(cache, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


@trying
@given(at=st.floats(0, 1), new=VALUES)
def test_records_of_any_values(workspace: Path, at: float, new: Any) -> None:
    cache, outs = workspace / "cache", [workspace / "here/out"]
    kept = item_cache.object_path(cache, hashlib.sha256(b"sound").hexdigest())
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(b"sound")
    record = {"stage": "s", "facts": {"a": 1}, "files": [[0, "x/y.wav", kept.name, MD5]]}
    write_record(cache, "key", json.dumps(replaced({"": record}, at, new)[""]).encode())
    item_cache.restore(cache, "key", outs)
    assert {path.name for path in workspace.iterdir()} <= {"cache", "here", "item_cache"}
    assert {path.name for path in Path.cwd().iterdir()} <= {"out"}


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", "", ".", "..", "a//b", "a\0b", "a\nb", "..\\x"])
@pytest.mark.parametrize("out", [0, 1, -1, 0.0, False, "0"])
def test_a_record_leads_nowhere_else(workspace: Path, name: str, out: Any) -> None:
    cache, digest = workspace / "cache", hashlib.sha256(b"sound").hexdigest()
    kept = item_cache.object_path(cache, digest)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"sound")
    for files in ([[out, name, digest, MD5]], [[0, "fine", digest, MD5], [0, name, digest, MD5]]):
        write_record(cache, "key", json.dumps({"stage": "s", "facts": {}, "files": files}).encode())
        assert item_cache.restore(cache, "key", [workspace / "here/out"]) is None
    assert not any(Path.cwd().rglob("x"))
    write_record(cache, "key", json.dumps({"stage": "s", "facts": {}, "files": [[0, "fine", digest, MD5]]}).encode())
    assert item_cache.restore(cache, "key", [workspace / "here/out"])


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b"null", b"[" * 10**5, b"\xff", b'{"stage": 1, "facts": {}, "files": []}']
)
def test_a_record_that_is_none_is_no_result(workspace: Path, content: bytes) -> None:
    write_record(workspace, "key", content)
    assert item_cache.read_record(item_cache.record_path(workspace, "key")) is None


@trying
@given(name=st.sampled_from([items.WORKERS_VARIABLE, items.SCHEDULER_VARIABLE, item_cache.VARIABLE]), text=st.text())
def test_variables_of_any_text(workspace: Path, name: str, text: str) -> None:
    Path("params.yaml").write_text(yaml.safe_dump({"compute": {"workers": 1}}))
    text = text.replace("\0", "").encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, text)
        found = tried(items.default_place, workspace)
        assert found is None or found.n_workers >= 1


UNUSABLE = ["/proc/nope", "/dev/null", "/dev/null/x", "dataset/raw_audio/pads", "src", "out/cache", "out", 300 * "a"]


@pytest.mark.parametrize("place", UNUSABLE)
def test_a_cache_that_cannot_be_one_is_told_at_once(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv(item_cache.VARIABLE, place)
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    step = items.Step(
        stage="s", category="c", work=lambda _, __: {}, name=str, reads=str, settings=None, outs=[Path("out")]
    )
    with pytest.raises(LegatoError, match=rf"^environment: LEGATO_CACHE: '{place}': (must lie outside|results cannot)"):
        items.build(step, [1])
    assert not list(Path.cwd().iterdir())


@contextmanager
def not_plain(kind: str, path: Path) -> Iterator[Path]:
    """Something at a path that is no file."""
    match kind:
        case "a FIFO":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(path.name)  # whose paths are short
                yield path
            return
        case "a device":
            path.symlink_to("/dev/zero")
        case "nothing":
            path.symlink_to("nowhere")
        case "a circle":
            path.symlink_to(path.name)
        case "a FIFO elsewhere":
            os.mkfifo(path.parent.parent / "fifo")
            path.symlink_to("../fifo")
    yield path


KINDS = ("a FIFO", "a folder", "a socket", "a device", "nothing", "a circle", "a FIFO elsewhere")


def read_weights(path: Path) -> None:
    fetch(CodecParams(weights=str(path), sha256="0" * 64, license="MIT"), Path("target.pth"))


def read_as_start(path: Path) -> None:
    path.with_name("config.json").write_text("{}")
    read_start(path.parent)


def read_identity(path: Path) -> None:
    identity(train_params(start=str(path.parent)), read_split(*write_sides(path.parent.parent / "split")))


def write_sides(folder: Path) -> tuple[Path, Path]:
    write_split(folder)
    return folder / "dataset/encoded_dataset", folder / "dataset/heldout_dataset"


DOORS = {
    "MIDI": read_contents,
    "JSON": read_json,
    "JSON Lines": read_jsonl,
    "codes": read_codes,
    "weights of the codec": read_weights,
    "a checkpoint of the codec": codec.load,
    "a checkpoint's encoder": load_encoder,
    "a model to start from": read_as_start,
    "what a run is": read_identity,
}
LEFT_ASIDE = {("a model to start from", "a folder"), ("what a run is", "a folder")}  # there may be some in it


@pytest.mark.usefixtures("micro_size")
@pytest.mark.parametrize(("door", "kind"), [pair for pair in product(DOORS, KINDS) if pair not in LEFT_ASIDE])
def test_only_plain_files_are_opened(door: str, kind: str) -> None:
    """None of them is waited for or read without an end."""
    with not_plain(kind, Path.cwd() / "thing.x") as path, pytest.raises(LegatoError) as error:
        DOORS[door](path)
    assert len(str(error.value).splitlines()) == 1
    assert "thing.x" in str(error.value)
    assert not Path("target.pth").exists()


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to("a")
    assert require_file(tmp_path / "b") == tmp_path / "b"
    with pytest.raises(LegatoError, match="not a path: it holds a null byte"):
        require_file(Path("a\0b"))


def test_what_is_not_plain_in_a_dataset_is_named(workspace: Path) -> None:
    """In the folders that `train` and `legato validate` read, and beside them."""
    folder = write_dataset(workspace / "d", [a_track(30, 0), a_track(30, 1)])
    (folder / "encoded_audio/t_0.pt").unlink()
    os.mkfifo(folder / "encoded_audio/t_0.pt")
    os.mkfifo(folder / "t_1.wav")
    with pytest.raises(LegatoError, match=r"t_0\.pt: is not a file but a FIFO"):
        read_dataset(folder)
    found = check_folder(folder)
    assert found.n_tracks == 1
    assert any("t_0.pt" in finding.names for finding in found.findings)
    assert np.isfinite(found.perplexity).all()
