"""A workspace of seconds of music, whose stages run as DVC would run them but for DVC."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import midi_bytes, warm_stage
from helpers.checkout import SHIPPED_PARAMS
from legato.files import sha256_of, write_json
from legato.midi.gm import KITS
from legato.work import item_cache
from legato.workspace.sources import manifest, manifest_path

STAGES = ("compose", "render", "prompt", "normalize", "encode")
OUTPUTS = ("midi", "rendered", "stems", "audio_prompts", "raw_audio", "encoded", "tracks")
PADS = {
    "tracks": 3,
    "prompt": "slow pads",
    "music": {"bpm": [120, 140], "seconds": [3, 4], "parts": {"pad": ["warm_pad"]}},
}


class Workspace:
    """A folder with parameters, a SoundFont and codec weights."""

    def __init__(self, folder: Path, font: Path, weights: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"
        self.params: dict[str, Any] = yaml.safe_load((SHIPPED_PARAMS).read_text())
        self.params["render"]["tail_s"] = 1
        self.params["compute"]["workers"] = 1
        self.params["categories"] = {"pads": PADS}
        for name, source in (("soundfonts/legato.sf2", font), ("codec/weights.pth", weights)):
            (folder / "dataset" / name).parent.mkdir(parents=True)
            (folder / "dataset" / name).symlink_to(source)

    def write(self, songs: dict[str, int]) -> None:
        """Write params.yaml, and a category's own files: each one's program by its name."""
        (self.folder / "params.yaml").write_text(yaml.safe_dump(self.params, sort_keys=False))
        sources = self.folder / "sources/songs"
        shutil.rmtree(sources, ignore_errors=True)
        sources.mkdir(parents=True)
        for name, program in songs.items():
            (sources / name).write_bytes(song(program))
        files = {name: sha256_of(sources / name) for name in sorted(songs)}
        write_json(self.folder / manifest_path("songs"), manifest(files, KITS.values()))

    def run(self, stage: str, category: str = "pads") -> None:
        """Run a stage in this process; its errors are raised."""
        with chdir(self.folder), self.using_cache():
            warm_stage.main_of(stage)(category)

    def run_all(self, categories: Iterable[str] = ("pads",)) -> None:
        for category in categories:
            for stage in STAGES:
                self.run(stage, category)

    def start(self, stage: str, prepare: Callable[[], None] | None = None) -> Any:
        """Run a stage in a process of its own, which prints to `log`."""
        with self.using_cache():
            return warm_stage.start(stage, "pads", self.folder, prepare)

    def finish(self, stage: str) -> None:
        """Run a stage in a process of its own, to its end."""
        process = self.start(stage)
        process.join()
        assert process.exitcode == 0, self.log

    @contextmanager
    def using_cache(self) -> Iterator[None]:
        """The environment names this workspace's cache of items."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv(item_cache.VARIABLE, str(self.cache))
            yield

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def bytes(self) -> dict[str, str]:
        """The SHA-256 of everything that the stages have written."""
        dataset = self.folder / "dataset"
        paths = (path for name in OUTPUTS for path in sorted((dataset / name).rglob("*")) if path.is_file())
        return {str(path.relative_to(dataset)): sha256_of(path) for path in paths}


def song(program: int) -> bytes:
    """A MIDI file of three notes."""
    notes = midi_bytes.NOW + bytes([0xC0, program]) + 3 * midi_bytes.ONE_NOTE
    return midi_bytes.file(midi_bytes.tempo(500_000) + midi_bytes.END, notes + midi_bytes.END)
