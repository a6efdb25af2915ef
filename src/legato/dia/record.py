"""What a model that legato trained says of itself, in training.json beside its weights: whose codes it speaks.

Codes are numbers that mean something to one codec alone. So a model is kept with the SHA-256 of the codec whose codes
it learnt, and is neither trained on those of another one nor heard through it. A pretrained model from elsewhere says
nothing of this kind, and is taken at its user's word.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

from legato.dia.config import BOS, EOS, PAD, TEXT_VOCABULARY, TrainParams
from legato.errors import LegatoError
from legato.files import Json, read_json
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS
from legato.words import shown

FILE = "training.json"
VOCABULARY_OF_OURS = {
    "channels": N_CHANNELS,
    "codes": CODEBOOK_SIZE,
    "eos": EOS,
    "pad": PAD,
    "bos": BOS,
    "text": TEXT_VOCABULARY,  # bytes
}
HASH = re.compile("[0-9a-f]{64}")
SHORT = 12  # digits of a hash, in an error


class Record(NamedTuple):
    """What is known of a model beside its weights."""

    codec_sha256: str | None = None
    license: Any = None


def speaks(codec_sha256: str | None) -> Json:
    """The part of training.json that says which codes a model speaks; a dataset of unknown origin has no codec."""
    return {"codec_sha256": codec_sha256} | VOCABULARY_OF_OURS


def read(folder: Path) -> Record:
    """What a model's folder says of it; nothing where it has no such file, as of a model from elsewhere.

    Raises:
        LegatoError: the file cannot be read, or the model speaks other tokens than ours.
    """
    path = folder / FILE
    if not path.exists():
        return Record()
    found = read_json(path)
    if not isinstance(found, dict):
        raise LegatoError(f"{path}: must be an object")
    codes = found.get("codes", {})
    if not isinstance(codes, dict):
        raise LegatoError(f"{path}: codes: must be an object")
    for name, ours in VOCABULARY_OF_OURS.items():
        if codes and codes.get(name) != ours:
            raise LegatoError(f"{path}: codes.{name}: {shown(codes.get(name))}: must be {ours}")
    codec_sha256 = codes.get("codec_sha256")
    if not (codec_sha256 is None or (isinstance(codec_sha256, str) and HASH.fullmatch(codec_sha256))):
        raise LegatoError(f"{path}: codes.codec_sha256: {shown(codec_sha256)}: must be a SHA-256 or null")
    return Record(codec_sha256, found.get("license"))


def license_of_start(train: TrainParams) -> Any:
    """The licence of `train.start`: what its record says, else `train.start_license`.

    Raises:
        LegatoError: the two contradict each other, or the record cannot be read.
    """
    own = read(Path(train.start or "")).license
    if own is not None and train.start_license not in (None, own):
        raise LegatoError(f"params.yaml: train.start_license: {train.start_license!r}: {train.start} is {shown(own)}")
    return train.start_license if own is None else own


def check_codec(folder: Path, codec_sha256: str | None, where: str) -> None:
    """Whether a model speaks the codes of a codec; one that does not say is taken.

    Args:
        where: whose codec that is, for the error.

    Raises:
        LegatoError: it speaks those of another one, or nobody knows which codec that is.
    """
    own = read(folder).codec_sha256
    if own is None or own == codec_sha256:
        return
    speaks_those_of = f"speaks the codes of the codec {own[:SHORT]}…"
    if codec_sha256 is None:
        raise LegatoError(f"{folder}: {speaks_those_of}, and {where} does not say which codec its codes are of")
    raise LegatoError(f"{folder}: {speaks_those_of}, and {where} has those of {codec_sha256[:SHORT]}…")
