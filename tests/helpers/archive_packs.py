"""Packs in the forms of the real archives, of a few records each; all music in them is made here (CC0)."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from helpers import midi_bytes
from helpers.checkout import ROOT

RATE = 44100
C_MAJOR = (48, 48, 52, 55, 60, 60, 62, 64, 65, 67, 69, 71, 72)
CC0 = "http://creativecommons.org/publicdomain/zero/1.0/"
CC0_TEXT = (ROOT / "src/legato/dataset/card/CC0-1.0.txt").read_bytes()


def _columns(text: str) -> list[str]:
    """The names in a CSV's header."""
    return next(csv.reader([text]))


FREESOUND_COLUMNS = _columns(
    "filepath,id,created,username,title,description,tags,pack_name,bst_category,geotag,license,"
    "generative_ai_preference,type,duration,filesize,avg_rating,num_ratings,num_downloads,num_comments"
)
FREESOUND_ROW = {
    "created": "2020-01-01 00:00:00",
    "username": "ann",
    "title": "a loop",
    "tags": "drum-loop loop hip-hop",
    "pack_name": "loops",
    "bst_category": "m-sp",
    "license": "Creative Commons 0",
    "generative_ai_preference": "no-additional-preferences",
    "type": "wav",
    "duration": "12.0",
}
FREESOUND_ASKED: dict[str, Any] = {
    "source": "freesound",
    "gen_ai": ["no-additional-preferences"],
    "remix": ["no", "unknown"],
}
FMA_COLUMNS = _columns(
    "track_id,album_id,album_title,album_url,artist_id,artist_name,artist_url,artist_website,"
    "license_image_file,license_image_file_large,license_parent_id,license_title,license_url,tags,"
    "track_bit_rate,track_comments,track_composer,track_copyright_c,track_copyright_p,track_date_created,"
    "track_date_recorded,track_disc_number,track_duration,track_explicit,track_explicit_notes,"
    "track_favorites,track_file,track_genres,track_image_file,track_information,track_instrumental,"
    "track_interest,track_language_code,track_listens,track_lyricist,track_number,track_publisher,"
    "track_title,track_url"
)
FMA_ROW = {
    "album_id": "7",
    "artist_id": "3",
    "artist_name": "Ann",
    "license_title": "CC0 1.0 Universal",
    "license_url": CC0,
    "track_duration": "00:12",
    "track_genres": "[{'genre_id': '15', 'genre_title': 'Electronic', 'genre_url': 'http://x/'}]",
    "track_instrumental": "1",
    "track_title": "a piece",
}
PDMX_COLUMNS = _columns(
    "path,metadata,mxl,pdf,mid,version,license,license_url,license_conflict,is_original,is_draft,"
    "is_official,artist_name,composer_name,song_name,title,genres,tags,n_ratings,rating,subset:all_valid"
)
PDMX_ROW = {
    "license": "CC0",
    "license_url": CC0,
    "license_conflict": "False",
    "is_original": "True",
    "artist_name": "NA",
    "composer_name": "NA",
    "title": "a score",
    "subset:all_valid": "True",
}
LOC_ROW = {
    "Date": "1910-05-03",
    "Contributors": ["Ann Example"],
    "Rights": ["Inclusion of the recording in the National Jukebox, courtesy of its owner."],
    "Subjects": ["Instrumental"],
    "Title": "A march",
}


def csv_bytes(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")


def tone(seconds: float = 12.0, hz: float = 330.0, seed: int = 0, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """Notes of a plucked sound, a second each, of different pitches: (n_samples, channels)."""
    rng = np.random.default_rng(seed)
    t = np.arange(rate) / rate
    steps = rng.integers(0, 12, int(np.ceil(seconds)))
    notes = [np.exp(-4 * t) * sum(np.sin(2 * np.pi * k * hz * 2 ** (s / 12) * t) / k for k in (1, 2, 3)) for s in steps]
    audio = 0.3 * np.concatenate(notes)[: round(seconds * rate)]
    return np.repeat(audio[:, None], channels, axis=1).astype(np.float32)


def beat(seconds: float = 12.0, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """Bursts of noise, four a second: (n_samples, 2)."""
    rng = np.random.default_rng(seed)
    n = rate // 4
    decay = -np.arange(n) / rate
    bursts = [rng.normal(0, 0.3, n) * np.exp(decay * rng.uniform(30, 60)) for _ in range(int(seconds * 4))]
    return np.repeat(np.concatenate(bursts)[:, None], 2, axis=1).clip(-1, 1).astype(np.float32)


def audio_bytes(audio: np.ndarray, form: str = "WAV", rate: int = RATE, subtype: str | None = None) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, audio, rate, format=form, subtype=subtype)
    return out.getvalue()


def song_bytes(seed: int = 0, program: int = 0, n_notes: int = 64) -> bytes:
    """A MIDI file of notes that follow one another, at 120 bpm."""
    rng = np.random.default_rng(seed)
    notes = b"".join(
        bytes([0, 0x90, pitch, 80, 0x60, 0x80, pitch, 0]) for pitch in rng.choice(C_MAJOR, n_notes).tolist()
    )
    head = midi_bytes.tempo(500_000) + midi_bytes.END
    return midi_bytes.file(head, bytes([0, 0xC0, program]) + notes + midi_bytes.END)


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            one = tarfile.TarInfo(name)
            one.size = len(content)
            archive.addfile(one, io.BytesIO(content))
    return path


def freesound_row(sound: int, **changes: str) -> dict[str, str]:
    row = FREESOUND_ROW | {"id": str(sound)} | changes
    return {"filepath": f"{sound // 1000}/{sound}.{row['type']}"} | row


def freesound_files(rows: Iterable[Mapping[str, str]], audio: Mapping[str, bytes]) -> dict[str, bytes]:
    """metadata.json, the CSV and the sounds, by a row's id."""
    rows = list(rows)
    paths = {row["id"]: row["filepath"] for row in rows}
    return {
        "metadata.json": json.dumps({"variants": []}).encode(),
        "metadata/metadata_0000.csv": csv_bytes(FREESOUND_COLUMNS, rows),
        **{paths[sound]: content for sound, content in audio.items()},
    }


def fma_row(track: int, **changes: str) -> dict[str, str]:
    return FMA_ROW | {"track_id": str(track)} | changes


def write_fma(folder: Path, rows: Iterable[Mapping[str, str]], audio: Mapping[int, bytes]) -> Path:
    """fma_metadata.zip and a zip of audio, both by bzip2; the first has a pickle that must not be opened."""
    table = csv_bytes(FMA_COLUMNS, rows)
    metadata = {"fma_metadata/raw_tracks.csv": table, "fma_metadata/not_found.pickle": b"cos\nsystem\n(S'exit 1'\ntR."}
    write_zip(folder / "fma_metadata.zip", metadata, zipfile.ZIP_BZIP2)
    names = {track: f"{track:06d}" for track in audio}
    sounds = {f"fma_full/{names[track][:3]}/{names[track]}.mp3": content for track, content in audio.items()}
    write_zip(folder / "fma_full.zip", {"fma_full/README.txt": b"see there", **sounds}, zipfile.ZIP_BZIP2)
    return folder


def pdmx_row(score: str, **changes: str) -> dict[str, str]:
    place = f"{score[0]}/{score[1]}/{score}"
    return PDMX_ROW | {"path": f"./data/{place}.json", "mid": f"./mid/{place}.mid"} | changes


def loc_row(item: str, **changes: Any) -> dict[str, Any]:
    return LOC_ROW | {"Id": f"http://www.loc.gov/item/{item}/"} | changes


def loc_files(rows: Iterable[Mapping[str, Any]], audio: Mapping[str, bytes]) -> dict[str, bytes]:
    rows = list(rows)
    items = [str(row["Id"]).rstrip("/").rpartition("/")[2] for row in rows]
    manifest = {
        "cols": ["item_id", "object_key"],
        "rows": [[item, f"data.example/jukebox/media/{item}.mp3"] for item in items],
    }
    return {
        "metadata.json": json.dumps(rows).encode(),
        "manifest.json": json.dumps(manifest).encode(),
        **{f"media/{item}.mp3": content for item, content in audio.items()},
    }
