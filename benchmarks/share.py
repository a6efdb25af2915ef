"""What it takes to share a version: `python benchmarks/share.py [--tracks N] [--latency-ms MS] [--only NAME ...]`.

- push: `dvc push` and `dvc pull` of the same synthetic codes, as files and as archives, to an S3 server of this
  machine, one after the other in one run. `--latency-ms` holds back each answer of the server, as a network does.
- change: how many bytes of archives a change of 1 % of the tracks rewrites, by where the changes are and how many
  tracks there are. Archives are counted and not written, so that 10^6 tracks take a minute.
"""

import argparse
import hashlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from legato import shards
from legato.contract.codes import write_codes

BIN = Path(sys.executable).parent
N_CATEGORIES = 10
FRAMES = (1500, 3700)  # of a track, 17 to 43 s
KEYS = {
    "AWS_ACCESS_KEY_ID": "user",
    "AWS_SECRET_ACCESS_KEY": "password",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # of objects in parts rclone gives a checksum that is refused
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}
MEGA = 10**6


def make_codes(folder: Path, n_tracks: int) -> None:
    """Files of random codes, named as tracks of some categories."""
    import torch

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for at in range(n_tracks):
        codes_TK = rng.integers(0, 1024, (int(rng.integers(*FRAMES)), 18), dtype=np.int16)
        name = f"c{at % N_CATEGORIES}_{at // N_CATEGORIES:05d}.pt"
        write_codes(folder / name, torch.from_numpy(codes_TK))


def pack(source: Path, folder: Path) -> None:
    """The same files in archives of their categories."""
    entries = []
    for number in range(N_CATEGORIES):
        paths = sorted(source.glob(f"c{number}_*.pt"))
        items = ([shards.Member(path.name, path.read_bytes())] for path in paths)
        entries += list(shards.pack(folder, f"c{number}", items))
    shards.write_index(folder, sorted(entries, key=lambda entry: entry["name"]))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def delayed(port: int, latency_s: float) -> int:
    """A port whose answers are those of another, each held back."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)

    def pipe(source: socket.socket, target: socket.socket, wait_s: float) -> None:
        waited = 0.0
        while content := source.recv(1 << 18):
            if wait_s and time.monotonic() - waited > wait_s:  # a part of the same answer follows at once
                time.sleep(wait_s)
            target.sendall(content)
            waited = time.monotonic()
        target.shutdown(socket.SHUT_WR)

    def serve() -> None:
        while True:
            client, _ = listening.accept()
            server = socket.create_connection(("127.0.0.1", port))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for ends in ((client, server, 0.0), (server, client, latency_s)):
                threading.Thread(target=_quietly, args=(pipe, *ends), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1]


def _quietly(work, *arguments) -> None:  # type: ignore[no-untyped-def]
    with suppress(OSError):
        work(*arguments)


def run(folder: Path, *words: str) -> float:
    """Run a command; return its seconds."""
    environment = os.environ | KEYS | {"DVC_NO_ANALYTICS": "1", "DVC_NO_PROGRESS": "1"}
    started = time.monotonic()
    command = [str(BIN / words[0]) if words[0] == "dvc" else words[0], *words[1:]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.monotonic() - started


def share(here: Path, there: Path, port: int, name: str) -> tuple[float, float, float]:
    """Seconds of add, push and pull of the folder `data`."""
    run(here, "git", "init", "-q")
    run(here, "dvc", "init", "-q")
    run(here, "dvc", "remote", "add", "--default", "store", f"s3://legato/{name}")
    run(here, "dvc", "remote", "modify", "store", "endpointurl", f"http://127.0.0.1:{port}")
    run(here, "dvc", "remote", "modify", "store", "verify", "true")
    added = run(here, "dvc", "add", "data")
    pushed = run(here, "dvc", "push")
    run(here, "git", "add", "-A")
    run(here, "git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    run(here.parent, "git", "clone", "-q", str(here), str(there))
    pulled = run(there, "dvc", "pull")
    print(f"{name}: add {added:.1f} s, push {pushed:.1f} s, pull {pulled:.1f} s", flush=True)
    return added, pushed, pulled


def measure_push(n_tracks: int, latency_ms: float) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "store/legato").mkdir(parents=True)
        make_codes(root / "files/data", n_tracks)
        pack(root / "files/data", root / "shards/data")
        port = free_port()
        words = ["serve", "s3", str(root / "store"), "--addr", f"127.0.0.1:{port}", "--auth-key", "user,password"]
        with subprocess.Popen([BIN / "rclone", *words, "--quiet"]) as server:
            try:
                while socket.socket().connect_ex(("127.0.0.1", port)):
                    time.sleep(0.05)
                seen = delayed(port, latency_ms / 1000) if latency_ms else port
                times = {name: share(root / name, root / f"{name}_clone", seen, name) for name in ("shards", "files")}
            finally:
                server.kill()
        for name in times:
            paths = list((root / name / "data").iterdir())
            size = sum(path.stat().st_size for path in paths) / MEGA
            print(f"{name}: {len(paths)} objects, {size:.0f} MB")
        for at, what in enumerate(("add", "push", "pull")):
            print(f"{what}: archives are {times['files'][at] / times['shards'][at]:.1f} times as fast")
        shutil.rmtree(root / "store")


def archives(tracks: dict[str, tuple[int, str]]) -> dict[str, int]:
    """The archives of tracks by their content, and the size of each; `tracks` are sizes and contents by name."""
    found: dict[str, int] = {}
    filled, digest, category = 0, hashlib.sha256(), ""

    def close() -> None:
        if filled:
            found[digest.hexdigest()] = filled

    for name in sorted(tracks):
        size, content = tracks[name]
        n_bytes = 512 + size + -size % 512
        own = name.partition("_")[0]
        if own != category or shards.is_cut(filled, name, n_bytes):
            close()
            filled, digest, category = 0, hashlib.sha256(), own
        filled += n_bytes
        digest.update(f"{name} {content} ".encode())
    close()
    return found


def changes(n_tracks: int) -> Iterator[tuple[str, dict[str, tuple[int, str]], dict[str, tuple[int, str]]]]:
    """Cases of 1 % of the tracks that are new or others: what it is, all tracks before, and behind it."""
    rng = random.Random(0)
    names = [f"c{at % N_CATEGORIES}_{at // N_CATEGORIES:06d}.pt" for at in range(n_tracks)]
    before = {name: (1200 + 36 * rng.randint(*FRAMES), "") for name in names}
    n_changed = n_tracks // 100

    def other(chosen: list[str]) -> dict[str, tuple[int, str]]:
        return before | {name: (1200 + 36 * rng.randint(*FRAMES), "new") for name in chosen}

    yield "added at the end of one category", before, other([f"c3_{n_tracks + at:06d}.pt" for at in range(n_changed)])
    each = [f"c{at % N_CATEGORIES}_{n_tracks + at // N_CATEGORIES:06d}.pt" for at in range(n_changed)]
    yield f"added at the end of all {N_CATEGORIES} categories", before, other(each)
    small = {f"small_{at:06d}.pt": (1200 + 36 * rng.randint(*FRAMES), "") for at in range(n_changed)}
    yield "all of a category that is 1 %", before | small, other(list(small))
    of_one = sorted(name for name in names if name.startswith("c3_"))
    start = len(of_one) // 2
    yield "changed in a row", before, other(of_one[start : start + n_changed])
    yield "changed at random places", before, other(rng.sample(names, n_changed))


def measure_changes() -> None:
    print("| tracks | 1 % of them | archives written | of bytes |")
    print("|---|---|---|---|")
    for n_tracks in (10_000, 100_000, 1_000_000):
        for what, before, after in changes(n_tracks):
            old, new = archives(before), archives(after)
            written = [size for digest, size in new.items() if digest not in old]
            share_ = sum(written) / sum(new.values())
            print(f"| {n_tracks} | {what} | {len(written)} of {len(new)} | {share_:.2%} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--only", nargs="*", choices=["push", "change"], default=["push", "change"])
    chosen = parser.parse_args()
    if "change" in chosen.only:
        measure_changes()
    if "push" in chosen.only:
        measure_push(chosen.tracks, chosen.latency_ms)


if __name__ == "__main__":
    main()
