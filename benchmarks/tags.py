"""How well checks on notes separate music: `python benchmarks/tags.py [tracks of each category]`.

For every way to play, groove, feel and kind of chords: of composed songs that may claim it the share of which the check
says so, and of the songs that may not the share of which it says so nevertheless: where that is high, the check is a
weak one. Of grooves and feels only songs with drums count, of harmony only those with chords.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from examples import categories

from legato.compose.song import compose
from legato.midi.contents import read_contents
from legato.midi.song import write_midi
from legato.prompts.claims import Claim, claims_of
from legato.prompts.vocabulary import CLAIMS
from legato.truth.checks import CHECKS
from legato.truth.evidence import Evidence
from legato.workspace.track import track_rng

KINDS = ("playing", "groove", "feel", "harmony")
SILENCE = np.zeros((1, 2), dtype=np.float32)  # none of these checks listens


def songs(n_tracks: int) -> Iterator[Evidence]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        for name, music in categories().items():
            for index in range(n_tracks):
                song, facts = compose(music, track_rng(0, name, index, "compose"))
                write_midi(path, song)
                yield Evidence(midi=read_contents(path), audio=SILENCE, sample_rate=44100, facts=facts)


def may_be_asked(claim: Claim, evidence: Evidence) -> bool:
    """Whether the song has what the claim is about."""
    if claim.kind == "harmony":
        return bool(evidence.facts["chords"])
    return bool(evidence.drums) if claim.kind in ("groove", "feel") else True


def main(n_tracks: int = 40) -> None:
    found: dict[Claim, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for evidence in songs(n_tracks):
        claimed = set(claims_of(evidence.facts))
        for claim in (Claim(kind, value) for kind in KINDS for value in CLAIMS[kind]):
            if may_be_asked(claim, evidence):
                says_so = all(is_true for _, is_true in CHECKS[claim.kind](claim.value, evidence))
                found[claim][claim in claimed].append(says_so)
    print(f"{'':20} {'claimed':>8} {'true':>6} {'others':>8} {'true':>6}")
    for (kind, value), says_so in found.items():
        cells = (
            f"{len(each):8} {f'{np.mean(each):.0%}' if each else '-':>6}" for each in (says_so[True], says_so[False])
        )
        print(f"{kind:8} {value:11} {' '.join(cells)}")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
