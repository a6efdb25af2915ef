"""The whole of params.yaml against every section's rules, before anything is built."""

from collections.abc import Sequence
from pathlib import Path

from legato import categories, params, splitting
from legato.card.config import CardParams
from legato.codec.recipe import TrainCodecParams
from legato.codec.weights import CodecParams
from legato.compose.config import DRUMS_ROLE, LICENSE, MusicParams, needed_drums
from legato.dia.config import SampleParams, TrainParams
from legato.encode import EncodeParams
from legato.errors import LegatoError
from legato.evaluation.config import EvaluateParams
from legato.files import require_file, sha256_of, write_json
from legato.gm import DRUM_BANK, DRUMS, KITS, MELODIC_BANK, PROGRAMS
from legato.items import ComputeParams
from legato.midi_reader import read_contents
from legato.normalize import NormalizeParams
from legato.params import PARAMS, Strict
from legato.policy import Input, PolicyParams, refusal
from legato.production import RenderParams
from legato.prompt import BasePhrase
from legato.report.config import ReportParams
from legato.rewrite import preset_of
from legato.soundfont.config import BUILT_FONT, SoundfontParams
from legato.soundfont.font import built_kit_keys, built_presets
from legato.soundfont.reader import read_keys, read_presets
from legato.sources import MANIFESTS, MidiSourceParams, manifest_path, source_files, source_id
from legato.track import INDEX_DIGITS, DatasetParams, SourceCount, TrackCount

CATEGORIES = "categories"
SECTIONS = {
    "dataset": DatasetParams,
    "policy": PolicyParams,
    "card": CardParams,
    "soundfont": SoundfontParams,
    "render": RenderParams,
    "normalize": NormalizeParams,
    "codec": CodecParams,
    "train_codec": TrainCodecParams,
    "encode": EncodeParams,
    "train": TrainParams,
    "sample": SampleParams,
    "evaluate": EvaluateParams,
    "report": ReportParams,
    "compute": ComputeParams,
}
PER_CATEGORY = ("midi", "tracks", "audio_prompts", "rendered", "stems", "raw_audio", "encoded")  # in dataset/


class CategoryParams(Strict):
    """`categories.<name>` in params.yaml, for composed music."""

    tracks: TrackCount
    prompt: BasePhrase
    music: MusicParams


class SourceCategoryParams(Strict):
    """`categories.<name>` in params.yaml, for the user's own MIDI files."""

    tracks: SourceCount
    prompt: BasePhrase
    music: MidiSourceParams


AnyCategory = CategoryParams | SourceCategoryParams
Presets = set[tuple[int, int]]
Keys = dict[tuple[int, int], set[int]]
Manifests = dict[str, dict[str, str]]


def check() -> Manifests:
    """Check every section and every category; return each category's MIDI files with their SHA-256.

    Raises:
        LegatoError: a section is unknown or missing, or breaks a rule; a licence is refused; the SoundFont cannot be
            read, or lacks a program that a category names or a drum that its grooves play; a MIDI file of the user's
            cannot be read, or plays what the SoundFont lacks; the project is split otherwise than it should be.
    """
    known = [*SECTIONS, CATEGORIES]
    for name in params.read():
        if name not in known:
            raise LegatoError(f"{PARAMS}: {name}: unknown section; known are {', '.join(known)}")
    for name, model in SECTIONS.items():
        params.load(name, model)
    loaded = {name: _load_category(name) for name in categories.names()}
    splitting.check()
    _check_start(params.load("train", TrainParams))
    font = Path(params.load("soundfont", SoundfontParams).path)
    is_built = str(font) == BUILT_FONT
    presets = built_presets() if is_built else set(read_presets(require_file(font)))
    keys = built_kit_keys() if is_built else read_keys(font)
    _check_licences(loaded, font, None if is_built else sha256_of(font))
    manifests: Manifests = {}
    for name, category in loaded.items():
        manifests[name] = {}
        if isinstance(category, CategoryParams):
            _check_programs(f"{CATEGORIES}.{name}.music", category.music, font, presets)
            _check_drums(f"{CATEGORIES}.{name}.music", category.music, font, keys)
        else:
            manifests[name] = _check_sources(name, category.tracks, font, presets)
    _check_ids(manifests)
    return manifests


def write_manifests(manifests: Manifests) -> None:
    """Write one file a category, on which its `compose` depends, and remove those of categories that are gone."""
    for name, files in manifests.items():
        write_json(manifest_path(name), files)
    for path in MANIFESTS.glob("*.json"):
        if path.stem not in manifests:
            path.unlink()


def _load_category(name: str) -> AnyCategory:
    key = f"{CATEGORIES}.{name}"
    return params.load(key, SourceCategoryParams if categories.is_source(name) else CategoryParams)


def _check_start(train: TrainParams) -> None:
    """What training would miss behind hours of work; what DVC tracks may be pulled before that."""
    start = Path(train.start) if train.start else None
    if start and not start.is_dir() and not Path(f"{start}.dvc").is_file():
        raise LegatoError(f"{PARAMS}: train.start: {train.start!r}: no such folder")


def _check_licences(loaded: dict[str, AnyCategory], font: Path, font_sha256: str | None) -> None:
    """What the audit would refuse behind hours of work."""
    policy = params.load("policy", PolicyParams)
    stated_font, codec = params.load("soundfont", SoundfontParams), params.load("codec", CodecParams)
    given = {
        "soundfont": Input(kind="soundfont", name=str(font), license=stated_font.license_id, sha256=font_sha256),
        "codec": Input(kind="codec", name=codec.weights, license=codec.license_id),
    }
    for name, category in loaded.items():
        if isinstance(category, SourceCategoryParams):
            given[f"{CATEGORIES}.{name}.music"] = Input(kind="music", name=name, license=category.music.license)
        elif refusal(Input(kind="music", name=name, license=LICENSE), policy):
            raise LegatoError(
                f"{PARAMS}: policy.music: {policy.music}: lacks {LICENSE}, which is that of composed music"
            )
    for key, one in given.items():
        if why := refusal(one, policy):
            raise LegatoError(f"{PARAMS}: {key}.license: {one.license!r}: {why}; see docs/licences.md")


def _check_sources(category: str, count: int | str, font: Path, presets: Presets) -> dict[str, str]:
    """Every file is read; all that are refused are named at once."""
    manifest, refused = {}, []
    for path in source_files(category, count):
        try:
            missing = sorted({preset_of(instrument) for instrument in read_contents(path).instruments} - presets)
            if missing:
                listed = ", ".join(f"bank {bank} program {program}" for bank, program in missing)
                raise LegatoError(f"{path}: plays {listed}, which the SoundFont {font} lacks")
            manifest[path.name] = sha256_of(path)
        except LegatoError as error:
            refused.append(str(error))
    if refused:
        raise LegatoError("; ".join(refused))
    return manifest


def _check_ids(manifests: Manifests) -> None:
    """Ids are unique over all categories, whatever the files are called."""
    composed = [category for category, files in manifests.items() if not files]
    taken: dict[str, str] = {}
    for category, files in manifests.items():
        for file in files:
            name = source_id(category, file)
            clash = taken.get(name) or next((other for other in composed if _is_composed_id(name, other)), None)
            if clash is not None:
                raise LegatoError(f"sources/{category}/{file}: its id {name} is one of category {clash}: rename it")
            taken[name] = category


def _is_composed_id(name: str, category: str) -> bool:
    number = name.removeprefix(f"{category}_")
    return number != name and len(number) == INDEX_DIGITS and number.isdecimal()


def _check_programs(key: str, music: MusicParams, font: Path, presets: Presets) -> None:
    for role, names in music.parts.items():
        bank, programs = (DRUM_BANK, KITS) if role == DRUMS_ROLE else (MELODIC_BANK, PROGRAMS)
        for name in names:
            if (bank, programs[name]) not in presets:
                held = ", ".join(known for known, program in programs.items() if (bank, program) in presets)
                raise LegatoError(f"{PARAMS}: {key}.parts.{role}: {name!r}: {font} lacks this program; it has {held}")


def _check_drums(key: str, music: MusicParams, font: Path, keys: Keys) -> None:
    for kit in music.parts.get(DRUMS_ROLE, []):
        missing = needed_drums(music) - keys[DRUM_BANK, KITS[kit]]
        if missing:
            drums = ", ".join(f"{name} ({pitch})" for name, pitch in DRUMS.items() if pitch in missing)
            raise LegatoError(f"{PARAMS}: {key}.grooves: {music.grooves}: {kit} of {font} lacks their {drums}")


def left_behind(names: Sequence[str], dataset: Path = Path("dataset")) -> list[Path]:
    """Folders of categories that params.yaml no longer has. Nothing reads them."""
    folders = (path for kind in PER_CATEGORY for path in sorted((dataset / kind).glob("*")))
    return [folder for folder in folders if folder.is_dir() and folder.name not in names]
