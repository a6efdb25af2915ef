"""The whole of params.yaml against every section's rules, before anything is built."""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from legato.archives.config import ARCHIVES, ArchiveMusicParams, read_asked
from legato.archives.listing import check_fetched
from legato.audio.normalize import NormalizeParams
from legato.codec.encode import EncodeParams
from legato.codec.weights import CodecParams, expected_sha256
from legato.codec_training.recipe import TrainCodecParams
from legato.compose.config import DRUMS_ROLE, LICENSE, MusicParams, needed_drums
from legato.dataset.card.config import CardParams
from legato.dia import record
from legato.dia.config import PretrainParams, SampleParams, TrainParams
from legato.errors import LegatoError
from legato.files import require_file, sha256_of, write_json
from legato.licenses.policy import Input, PolicyParams, refusal
from legato.measure.evaluation.config import EvaluateParams
from legato.midi.contents import Contents, read_contents
from legato.midi.gm import DRUM_BANK, DRUMS, KITS, MELODIC_BANK, PROGRAMS
from legato.midi.rewrite import preset_of
from legato.prompts.tags import BasePhrase
from legato.render import players
from legato.render.band import check_places, manifest_of
from legato.render.fluidsynth import MAX_CHANNELS
from legato.render.players import Renderers
from legato.render.production import RenderParams
from legato.render.renderers import RENDERER, Chains
from legato.report.config import ReportParams
from legato.soundfont.config import BUILT_FONT, SoundfontParams
from legato.soundfont.font import built_kit_keys, built_presets
from legato.soundfont.reader import read_font
from legato.words import some
from legato.work.items import ComputeParams
from legato.workspace import categories, dvc_files, params, splitting
from legato.workspace.layout import MANIFESTS, OF_TRACKS, RENDERERS, SOURCES
from legato.workspace.params import PARAMS, Strict
from legato.workspace.sources import (
    MidiSourceParams,
    archive_manifest,
    manifest,
    manifest_path,
    source_files,
    source_id,
)
from legato.workspace.track import INDEX_DIGITS, DatasetParams, SourceCount, TrackCount, check_length

CATEGORIES = "categories"
TOTAL = "total"  # as in `metrics`, which needs torch
SECTIONS: dict[str, type[Strict]] = {
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
    "pretrain": PretrainParams,
    "sample": SampleParams,
    "evaluate": EvaluateParams,
    "report": ReportParams,
    "compute": ComputeParams,
}


class CategoryParams(Strict):
    """`categories.<name>` in params.yaml, for composed music."""

    tracks: TrackCount
    prompt: BasePhrase
    music: MusicParams
    renderer: Renderers | None = None
    production: Chains | None = None

    @model_validator(mode="after")
    def _check_roles(self) -> Self:
        for role in self.renderer or {}:
            if role not in self.music.parts:
                raise ValueError(f"{RENDERER}: {role!r}: no such part in music.parts, {', '.join(self.music.parts)}")
        check_places(self.renderer, self.production)
        return self


class SourceCategoryParams(Strict):
    """`categories.<name>` in params.yaml, for the user's own MIDI files."""

    tracks: SourceCount
    prompt: BasePhrase
    music: MidiSourceParams
    renderer: Renderers | None = None
    production: Chains | None = None

    @model_validator(mode="after")
    def _check_roles(self) -> Self:
        for role in self.renderer or {}:
            if not SOURCE_ROLE.fullmatch(role):
                names = "drums, drums_2 …, part_1, part_2 …"
                raise ValueError(f"{RENDERER}: {role!r}: parts of your own files are {names}")
        check_places(self.renderer, self.production)
        return self


class ArchiveCategoryParams(Strict):
    """`categories.<name>` in params.yaml, for what `archives.<name>` gave."""

    tracks: SourceCount
    prompt: BasePhrase
    music: ArchiveMusicParams


SOURCE_ROLE = re.compile(r"drums(_[2-9]|_[1-9]\d+)?|part_[1-9]\d*")
AnyCategory = CategoryParams | SourceCategoryParams | ArchiveCategoryParams
Presets = set[tuple[int, int]]
Keys = Mapping[tuple[int, int], AbstractSet[int]]
Manifests = dict[str, dict[str, Any]]


def check() -> Manifests:
    """Check every section and every category; return each category's manifest.

    Raises:
        LegatoError: a section is unknown or missing, or breaks a rule; a licence is refused; the SoundFont cannot be
            read, or lacks a program that a category names or a drum that its grooves play; a MIDI file of the user's
            cannot be read, or plays for too long or what the SoundFont lacks; the project is split otherwise than it
            should be.
    """
    known = [*SECTIONS, CATEGORIES, ARCHIVES]
    for name in params.read():
        if name not in known:
            raise LegatoError(f"{PARAMS}: {name}: unknown section; known are {', '.join(known)}")
    for name, model in SECTIONS.items():
        params.load(name, model)
    _check_named()
    loaded = {name: _load_category(name) for name in categories.names()}
    if TOTAL in loaded:
        raise LegatoError(f"{PARAMS}: {CATEGORIES}: {TOTAL!r}: is what the reports call all categories together")
    _check_archives(name for name in loaded if categories.is_archive(name))
    splitting.check()
    _check_start(params.load("train", TrainParams))
    font = Path(params.load("soundfont", SoundfontParams).path)
    is_built = str(font) == BUILT_FONT
    found = {} if is_built else read_font(require_file(font))
    presets = built_presets() if is_built else set(found)
    keys = built_kit_keys() if is_built else {place: preset.keys for place, preset in found.items()}
    _check_licenses(loaded, font, None if is_built else sha256_of(font))
    for category in loaded.values():
        for one in renderers_of(category).values():
            players.check(one)  # which runs what its licence allows, and nothing else
    max_minutes = params.load("dataset", DatasetParams).max_minutes
    manifests: Manifests = {}
    for name, category in loaded.items():
        manifests[name] = {}
        if isinstance(category, CategoryParams):
            _check_most_seconds(f"{CATEGORIES}.{name}.music", category.music.seconds, max_minutes)
            _check_programs(f"{CATEGORIES}.{name}.music", category.music, font, presets)
            _check_drums(f"{CATEGORIES}.{name}.music", category.music, font, keys)
        elif isinstance(category, ArchiveCategoryParams):
            _check_most_seconds(f"{CATEGORIES}.{name}.music", category.music.seconds, max_minutes)
            kits = {program for bank, program in presets if bank == DRUM_BANK}
            list_sha256 = check_fetched(name, read_asked(name), params.load("policy", PolicyParams))
            manifests[name] = archive_manifest(list_sha256, presets, kits)
        else:
            manifests[name] = _check_sources(name, category.tracks, font, presets, max_minutes)
    _check_ids(manifests)
    return manifests


def _check_named() -> None:
    """A key that dvc.yaml names alone must be stated, though legato has a default for it: DVC has none."""
    if not dvc_files.PROJECT.exists():
        return
    named = (name for body in dvc_files.read_stages().values() for name in body.get("params", []))
    for name in sorted({name for name in named if isinstance(name, str) and "." in name}):
        place = params.read()
        for key in name.split("."):
            if not isinstance(place, dict) or key not in place:
                raise LegatoError(f"{PARAMS}: {name}: must be stated: dvc.yaml names it")
            place = place[key]


def write_manifests(manifests: Manifests) -> None:
    """Write two files a category and remove those of categories that are gone.

    `compose` depends on one, with the files that it takes, and `render` on the other, with what plays its parts.
    """
    for name, one in manifests.items():
        write_json(manifest_path(name), one)
        write_json(RENDERERS.path / f"{name}.json", manifest_of(params.read()["categories"][name]))
    for path in (*MANIFESTS.path.glob("*.json"), *RENDERERS.path.glob("*.json")):
        if path.stem not in manifests:
            path.unlink()


def _load_category(name: str) -> AnyCategory:
    key = f"{CATEGORIES}.{name}"
    if categories.is_archive(name):
        return params.load(key, ArchiveCategoryParams)
    if categories.is_source(name):
        return params.load(key, SourceCategoryParams)
    return params.load(key, CategoryParams)


def renderers_of(category: AnyCategory) -> Renderers:
    """What plays a category's parts in place of the SoundFont, by role; of an archive's scores it plays all."""
    return {} if isinstance(category, ArchiveCategoryParams) else category.renderer or {}


def _check_archives(names: Iterable[str]) -> None:
    """`archives` has those categories, and no other, whose music comes from one."""
    section = params.read().get(ARCHIVES)
    if not isinstance(section, dict):
        raise LegatoError(f"{PARAMS}: {ARCHIVES}: must be a mapping, {{}} where no category comes from an archive")
    wanted = set(names)
    for name in section:
        read_asked(name)
    if lost := sorted(wanted - section.keys()):
        raise LegatoError(f"{PARAMS}: {ARCHIVES}.{lost[0]}: this key is missing: categories.{lost[0]} comes from it")
    if spare := sorted(map(str, section.keys() - wanted)):
        rule = "music: {source: archive}"
        raise LegatoError(f"{PARAMS}: {ARCHIVES}.{spare[0]}: there is no category {spare[0]} with {rule}")


def _check_start(train: TrainParams) -> None:
    """What training would miss or refuse after hours of work; what DVC tracks may be pulled before that."""
    start = Path(train.start) if train.start else None
    if not start or (not start.is_dir() and Path(f"{start}.dvc").is_file()):
        return
    if not start.is_dir():
        raise LegatoError(f"{PARAMS}: train.start: {train.start!r}: no such folder")
    given = Input(kind="start", name=str(start), license=record.license_of_start(train))
    if why := refusal(given, params.load("policy", PolicyParams)):
        raise LegatoError(f"{PARAMS}: train.start_license: {given.license!r}: {why}; see docs/licences.md")
    codec = params.load("codec", CodecParams)
    try:
        record.check_codec(start, expected_sha256(codec), f"codec.weights: {codec.weights!r}")
    except LegatoError as error:
        raise LegatoError(
            f"{PARAMS}: train.start: {error}; pin codec.sha256, or begin from nothing with start: null"
        ) from None


def _check_licenses(loaded: dict[str, AnyCategory], font: Path, font_sha256: str | None) -> None:
    """What the audit would refuse after hours of work."""
    policy = params.load("policy", PolicyParams)
    stated_font, codec = params.load("soundfont", SoundfontParams), params.load("codec", CodecParams)
    given = {
        "soundfont": Input(kind="soundfont", name=str(font), license=stated_font.license_id, sha256=font_sha256),
        "codec": Input(kind="codec", name=codec.weights, license=codec.license_id),
    }
    for name, category in loaded.items():
        if isinstance(category, SourceCategoryParams):
            given[f"{CATEGORIES}.{name}.music"] = Input(kind="music", name=name, license=category.music.license)
        elif isinstance(category, CategoryParams) and refusal(Input(kind="music", name=name, license=LICENSE), policy):
            raise LegatoError(
                f"{PARAMS}: policy.music: {policy.music}: lacks {LICENSE}, which is that of composed music"
            )
        for role, renderer in renderers_of(category).items():
            called, license_id = players.named_license(renderer)
            key = f"{CATEGORIES}.{name}.renderer.{role}"
            given[key] = Input(kind="instrument", name=called, license=license_id)
    for key, one in given.items():
        if why := refusal(one, policy):
            raise LegatoError(f"{PARAMS}: {key}.license: {one.license!r}: {why}; see docs/licences.md")


def _check_sources(category: str, count: int | str, font: Path, presets: Presets, max_minutes: float) -> dict[str, Any]:
    """Every file is read; all that are refused are named at once."""
    files, refused = {}, []
    kits = {program for bank, program in presets if bank == DRUM_BANK}
    for file in source_files(category, count):
        path = SOURCES / category / file
        try:
            contents = read_contents(path)
            check_length(path, contents.seconds, max_minutes)
            if why := _refusal(contents, font, presets, kits):
                raise LegatoError(f"{path}: {why}")
            files[file] = sha256_of(path)
        except LegatoError as error:
            refused.append(str(error))
    if refused:
        raise LegatoError(some(refused))
    return manifest(files, kits)


def _refusal(contents: Contents, font: Path, presets: Presets, kits: set[int]) -> str | None:
    """Why a file that can be read cannot be played."""
    missing = sorted({preset_of(instrument, kits) for instrument in contents.instruments} - presets)
    if missing:
        listed = ", ".join(f"bank {bank} program {program}" for bank, program in missing)
        return f"plays {listed}, which the SoundFont {font} lacks"
    if len(contents.instruments) > MAX_CHANNELS:
        return f"has {len(contents.instruments)} instruments: at most {MAX_CHANNELS} can be played"
    return None


def _check_ids(manifests: Manifests) -> None:
    """Ids are unique over all categories, whatever the files are called."""
    composed = [category for category, one in manifests.items() if not one]  # of an archive, ids end in two digits
    taken: dict[str, str] = {}
    for category, one in manifests.items():
        for file in one.get("files", {}):
            name = source_id(category, file)
            clash = taken.get(name) or next((other for other in composed if _is_composed_id(name, other)), None)
            if clash is not None:
                raise LegatoError(f"{SOURCES / category / file}: its id {name} is one of category {clash}: rename it")
            taken[name] = category


def _is_composed_id(name: str, category: str) -> bool:
    number = name.removeprefix(f"{category}_")
    return number != name and len(number) == INDEX_DIGITS and number.isdecimal()


def _check_most_seconds(key: str, seconds: Sequence[float], max_minutes: float) -> None:
    low, high = seconds
    if high > max_minutes * 60:
        raise LegatoError(
            f"{PARAMS}: {key}.seconds: [{low:g}, {high:g}]: dataset.max_minutes allows {max_minutes * 60:g} seconds"
        )


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


def left_behind(names: Sequence[str]) -> list[Path]:
    """Folders of categories that params.yaml no longer has. Nothing reads them."""
    folders = (folder for made in OF_TRACKS for folder in sorted(made.path.glob("*")))
    return [folder for folder in folders if folder.is_dir() and folder.name not in names]
