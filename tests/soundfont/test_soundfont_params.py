"""A font's licence is stated where it is not our own."""

import pytest
from pydantic import ValidationError

from legato.soundfont.config import BUILT_FONT, SoundfontParams


def test_another_font_needs_its_license_and_ours_has_its_own() -> None:
    assert SoundfontParams(path=BUILT_FONT).license_id == "CC0-1.0"
    assert SoundfontParams(path="/fonts/FluidR3_GM.sf2", license="MIT").license_id == "MIT"
    with pytest.raises(ValidationError, match="license: None: must name the licence of /fonts/a.sf2"):
        SoundfontParams(path="/fonts/a.sf2")
    with pytest.raises(ValidationError, match="must name the licence of /fonts/a.sf2"):
        SoundfontParams(path="/fonts/a.sf2", license=" ")
    with pytest.raises(ValidationError, match=r"legato\.sf2 is CC0-1\.0; leave the key out"):
        SoundfontParams(path=BUILT_FONT, license="MIT")
