"""A card and the facts that one is made of, as the tests of cards and of what is published have them."""

from typing import Any

from legato.dataset.card.config import CardParams
from legato.files import read_jsonl, write_jsonl
from legato.workspace.layout import facts_path

CARD = CardParams(
    name="tiny", version="1.2.3", creator="José", url="https://example.org/tiny", published="2026-11-23"
)  # fmt: skip
MADE_WITH = {
    "soundfont": "/home/someone/fonts/my font.sf2",
    "soundfont_license": "MIT",
    "soundfont_sha256": "a" * 64,
    "codec": "small",
    "codec_license": "mit",
    "codec_sha256": "b" * 64,
    "synth": "FluidSynth 2.3.1",
}


def add_facts(category: str, **facts: Any) -> None:
    path = facts_path(category, "compose")
    write_jsonl(path, [row | {"midi_sha256": "d" * 64} | facts for row in read_jsonl(path)])
