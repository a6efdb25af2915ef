"""What it takes to share a version: `python benchmarks/share.py [--tracks N] [--latency-ms MS ...] [--only NAME ...]`.

- push: `dvc push` and `dvc pull` of the same synthetic codes, as files and as archives, to an S3 server of this
  machine, in turns; the median of the rounds. `--latency-ms` holds back each answer of the server, as a network does;
  0 is the plain server. CPU seconds are those of DVC and of the server.
- change: how many bytes of archives a change of 1 % of the tracks rewrites, by where the changes are and how many
  tracks there are. Archives are counted and not written, so that 10^6 tracks take a minute.
"""

import argparse
import hashlib
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

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
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",  # rclone gives a range the checksum of the whole object
}
MEGA = 10**6
LAYOUTS = ("shards", "files")
STEPS = ("push", "pull")


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


class Took(NamedTuple):
    """What a command took, in seconds."""

    wall: float
    cpu: float  # of its own processes
    server_cpu: float = 0


def run(folder: Path, *words: str) -> Took:
    """Run a command; return what it took."""
    environment = os.environ | KEYS | {"DVC_NO_ANALYTICS": "1", "DVC_NO_PROGRESS": "1"}
    started, before = time.monotonic(), os.times()
    command = [str(BIN / words[0]) if words[0] == "dvc" else words[0], *words[1:]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(time.monotonic() - started, cpu)


def cpu_of(pid: int) -> float:
    """CPU seconds that a running process has had."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def prepare(folder: Path) -> None:
    """A repository with the folder `data` in it."""
    run(folder, "git", "init", "-q")
    run(folder, "dvc", "init", "-q")
    run(folder, "dvc", "add", "data")
    run(folder, "dvc", "remote", "add", "--default", "store", "s3://legato/x")
    run(folder, "dvc", "remote", "modify", "store", "verify", "true")
    run(folder, "git", "add", "-A")
    run(folder, "git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")


def share(folder: Path, address: str, name: str, server: int) -> dict[str, Took]:
    """What push takes, to a place of this name where nothing is, and pull of a fresh clone."""
    clone = folder.with_name("clone")
    shutil.rmtree(folder / ".dvc/tmp", ignore_errors=True)  # what DVC remembers of a store
    run(folder.parent, "git", "clone", "-q", str(folder), str(clone))
    took = {}
    for step, where in zip(STEPS, (folder, clone), strict=True):
        run(where, "dvc", "remote", "modify", "--local", "store", "url", f"s3://legato/{name}")
        run(where, "dvc", "remote", "modify", "--local", "store", "endpointurl", address)
        before = cpu_of(server)
        took[step] = run(where, "dvc", step)._replace(server_cpu=cpu_of(server) - before)
    for path in (folder / "data").iterdir():
        if (clone / "data" / path.name).read_bytes() != path.read_bytes():
            raise SystemExit(f"{path.name}: came back with other bytes")
    shutil.rmtree(clone)
    return took


def measure_push(n_tracks: int, latencies_ms: list[float], n_rounds: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "store/legato").mkdir(parents=True)
        make_codes(root / "files/data", n_tracks)
        pack(root / "files/data", root / "shards/data")
        for layout in LAYOUTS:
            prepare(root / layout)
            paths = list((root / layout / "data").iterdir())
            print(f"{layout}: {len(paths)} objects, {sum(path.stat().st_size for path in paths) / MEGA:.0f} MB")
        port = free_port()
        words = ["serve", "s3", str(root / "store"), "--addr", f"127.0.0.1:{port}", "--auth-key", "user,password"]
        with subprocess.Popen([BIN / "rclone", *words, "--quiet"]) as server:
            try:
                while socket.socket().connect_ex(("127.0.0.1", port)):
                    time.sleep(0.05)
                print("| latency | what | archives | files | times as fast |\n|---|---|---|---|---|")
                for latency_ms in latencies_ms:
                    seen = delayed(port, latency_ms / 1000) if latency_ms else port
                    compare(root, f"http://127.0.0.1:{seen}", server.pid, n_rounds, latency_ms)
            finally:
                server.kill()


def compare(root: Path, address: str, server: int, n_rounds: int, latency_ms: float) -> None:
    """Print a row for each step: both layouts in turns."""
    found: dict[str, list[dict[str, Took]]] = {layout: [] for layout in LAYOUTS}
    for at in range(n_rounds):
        for layout in LAYOUTS:
            name = f"{layout}_{latency_ms:g}_{at}"  # the server remembers what was in a folder that is gone
            found[layout].append(share(root / layout, address, name, server))
            shutil.rmtree(root / "store/legato" / name)
    for step in STEPS:
        medians = {
            layout: Took(*map(statistics.median, zip(*(one[step] for one in rounds), strict=True)))
            for layout, rounds in found.items()
        }
        cells = [f"{one.wall:.1f} s (CPU {one.cpu:.1f}, server {one.server_cpu:.1f})" for one in medians.values()]
        times = medians["files"].wall / medians["shards"].wall
        print(f"| {latency_ms:g} ms | {step} | {' | '.join(cells)} | {times:.1f} |", flush=True)


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
    parser.add_argument("--latency-ms", type=float, nargs="*", default=[0, 30])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=["push", "change"], default=["push", "change"])
    chosen = parser.parse_args()
    if "change" in chosen.only:
        measure_changes()
    if "push" in chosen.only:
        measure_push(chosen.tracks, chosen.latency_ms, chosen.rounds)


if __name__ == "__main__":
    main()
