"""How fast records are judged and recordings become tracks, and how much memory the latter needs.

    python benchmarks/archives.py

Records and recordings are made here, in the forms of the archives; nothing is fetched.
"""

import resource
import sys
import tempfile
import time
from contextlib import chdir
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers import archive_packs as packs
from helpers.checkout import SHIPPED_PARAMS
from legato.archives.category import ingest_category
from legato.archives.fetching import fetch_category
from legato.files import write_json
from legato.workspace.sources import archive_manifest, manifest_path

N_RECORDS = 10_000
N_RECORDINGS, MINUTES = 24, 4
CATEGORY = {"tracks": "all", "prompt": "taken", "music": {"source": "archive", "short": "repeat"}}


def prepare(path: Path) -> None:
    """A workspace that asks for a pack."""
    values = yaml.safe_load(SHIPPED_PARAMS.read_text())
    values["archives"] = {"taken": {"source": "fma", "path": str(path)}}
    values["categories"] = {"taken": CATEGORY}
    Path("params.yaml").write_text(yaml.safe_dump(values))
    write_json(manifest_path("taken"), archive_manifest("", [], []))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        licenses = ["http://creativecommons.org/licenses/by-nc/4.0/", packs.CC0, ""]
        rows = [packs.fma_row(at, artist_id=str(at), license_url=licenses[at % 3]) for at in range(1, N_RECORDS + 1)]
        prepare(packs.write_fma(Path("many"), rows, {}))
        started = time.monotonic()
        fetch_category("taken")
        print(f"{N_RECORDS} records judged in {time.monotonic() - started:.1f} s")
        Path("sources/taken.fetched.jsonl").unlink()
        ids = range(1, N_RECORDINGS + 1)
        rows = [packs.fma_row(at, artist_id=str(at), track_duration=f"{MINUTES:02d}:00") for at in ids]
        sounds = {at: packs.audio_bytes(packs.tone(60 * MINUTES, seed=at), "MP3") for at in ids}
        prepare(packs.write_fma(Path("long"), rows, sounds))
        fetch_category("taken")
        started = time.monotonic()
        found = ingest_category("taken")
        took_s, audio_s = time.monotonic() - started, sum(track["seconds_composed"] for track in found)
        print(f"{audio_s / 60:.0f} min in {len(found)} tracks in {took_s:.1f} s: {audio_s / took_s:.0f} x real time")
        most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(f"the largest process had {most / 1024:.0f} MB")


if __name__ == "__main__":
    main()
