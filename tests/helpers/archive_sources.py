"""One pack for each source, with what must come of it; and a workspace with a category that is made of one."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any, NamedTuple

from helpers import archive_packs as packs
from helpers import warm_stage
from helpers.archive_packs import audio_bytes, beat, song_bytes, tone
from helpers.small_workspace import Workspace
from legato.files import read_jsonl
from legato.licenses.known import PD_COMPOSITION, US_PD_RECORDING

AS_OF = {"as_of": "2026-11-26"}


def freesound(folder: Path) -> Path:
    rows = [
        packs.freesound_row(1001),
        packs.freesound_row(1002, username="bob", pack_name="", duration="3", tags="drum-loop"),
        packs.freesound_row(2001, license="Attribution NonCommercial"),
        packs.freesound_row(2002, generative_ai_preference="no-gen-ai"),
        packs.freesound_row(2003, tags="drum-loop genAI"),
        packs.freesound_row(2004, username="eve"),
    ]
    sounds = {
        "1001": audio_bytes(beat(12, 1)),
        "1002": audio_bytes(beat(3, 2), subtype="PCM_U8"),
        "2004": b"MZ\x90\x00 a program",
    }
    return packs.write_zip(folder / "pack.zip", packs.freesound_files(rows, sounds))


def fma(folder: Path) -> Path:
    rows = [
        packs.fma_row(2),
        packs.fma_row(5, artist_id="4", album_id="8", track_duration="01:10"),
        packs.fma_row(10, license_url="http://creativecommons.org/licenses/by-nc/4.0/"),
        packs.fma_row(11, license_url="", license_title="Public Domain / Sound Recording Common Law Protection"),
        packs.fma_row(12, track_copyright_p="(p) 1999 A Label"),
        packs.fma_row(13),
    ]
    sounds = {
        2: audio_bytes(tone(12, seed=1), "MP3"),
        5: audio_bytes(tone(70, seed=2, channels=1, rate=22050), "MP3", 22050),
        13: b"<!DOCTYPE html><title>Just a moment...</title>",
    }
    return packs.write_fma(folder / "fma", rows, sounds)


def loc(folder: Path) -> Path:
    rows = [
        packs.loc_row("jukebox-1"),
        packs.loc_row("jukebox-2", Date="1925", Contributors=["Bob"]),
        packs.loc_row("jukebox-3", Subjects=["Ethnic characterizations", "Instrumental"]),
        packs.loc_row("jukebox-4", Date="circa 1910"),
        packs.loc_row("jukebox-5", Rights=["downloading not permitted"]),
    ]
    mono = audio_bytes(tone(15, seed=4, channels=1, rate=16000), "MP3", 16000)
    return packs.write_files(folder / "jukebox", packs.loc_files(rows, {"jukebox-1": mono}))


def pdmx(folder: Path) -> Path:
    rows = [
        packs.pdmx_row("Qma"),
        packs.pdmx_row("Qmb", is_original="False", composer_name="J. S. Bach"),
        packs.pdmx_row("Qmc", license_conflict="True"),
        packs.pdmx_row("Qmd", license_url="https://creativecommons.org/publicdomain/mark/1.0/"),
        packs.pdmx_row("Qme", is_original="False", composer_name="A Living Star"),
        packs.pdmx_row("Qmf"),
    ]
    songs = {f"mid/Q/m/{name}.mid": song_bytes(at) for at, name in enumerate(("Qma", "Qmb"))}
    packs.write_files(folder / "pdmx", {"PDMX.csv": packs.csv_bytes(packs.PDMX_COLUMNS, rows)})
    packs.write_tar(folder / "pdmx/mid.tar.gz", songs)
    return folder / "pdmx"


def openscore(folder: Path) -> Path:
    scores = {
        "scores/Schubert,_Franz/Winterreise,_D.911/01_Gute_Nacht/lc1.mid": song_bytes(7),
        "scores/Nobody,_Known/Songs/lc2.mid": song_bytes(8),
    }
    files = {f"Lieder-main/{name}": content for name, content in {"LICENSE.txt": packs.CC0_TEXT, **scores}.items()}
    return packs.write_zip(folder / "Lieder-main.zip", files)


class Source(NamedTuple):
    """A pack, what is asked of it, and what comes of it."""

    build: Callable[[Path], Path]
    asked: dict[str, Any]
    n_tracks: int
    refused: dict[str, int]
    waiting: list[str]


SOURCES = {
    "freesound": Source(
        freesound,
        packs.FREESOUND_ASKED,
        2,
        {
            "recording license": 1,
            "gen-AI preference": 1,
            "made by a generative model": 1,
            "not what its name says": 1,
        },
        [],
    ),
    "fma": Source(fma, {"source": "fma"}, 3, {"recording license": 2, "not what its name says": 1}, ["12"]),
    "loc": Source(
        loc,
        {"source": "loc", "release_years": 2, **AS_OF},
        1,
        {"excluded subject": 1, "no plain date": 1, "rights text restricts": 1, "recording license": 1},
        [],
    ),
    "pdmx": Source(
        pdmx,
        {"source": "pdmx", "record": 15571083, **AS_OF},
        2,
        {"licence conflict": 1, "recording license": 1, "no original": 1},
        ["Qme"],
    ),
    "openscore": Source(openscore, {"source": "openscore", **AS_OF}, 1, {}, ["lc2"]),
}


class ArchiveWorkspace(Workspace):
    """A workspace with a category `taken` of an archive."""

    def ask(self, asked: dict[str, Any], path: Path, **music: Any) -> None:
        self.ask_without_path(asked | {"path": str(path)}, **music)

    def ask_without_path(self, asked: dict[str, Any], **music: Any) -> None:
        self.params["archives"] = {"taken": asked}
        self.params["categories"]["taken"] = {
            "tracks": "all",
            "prompt": "taken",
            "music": {"source": "archive", "short": "repeat", **music},
        }
        allowed = self.params["policy"]["music"]
        self.params["policy"]["music"] = list(dict.fromkeys([*allowed, PD_COMPOSITION, US_PD_RECORDING]))
        self.write({})

    def run_stage(self, stage: str, *words: str) -> None:
        with chdir(self.folder), self.using_cache():
            warm_stage.main_of(stage)(*words)

    def fetch(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Fetch; return the list."""
        self.run_stage("fetch", "taken")
        return self.fetched()

    def fetched(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        head, *rows = read_jsonl(self.folder / "sources/taken.fetched.jsonl")
        return head, rows

    def lines(self, name: str) -> list[dict[str, Any]]:
        """A file of JSON Lines of what was fetched."""
        return read_jsonl(self.folder / "dataset/fetched/taken" / name)

    def tracks(self) -> list[dict[str, Any]]:
        """What `compose` made of it."""
        self.run_stage("check")
        self.run_stage("compose", "taken")
        return read_jsonl(self.folder / "dataset/tracks/taken/compose.jsonl")
