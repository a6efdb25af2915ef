"""What it takes to share music and prompts: `python benchmarks/share_small.py [--tracks N] [--rounds N] [--of ...]`.

As many random bytes as a song's MIDI file or its prompt has, as files and in archives of 10 categories: `dvc add`, push
to an S3 server of this machine and pull in a fresh clone; then add and push with 1 % of the tracks, in a row, changed.
Layouts take turns; seconds are medians of the rounds, by the clock and of DVC's processor time.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from share import BIN, free_port, run

from legato import shards

N_CATEGORIES = 10
KINDS = {"music": (".mid", 2_000, 8_000), "prompts": ("_prompt.txt", 100, 250)}  # bytes, as of the default categories
LAYOUTS = ("shards", "files")
STEPS = ("add", "push", "pull", "add, 1 % changed", "push, 1 % changed")
Took = tuple[float, float]  # seconds by the clock, and of processors


def make_files(kind: str, folder: Path, n_tracks: int) -> None:
    """A folder a category."""
    suffix, least, most = KINDS[kind]
    rng = np.random.default_rng(0)
    for at in range(n_tracks):
        category = f"c{at % N_CATEGORIES}"
        (folder / category).mkdir(parents=True, exist_ok=True)
        content = rng.bytes(int(rng.integers(least, most)))
        (folder / category / f"{category}_{at // N_CATEGORIES:05d}{suffix}").write_bytes(content)


def change_files(folder: Path, n_tracks: int) -> None:
    """Other content of 1 % of the tracks, which are in a row."""
    paths = sorted((folder / "c5").iterdir())
    for path in paths[len(paths) // 2 :][: n_tracks // 100]:
        path.write_bytes(path.read_bytes()[::-1])


def lay_out(source: Path, folder: Path, layout: str) -> None:
    """Files of all categories in the way that a stage leaves them."""
    shutil.rmtree(folder, ignore_errors=True)
    if layout == "files":
        shutil.copytree(source, folder)
        return
    for category in source.iterdir():
        (folder / category.name).mkdir(parents=True)
        shards.pack_folder(category, folder / category.name)


def timed(folder: Path, *words: str) -> Took:
    started, before = time.monotonic(), os.times()
    run(folder, *words)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - started, cpu_s


def share(source: Path, changed: Path, root: Path, layout: str, port: int) -> list[Took]:
    """What each step takes, of a repository that nobody has pushed before."""
    here, there = root / "here", root / "there"
    lay_out(source, here / "data", layout)
    run(here, "git", "init", "-q")
    run(here, "dvc", "init", "-q")
    run(here, "dvc", "remote", "add", "--default", "store", f"s3://legato/{root.name}")
    run(here, "dvc", "remote", "modify", "store", "endpointurl", f"http://127.0.0.1:{port}")
    found = [timed(here, "dvc", "add", "data"), timed(here, "dvc", "push")]
    run(here, "git", "add", "-A")
    run(here, "git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    run(root, "git", "clone", "-q", str(here), str(there))
    found.append(timed(there, "dvc", "pull"))
    lay_out(changed, here / "data", layout)
    found += [timed(here, "dvc", "add", "data"), timed(here, "dvc", "push")]
    shutil.rmtree(root)
    return found


def measure(kind: str, n_tracks: int, n_rounds: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "store/legato").mkdir(parents=True)
        source, changed = root / "before", root / "after"
        make_files(kind, source, n_tracks)
        shutil.copytree(source, changed)
        change_files(changed, n_tracks)
        for layout in LAYOUTS:
            lay_out(source, root / layout, layout)
            sizes = [path.stat().st_size for path in (root / layout).rglob("*") if path.is_file()]
            print(f"{kind} as {layout}: {len(sizes)} files, {sum(sizes) / 1e6:.0f} MB", flush=True)
            shutil.rmtree(root / layout)
        port = free_port()
        words = ["serve", "s3", str(root / "store"), "--addr", f"127.0.0.1:{port}", "--auth-key", "user,password"]
        found: dict[str, list[list[Took]]] = {layout: [] for layout in LAYOUTS}
        with subprocess.Popen([BIN / "rclone", *words, "--quiet"]) as server:
            try:
                while socket.socket().connect_ex(("127.0.0.1", port)):
                    time.sleep(0.05)
                for at in range(n_rounds):
                    for layout in LAYOUTS:
                        found[layout].append(share(source, changed, root / f"{layout}_{at}", layout, port))
            finally:
                server.kill()
    print("| " + kind + " | archives, s (CPU) | files, s (CPU) | times as fast |\n|---|---|---|---|")
    for at, step in enumerate(STEPS):
        medians = [[statistics.median(one[at][n] for one in found[layout]) for n in (0, 1)] for layout in LAYOUTS]
        cells = " | ".join(f"{wall:.1f} ({cpu:.1f})" for wall, cpu in medians)
        print(f"| {step} | {cells} | {medians[1][0] / medians[0][0]:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--of", nargs="*", choices=list(KINDS), default=list(KINDS))
    chosen = parser.parse_args()
    for kind in chosen.of:
        measure(kind, chosen.tracks, chosen.rounds)


if __name__ == "__main__":
    main()
