"""The built font, to be played and to be read."""

from pathlib import Path

import pytest
from sf2utils.sf2parse import Sf2File

from helpers.font_file import Use, use_of
from legato.soundfont.audition import Player


@pytest.fixture(scope="module")
def player(font: Path) -> Player:
    return Player(font)


@pytest.fixture(scope="module")
def uses(font: Path) -> list[Use]:
    """Every zone of every instrument, read by sf2utils."""
    with font.open("rb") as file:
        book = Sf2File(file)
        numbers = {id(sample): number for number, sample in enumerate(book.samples)}
        return [
            use_of(instrument, bag, numbers)
            for instrument in book.instruments[:-1]
            for bag in instrument.bags
            if bag.sample
        ]
