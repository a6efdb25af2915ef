"""`legato sample`: a prompt to audio, from any model's folder, and every mistake in one line."""

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch

from helpers.micro_dia import MICRO
from legato import cli
from legato.codec import listen
from legato.codec import model as codec
from legato.dia import model, record, sampling
from legato.dia.config import VOCABULARY
from legato.errors import LegatoError
from legato.files import sha256_of
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, SAMPLE_RATE

PROMPT = "808 bass melody"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_weights: Path) -> Path:
    """A folder with a model and with the codec whose codes it speaks; it is no project."""
    speaks = {"codes": record.speaks(sha256_of(tiny_weights))}
    endless = model.build(MICRO, seed=0)
    with torch.no_grad():
        endless.logits_dense.weight[CODEBOOK_SIZE:VOCABULARY] = 0  # no special token is the likeliest
    model.save(endless, tmp_path / "mine", speaks)
    shutil.copy(tiny_weights, tmp_path / "codec.pth")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(words: str, capsys: Any) -> str:
    """What the command prints, or its error."""
    try:
        cli.main("sample", *shlex.split(words))
    except LegatoError as error:
        return f"error: {error}"
    return capsys.readouterr().out


def test_a_prompt_becomes_audio_as_long_as_asked(place: Path, capsys: Any) -> None:
    line = told(f"'{PROMPT}' --seconds 0.5 --out sounds/x.wav --model mine --codec codec.pth", capsys)
    assert line.startswith("sounds/x.wav: 0.5 s by mine, ")
    audio, rate = soundfile.read(place / "sounds/x.wav")
    assert (rate, audio.shape[1]) == (SAMPLE_RATE, 2)
    assert abs(len(audio) - 43 * HOP_LENGTH) <= HOP_LENGTH
    again = told(f"'{PROMPT}' --seconds 0.5 --out y.wav --model mine --codec codec.pth", capsys)
    assert again.startswith("y.wav")
    assert (place / "y.wav").read_bytes() == (place / "sounds/x.wav").read_bytes()
    told(f"'{PROMPT}' --seconds 0.5 --out y.wav --model mine --codec codec.pth --seed 1", capsys)
    assert (place / "y.wav").read_bytes() != (place / "sounds/x.wav").read_bytes()


def test_what_is_heard_is_the_first_clip_of_the_same_prompt_in_the_sample_stage(
    place: Path, tiny_weights: Path
) -> None:
    settings = listen.settings_of(PROMPT, 0.3, 7)
    listen.listen(place / "mine", tiny_weights, settings, place / "x.flac")
    many = settings.model_copy(update={"prompts": [PROMPT, "pad"], "clips": 2})
    codes_TK = sampling.sample(model.load(place / "mine"), many)[0]
    audio, _ = soundfile.read(place / "x.flac", dtype="float32")
    wanted = sampling.below_ceiling(codec.decode(codec.loaded(tiny_weights), codes_TK))
    assert torch.allclose(torch.from_numpy(audio), torch.from_numpy(wanted), atol=2**-14)


@pytest.mark.parametrize("home", ["dataset/codec/weights.pth", "models/codec/small.pth"])
@pytest.mark.parametrize("folder", ["models/dia", "models/start"])
def test_in_a_project_the_model_and_its_codec_are_found(place: Path, capsys: Any, home: str, folder: str) -> None:
    (place / "params.yaml").touch()
    (place / home).parent.mkdir(parents=True)
    (place / "dataset/codec").mkdir(parents=True, exist_ok=True)
    if not home.startswith("dataset"):
        (place / "dataset/codec/weights.pth").write_bytes(b"of another dataset")
    shutil.move(place / "codec.pth", place / home)
    shutil.move(place / "mine", place / folder)
    assert f" s by {folder}, " in told(f"'{PROMPT}' --seconds 0.2", capsys)
    assert (place / "sample.wav").is_file()


WRONG = {
    "no prompt": ("' ' --model mine", "legato sample: the prompt must not be empty"),
    "a long prompt": (f"{'x' * 513} --model mine", "legato sample: sample.prompts.0: 'xxx"),
    "no time": (f"'{PROMPT}' --model mine --seconds 0", "legato sample: sample.seconds: 0.0: "),
    "endless": (f"'{PROMPT}' --model mine --seconds inf", "legato sample: sample.seconds: inf: "),
    "a seed": (f"'{PROMPT}' --model mine --seed -1", "legato sample: sample.seed: -1: "),
    "a name": (f"'{PROMPT}' --model mine --out x.mp3", "x.mp3: must end in .wav or .flac"),
    "a folder": (f"'{PROMPT}' --model mine --out f.wav", "f.wav: is a folder"),
    "no model": (f"'{PROMPT}' --model other", "other: no model there: a folder with config.json"),
    "no project": (f"'{PROMPT}'", "no model in models/dia or models/start: run this inside a legato project"),
    "no codec": (f"'{PROMPT}' --model mine --codec no.pth", "no.pth: no such codec weights"),
    "another codec": (f"'{PROMPT}' --model mine --codec other.pth", "mine: speaks the codes of the codec "),
    "a codec that is not here": (f"'{PROMPT}' --model mine", "mine: speaks the codes of the codec "),
    "a model that says nothing": (f"'{PROMPT}' --model silent", "silent: does not say whose codes it speaks: name "),
    "half a model": (f"'{PROMPT}' --model half --codec codec.pth", "half/model.safetensors: truncated"),
}


@pytest.mark.parametrize(("words", "line"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_line_and_leaves_nothing(place: Path, capsys: Any, words: str, line: str) -> None:
    (place / "f.wav").mkdir()
    (place / "other.pth").write_bytes(b"others")
    for name in ("silent", "half"):
        shutil.copytree(place / "mine", place / name)
    (place / "silent/training.json").unlink()
    whole = (place / "half/model.safetensors").read_bytes()
    (place / "half/model.safetensors").write_bytes(whole[:1000])
    before = sorted(place.rglob("*"))
    found = told(words, capsys)
    assert found.startswith(f"error: {line}")
    assert len(found.splitlines()) == 1
    assert sorted(place.rglob("*")) == before
