"""What several test modules share."""

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SMALL_CODEC = ROOT / "models/codec/small.pth"


@pytest.fixture(scope="session")
def codec_model() -> Any:
    """The small codec, loaded once."""
    import torch

    from legato import codec

    torch.set_num_threads(1)
    return codec.load(SMALL_CODEC)


@pytest.fixture(scope="session")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SoundFont that the pipeline makes, built once."""
    from legato.soundfont.font import write_font

    path = tmp_path_factory.mktemp("soundfont") / "legato.sf2"
    write_font(path)
    return path
