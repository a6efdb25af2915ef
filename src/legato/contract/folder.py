"""The folder that a trainer reads: `metadata.json`, `encoded_audio/<id>.pt`, and the rules of an entry.

The rules of the codes are in `codes`.
"""

from pathlib import Path
from typing import Any

from legato.contract.facts import is_text
from legato.contract.rules import Rule
from legato.contract.tags import fits, split_tags
from legato.errors import LegatoError
from legato.files import read_json
from legato.tokens import MAX_TEXT_BYTES, N_CHANNELS, SAMPLE_RATE

METADATA = "metadata.json"
CODES_FOLDER = "encoded_audio"
FACTS = "tracks.jsonl"  # ours, beside the metadata; other people's folders lack it

ENTRY_RULES: tuple[Rule, ...] = (
    (lambda entry: isinstance(entry, dict), "must be an object"),
    (lambda entry: isinstance(entry.get("text"), str) and split_tags(entry["text"]) != (), "text: must not be empty"),
    (lambda entry: is_text(entry["text"]), "text: must hold no half of a surrogate pair"),
    (lambda entry: fits(entry["text"]), f"text: must be at most {MAX_TEXT_BYTES} bytes"),
    (lambda entry: entry.get("sr") == SAMPLE_RATE, f"sr: must be {SAMPLE_RATE}"),
    (lambda entry: entry.get("channels") == N_CHANNELS, f"channels: must be {N_CHANNELS}"),
)


def read_metadata(folder: Path) -> dict[str, Any]:
    """What `metadata.json` says of each file, not checked any further; it may be of none.

    Raises:
        LegatoError: there is no such file, or no object in it.
    """
    path = folder / METADATA
    metadata = read_json(path)
    for name in metadata if isinstance(metadata, dict) else ():
        if not is_text(name):
            raise LegatoError(f"{path}: {name!r}: must be text that can be written")
    if not isinstance(metadata, dict):
        raise LegatoError(f"{path}: must be an object that names at least one track")
    return metadata
