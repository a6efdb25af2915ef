"""How fast an orchestra or a plugin plays four notes a second, in seconds of audio per second.

    python benchmarks/renderers.py [ORCHESTRA or PLUGIN...]

Each process's start is in it, because each part of each track starts one.
"""

import sys
import time
from pathlib import Path

from legato.instruments.audition import SAMPLE_RATE, notes
from legato.render import csound, outside, plugin
from legato.render.csound import CsoundParams
from legato.render.plugin import PluginParams
from legato.words import real_time, say

OURS = ("synths/soft_saws.orc", "/usr/lib/vst/amsynth_vst.so", "/usr/lib/vst/Nekobi-vst.so")
SECONDS = 31


def main(*paths: str) -> None:
    """Time each path's renderer, twice: the first call also plays the probe."""
    part = notes(*((second, second + 0.9, key, 100) for second in range(30) for key in (48, 60, 64, 67)))
    for path in paths or OURS:
        times = []
        for _ in range(2):
            began = time.perf_counter()
            if Path(path).suffix == ".orc":
                orchestra = CsoundParams(csound=path, license="not asked for")
                csound.play(orchestra, csound.draw(orchestra, outside.middle), part, SECONDS, SAMPLE_RATE)
            else:
                hosted = PluginParams(plugin=path, license="not asked for")
                plugin.play(hosted, plugin.draw(hosted, outside.middle), part, SECONDS, SAMPLE_RATE)
            times.append(time.perf_counter() - began)
        say(f"{path}: {real_time(SECONDS, times[1])}; with the probe {real_time(SECONDS, times[0])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
