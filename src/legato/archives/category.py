"""The tracks of a category that an archive gave: MIDI from scores, audio from recordings, each with its facts.

A record that cannot be used is refused, by name and with one reason, in `refused.jsonl` beside the tracks; the others
are not held up by it.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from legato.archives.config import AUDIO_SOURCES, ArchiveMusicParams
from legato.archives.content import is_what_it_says
from legato.archives.cutting import Piece, audio_of, pieces
from legato.archives.duplicates import N_BANDS, fingerprint, first_of_each
from legato.archives.fetched import Row, original_path, read_list
from legato.archives.records import Reason
from legato.archives.scores import music_reasons
from legato.archives.sounds import UnusableSoundError, decoded
from legato.archives.words import BASS_808, DRUMS, ONLY_DRUMS, meanings_of
from legato.audio.features import width_db
from legato.audio.samples import LIBSNDFILE, write_audio
from legato.errors import LegatoError
from legato.files import Json, sha256_of, write_jsonl
from legato.licenses.policy import COMPOSITION, RECORDING
from legato.midi.contents import read_contents
from legato.midi.rewrite import preset_of, rewrite
from legato.prompts.claims import Claim
from legato.render.fluidsynth import MAX_CHANNELS
from legato.tokens import SAMPLE_RATE
from legato.truth.by_ear import DRUMS_HISS, LOW_SHARE, ONLY_DRUMS_HISS, ONLY_DRUMS_SHARE, Sound
from legato.work import items, packing
from legato.workspace import params
from legato.workspace.layout import MIDI, settings_of
from legato.workspace.sources import read_kits, read_presets, slug
from legato.workspace.track import ALL, DatasetParams, SourceCount

REFUSED = "refused.jsonl"
CLEARLY = 1.25  # times the ear's threshold: the track is heard again when it is leveled
NO_DRUMS = Claim("drums", "none")
# The claims that a tag of the archive allows, where the ear agrees; drums are claimed absent where no tag names them.
ALLOWED: dict[str, Claim] = {ONLY_DRUMS: Claim("drums", "only"), BASS_808: Claim("instrument", "synth_bass_2")}
AGREES: dict[Claim, Callable[[Sound], bool]] = {
    NO_DRUMS: lambda sound: sound.percussion.hiss * CLEARLY <= DRUMS_HISS,
    ALLOWED[ONLY_DRUMS]: lambda sound: (
        sound.percussion.over_bass >= ONLY_DRUMS_SHARE * CLEARLY and sound.percussion.hiss >= ONLY_DRUMS_HISS * CLEARLY
    ),
    ALLOWED[BASS_808]: lambda sound: (sound.low_share or 0.0) >= LOW_SHARE,
}


def ingest_category(category: str, only: tuple[str, ...] = ()) -> Collection[Json]:
    """Write a category's tracks into the workspace and return each one's facts.

    Args:
        only: ids of tracks, if not all are wanted.

    Raises:
        LegatoError: what was fetched is not here, or there are fewer tracks than params.yaml asks for.
    """
    dataset = params.load("dataset", DatasetParams)
    music = params.load(f"categories.{category}.music", ArchiveMusicParams)
    head, rows = read_list(category)
    if only:
        rows = [row for row in rows if any(name.startswith(f"{_stem(category, row)}_") for name in only)]
    kits, presets = read_kits(category), read_presets(category)
    asked, most_s = head["asked"], dataset.max_minutes * 60

    def ingest_record(row: Row, folder: Path) -> Json:
        path = original_path(category, row)
        if not path.is_file() or sha256_of(path) != row["sha256"]:
            raise LegatoError(f"{path}: is not here as it was fetched; `dvc repro fetch@{category}` or `dvc pull`")
        name = _stem(category, row)
        if why := is_what_it_says(path):
            return _refused(row, why)
        if row["source"] in AUDIO_SOURCES:
            return _ingest_audio(row, path, folder, name, music, asked)
        return _ingest_score(row, path, folder, name, kits, presets, asked, most_s)

    count = params.load(f"categories.{category}.tracks", SourceCount)
    n_tracks = len(rows) if count == ALL else min(count, len(rows))
    with packing.stored(dataset.layout, n_tracks, MIDI.folder(category)) as (out,):
        step = items.Step[Row](
            stage="compose",
            category=category,
            work=ingest_record,
            name=lambda row: _stem(category, row),
            reads=lambda row: [row, sha256_of(original_path(category, row))],
            settings=settings_of("compose", params.read(), category)
            | {"kits": kits, "presets": presets, "asked": asked, "most_s": most_s, "libsndfile": LIBSNDFILE},
            outs=[out],
        )
        found = items.build(step, rows)
        tracks = [track | {"seed": dataset.seed} for track in _select(category, found, only)]
        _forget_others(out, tracks)
    return tracks


def _stem(category: str, row: Row) -> str:
    """How the ids of a record's tracks begin; `_01` follows, which no other kind of category's ids have.

    Records whose ids differ in no more than capitals and signs differ by a hash.
    """
    name, plain = row["id"], slug(row["id"])
    return f"{category}_r{plain}" + ("" if plain == name else f"_{sha256(name.encode()).hexdigest()[:6]}")


def _refused(row: Row, why: Reason) -> Json:
    return {"record": row["id"], "tracks": [], "refused": list(why)}


def _ingest_score(
    row: Row,
    path: Path,
    folder: Path,
    name: str,
    kits: list[int],
    presets: list[tuple[int, int]],
    asked: dict[str, Any],
    most_s: float,
) -> Json:
    """A MIDI file in the form that later stages read, where the SoundFont can play it."""
    try:
        contents = read_contents(path)
    except LegatoError as error:
        return _refused(row, Reason("not MIDI", str(error).rpartition(": ")[2][:80]))
    played = {preset_of(instrument, kits) for instrument in contents.instruments}
    if missing := sorted(played - {tuple(preset) for preset in presets}):
        return _refused(row, Reason("SoundFont lacks", f"bank {missing[0][0]} program {missing[0][1]}"))
    if len(contents.instruments) > MAX_CHANNELS:
        return _refused(row, Reason("instruments", str(len(contents.instruments))))
    if contents.seconds > most_s:
        return _refused(row, Reason("too long", f"{contents.seconds:.0f} s: dataset.max_minutes"))
    for why in music_reasons(contents.seconds, contents.n_notes, asked["seconds"], asked["notes"]):
        return _refused(row, why)
    target = folder / f"{name}_01.mid"
    facts = rewrite(path, target, row["rights"][RECORDING]["license"], kits=kits, file=row["file"])
    track = {"id": target.stem, "midi_sha256": sha256_of(target), **facts, **_facts_of(row)}
    return {"record": row["id"], "tracks": [track], "refused": None}


def _ingest_audio(
    row: Row, path: Path, folder: Path, name: str, music: ArchiveMusicParams, asked: dict[str, Any]
) -> Json:
    """The tracks of a recording."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with decoded(path, folder, asked["seconds"][1] * 2) as sound:
            if sound.facts["original_seconds"] < asked["seconds"][0]:
                return _refused(row, Reason("too short", f"{sound.facts['original_seconds']} s"))
            low, high = music.seconds
            found = pieces(sound.peaks, len(sound.audio), (low, high), music.short)
            if not found:
                return _refused(row, Reason("too short", f"{sound.facts['original_seconds']} s"))
            tracks = [
                _audio_track(row, sound.audio, piece, folder / f"{name}_{at:02d}.flac") | sound.facts
                for at, piece in enumerate(found, 1)
            ]
    except UnusableSoundError as error:
        return _refused(row, Reason("audio", str(error)))
    return {"record": row["id"], "tracks": tracks, "refused": None}


def _audio_track(row: Row, whole: np.ndarray, piece: Piece, target: Path) -> Json:
    audio = audio_of(whole, piece)
    write_audio(target, audio, SAMPLE_RATE, "PCM_24")
    sound = Sound(audio=audio, sample_rate=SAMPLE_RATE)
    return {
        "id": target.stem,
        "music_sha256": sha256_of(target),
        "is_audio": True,
        **_no_notes(len(audio) / SAMPLE_RATE),
        "claims": [list(claim) for claim in _claims(tuple(row["words"]), sound)],
        "width_db": round(width_db(audio), 2),
        "cut": {"start_s": round(piece.start / SAMPLE_RATE, 3), "times": piece.times},
        "fingerprint": b64encode(fingerprint(audio).tobytes()).decode("ascii"),
        "license": row["rights"][RECORDING]["license"],
        "source": {"file": row["file"], "sha256": row["sha256"]},
        **_facts_of(row),
    }


def _facts_of(row: Row) -> Json:
    """What the list knows of a record, for each of its tracks."""
    return {
        "archive": {
            key: row[key] for key in ("id", "source", "record", "title", "creator", "url", "attribution", "review")
        },
        "rights": {layer: row["rights"][layer] for layer in (RECORDING, COMPOSITION)},
        "groups": row["groups"],
    }


def _no_notes(seconds: float) -> Json:
    """The facts of composed music, of which a recording shows none."""
    return {
        "bpm": None,
        "bpm_changes": 0,
        "n_bars": 0,
        "seconds_composed": round(seconds, 3),
        "key": None,
        "scale": None,
        "form": "",
        "chords": [],
        "instruments": {},
        "groove": None,
        "swing": 0.5,
        "playing": {},
        "n_notes": 0,
    }


def _claims(words: tuple[str, ...], sound: Sound) -> list[Claim]:
    """What may be said of drums and of an 808: where the archive's words and the ear's test agree."""
    meanings = meanings_of(words)
    allowed = [claim for meaning, claim in ALLOWED.items() if meaning in meanings]
    if not {ONLY_DRUMS, DRUMS} & set(meanings):
        allowed.append(NO_DRUMS)
    return [claim for claim in allowed if AGREES[claim](sound)]


def _select(category: str, found: Collection[Json], only: Sequence[str]) -> list[Json]:
    """As many tracks as are asked for, first ones of records before second ones, and none of the same audio."""
    refused = [
        {"id": one["record"], "reason": one["refused"][0], "detail": one["refused"][1]}
        for one in found
        if one["refused"]
    ]
    tracks = [track for one in found for track in one["tracks"]]
    prints = [_print_of(track.pop("fingerprint", "")) for track in tracks]
    if only:
        return [track for track in tracks if track["id"] in only]
    kept = []
    for at, first in enumerate(_first_of_other_records(tracks, prints)):
        if first is None:
            kept.append(tracks[at])
        else:
            refused.append({"id": tracks[at]["id"], "reason": "same audio", "detail": f"as {tracks[first]['id']}"})
    _write_refused(category, refused)
    kept.sort(key=lambda track: (track["id"].rpartition("_")[2], track["id"]))
    count = params.load(f"categories.{category}.tracks", SourceCount)
    if not kept or (count != ALL and count > len(kept)):
        where = f"{params.PARAMS}: categories.{category}.tracks: {count}"
        raise LegatoError(f"{where}: what was fetched makes {len(kept)}: {MIDI.folder(category) / REFUSED} says why")
    return sorted(kept if count == ALL else kept[:count], key=lambda track: track["id"])


def _print_of(text: str) -> np.ndarray:
    return np.frombuffer(b64decode(text), np.uint8).reshape(-1, N_BANDS)


def _first_of_other_records(tracks: Sequence[Json], prints: Sequence[np.ndarray]) -> Iterable[int | None]:
    """For each track the one of another record that has the same audio; None where there is none."""
    heard = [at for at, one in enumerate(prints) if len(one)]
    firsts = {heard[at]: heard[first] for at, first in enumerate(first_of_each([prints[at] for at in heard]))}
    for at, track in enumerate(tracks):
        first = firsts.get(at, at)
        yield first if tracks[first]["archive"]["id"] != track["archive"]["id"] else None


def _write_refused(category: str, refused: Sequence[Json]) -> None:
    write_jsonl(MIDI.folder(category) / REFUSED, refused)
    if refused:
        reasons = sorted({one["reason"] for one in refused})
        print(f"compose@{category}: {len(refused)} refused ({', '.join(reasons)}): {MIDI.folder(category) / REFUSED}")


def _forget_others(folder: Path, tracks: Sequence[Json]) -> None:
    """Take away the files of tracks that were not chosen."""
    names = {track["id"] for track in tracks}
    for path in folder.iterdir():
        if path.suffix in MIDI.suffixes and path.stem not in names:
            path.unlink()
