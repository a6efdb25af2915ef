"""How often the stated key is heard, by two profiles: `python benchmarks/keys.py [tracks]`.

For every category with pitched parts: of first drafts, and of the scores that the composer lets pass.
"""

import sys

from examples import categories

from legato.compose.song import Score, draft, write_score
from legato.compose.tonality import durations, heard_key
from legato.midi.key import PROFILES
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


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
