"""A workspace with a category of an archive."""

from pathlib import Path

import pytest

from helpers.archive_sources import ArchiveWorkspace


@pytest.fixture
def workspace(tmp_path: Path, font: Path, tiny_weights: Path) -> ArchiveWorkspace:
    """It has a SoundFont and codec weights."""
    return ArchiveWorkspace(tmp_path, font, tiny_weights)
