"""What makes a beat be called what it is: where its kicks, snares and hats fall.

Conventions: steps are 16ths, 0 to 15 in a bar; a share is of the bars in which those drums play.
"""

from collections.abc import Callable

import numpy as np

from legato.truth.evidence import HATS, KICKS, SNARES, Evidence


def _on(keys: tuple[int, ...], *steps: int, share: float) -> Callable[[Evidence], bool]:
    return lambda e: all(e.share_of_bars(keys, step) >= share for step in steps)


def _backbeat(evidence: Evidence) -> bool:
    return _on(SNARES, 4, 12, share=0.6)(evidence)


def _is_syncopated(evidence: Evidence) -> bool:
    kicks = np.round(evidence.hits(KICKS)).astype(int)
    return len(kicks) > 0 and np.mean(kicks % 4 != 0) >= 0.25


GROOVES: dict[str, Callable[[Evidence], bool]] = {
    "boom_bap": lambda e: _backbeat(e) and e.share_of_bars(KICKS, 0) >= 0.6,
    "dusty": _backbeat,
    "trap": lambda e: e.share_of_bars(SNARES, 8) >= 0.6 and len(e.hits(HATS)) >= 6 * e.n_bars,
    "house": _on(KICKS, 0, 4, 8, 12, share=0.6),
    "synthwave": _backbeat,
    "halftime": lambda e: e.share_of_bars(SNARES, 8) >= 0.6,
    "pop": _backbeat,
    "rock": _backbeat,
    "lofi": _backbeat,
    "funk": lambda e: _backbeat(e) and _is_syncopated(e),
    "sparse": lambda e: sum(len(part.pitch) for part in e.drums) <= 8 * e.n_bars,
}
