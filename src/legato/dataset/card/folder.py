"""A collected folder's README.md, LICENSE and croissant.json, written from the facts in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from legato.contract.facts import Facts
from legato.contract.folder import FACTS
from legato.dataset.card.config import CardParams
from legato.dataset.card.croissant import describe
from legato.dataset.card.forms import Form, form_of
from legato.dataset.card.readme import write_readme
from legato.dataset.card.summary import SUMMED, summarize
from legato.dataset.card.terms import write_terms
from legato.files import rows_of, write_bytes, write_json

README, TERMS, CROISSANT = "README.md", "LICENSE", "croissant.json"


def write_card(card: CardParams, folder: Path, held_out: Path, form: Form | None = None) -> None:
    """Describe a dataset in the trainer's format; `held_out` is the one beside it that is only counted.

    Args:
        form: of the folder, where it is not a collected dataset.
    """
    form = form or form_of(folder)
    kept = ({key: row[key] for key in SUMMED if key in row} for row in rows_of(folder / FACTS))
    summary = summarize(cast(Iterator[Facts], kept), sum(1 for _ in rows_of(held_out / FACTS)))
    write_bytes(folder / README, write_readme(card, summary, form).encode())
    write_bytes(folder / TERMS, write_terms(card, summary).encode())
    write_json(folder / CROISSANT, describe(card, summary, folder, form))
