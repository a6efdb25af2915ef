"""A dataset whose codes are members of archives, as `shards` has them: what its index says of a track beside its place.

    category, text   as the facts and the metadata say
    codes            where in the member its codes begin, int16 (T, 18) row by row
    frames           T
    codes_sha256     of the codes alone, `sha256_of_codes`

So a window of a track is a range of an archive's bytes, and one that comes from elsewhere is checked.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from legato.contract.codes import CODES_RULES, obey, read_codes
from legato.contract.facts import is_text
from legato.contract.folder import CODES_FOLDER
from legato.errors import LegatoError
from legato.files import Json
from legato.shards import Index, index_of
from legato.tokens import N_CHANNELS

FRAME_BYTES = 2 * N_CHANNELS


def sha256_of_codes(codes_TK: Tensor) -> str:
    """SHA-256 of a track's codes, frame by frame."""
    return hashlib.sha256(codes_TK.contiguous().numpy().data).hexdigest()


def describe(content: bytes, path: Path) -> Json:
    """What the index says of a file of codes.

    Raises:
        LegatoError: it is no file of codes.
    """
    codes_TK = read_codes(path, content)
    at = content.find(codes_TK.contiguous().numpy().tobytes())
    if at < 0:
        raise LegatoError(f"{path}: must hold its codes row by row, as torch.save writes a contiguous tensor")
    return {"codes": at, "frames": len(codes_TK), "codes_sha256": sha256_of_codes(codes_TK)}


def codes_of(content: bytes) -> Tensor:
    """Codes from their bytes, int16 (T, 18)."""
    return torch.from_numpy(np.frombuffer(bytearray(content), np.int16).reshape(-1, N_CHANNELS))


def checked_codes(content: bytes, entry: Json, where: object) -> Tensor:
    """The codes of a whole track from their bytes.

    Raises:
        LegatoError: they are not those that the index describes, or break the contract.
    """
    if hashlib.sha256(content).hexdigest() != entry["codes_sha256"]:
        raise LegatoError(f"{where}: its codes are not those that the index describes")
    codes_TK = codes_of(content)
    obey(CODES_RULES, codes_TK, where)
    return codes_TK


def tracks_index(folder: Path) -> Index | None:
    """The index of a packed dataset in the trainer's terms; None of one whose codes are files."""
    return index_of(folder / CODES_FOLDER)


def check_entry(entry: Json, where: object) -> Json:
    """An entry of the index, with all that training needs.

    Raises:
        LegatoError: something is missing, or of another kind.
    """
    numbers: list[Any] = [entry.get(key) for key in ("codes", "frames")]
    texts = [entry.get(key) for key in ("text", "codes_sha256")]
    category = entry.get("category")
    if not (
        all(type(number) is int and number >= 0 for number in numbers)
        and all(map(is_text, texts))
        and (category is None or is_text(category))
        and 0 < numbers[1] * FRAME_BYTES <= entry["size"] - numbers[0]
    ):
        raise LegatoError(
            f"{where}: must have category, text, codes, frames and codes_sha256, as `collect` writes them"
        )
    return entry
