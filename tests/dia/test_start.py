"""The model that ships, and a model of legato's as a start: what it says of itself, and what it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors import safe_open

from helpers.checkout import ROOT, SHIPPED_PARAMS, SMALL_CODEC
from helpers.micro_dia import MICRO, a_track, places, train_params, write_dataset
from legato.check import check
from legato.dia import model, record
from legato.dia.config import SIZES
from legato.dia.dataset import read_split
from legato.dia.training import train
from legato.dia.widen import read_start
from legato.errors import LegatoError
from legato.files import read_json, sha256_of
from legato.licenses.policy import PolicyParams

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")

START = ROOT / "models/start"
OWN, OTHER = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as `train` saves it, of the codec OWN."""
    folder = tmp_path_factory.mktemp("ours") / "start"
    model.save(model.build(MICRO, seed=0), folder, {"codes": record.speaks(OWN), "license": "CC0-1.0"})
    return folder


def of_codec(folder: Path, *codecs: str | None) -> Path:
    """A dataset whose tracks say which codec's codes they are; None says nothing."""
    write_dataset(folder, [a_track(30, seed, "a") for seed in range(len(codecs))])
    rows = [
        {"id": f"t_{seed}", "category": "a"} | ({"codec_sha256": codec} if codec else {})
        for seed, codec in enumerate(codecs)
    ]
    (folder / "tracks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def nothing_held_out(folder: Path) -> Path:
    folder.mkdir()
    (folder / "metadata.json").write_text("{}")
    return folder


def test_the_start_that_ships_is_what_its_record_and_its_card_say() -> None:
    shipped, found = read_json(START / record.FILE), record.read(START)
    assert found.codec_sha256 == sha256_of(SMALL_CODEC)
    assert found.license == "CC0-1.0"
    card = (START / "README.md").read_text()
    for said in (sha256_of(START / "model.safetensors"), found.codec_sha256, shipped["commit"], found.license):
        assert said in card
    with safe_open(START / "model.safetensors", framework="pt") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    with torch.device("meta"):
        wanted = model.build(SIZES[shipped["train"]["size"]], seed=0)
    assert shapes == {name: list(value.shape) for name, value in wanted.state_dict().items()}
    assert model.n_parameters(wanted) == shipped["parameters"]
    assert sum(path.stat().st_size for path in START.iterdir()) < 45e6


def test_the_default_run_begins_with_it() -> None:
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    named = {name for stage in ("train", "audit") for name in dvc_stages()[stage]["deps"] if "start" in name}
    assert named == {f"models/start/{name}" for name in ("config.json", "model.safetensors", record.FILE)}
    assert values["train"]["start"] in (None, "models/start") or Path(ROOT / values["train"]["start"]).is_dir()


def dvc_stages() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def test_a_trained_model_says_whose_codes_it_speaks_and_what_it_began_with(tmp_path, ours):
    split = read_split(of_codec(tmp_path / "d", OWN, OWN), nothing_held_out(tmp_path / "h"))
    train(train_params(start=str(ours), steps=1), split, places(tmp_path))
    found = read_json(tmp_path / "models/dia/training.json")
    assert found["codes"] == record.speaks(OWN)
    assert found["train"]["start"] == str(ours)
    assert found["start"]["model.safetensors"] == sha256_of(ours / "model.safetensors")
    assert found["start_license"] == "CC0-1.0"
    read_start(tmp_path / "models/dia", OWN)  # a trained model is a start in its turn


DATASETS = {
    "another codec's": (
        (OTHER, OTHER),
        "speaks the codes of the codec aaaaaaaaaaaa…, and the dataset has those of bbbb",
    ),
    "nobody knows whose": ((None, None), "and the dataset does not say which codec its codes are of"),
    "partly unknown": ((OWN, None), "and the dataset does not say which codec its codes are of"),
}


@pytest.mark.parametrize(("codecs", "rule"), DATASETS.values(), ids=DATASETS)
def test_a_start_refuses_a_dataset_of_another_codec(tmp_path, ours, codecs, rule):
    split = read_split(of_codec(tmp_path / "d", *codecs), nothing_held_out(tmp_path / "h"))
    with pytest.raises(LegatoError, match=rf"^params\.yaml: train\.start: {ours}: .*{rule}") as error:
        train(train_params(start=str(ours)), split, places(tmp_path))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("codec", [OWN, OTHER, None])
def test_a_model_from_elsewhere_says_nothing_and_is_taken(tmp_path, ours, codec):
    foreign = shutil.copytree(ours, tmp_path / "foreign")
    (foreign / record.FILE).unlink()
    read_start(foreign, codec)


def test_a_dataset_of_two_codecs_is_refused_whatever_learns_from_it(tmp_path):
    held_out = of_codec(tmp_path / "h", OTHER)
    (held_out / "tracks.jsonl").write_text(json.dumps({"id": "x", "codec_sha256": OTHER}) + "\n")
    with pytest.raises(LegatoError, match=r"h/tracks\.jsonl: x: codec_sha256: is of another codec than .*d/tracks"):
        read_split(of_codec(tmp_path / "d", None, OWN), distinct(held_out))


def distinct(folder: Path) -> Path:
    """The same folder with a track that no other has."""
    shutil.rmtree(folder)
    write_dataset(folder, [a_track(30, 9)])
    (folder / "tracks.jsonl").write_text(json.dumps({"id": "x", "codec_sha256": OTHER}) + "\n")
    return folder


def altered(**changes: Any):
    """training.json with other values in `codes`."""

    def write(folder: Path) -> None:
        values = read_json(folder / record.FILE)
        values["codes"] |= changes
        (folder / record.FILE).write_text(json.dumps(values))

    return write


def configured(**changes: Any):
    """config.json with other values at its root and in its decoder."""

    def write(folder: Path) -> None:
        values = read_json(folder / "config.json")
        values["decoder_config"] |= changes.pop("decoder", {})
        (folder / "config.json").write_text(json.dumps(values | changes))

    return write


def narrowed(folder: Path) -> None:
    """9 codebooks, in weights and configuration, beside a record of ours."""
    config = model.dia_config(MICRO).to_dict()
    config["decoder_config"]["num_channels"], config["delay_pattern"] = 9, list(range(9))
    mono = type(model.build(MICRO, 0))(type(model.dia_config(MICRO)).from_dict(config))
    mono.save_pretrained(folder)


def truncated(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


CODE = {"AutoModel": "evil.Evil"}
BAD = {
    "of 9 channels": (narrowed, "num_channels: 9: must be 18"),
    "a record of 9 channels": (altered(channels=9), r"training\.json: codes\.channels: 9: must be 18"),
    "another vocabulary": (configured(decoder={"vocab_size": 1030}), "decoder vocab_size: 1030: must be 1028"),
    "a record of another vocabulary": (altered(codes=2048), r"training\.json: codes\.codes: 2048: must be 1024"),
    "another end": (altered(eos=7), r"codes\.eos: 7: must be 1024"),
    "its own code": (configured(auto_map=CODE), r"config\.json: auto_map: no code of a model is run"),
    "its decoder's own code": (configured(decoder={"auto_map": CODE}), "auto_map: no code of a model is run"),
    "trust": (configured(trust_remote_code=True), "trust_remote_code: no code of a model is run"),
    "truncated": (truncated, r"model\.safetensors: truncated, or no weights in safetensors"),
    "a record that is a list": (lambda folder: (folder / record.FILE).write_text("[1]"), "must be an object"),
    "a record of no codes": (lambda folder: (folder / record.FILE).write_text('{"codes": 1}'), "codes: must be an obj"),
    "a codec that is a number": (altered(codec_sha256=1), "codec_sha256: 1: must be a SHA-256 or null"),
    "no JSON": (lambda folder: (folder / record.FILE).write_text("{"), "not JSON"),
}


@pytest.mark.parametrize(("breaks", "rule"), BAD.values(), ids=BAD)
def test_a_start_of_ours_that_is_broken_is_one_line(tmp_path, capfd, ours, breaks, rule):
    folder = shutil.copytree(ours, tmp_path / "start")
    (folder / "evil.py").write_text("raise SystemExit(1)")
    breaks(folder)
    with pytest.raises(LegatoError, match=rf"^params\.yaml: train\.start: {folder}.*{rule}") as error:
        read_start(folder, OWN)
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: Path):
    """params.yaml with a start, and with other changes."""

    def write(**changes: Any) -> None:
        values = yaml.safe_load(SHIPPED_PARAMS.read_text())
        for key, value in ({"train.start": str(ours)} | changes).items():
            section, name = key.split(".")
            values[section][name] = value
        Path("params.yaml").write_text(yaml.safe_dump(values))

    monkeypatch.chdir(tmp_path)
    return write


def test_check_refuses_before_anything_is_built_what_training_would_refuse_after_all(project, ours):
    project(**{"codec.weights": "mine.pth", "codec.sha256": OWN, "codec.license": "CC0-1.0"})
    check()
    project(**{"codec.weights": "mine.pth", "codec.sha256": OTHER, "codec.license": "CC0-1.0"})
    with pytest.raises(
        LegatoError, match=rf"^params\.yaml: train\.start: {ours}: speaks .*'mine\.pth' has those of bb"
    ):
        check()
    project(**{"codec.weights": "dac_44khz"})  # which is neither here nor pinned
    with pytest.raises(LegatoError, match=r"'dac_44khz' does not say .*pin codec\.sha256, or .*start: null"):
        check()
    project(**{"codec.weights": "dac_44khz", "train.start": None})
    check()


def test_the_license_of_a_start_is_its_record_s_or_is_stated(project, tmp_path, ours):
    stated = {"codec.weights": "mine.pth", "codec.sha256": OWN, "codec.license": "CC0-1.0"}
    foreign = shutil.copytree(ours, tmp_path / "foreign")
    (foreign / record.FILE).unlink()
    project(**stated, **{"train.start": "foreign"})
    with pytest.raises(LegatoError, match=r"train\.start_license: None: no licence is stated; see docs/licences"):
        check()
    project(**stated, **{"train.start": "foreign", "train.start_license": "CC-BY-NC-4.0"})
    with pytest.raises(LegatoError, match=r"start_license: 'CC-BY-NC-4\.0': not one of policy\.start: .*commercial"):
        check()
    project(**stated, **{"train.start": "foreign", "train.start_license": "Apache-2.0"})
    check()
    project(**stated, **{"train.start_license": "MIT"})
    with pytest.raises(LegatoError, match=r"train\.start_license: 'MIT': .* is 'CC0-1\.0'$"):
        check()


def test_nothing_but_public_domain_is_allowed_of_a_start_where_policy_does_not_say() -> None:
    allowed = {kind: ["MIT"] for kind in ("music", "soundfont", "codec")}
    assert PolicyParams(**allowed).start == ["CC0-1.0"]
