"""How close the codes come to the audio they encode: `python benchmarks/reconstruction.py`, after `dvc repro`.

For each category the mean and the least SI-SDR in dB (Le Roux et al., 2019) of its tracks, both channels together.
"""

from pathlib import Path

import numpy as np

from legato.audio.samples import read_audio
from legato.codec import model as codec
from legato.contract.codes import read_codes
from legato.measure.quality import si_sdr_db
from legato.tokens import SAMPLE_RATE
from legato.workspace import categories
from legato.workspace.layout import WEIGHTS


def main() -> None:
    model, everything = codec.load(WEIGHTS.path), []
    for category in categories.names():
        found = []
        for path in sorted(Path("dataset/encoded", category).glob("*.pt")):
            (audio_path,) = Path("dataset/raw_audio", category).glob(f"{path.stem}.*")
            audio = read_audio(audio_path, SAMPLE_RATE)
            found.append(si_sdr_db(codec.decode(model, read_codes(path))[: len(audio)], audio))
        print(f"{category:16} mean {np.mean(found):5.1f} dB, least {min(found):5.1f} dB, {len(found)} tracks")
        everything += found
    print(f"{'all':16} mean {np.mean(everything):5.1f} dB, least {min(everything):5.1f} dB, {len(everything)} tracks")


if __name__ == "__main__":
    main()
