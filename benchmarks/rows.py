"""The rows of the table: what is measured, how much of it, and against whom. `python benchmarks/table.py` runs them.

All stages run as a user's do, with their start, in a temporary clone of the commit that is checked out. A way of ours
begins with an empty cache in each round.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from incremental import ROOT, Clone
from rounds import Found, Line, NotRunError, Scale, ratio, seconds_of, take_turns

BAND = {
    "parts": {"pad": ["warm_pad"], "strum": ["steel_guitar"], "bass": ["finger_bass"], "drums": ["standard_kit"]},
    "grooves": ["pop"],
}
PRETTY_MIDI = """
import sys, pathlib, pretty_midi, soundfile
for path in sys.argv[2:]:
    audio = pretty_midi.PrettyMIDI(path).fluidsynth(fs=44100, sf2_path=sys.argv[1])
    soundfile.write(pathlib.Path(path).stem + ".wav", audio, 44100)
"""
LONG = """
import resource, sys
from pathlib import Path
from legato.audio.normalize import NormalizeParams, normalize_file
from legato.workspace import params
normalize_file(Path(sys.argv[1]), Path(sys.argv[2]), 44100, params.load("normalize", NormalizeParams))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
"""
PEERS = ROOT / ".venv/peers/bin"
FONT = "dataset/soundfonts/legato.sf2"
CATEGORY = "pads"
WALL = 1  # of what benchmarks/encode.py prints of a way, the place of its wall seconds
Founds = dict[str, Found]

LINES = {
    "render": (
        Line(key="render fluidsynth", work="render, 2 cores, 16 tracks of 60 s, our SoundFont",
             against="`fluidsynth -F` a file, one after another", reach=3, unit="x"),
        Line(key="render pretty_midi", work="the same", against="`pretty_midi.fluidsynth()`, one after another",
             reach=6, unit="x"),
    ),
    "normalize": (
        Line(key="normalize", work="normalize, 2 cores, 16 tracks of 60 s", against="`ffmpeg-normalize`, two at a time",
             reach=8, unit="x"),
    ),
    "memory": (
        Line(key="normalize memory", work="normalize a track of 2 hours", against="the most memory of its process",
             reach=300, unit="MB", at_least=False),
    ),
    "validate": (
        Line(key="validate", work="validate a category of 100 tracks of 22 s", against="rendering the same", reach=30,
             unit="%", at_least=False),
    ),
    "encode": (
        Line(key="encode exact", work="encode `exact`, CPU, 12 tracks", against="DAC track by track", reach=5,
             unit="x"),
        Line(key="encode fast", work="encode `fast`, CPU, 12 tracks", against="the same", reach=8, unit="x"),
    ),
    "encode-gpu": (
        Line(key="encode-gpu fast", work="encode `fast`, GPU, full DAC, 10 h, cold start", against="DAC track by track",
             reach=4, unit="x"),
        Line(key="encode-gpu exact", work="encode `exact`, the same", against="DAC track by track in fp32", reach=1.8,
             unit="x"),
    ),
    "train": (
        Line(key="train", work="train, CPU, `tiny` as in params.yaml", against="the eager loop", reach=1.5, unit="x"),
    ),
    "train-gpu": (
        Line(key="train-gpu small", work="train, GPU, `small`, 16 × 640", against="the eager loop", reach=3, unit="x"),
        Line(key="train-gpu small step", work="the same", against="a step", reach=27, unit="ms", at_least=False),
        Line(key="train-gpu small wait", work="the same", against="waiting for data", reach=2, unit="%",
             at_least=False),
    ),
    "train-gpu-20m": (
        Line(key="train-gpu 20M step", work="train, GPU, 20 M parameters, 32 × 600", against="a step", reach=15,
             unit="ms", at_least=False),
    ),
    "add": (
        Line(key="add", work="add 1 track to 200 of 22 s, beside a run with nothing to do", against="building all",
             reach=5, unit="%", at_least=False),
    ),
    "workers": (
        Line(key="workers render", work="render by 2 workers, 32 tracks of 60 s", against="1 worker", reach=1.8,
             unit="x"),
        Line(key="workers normalize", work="normalize by 2 workers, 192 tracks of 60 s", against="1 worker", reach=1.8,
             unit="x"),
    ),
    "pipeline": (
        Line(key="pipeline", work="the pipeline up to `collect`, 100 tracks of 14 s",
             against="a plain script, one track after another, same libraries", reach=3, unit="x"),
    ),
    "nothing": (
        Line(key="nothing", work="`dvc repro` with nothing to do, this checkout", against="bare DVC, the same graph",
             reach=1.5, unit="x", at_least=False),
        Line(key="nothing seconds", work="the same", against="its time", reach=2, unit="s", at_least=False),
    ),
}  # fmt: skip


@contextmanager
def a_clone() -> Iterator[Clone]:
    """A clone in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        yield Clone(Path(folder) / "clone")


def built(clone: Clone, n_tracks: int, seconds: list[int], stage: str, **music: Any) -> None:
    """Build a category's tracks up to a stage."""
    clone.categories({CATEGORY: n_tracks}, seconds=seconds, **music)
    clone.forget()
    clone.run("dvc", "repro", f"{stage}@{CATEGORY}")


def staged(clone: Clone, stage: str, workers: int = 2) -> Callable[[], object]:
    """Running a stage of the category, as if it had never run."""

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=clone.folder) as cache:
            clone.run("python", f"stages/{stage}.py", CATEGORY, LEGATO_CACHE=cache, LEGATO_WORKERS=str(workers))

    return run


def program(name: str) -> str:
    """A peer's program.

    Raises:
        NotRunError: there is none.
    """
    found = shutil.which(name, path=f"{PEERS}:{os.environ['PATH']}")
    if not found:
        raise NotRunError(f"no {name}: `make bench` installs it")
    return found


def files(clone: Clone, folder: str) -> list[Path]:
    return sorted((clone.folder / folder / CATEGORY).iterdir())


def render(scale: Scale) -> Founds:
    fluidsynth = program("fluidsynth")
    with a_clone() as clone:
        built(clone, scale.of(16, 2), [58, 60] if not scale.is_tiny else [4, 6], "compose", **BAND)
        tracks, font = files(clone, "dataset/midi"), clone.folder / FONT
        ways = {
            "ours": staged(clone, "render"),
            "fluidsynth": lambda: [
                clone.run(fluidsynth, "-ni", "-r", "44100", "-T", "wav", "-F", f"{path.stem}.wav", str(font), str(path))
                for path in tracks
            ],
            "pretty_midi": lambda: clone.run("python", "-c", PRETTY_MIDI, str(font), *map(str, tracks)),
        }
        seconds = take_turns(ways, scale.rounds(3))
    return {f"render {peer}": ratio(seconds, peer, "ours") for peer in ("fluidsynth", "pretty_midi")}


def normalize(scale: Scale) -> Founds:
    peer = program("ffmpeg-normalize")
    program("ffmpeg")
    with a_clone() as clone:
        built(clone, scale.of(16, 2), [58, 60] if not scale.is_tiny else [4, 6], "render", **BAND)

        def leveled(path: Path) -> None:
            words = ["-t", "-14", "-tp", "-1", "-ar", "44100", "-f", "-q", "-o", str(clone.folder / f"{path.stem}.wav")]
            clone.run(peer, str(path), *words)

        def by_peer() -> None:
            with ThreadPoolExecutor(2) as two:
                list(two.map(leveled, files(clone, "dataset/rendered")))

        seconds = take_turns({"ours": staged(clone, "normalize"), "ffmpeg-normalize": by_peer}, scale.rounds(3))
    return {"normalize": ratio(seconds, "ffmpeg-normalize", "ours")}


def memory(scale: Scale) -> Founds:
    from legato.audio.samples import create_audio, read_audio

    with a_clone() as clone:
        built(clone, 4, [20, 24], "render", **BAND)
        pieces = [read_audio(path, 44100) for path in files(clone, "dataset/rendered")]
        n_times = -(-scale.of(7200, 60) * 44100 // sum(map(len, pieces)))
        long = clone.folder / "long.flac"
        with create_audio(long, 44100, "PCM_24") as write:
            for _ in range(n_times):
                for piece in pieces:
                    write(piece)
        command = [sys.executable, "-c", LONG, str(long), str(long.with_suffix(".wav"))]
        environment = os.environ | {"PYTHONPATH": "src"}
        printed: list[str] = []
        took_s = seconds_of(
            lambda: printed.append(
                subprocess.run(
                    command, cwd=clone.folder, env=environment, check=True, capture_output=True, text=True
                ).stdout
            )
        )
    audio_s = n_times * sum(map(len, pieces)) / 44100
    return {"normalize memory": Found(value=float(printed[0]), detail=f"{audio_s:.0f} s of audio in {took_s:.0f} s")}


def validate(scale: Scale) -> Founds:
    with a_clone() as clone:
        built(clone, scale.of(100, 3), [20, 24] if not scale.is_tiny else [4, 6], "normalize", **BAND)
        clone.run("dvc", "repro", f"prompt@{CATEGORY}")
        ways = {stage: staged(clone, stage) for stage in ("render", "normalize", "validate")}
        seconds = take_turns(ways, scale.rounds(2))
    found = ratio(seconds, "validate", "render")
    return {"validate": Found(value=100 * found.value, detail=found.detail)}


def workers(scale: Scale) -> Founds:
    """Of rendered tracks more are made by other names, so that not the start of a stage is measured."""
    found = {}
    with a_clone() as clone:
        built(clone, scale.of(32, 2), [58, 60] if not scale.is_tiny else [4, 6], "render", **BAND)
        (clone.folder / "dvc.lock").unlink()  # or the stage would refuse what DVC has not recorded
        for stage in ("render", "normalize"):
            if stage == "normalize":
                for path in files(clone, "dataset/rendered"):
                    for nth in range(scale.of(5, 1)):
                        shutil.copy(path, path.with_stem(f"{path.stem}_{nth}"))
            ways = {f"{count} worker{'s'[: count - 1]}": staged(clone, stage, count) for count in (1, 2)}
            found[f"workers {stage}"] = ratio(take_turns(ways, scale.rounds(3)), "1 worker", "2 workers")
    return found


def add(scale: Scale) -> Founds:
    count, seconds = scale.of(200, 3), [20, 24] if not scale.is_tiny else [4, 6]
    with a_clone() as clone:
        clone.categories({CATEGORY: count}, seconds=seconds)
        clone.forget()
        whole_s = clone.run("dvc", "repro", "collect")
        mores, nothings = [], []
        for nth in range(scale.rounds(3)):
            nothings.append(clone.run("dvc", "repro", "collect"))
            clone.categories({CATEGORY: count + 1 + nth}, seconds=seconds)
            mores.append(clone.run("dvc", "repro", "collect"))
    beside_s = statistics.median(more - nothing for more, nothing in zip(mores, nothings, strict=True))
    detail = f"{beside_s:.1f} s beside {statistics.median(nothings):.1f} s, of {whole_s:.0f} s; {len(mores)} rounds"
    return {"add": Found(value=100 * beside_s / whole_s, detail=detail)}


def pipeline(scale: Scale) -> Founds:
    count, seconds = scale.of(100, 2), scale.of(14, 6)
    with a_clone() as clone, tempfile.TemporaryDirectory() as folder:
        clone.categories({CATEGORY: count}, seconds=[seconds - 1, seconds])
        clone.forget()
        script = str(ROOT / "benchmarks/plain_pipeline.py")
        ways = {
            "ours": lambda: clone.run("dvc", "repro", "collect"),
            "plain": lambda: clone.run("python", script, str(count), str(seconds), str(clone.folder / FONT), folder),
        }
        return {"pipeline": ratio(take_turns(ways, 1), "plain", "ours")}


def nothing(scale: Scale) -> Founds:
    """The bare graph has the same stages, dependencies and outputs, each a few bytes, and no parameters."""
    if "up to date" not in subprocess.run(["dvc", "status"], cwd=ROOT, capture_output=True, text=True).stdout:
        raise NotRunError("this checkout is not built: `make repro` first")
    with tempfile.TemporaryDirectory() as name:
        bare = Path(name)
        make_bare(bare)
        ways = {
            "ours": lambda: subprocess.run(["dvc", "repro"], cwd=ROOT, check=True, capture_output=True),
            "bare": lambda: subprocess.run(["dvc", "repro"], cwd=bare, check=True, capture_output=True),
        }
        seconds = take_turns(ways, scale.rounds(7))
    found = ratio(seconds, "ours", "bare")
    return {
        "nothing": found,
        "nothing seconds": Found(value=statistics.median(seconds["ours"]), detail=found.detail),
    }


def make_bare(folder: Path) -> None:
    """The graph of this checkout's dvc.lock, built in a fresh repository."""
    stages = {}
    for name, entry in yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"].items():
        outs = [out["path"] for out in entry.get("outs", [])]
        commands = [f"mkdir -p $(dirname {out}) && echo 1 > {out}" for out in outs]
        stages[name.replace("@", "-")] = {
            "cmd": " && ".join(commands) or "true",
            "deps": [dep["path"] for dep in entry.get("deps", [])],
            "outs": outs,
        }
    made = {out for stage in stages.values() for out in stage["outs"]}
    for stage in stages.values():  # a file within an output is all of the output here
        of = [next((out for out in made if dep.startswith(f"{out}/")), dep) for dep in stage["deps"]]
        stage["deps"] = list(dict.fromkeys(of))
        for dep in stage["deps"]:
            if dep not in made and not any(out.startswith(f"{dep}/") for out in made):
                path = folder / dep if Path(dep).suffix else folder / dep / "file"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("of: nothing\n")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "repro"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def encode(scale: Scale) -> Founds:
    with a_clone() as clone:
        built(clone, scale.of(12, 1), [30, 34] if not scale.is_tiny else [4, 6], "normalize", **BAND)
        audio = str(clone.folder / "dataset/raw_audio")
        rows = printed(
            "encode.py", "--audio", audio, "--tracks", str(scale.of(12, 1)), "--rounds", str(scale.rounds(2))
        )
    return {f"encode {way}": of_encode(rows, way, "plain") for way in ("exact", "fast")}


def encode_gpu(scale: Scale) -> Founds:
    needs_gpu()
    with a_clone() as clone:
        built(clone, 20, [58, 60] if not scale.is_tiny else [4, 6], "normalize", **BAND)
        audio = clone.folder / "dataset/raw_audio"
        for path in files(clone, "dataset/raw_audio"):
            for nth in range(scale.of(29, 1)):
                shutil.copy(path, path.with_stem(f"{path.stem}_{nth}"))
        words = ["--device", "cuda", "--full", "--audio", str(audio), "--tracks", str(scale.of(600, 10))]
        rows = printed("encode.py", *words, "--rounds", str(scale.rounds(2)))
    return {
        "encode-gpu fast": of_encode(rows, "fast", "plain"),
        "encode-gpu exact": of_encode(rows, "exact", "plain_fp32"),
    }


def of_encode(rows: dict[str, list[str]], way: str, peer: str) -> Found:
    """Of the lines that benchmarks/encode.py prints: the medians of all rounds' wall seconds."""
    ours_s, peer_s = (float(rows[name][WALL]) for name in (way, peer))
    return Found(value=peer_s / ours_s, detail=f"{way} {ours_s} s, {peer} {peer_s} s")


def train(scale: Scale) -> Founds:
    rows = printed("train.py", "--device", "cpu", "--rounds", str(scale.rounds(5)), "--steps", str(scale.of(5, 1)))
    return {"train": of_train(rows)}


def train_gpu(scale: Scale) -> Founds:
    needs_gpu()
    rows = printed("train.py", "--device", "cuda", "--rounds", str(scale.rounds(3)))
    found = of_train(rows)
    return {
        "train-gpu small": found,
        "train-gpu small step": Found(value=float(rows["ours"][0]), detail=found.detail),
        "train-gpu small wait": Found(value=float(rows["ours"][-1].rstrip("%")), detail=found.detail),
    }


def train_gpu_20m(scale: Scale) -> Founds:
    needs_gpu()
    words = ["--device", "cuda", "--size", "20M", "--batch", "32", "--frames", "600"]
    rows = printed("train.py", *words, "--rounds", str(scale.rounds(3)))
    return {"train-gpu 20M step": Found(value=float(rows["ours"][0]), detail=of_train(rows).detail)}


def of_train(rows: dict[str, list[str]]) -> Found:
    """Of the lines that benchmarks/train.py prints."""
    return Found(value=float(rows["ours"][2]), detail=f"ours {rows['ours'][0]} ms, plain {rows['plain'][0]} ms a step")


def printed(script: str, *words: str) -> dict[str, list[str]]:
    """The lines that a benchmark of its own prints, by their first word."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "benchmarks" / script), *words]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{script}: {ended.stderr}")
    return {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines() if line.split()}


def needs_gpu() -> None:
    """Raises: NotRunError: there is none."""
    if not gpu_names():
        raise NotRunError("no GPU")


def gpu_names() -> list[str]:
    """As the driver's own program has them: importing torch takes seconds."""
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()


MEASURES: dict[str, Callable[[Scale], Founds]] = {
    "render": render,
    "normalize": normalize,
    "memory": memory,
    "validate": validate,
    "encode": encode,
    "encode-gpu": encode_gpu,
    "train": train,
    "train-gpu": train_gpu,
    "train-gpu-20m": train_gpu_20m,
    "add": add,
    "workers": workers,
    "pipeline": pipeline,
    "nothing": nothing,
}
