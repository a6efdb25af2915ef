"""A prompt is split and joined by one rule: what is written, judged and trained on are the same tags."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.checkout import ROOT
from helpers.micro_dia import a_track, write_dataset
from legato.contract.tags import fits, join_tags, split_tags
from legato.dia import batches
from legato.dia.dataset import read_dataset

# Commas and spaces of all kinds among letters; of the latter there are few, so that tags repeat.
texts = st.text(st.sampled_from("aü1, ,\t\n\N{NO-BREAK SPACE}"), max_size=24)
tags = st.text(st.sampled_from("aü1 "), min_size=1, max_size=5).map(str.strip).filter(bool)


@given(texts)
def test_splitting_what_was_joined_changes_nothing(text: str) -> None:
    once = join_tags(split_tags(text))
    assert join_tags(split_tags(once)) == once
    assert split_tags(once) == split_tags(text)


@given(st.lists(tags))
def test_joined_tags_are_split_into_the_same_tags(words: list[str]) -> None:
    assert split_tags(join_tags(words)) == tuple(words)


@given(texts)
def test_a_tag_is_words_without_a_comma(text: str) -> None:
    assert all(tag and tag == tag.strip() and "," not in tag for tag in split_tags(text))
    assert "".join("".join(split_tags(text)).split()) == "".join(text.replace(",", " ").split())


@given(texts.filter(split_tags), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_what_training_drops_and_shuffles_are_the_tags_that_are_judged(text: str, dropout: float, seed: int) -> None:
    judged = split_tags(text)
    kept = split_tags(batches.shuffled_text(judged, dropout, np.random.default_rng(seed)))
    assert kept
    assert all(kept.count(tag) <= judged.count(tag) for tag in kept)
    assert sorted(split_tags(batches.shuffled_text(judged, 0, np.random.default_rng(seed)))) == sorted(judged)


@pytest.mark.parametrize("text", ["dry", "a,b", " a ,, b , ", "a\n,\tb,c \n", "\u00fc, b"])
def test_a_trainer_reads_the_tags_that_are_judged(tmp_path: Path, text: str) -> None:
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["t_0.pt"]["text"] = text
    (folder / "metadata.json").write_text(json.dumps(metadata))
    assert read_dataset(folder)[0].tags == split_tags(text)


def test_a_text_fits_by_its_bytes() -> None:
    assert fits("\u00fc" * 256)
    assert not fits("\u00fc" * 256 + "a")


def test_no_other_module_splits_at_commas_or_has_a_limit() -> None:
    splits = re.compile(r"split\([\"'],|MAX_TEXT_BYTES = ")
    modules = [*(ROOT / "src").rglob("*.py"), *(ROOT / "stages").glob("*.py")]
    assert {path.name for path in modules if splits.search(path.read_text())} == {"tokens.py"}
