"""What makes a beat be called what it is: where its kicks, snares and hats fall.

Conventions: steps are 16ths, 0 to 15 in a bar; a share is of the bars in which those drums play.
"""

from collections.abc import Callable

import numpy as np

from legato.truth.evidence import HATS, KICKS, SNARES, Evidence
from legato.truth.thresholds import HIT_SHARE, SPARSE_HITS_PER_BAR, SYNCOPATED_SHARE, TRAP_HATS_PER_BAR


def _on(keys: tuple[int, ...], *steps: int) -> Callable[[Evidence], bool]:
    return lambda e: all(e.share_of_bars(keys, step) >= HIT_SHARE for step in steps)


def _backbeat(evidence: Evidence) -> bool:
    return _on(SNARES, 4, 12)(evidence)


def _is_syncopated(evidence: Evidence) -> bool:
    kicks = np.round(evidence.hits(KICKS)).astype(int)
    return len(kicks) > 0 and np.mean(kicks % 4 != 0) >= SYNCOPATED_SHARE


GROOVES: dict[str, Callable[[Evidence], bool]] = {
    "boom_bap": lambda e: _backbeat(e) and e.share_of_bars(KICKS, 0) >= HIT_SHARE,
    "dusty": _backbeat,
    "trap": lambda e: e.share_of_bars(SNARES, 8) >= HIT_SHARE and len(e.hits(HATS)) >= TRAP_HATS_PER_BAR * e.n_bars,
    "house": _on(KICKS, 0, 4, 8, 12),
    "synthwave": _backbeat,
    "halftime": lambda e: e.share_of_bars(SNARES, 8) >= HIT_SHARE,
    "pop": _backbeat,
    "rock": _backbeat,
    "lofi": _backbeat,
    "funk": lambda e: _backbeat(e) and _is_syncopated(e),
    "sparse": lambda e: sum(len(part.pitch) for part in e.drums) <= SPARSE_HITS_PER_BAR * e.n_bars,
}
