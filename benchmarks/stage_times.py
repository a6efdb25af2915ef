"""The wall time of each stage of `dvc repro`, from nothing: `python benchmarks/stage_times.py`.

Everything is rebuilt (`--force`) in the current clone. DVC's own work between two stages (hashing, the lock) is
counted with the one before.
"""

import subprocess
import time

ANNOUNCEMENT = "Running stage '"


def main() -> None:
    started, stage = time.monotonic(), "dvc"
    seconds: dict[str, float] = {}
    with subprocess.Popen(["dvc", "repro", "--force"], stdout=subprocess.PIPE, text=True) as repro:
        for line in repro.stdout or ():
            if line.startswith(ANNOUNCEMENT):
                now = time.monotonic()
                seconds[stage] = seconds.get(stage, 0) + now - started
                started, stage = now, line.removeprefix(ANNOUNCEMENT).split("'")[0].split("@")[0]
    seconds[stage] = seconds.get(stage, 0) + time.monotonic() - started
    for name, spent in seconds.items():
        print(f"{name:10} {spent:6.1f} s")
    print(f"{'total':10} {sum(seconds.values()):6.1f} s")
    raise SystemExit(repro.returncode)


if __name__ == "__main__":
    main()
