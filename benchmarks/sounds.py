"""How true words of our instruments' sounds are: `python benchmarks/sounds.py [sounds of each] [word …]`.

Of each word: of sounds that may be called so the share of which the check says so; and the same of others of the same
instrument, and of other instruments. Keys, velocities and lengths are drawn too. `lofi` is heard in mixes: of composed
songs by legato.sf2, which must be there, with a crusher within the word's rule and without one.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
from examples import ROOT, categories

from legato.audio.samples import read_audio
from legato.compose.song import compose
from legato.instruments.catalogue import EFFECT, Instrument, load, names
from legato.instruments.effects import process
from legato.midi.song import write_midi
from legato.prompts.sounds import AS_INSTRUMENTS, EFFECTS, SOUNDS, Rule, may_be_called
from legato.render.production import RenderParams
from legato.render.rendering import Studio, render
from legato.truth.by_ear import HEARD, Sound
from legato.truth.sounds import CHECKS, Solo
from legato.workspace import params
from legato.workspace.track import track_rng

SAMPLE_RATE = 44100
KEYS = {"sub": (26, 48), "bass": (28, 50), "drums": (36, 36), "pad": (48, 79), "chords": (48, 79)}  # by first role
OTHER_KEYS = (55, 84)
FONT = Path("dataset/soundfonts/legato.sf2")


def drawn(instrument: Instrument, rng: np.random.Generator, rule: Rule | None = None) -> dict[str, float]:
    """Parameters from all of an instrument's ranges, or from a rule's; half of them on a logarithmic scale."""
    found = {}
    for name, parameter in instrument.parameters.items():
        low, high = rule.bounds.get(name, (-np.inf, np.inf)) if rule else (-np.inf, np.inf)
        low, high = max(low, parameter.low), min(high, parameter.high)
        is_log = low > 0 and rng.random() < 0.5
        value = np.exp(rng.uniform(*np.log([low, high]))) if is_log else rng.uniform(low, high)
        found[name] = float(np.clip(round(value, 4), low, high))
    return found


def solo(instrument: Instrument, rng: np.random.Generator, rule: Rule | None = None) -> Solo:
    """A sound of an instrument, as one note of a part."""
    key = int(rng.integers(*KEYS.get(instrument.roles[0], OTHER_KEYS), endpoint=True))
    part = SimpleNamespace(
        pitch=np.array([key]),
        velocity=np.array([int(rng.integers(60, 121))]),
        start_s=np.array([0.0]),
        end_s=np.array([rng.uniform(1.0, 2.0)]),
    )
    parameters = drawn(instrument, rng, rule)
    return Solo(instrument=instrument.name, parameters=parameters, part=part, sample_rate=SAMPLE_RATE)  # type: ignore[arg-type]


def others(rule: Rule, rng: np.random.Generator, n: int) -> Iterator[Solo]:
    """Sounds of a rule's instrument that are not within it; at most `n`, fewer where nearly all are."""
    some = (solo(load(rule.name), rng) for _ in range(10 * n))
    outside = (one for one in some if not may_be_called(rule, one.instrument, one.parameters))
    yield from (one for one, _ in zip(outside, range(n), strict=False))


def share(says_so: list[bool]) -> str:
    return f"{np.mean(says_so):7.1%} of {len(says_so):3}" if says_so else f"{'-':>14}"


def measure(value: str, rule: Rule, n: int) -> None:
    rng = np.random.default_rng(7)
    check, own = CHECKS[value], load(rule.name)
    kin = [load(name) for name in names() if load(name).kind == own.kind and name != rule.name]
    claimed = [check(solo(own, rng, rule)) for _ in range(n)]
    same = [check(one) for one in others(rule, rng, n // 2)]
    foreign = [check(solo(kin[at % len(kin)], rng)) for at in range(n)] if kin and own.kind != EFFECT else []
    print(f"{value:17} {rule.name:15} {share(claimed)}   {share(same)}   {share(foreign)}", flush=True)


def songs(n: int) -> Iterator[np.ndarray]:
    """The mixes of composed songs, their first 20 s."""
    settings = RenderParams.model_validate(params.read(ROOT / "params.yaml")["render"])
    studio = Studio(font=FONT, params=settings, sample_rate=SAMPLE_RATE)
    with TemporaryDirectory() as folder:
        midi, audio = Path(folder) / "song.mid", Path(folder) / "song.flac"
        for at in range(n):
            name, music = list(categories().items())[at % len(categories())]
            write_midi(midi, compose(music, track_rng(3, name, at, "compose"))[0])
            render(midi, audio, Path(folder), studio, partial(track_rng, 3, name, at))
            yield read_audio(audio, SAMPLE_RATE)[: 20 * SAMPLE_RATE]


def measure_effect(value: str, rule: Rule, n: int) -> None:
    rng = np.random.default_rng(7)
    check, effect = HEARD[f"{value}_heard"], load(rule.name)
    claimed, clean = [], []
    for audio in songs(n):
        clean.append(bool(check(Sound(audio=audio, sample_rate=SAMPLE_RATE))))
        rough = process(rule.name, drawn(effect, rng, rule), audio, SAMPLE_RATE)
        claimed.append(bool(check(Sound(audio=rough, sample_rate=SAMPLE_RATE))))
    print(f"{value:17} {rule.name:15} {share(claimed)}   {'':14}   {share(clean)}", flush=True)


def main(n: int, only: list[str]) -> None:
    print(f"{'':33} {'may be said':>14}   {'others of it':>14}   {'others':>14}")
    for value, rule in {**AS_INSTRUMENTS, **SOUNDS}.items():
        if not only or value in only:
            measure(value, rule, n)
    for value, rule in EFFECTS.items():
        if value in only or (not only and FONT.is_file()):
            measure_effect(value, rule, n // 4)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:])
