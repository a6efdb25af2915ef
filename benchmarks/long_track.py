"""Memory and time of each stage for one long track: `python benchmarks/long_track.py [--minutes N] [--stages NAME …]`.

The track is a composed song, played again and again from a MIDI file, with the SoundFont and the codec weights of this
checkout. Each stage has a process of its own: its CPU time, and the most memory that it held (peak RSS).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from legato.compose.config import MusicParams
from legato.compose.song import compose
from legato.midi.song import Song, bar_seconds, write_midi
from legato.soundfont.config import BUILT_FONT
from legato.workspace.layout import WEIGHTS
from legato.workspace.track import track_rng

ROOT = Path(__file__).parent.parent
STAGES = ("check", "compose", "render", "prompt", "normalize", "validate", "encode", "diversity", "quality")
OVER_ALL = ("check", "diversity", "quality")
MUSIC = {
    "bpm": [110, 110],
    "seconds": [100, 120],
    "parts": {"strum": ["steel_guitar"], "bass": ["finger_bass"], "drums": ["standard_kit"]},
    "grooves": ["pop"],
}


def long_song(minutes: float) -> Song:
    """A song, played again until it lasts that long."""
    song, _ = compose(MusicParams(**MUSIC), track_rng(0, "long", 0, "compose"))
    times = max(1, round(minutes * 60 / (song.n_bars * bar_seconds(song.bpm))))
    beats = song.n_bars * 4
    parts = tuple(
        replace(
            part,
            notes=tuple(note._replace(beat=note.beat + nth * beats) for nth in range(times) for note in part.notes),
            bends=tuple(bend._replace(beat=bend.beat + nth * beats) for nth in range(times) for bend in part.bends),
        )
        for part in song.parts
    )
    return replace(song, n_bars=song.n_bars * times, parts=parts)


def make_workspace(folder: Path, minutes: float) -> None:
    """A category with one MIDI file."""
    values: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())
    values["dataset"]["max_minutes"] = 2 * minutes
    values["categories"] = {
        "long": {"tracks": "all", "prompt": "long", "music": {"source": "midi", "license": "LicenseRef-own-work"}}
    }
    (folder / "sources/long").mkdir(parents=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    write_midi(folder / "sources/long/long.mid", long_song(minutes))
    for path in (Path(BUILT_FONT), WEIGHTS.path):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(ROOT / path)


def run(stage: str, folder: Path) -> None:
    """Run a stage and print what it took."""
    command = [sys.executable, str(ROOT / f"stages/{stage}.py"), *(() if stage in OVER_ALL else ("long",))]
    started = time.monotonic()
    environment = os.environ | {"LEGATO_WORKERS": "1", "LEGATO_CACHE": str(folder / "cache")}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    scale = 2**20 if sys.platform == "darwin" else 2**10
    failed = f"  exit status {os.waitstatus_to_exitcode(status)}" if status else ""
    cpu_s = used.ru_utime + used.ru_stime
    took_s = time.monotonic() - started
    print(f"{stage:10} {took_s:8.1f} s {cpu_s:8.1f} s of CPU {used.ru_maxrss / scale:8.0f} MB{failed}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--stages", nargs="+", default=STAGES, choices=STAGES)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_workspace(Path(folder), arguments.minutes)
        for stage in arguments.stages:
            run(stage, Path(folder))


if __name__ == "__main__":
    main()
