"""A Git and DVC repository in legato's layout, with versions of a tiny dataset: real music, tones for audio."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.checkout import DVC_CONFIG
from helpers.signals import sine
from legato.audio.samples import write_audio
from legato.compose.config import MusicParams
from legato.compose.song import compose
from legato.files import write_bytes, write_json, write_jsonl, write_text
from legato.measure.intervals import flat, share_of
from legato.midi.song import write_midi
from legato.tokens import SAMPLE_RATE
from legato.workspace.layout import PROMPT, facts_path
from legato.workspace.track import track_rng

BIN = Path(sys.executable).parent
MUSIC = MusicParams(bpm=[120, 140], seconds=[3, 4], parts={"pad": ["warm_pad"], "bass": ["synth_bass_1"]})
SECONDS = 2.0  # of audio
STAGES = {
    "compose": ["dataset/midi/${key}", "dataset/tracks/${key}/compose.jsonl"],
    "prompt": ["dataset/audio_prompts/${key}"],
    "render": ["dataset/rendered/${key}"],
    "normalize": ["dataset/raw_audio/${key}", "dataset/tracks/${key}/normalize.jsonl"],
    "encode": ["dataset/encoded/${key}"],
}
PARAMS = {
    "compose": ["categories.${key}.tracks"],
    "prompt": ["categories.${key}.prompt"],
    "normalize": ["normalize"],
}


@dataclass(frozen=True)
class Track:
    """What one track is made from."""

    seed: int = 0
    dbfs: float = -14.0
    prompt: str = "slow pads, 120 bpm"


Tracks = dict[str, dict[str, Track]]  # by category and id


class Dataset:
    """A repository whose commits are versions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str) -> str:
        """Run a command in it; return what it printed."""
        variables = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def init(self) -> None:
        self.run("git", "init", "-qb", "main")
        self.run("git", "config", "user.name", "tester")
        self.run("git", "config", "user.email", "tester@localhost")
        self.run("dvc", "init", "-q")
        write_text(self.folder / ".dvc/config", DVC_CONFIG)
        write_text(self.folder / ".gitignore", "/dataset\n/reports/diff.html\n")
        write_text(self.folder / "stages/normalize.py", "print()\n")

    def build(self, tracks: Tracks, stages: tuple[str, ...] = tuple(STAGES), target_lufs: float = -14) -> None:
        """Write a version's files, as its stages would have."""
        shutil.rmtree(self.folder / "dataset", ignore_errors=True)
        categories = {name: {"tracks": len(ids), "prompt": name} for name, ids in tracks.items()}
        params = {"categories": categories, "normalize": {"target_lufs": target_lufs}, "train_codec": {"steps": 1}}
        self.write_yaml("params.yaml", params)
        self.write_yaml("dvc.yaml", {"stages": {stage: _stage(stage) for stage in stages} | _WHOLE})
        for category, ids in tracks.items():
            _write_category(self.folder, category, ids)
        lufs = {"lufs_mean": target_lufs, "tracks": sum(map(len, tracks.values()))}
        is_first = target_lufs == -14
        lufs |= flat("passed", share_of(3 if is_first else 5, 8)) | flat(
            "recognised", share_of(1 if is_first else 15, 16)
        )
        write_json(self.folder / "reports/dataset.json", {"total": lufs} | dict.fromkeys(tracks, lufs))
        write_text(self.folder / "models/small.txt", "frozen")

    def write_yaml(self, name: str, values: dict[str, Any]) -> None:
        write_text(self.folder / name, yaml.safe_dump(values, sort_keys=False))

    def commit(self, version: str) -> None:
        """Make what lies there a version."""
        self.run("dvc", "commit", "-q", "-f")
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", version)
        self.run("git", "tag", version)

    def clone(self, folder: Path) -> "Dataset":
        """A clone without any data."""
        self.run("git", "clone", "-q", str(self.folder), str(folder))
        return Dataset(folder)

    def state(self) -> dict[str, str]:
        """All that a checkout, an add or a commit would change, Git's index and refs too; DVC's own tmp may."""
        places = [path for path in sorted(self.folder.rglob("*")) if ".dvc/tmp" not in str(path)]
        mine = [path for path in places if path.name != ".dvc"]  # whose time is that of tmp
        return {str(path): f"{path.lstat().st_mtime_ns} {_digest(path)}" for path in mine}


_WHOLE: dict[str, Any] = {
    "stats": {"cmd": "true", "metrics": [{"reports/dataset.json": {"cache": False}}]},
    "train_codec": {
        "cmd": "true",
        "frozen": True,
        "params": ["train_codec"],
        "outs": [{"models/small.txt": {"cache": False}}],
    },
}


def _stage(name: str) -> dict[str, Any]:
    deps = {"deps": ["stages/normalize.py"]} if name == "normalize" else {}
    return {
        "foreach": "${categories}",
        "do": {"cmd": "true ${key}", "outs": STAGES[name], "params": PARAMS.get(name, [])} | deps,
    }


def _write_category(root: Path, category: str, tracks: dict[str, Track]) -> None:
    rows = []
    for name, track in tracks.items():
        song, facts = compose(MUSIC, track_rng(track.seed, category, name, "compose"))
        (root / f"dataset/midi/{category}").mkdir(parents=True, exist_ok=True)
        write_midi(root / f"dataset/midi/{category}/{name}.mid", song)
        tone = sine(SECONDS, 0, hz=220 * 2 ** (track.seed / 12))
        write_audio(root / f"dataset/rendered/{category}/{name}.flac", tone / 2, SAMPLE_RATE, "PCM_16")
        audio = tone * 10 ** (track.dbfs / 20)
        write_audio(root / f"dataset/raw_audio/{category}/{name}.wav", audio, SAMPLE_RATE, "PCM_16")
        write_bytes(root / f"dataset/encoded/{category}/{name}.pt", hashlib.sha256(audio.tobytes()).digest())
        write_text(root / PROMPT.file(category, name), track.prompt)
        rows.append({"id": name, **facts})
    write_jsonl(root / facts_path(category, "compose"), rows)
    levels = [{"id": name, "lufs": track.dbfs, "seconds": SECONDS} for name, track in tracks.items()]
    write_jsonl(root / facts_path(category, "normalize"), levels)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
