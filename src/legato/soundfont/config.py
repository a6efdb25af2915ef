"""`soundfont` in params.yaml."""

from typing import Self

from pydantic import model_validator

from legato.workspace.params import FilePath, Strict

BUILT_FONT = "dataset/soundfonts/legato.sf2"
BUILT_LICENSE = "CC0-1.0"


class SoundfontParams(Strict):
    """Which SoundFont renders the MIDI, and under which licence it stands."""

    path: FilePath
    license: str | None = None  # SPDX; for any font but the built one

    @model_validator(mode="after")
    def _check_license(self) -> Self:
        if self.path == BUILT_FONT and self.license not in (None, BUILT_LICENSE):
            raise ValueError(f"license: {self.license!r}: {BUILT_FONT} is {BUILT_LICENSE}; leave the key out")
        if self.path != BUILT_FONT and not (self.license or "").strip():
            raise ValueError(
                f"license: {self.license!r}: must name the licence of {self.path} (SPDX), as in `license: MIT`"
            )
        return self

    @property
    def license_id(self) -> str:
        """The font's licence, SPDX."""
        return self.license or BUILT_LICENSE
