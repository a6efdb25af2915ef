"""The pipeline as a script that comes to mind first: `python benchmarks/plain_pipeline.py TRACKS SECONDS FONT FOLDER`.

One track after another, with the same libraries: pretty_midi plays a track, pyloudnorm levels it, DAC encodes each
channel whole, torch saves the codes. The music is composed by legato, with the same parts.
"""

import json
import sys
from pathlib import Path

import dac
import numpy as np
import pretty_midi
import pyloudnorm
import soundfile
import torch

from legato.compose.config import MusicParams
from legato.compose.song import compose
from legato.midi.song import write_midi
from legato.workspace.track import track_rng

SAMPLE_RATE = 44100
SMALL = Path(__file__).parent.parent / "models/codec/small.pth"


def main(n_tracks: int, seconds: float, font: str, folder: Path, music: dict[str, object]) -> None:
    model = dac.DAC.load(SMALL).eval()
    params = MusicParams(**music | {"seconds": [seconds - 1, seconds]})
    metadata = {}
    for index in range(n_tracks):
        song, _ = compose(params, track_rng(0, "plain", index, "compose"))
        write_midi(folder / "a.mid", song)
        played = pretty_midi.PrettyMIDI(str(folder / "a.mid")).fluidsynth(fs=SAMPLE_RATE, sf2_path=font)
        audio = np.stack([played, played], axis=1)
        lufs = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(audio)
        audio = np.clip(pyloudnorm.normalize.loudness(audio, lufs, -14.0), -1, 1)
        soundfile.write(folder / f"plain_{index}.wav", audio, SAMPLE_RATE)
        codes = torch.cat([codes_of(model, channel) for channel in audio.T.astype(np.float32)], dim=1).to(torch.int16)
        torch.save(codes, folder / f"plain_{index}.pt")
        metadata[f"plain_{index}.pt"] = {"text": "slow pads", "sr": SAMPLE_RATE, "channels": 18, "length": len(codes)}
    (folder / "metadata.json").write_text(json.dumps(metadata))


def codes_of(model: dac.DAC, channel: np.ndarray) -> torch.Tensor:
    with torch.no_grad():
        signal = model.preprocess(torch.from_numpy(channel.copy())[None, None], SAMPLE_RATE)
        return model.encode(signal)[1][0].T


if __name__ == "__main__":
    from incremental import MUSIC

    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), MUSIC)
