"""How often the stated key is heard, by two profiles: `python benchmarks/keys.py [tracks]`.

For every category with pitched parts: of first drafts, and of the scores that the composer lets pass.

`python benchmarks/keys.py second [tracks]`: of first drafts of whose key the first profiles are sure, as they must be
of a user's own file, how often the second ones, by which the judge checks it, agree, and how often they dispute what is
wrong.
"""

import sys
from collections import Counter

import numpy as np
from examples import categories

from legato.compose.song import Score, draft, write_score
from legato.compose.tonality import durations, heard_key
from legato.midi.key import PROFILES, estimate_key
from legato.midi.rewrite import BASS_PITCH, MIN_KEY_MARGIN
from legato.truth.evidence import SECOND_PROFILES
from legato.workspace.track import track_rng


def is_heard(score: Score, profile: str) -> bool:
    """Whether this profile finds the score's tonic and its third."""
    pitched = [tone for role, tones in score.parts.items() if role != "drums" for tone in tones]
    return heard_key(durations(pitched), profile) == (score.key.tonic, score.key.has_minor_third)


def main(n_tracks: int = 400) -> None:
    for name, music in categories().items():
        if set(music.parts) == {"drums"}:
            continue
        for what, write in (("first drafts", draft), ("scores", write_score)):
            scores = [write(music, track_rng(0, name, index, "compose")) for index in range(n_tracks)]
            shares = (f"{p} {sum(is_heard(score, p) for score in scores) / n_tracks:.1%}" for p in PROFILES)
            print(f"{name:16} {what:12} {', '.join(shares)}", flush=True)


def second(n_tracks: int = 200) -> None:
    counts: Counter[str] = Counter()
    for name, music in categories().items():
        scores = (draft(music, track_rng(0, name, index, "compose")) for index in range(n_tracks))
        for score in (score for score in scores if score.is_tonal):
            pitched = [tone for role, tones in score.parts.items() if role != "drums" for tone in tones]
            if np.median([tone.pitch for tone in pitched]) < BASS_PITCH:  # a bass line alone
                continue
            *found, margin = estimate_key(durations(pitched))
            if margin >= MIN_KEY_MARGIN:
                is_right = found == [score.key.tonic, "minor" if score.key.has_minor_third else "major"]
                agrees = [*estimate_key(durations(pitched), SECOND_PROFILES)[:2]] == found
                counts["sure"] += 1
                counts["agree"] += agrees
                counts["wrong"] += not is_right
                counts["wrong and disputed"] += not (is_right or agrees)
    print(dict(counts))


if __name__ == "__main__":
    run = second if sys.argv[1:2] == ["second"] else main
    run(*(int(word) for word in sys.argv[1:] if word.isdecimal()))
