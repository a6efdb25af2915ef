"""Debian's Csound and plugins, where they are, and what is played with them."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from legato.instruments.audition import notes

VST2, VST3 = Path("/usr/lib/vst"), Path("/usr/lib/vst3")
AMSYNTH, NEKOBI, KARS, TUBE = (
    VST2 / "amsynth_vst.so", VST2 / "Nekobi-vst.so", VST2 / "Kars-vst.so", VST3 / "ZamTube.vst3",
)  # fmt: skip
HAS_CSOUND = shutil.which("csound") is not None
HAS_HOST = importlib.util.find_spec("dawdreamer") is not None
IN_CI = "LEGATO_TEST_PROGRAMS" in os.environ  # as this module is imported: the tests see none of it
needs_csound = pytest.mark.skipif(not HAS_CSOUND, reason="Csound is not installed")
needs_host = pytest.mark.skipif(not HAS_HOST, reason="DawDreamer is not installed")
SECONDS = 1.5
CHORD = notes((0.0, 0.5, 48, 100), (0.0, 0.5, 60, 100), (0.5, 1.0, 64, 50))


def needs_plugin(path: Path) -> pytest.MarkDecorator:
    """DawDreamer and one of Debian's plugins."""
    return pytest.mark.skipif(not (HAS_HOST and path.exists()), reason=f"DawDreamer or {path} is not installed")
