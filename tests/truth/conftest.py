"""Fixtures of the judge's tests."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpers.evidence import evidence_of


@pytest.fixture
def track(tmp_path: Path) -> Any:
    """A function from instruments, {name: notes}, to the evidence of a track that plays them."""
    return partial(evidence_of, tmp_path / "track.mid")
