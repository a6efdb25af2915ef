"""A small workspace of which report pages are made in tests, and how they are opened in a browser."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helpers.signals import sine
from helpers.waiting import LIMIT_MS
from legato.audio.samples import write_audio
from legato.compose.config import MusicParams
from legato.compose.song import compose
from legato.contract.codes import write_codes
from legato.contract.folder import CODES_FOLDER, METADATA
from legato.files import write_json, write_jsonl
from legato.midi.song import write_midi
from legato.report.config import ReportParams
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.workspace.track import track_rng

MUSIC = MusicParams(bpm=[120, 140], seconds=[3, 4], parts={"pad": ["warm_pad"], "bass": ["synth_bass_1"]})
SECONDS = 2.0
HOSTILE = """<script>document.title='taken'</script><img src=x onerror="document.title='taken'"> & 'it's' "quoted\""""
ODD = """sources/beats/It's "my" <b>song</b> #1 50%.mid"""
PARAMS = ReportParams(previews=2, preview_seconds=1.5)
WIDTHS = (1280, 390)


FIVE = (("pads", 0), ("pads", 1), ("pads", 2), ("beats", 0), ("beats", 1))


def build(folder: Path, weights: Path, tracks: Sequence[tuple[str, int]] = FIVE) -> None:
    """A workspace of a few tracks, of which two a category can be heard, with a sample of a model and its curves."""
    with chdir(folder):
        shutil.copy(weights, _made("dataset/codec/weights.pth"))
        rows, chains = [], []
        for category, number in tracks:
            name = f"{category}_{number:05}"
            song, facts = compose(MUSIC, track_rng(0, category, number, "compose"))
            write_midi(_made(f"dataset/midi/{category}/{name}.mid"), song)
            audio = 0.2 * sine(SECONDS, 0, hz=220 * (number + 1))
            write_audio(Path(f"dataset/raw_audio/{category}/{name}.wav"), audio, SAMPLE_RATE, "PCM_16")
            codes = np.random.default_rng(number).integers(0, 1024, (int(SECONDS * SAMPLE_RATE / HOP_LENGTH), 18))
            write_codes(Path(f"dataset/encoded/{category}/{name}.pt"), torch.from_numpy(codes.astype(np.int16)))
            prompt = HOSTILE if name == "beats_00001" else f"slow {category}, {facts['bpm']} bpm, no drums, dry"
            verdicts = [
                [f"slow {category}", "phrase", True, "notes"],
                ["no drums", "no_drums", category == "pads", "notes"],
                ["dry", "space", True, "stated"],
            ]
            rows.append(
                {**facts, "id": name, "category": category, "prompt": prompt, "verdicts": verdicts}
                | {
                    "lufs": -14.0 + number,
                    "dbtp": -1.0,
                    "seconds": SECONDS + number,
                    "license": "MIT" if prompt == HOSTILE else "CC0-1.0",
                }
            )
            used = [{"entity": ODD, "sha256": 64 * "a", "license": "CC0-1.0"}]
            made = {"entity": f"dataset/midi/{category}/{name}.mid", "sha256": 64 * "b"}
            step = {"activity": "compose", "code": 64 * "c", "parameters": {}, "used": used, "generated": made}
            chains.append({"id": name, "category": category, "chain": [step]})
        write_jsonl(Path("dataset/encoded_dataset/tracks.jsonl"), rows)
        write_jsonl(Path("dataset/encoded_dataset/provenance.jsonl"), chains)
        write_audio(Path("reports/samples/00_0.wav"), 0.2 * sine(SECONDS, 0, hz=330), SAMPLE_RATE, "PCM_16")
        write_jsonl(Path("reports/samples/samples.jsonl"), [{"id": "00_0", "prompt": HOSTILE}])
        _made("reports/train/plots/metrics/train/loss.tsv").write_text("step\tloss\n0\t6.9\n10\t6.5\n20\t6.1\n")
        write_json(Path("reports/audit.json"), AUDIT)
        hold_out("pads_00009", "slow pads, 120 bpm")


AUDIT = {
    "passed": False,
    "tracks": 5,
    "refused": 1,
    "refusals": [{"why": f"soundfont {HOSTILE}: no licence is stated", "tracks": ["pads_00000"]}],
    "hours": {"music": {"CC0-1.0": 0.5}},
}


def hold_out(name: str, prompt: str) -> None:
    """A held-out dataset of one track that is longer than a sample."""
    codes_TK = np.random.default_rng(9).integers(0, 1024, (3 * int(SECONDS * SAMPLE_RATE / HOP_LENGTH), 18))
    folder = Path("dataset/heldout_dataset")
    write_codes(folder / CODES_FOLDER / f"{name}.pt", torch.from_numpy(codes_TK.astype(np.int16)))
    entry = {"text": prompt, "sr": SAMPLE_RATE, "channels": 18, "length": len(codes_TK)}
    write_json(folder / METADATA, {f"{name}.pt": entry})


def _made(path: str) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return Path(path)


def opened(browser: Any, address: str, width: int) -> Iterator[Any]:
    tab = browser.new_page(viewport={"width": width, "height": 844})
    tab.set_default_timeout(LIMIT_MS)
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    # A browser breaks off reading of a sound when it has enough of it: that is no fault of the page.
    tab.on("requestfailed", lambda one: said.append(one.url) if one.failure != "net::ERR_ABORTED" else None)
    tab.goto(address)
    yield tab
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert said == []
    tab.close()
