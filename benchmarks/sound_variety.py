"""How different the sounds are that tracks draw from params.yaml: `python benchmarks/sound_variety.py [draws]`.

Of each part that one of our instruments plays: the draws that were refused (silent, out of tune, endless), and how far
apart the accepted sounds are. A sound is one note at the part's usual key, held for 1.5 s; the distance of two is the
root mean square of the difference of their 80 mel bands' mean levels, in dB, over what is above -60 dB.
"""

import sys
from functools import partial

import numpy as np

from legato.audio.mel import log_mel_db
from legato.instruments.audition import middle_key, notes
from legato.instruments.catalogue import load
from legato.measure.diversity import QUIET_DB, nearest_db
from legato.render.players import draw
from legato.render.sounds import PROBE_S, PROBE_VELOCITY, probe, trouble
from legato.tokens import SAMPLE_RATE
from legato.workspace import categories, params
from legato.workspace.track import track_rng

TAIL_S = 4.0


def main(n_draws: int) -> None:
    for category in categories.names():
        for role, one in (params.read()["categories"][category].get("renderer") or {}).items():
            if "faust" in one:
                measure(category, role, n_draws)


def measure(category: str, role: str, n_draws: int) -> None:
    from legato.render.category import studio_of

    wanted = studio_of(category).renderers[role]
    key = middle_key(load(wanted.faust))
    part = notes((0.0, PROBE_S, key, PROBE_VELOCITY))
    refused, timbres = [], []
    for at in range(n_draws):
        player = draw(wanted, partial(track_rng, 0, category, at), f"renderer/{role}")
        note = probe(player, part, SAMPLE_RATE, TAIL_S, is_drums=role == "drums")
        if why := trouble(note, part, SAMPLE_RATE, is_drums=role == "drums"):
            refused.append(why)
        else:
            heard = note[: round(PROBE_S * SAMPLE_RATE)]
            timbres.append(np.maximum(log_mel_db(heard), QUIET_DB).mean(axis=(0, 1)))
    nearest = nearest_db(np.array(timbres))
    print(
        f"{category} {role} ({wanted.faust}): {len(refused)} of {n_draws} draws refused; nearest other sound at least "
        f"{nearest.min():.3f} dB, half of them {np.median(nearest):.2f} dB; {int((nearest == 0).sum())} alike"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
