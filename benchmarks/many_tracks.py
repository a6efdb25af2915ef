"""A clone in which all before `collect` seems to have run: `python benchmarks/many_tracks.py FOLDER N_TRACKS`.

Tracks are 86 frames of random codes, in archives, in 10 categories, with prompts and facts as the stages leave them.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import yaml

from legato import shards
from legato.compose.config import MusicParams
from legato.compose.song import compose
from legato.files import Json, write_jsonl
from legato.workspace.layout import facts_path
from legato.workspace.track import track_id, track_rng

ROOT = Path(__file__).parent.parent
N_CATEGORIES = 10
FRAMES = 86
N_SONGS = 16  # that are composed: their facts are those of all tracks
MUSIC = MusicParams(
    bpm=[90, 140],
    seconds=[28, 32],
    parts={"pad": ["warm_pad"], "lead": ["saw_lead"], "bass": ["synth_bass_1"], "drums": ["standard_kit"]},
    grooves=["pop"],
)
ROLES = ("pad", "lead", "bass", "drums")
SHA = 64 * "a"
RENDERED = {
    "attack_half_s": dict.fromkeys(ROLES, 0.01), "attack_s": dict.fromkeys(ROLES, 0.02), "chorus_depth_ms": 5.1,
    "chorus_level": 0.8, "chorus_send": 0.03, "chorus_speed_hz": 0.4, "chorus_voices": 3, "dry": False,
    "part_detune_cents": dict.fromkeys(ROLES, 0.433), "part_gain_db": dict.fromkeys(ROLES, -2.7),
    "part_pan": dict.fromkeys(ROLES, 0.1), "render_gain_db": 0.0, "rendered_sha256": SHA, "renderers": {},
    "reverb_damping": 0.3, "reverb_level": 0.4, "reverb_room": 0.5, "reverb_width": 0.8, "soundfont_sha256": SHA,
    "synth": "FluidSynth 2.3.1", "variant": dict.fromkeys(ROLES, 0), "wet_db": dict.fromkeys(ROLES, -12.5),
    "width_db": -14.2,
}  # fmt: skip
NORMALIZED = {
    "at_target": True, "audio_sha256": SHA, "dbtp": -1.05, "gain_db": 3.1, "limiter_db": 0.4, "lufs": -14.01,
    "padded_s": 0.0, "seconds": 1.0, "silence": 0.01, "trimmed_s": 0.0,
}  # fmt: skip


def names_of(n_tracks: int) -> dict[str, list[str]]:
    """The ids of each category's tracks."""
    each = n_tracks // N_CATEGORIES
    return {f"c{at}": [track_id(f"c{at}", number) for number in range(each)] for at in range(N_CATEGORIES)}


def make(folder: Path, n_tracks: int) -> None:
    """A clone in which every stage before `collect` seems to have run."""
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    for file in (ROOT / "src").rglob("*.py"):  # as they are now
        shutil.copy(file, folder / file.relative_to(ROOT))
    (folder / "dvc.lock").unlink(missing_ok=True)
    values = yaml.safe_load((folder / "params.yaml").read_text())
    music = {"bpm": [120, 140], "seconds": [3, 4], "parts": {"pad": ["warm_pad"]}}
    tracks = names_of(n_tracks)
    values["categories"] = {
        name: {"tracks": len(ids), "prompt": "slow pads", "music": music} for name, ids in tracks.items()
    }
    values["dataset"]["layout"] = "shards"
    values["train"] |= {"start": None, "start_license": None} if "start_license" in values["train"] else {"start": None}
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    facts = [compose(MUSIC, track_rng(0, "song", at, "compose"))[1] for at in range(N_SONGS)]
    here = Path.cwd()
    os.chdir(folder)
    try:
        for name, ids in tracks.items():
            _make_category(name, ids, facts)
    finally:
        os.chdir(here)


def _make_category(category: str, ids: list[str], facts: list[Json]) -> None:
    rng = np.random.default_rng(len(ids) + int(category[1:]))
    rows: dict[str, list[Json]] = {}
    prompts = Path("dataset/audio_prompts", category)
    prompts.mkdir(parents=True)

    def members() -> Iterator[list[shards.Member]]:
        for name in ids:
            content = io.BytesIO()
            torch.save(torch.from_numpy(rng.integers(0, 1024, (FRAMES, 18), dtype=np.int16)), content)
            yield [shards.Member(f"{name}.pt", content.getvalue())]

    folder = Path("dataset/encoded", category)
    folder.mkdir(parents=True)
    shards.write_index(folder, shards.pack(folder, category, members()))
    codes = {entry["name"]: entry["sha256"] for entry in shards.index_of(folder) or ()}
    for at, name in enumerate(ids):
        own = facts[at % len(facts)]
        tags = [f"{category} beat", f"{own['bpm']} bpm", f"{own['key']} {own['scale']}", "warm pad", "saw lead", "dry"]
        text = ", ".join(tags)
        (prompts / f"{name}_prompt.txt").write_text(text)
        midi = {"license": "CC0-1.0", "midi_sha256": hashlib.sha256(name.encode()).hexdigest(), "seed": 0}
        for stage, found in {
            "compose": own | midi,
            "render": RENDERED,
            "normalize": NORMALIZED,
            "prompt": {"prompt_sha256": hashlib.sha256(text.encode()).hexdigest()},
            "validate": {"verdicts": [[tag, "kind", True, "notes"] for tag in tags]},
            "encode": {
                "codec_precision": "exact", "codec_sha256": SHA, "codes_sha256": codes[f"{name}.pt"], "frames": FRAMES,
            },
        }.items():  # fmt: skip
            rows.setdefault(stage, []).append({"id": name} | found)
    for stage, found_rows in rows.items():
        write_jsonl(facts_path(category, stage), found_rows)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
