"""`legato validate FOLDER`: each fault of a folder is found and named with its rule."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.micro_dia import a_track, write_dataset
from helpers.signals import silence, sine
from legato.audio.samples import write_audio
from legato.dataset.folder_check import ENOUGH_FRAMES, ERROR, WARNING, check_folder
from legato.errors import LegatoError

CODES = "encoded_audio"
Change = Callable[[Path], Any]


def a_folder(path: Path) -> Path:
    return write_dataset(path / "d", [a_track(30 + seed, seed) for seed in range(3)])


def codes_of(folder: Path, name: str = "t_0") -> torch.Tensor:
    return torch.load(folder / CODES / f"{name}.pt", weights_only=True)


def store(change: Callable[[torch.Tensor], Any]) -> Change:
    """Replace a track's codes by what `change` makes of them."""
    return lambda folder: torch.save(change(codes_of(folder)), folder / CODES / "t_0.pt")


def entry(**values: Any) -> Change:
    """Change what the metadata says of a track."""

    def change(folder: Path) -> None:
        path = folder / "metadata.json"
        metadata = json.loads(path.read_text())
        metadata["t_0.pt"] |= values
        path.write_text(json.dumps(metadata))

    return change


def metadata(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Change the metadata."""

    def write(folder: Path) -> None:
        path = folder / "metadata.json"
        path.write_text(json.dumps(change(json.loads(path.read_text()))))

    return write


def rename(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / CODES / "t_0.pt").rename(folder / CODES / name)
        metadata(lambda known: {(name if old == "t_0.pt" else old): value for old, value in known.items()})(folder)

    return change


def with_value(value: int) -> Change:
    def change(codes_TK: torch.Tensor) -> torch.Tensor:
        codes_TK[3, 4] = value
        return codes_TK

    return store(change)


class Evil:
    """A pickle that would run code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


TRACK = "t_0.pt"
FAULTS: dict[str, tuple[Change, str, str, str]] = {
    "a dictionary": (store(lambda codes: {"codes": codes}), ERROR, "must be a bare tensor", TRACK),
    "int64": (store(torch.Tensor.long), ERROR, "must be int16", TRACK),
    "9 codebooks": (store(lambda codes: codes[:, :9].clone()), ERROR, "must be of shape (T, 18)", TRACK),
    "transposed": (store(lambda codes: codes.T.clone()), ERROR, "must be of shape (T, 18)", TRACK),
    "no frames": (store(lambda codes: codes[:0].clone()), ERROR, "must have at least one frame", TRACK),
    "a special token": (with_value(1024), ERROR, "codes must be 0 to 1023", TRACK),
    "below nothing": (with_value(-1), ERROR, "codes must be 0 to 1023", TRACK),
    "a view": (store(lambda codes: torch.cat([codes, codes])[:30]), ERROR, "own just its own storage", TRACK),
    "columns first": (store(lambda codes: codes.T.contiguous().T), ERROR, "must be contiguous", TRACK),
    "cut short": (
        lambda folder: (folder / CODES / TRACK).write_bytes((folder / CODES / TRACK).read_bytes()[:-200]),
        ERROR,
        "truncated, or not a tensor",
        TRACK,
    ),
    "code": (lambda folder: torch.save(Evil(), folder / CODES / TRACK), ERROR, "truncated, or not a tensor", TRACK),
    "another length": (store(lambda codes: codes[:29].clone()), ERROR, "length: is not the number", TRACK),
    "no length": (entry(length=None), ERROR, "length: must be a whole number", TRACK),
    "no text": (entry(text=" , "), ERROR, "text: must not be empty", TRACK),
    "long text": (entry(text="é" * 257), ERROR, "text: must be at most 512 bytes", TRACK),
    "48 kHz": (entry(sr=48000), ERROR, "sr: must be 44100", TRACK),
    "mono": (entry(channels=9), ERROR, "channels: must be 18", TRACK),
    "no object": (metadata(lambda known: known | {TRACK: 1}), ERROR, "must be an object", TRACK),
    "nothing": (metadata(lambda _: {}), ERROR, "must name at least one track", "metadata.json"),
    "a file alone": (lambda folder: torch.save(codes_of(folder), folder / CODES / "x.pt"), ERROR, "not name", "x.pt"),
    "an entry alone": (lambda folder: (folder / CODES / TRACK).unlink(), ERROR, "there is no such file", TRACK),
    "a path": (metadata(lambda known: known | {"../t_9.pt": known[TRACK]}), ERROR, "no such file", "../t_9.pt"),
    "another file": (lambda folder: (folder / CODES / "x.wav").touch(), WARNING, "nothing but .pt files", "x.wav"),
    "a folder": (lambda folder: (folder / CODES / "sub").mkdir(), WARNING, "nothing but .pt files", "sub"),
    "an odd name": (rename("a b.pt"), WARNING, "name should be letters", "a b.pt"),
    "unsorted": (metadata(lambda known: dict(reversed(known.items()))), WARNING, "should be sorted", "metadata.json"),
    "not ASCII": (
        lambda folder: (folder / "metadata.json").write_text(
            (folder / "metadata.json").read_text().replace("minor", "m\u00fc", 1), encoding="utf-8"
        ),
        WARNING,
        "should be ASCII",
        "metadata.json",
    ),
    "more keys": (entry(bpm=90), WARNING, "has keys beside channels, length, sr, text", TRACK),
    "an empty tag": (entry(text="beat, , dry"), WARNING, "text: has an empty tag", TRACK),
    "a tag twice": (entry(text="beat, dry, dry"), WARNING, "text: has a tag twice", TRACK),
    "one frame throughout": (
        store(lambda codes: codes[:1].repeat(30, 1)),
        WARNING,
        "every frame is the same",
        TRACK,
    ),
    "a stuck codebook": (
        store(lambda codes: codes * (torch.arange(18) != 7).short()),
        WARNING,
        "a codebook has one value throughout",
        TRACK,
    ),
    "a copy": (
        lambda folder: (folder / CODES / "t_1.pt").write_bytes((folder / CODES / TRACK).read_bytes()),
        WARNING,
        "the same codes under other names",
        "t_0.pt = t_1.pt",
    ),
}


def test_a_good_folder_has_no_finding(tmp_path: Path) -> None:
    report = check_folder(a_folder(tmp_path))
    assert report.findings == []
    assert (report.n_tracks, report.n_mono) == (3, 0)
    assert report.seconds == pytest.approx((30 + 31 + 32) * 512 / 44100)
    assert len(report.perplexity) == 18


@pytest.mark.parametrize(("change", "level", "rule", "name"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change, level: str, rule: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = a_folder(tmp_path)
    change(folder)
    found = [finding for finding in check_folder(folder).findings if rule in finding.rule]
    assert [(finding.level, finding.names) for finding in found] == [(level, [name])]
    assert not Path("pwned").exists()


def test_tracks_whose_sides_are_alike_are_counted(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    store(lambda codes: torch.cat([codes[:, :9], codes[:, :9]], dim=1))(folder)
    report = check_folder(folder)
    assert (report.n_mono, report.findings) == (1, [])


def test_a_codebook_that_uses_few_entries_over_the_whole_folder_is_named(tmp_path: Path) -> None:
    track = a_track(ENOUGH_FRAMES)
    track.codes_TK[:, 16] %= 50
    (finding,) = check_folder(write_dataset(tmp_path / "d", [track])).findings
    assert (finding.level, finding.names) == (WARNING, ["R7"])
    assert "at most 102 of its 1024 entries" in finding.rule


def test_audio_beside_the_codes_is_listened_to(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    write_audio(folder / "audio" / "t_0.wav", sine(1.0, -20.0), 44100, "PCM_16")
    write_audio(folder / "audio" / "t_1.wav", silence(1.0), 44100, "PCM_16")
    between = sine(1.0, 2.9, hz=11025.0, phase=np.pi / 4)  # no sample above -0.1 dBFS, the wave above 0
    write_audio(folder / "audio" / "t_2.flac", between, 44100, "PCM_16")
    report = check_folder(folder)
    assert {finding.names[0]: finding.level for finding in report.findings} == {
        "t_1.wav": WARNING,
        "t_2.flac": WARNING,
    }
    assert len(report.loudness["lufs"]) == 2
    assert check_folder(folder, listen_to=0).loudness == {}


def test_without_metadata_there_is_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match=r"metadata\.json: no such file"):
        check_folder(tmp_path)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from legato.cli import run; run()", "validate", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_needs_no_workspace_and_fails_on_errors_alone(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    entry(text="beat, dry, dry")(folder)
    done = run(tmp_path, "d")
    assert done.returncode == 0, done.stderr
    assert "warning       1  text: has a tag twice: t_0.pt" in done.stdout
    assert "3 tracks can be read" in done.stdout
    store(torch.Tensor.long)(folder)
    done = run(tmp_path, "--json", "d")
    assert done.returncode == 1
    assert done.stderr == "error: d: 1 error\n"
    assert {"level": ERROR, "rule": "must be int16", "names": ["t_0.pt"]} in json.loads(done.stdout)["findings"]
