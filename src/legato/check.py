"""The whole of params.yaml against every section's rules, before anything is built."""

from collections.abc import Sequence
from pathlib import Path

from legato import categories, params
from legato.codec_weights import CodecParams
from legato.compose.config import DRUMS_ROLE, MusicParams
from legato.dia.config import SampleParams, TrainParams
from legato.encode import EncodeParams
from legato.errors import LegatoError
from legato.gm import DRUM_BANK, KITS, MELODIC_BANK, PROGRAMS
from legato.items import ComputeParams
from legato.normalize import NormalizeParams
from legato.params import PARAMS, Strict
from legato.prompt import BasePhrase
from legato.render import RenderParams
from legato.soundfont.config import BUILT_FONT, SoundfontParams
from legato.soundfont.font import built_presets
from legato.soundfont.reader import read_presets
from legato.track import DatasetParams, TrackCount

CATEGORIES = "categories"
SECTIONS = {
    "dataset": DatasetParams,
    "soundfont": SoundfontParams,
    "render": RenderParams,
    "normalize": NormalizeParams,
    "codec": CodecParams,
    "encode": EncodeParams,
    "train": TrainParams,
    "sample": SampleParams,
    "compute": ComputeParams,
}
PER_CATEGORY = ("midi", "tracks", "audio_prompts", "rendered", "raw_audio", "encoded")  # in dataset/


class CategoryParams(Strict):
    """`categories.<name>` in params.yaml."""

    tracks: TrackCount
    prompt: BasePhrase
    music: MusicParams


def check() -> None:
    """Check every section and every category.

    Raises:
        LegatoError: a section is unknown or missing, or breaks a rule; the SoundFont cannot be read, or lacks a
            program that a category names.
    """
    known = [*SECTIONS, CATEGORIES]
    for name in params.read():
        if name not in known:
            raise LegatoError(f"{PARAMS}: {name}: unknown section; known are {', '.join(known)}")
    for name, model in SECTIONS.items():
        params.load(name, model)
    musics = {name: params.load(f"{CATEGORIES}.{name}", CategoryParams).music for name in categories.names()}
    font = Path(params.load("soundfont", SoundfontParams).path)
    presets = built_presets() if str(font) == BUILT_FONT else set(read_presets(font))
    for name, music in musics.items():
        _check_programs(f"{CATEGORIES}.{name}.music", music, font, presets)


def _check_programs(key: str, music: MusicParams, font: Path, presets: set[tuple[int, int]]) -> None:
    for role, names in music.parts.items():
        bank, programs = (DRUM_BANK, KITS) if role == DRUMS_ROLE else (MELODIC_BANK, PROGRAMS)
        for name in names:
            if (bank, programs[name]) not in presets:
                held = ", ".join(known for known, program in programs.items() if (bank, program) in presets)
                raise LegatoError(f"{PARAMS}: {key}.parts.{role}: {name!r}: {font} lacks this program; it has {held}")


def left_behind(names: Sequence[str], dataset: Path = Path("dataset")) -> list[Path]:
    """Folders of categories that params.yaml no longer has. Nothing reads them."""
    folders = (path for kind in PER_CATEGORY for path in sorted((dataset / kind).glob("*")))
    return [folder for folder in folders if folder.is_dir() and folder.name not in names]
