"""docs/synths.md: every instrument and effect with its parameters, and how to add one."""

from collections.abc import Iterable

from legato.instruments.catalogue import DRUMS, EFFECT, MELODIC, Instrument, load, names
from legato.instruments.drum_keys import KEYS
from legato.midi.gm import DRUMS as GM_DRUMS

INTRODUCTION = """# Synthesisers

Instruments and effects of our own, written in [Faust](https://faust.grame.fr) and kept as the WebAssembly that they
compile to, in `src/legato/instruments/assets`. All of it is legato's own work and CC0-1.0. This page is written by
`python benchmarks/synths.py page`; a test compares it with the instruments.

- **The same bytes everywhere.** WebAssembly defines the result of every operation. A test has a hash of what each
  instrument plays. How many workers there are, which parts a process played before, and how much is rendered at a time
  change no byte.
- **Contained.** An instrument runs in [wasmtime](https://wasmtime.dev) in a memory of its own, reaches nothing of
  the machine, and has a deadline and a limit of memory. A hang, a wild address and a sound that is not finite are
  errors of one line.
- **Fast enough.** A core plays 50 to 700 seconds of one part in a second, deadlines on; `python benchmarks/synths.py
  speed` times each, and four parts with FluidSynth beside them. A process compiles an instrument when it first plays,
  in 0.01 to 0.15 s; nothing compiled is kept on disk.
- **Files that belong together.** The `.json` has the SHA-256 of the `.wasm` and of all sources; what does not match is
  refused.
- **Played like a part by FluidSynth**: notes with velocity, pitch bend in the range that the file sets, volume,
  expression, modulation wheel, sustain and sostenuto pedal. Times `render.gain`, an instrument at its defaults is about
  as loud as a part that FluidSynth plays from `legato.sf2`.
- **Band-limited.** Under 18 kHz, what folds down lies 60 dB under the strongest partial, with filters wide open, up to
  G7 (basses E4); of `acid_bass`, which bends inside its filter, 50 dB.
- At both ends of its range every parameter is heard, and no sound is silent. At its defaults an instrument is in tune
  within 25 cents. A note has ended 4 s after it is let go, however long its release.

```python
from legato.instruments.effects import process
from legato.instruments.parts import part_of
from legato.instruments.playing import play
from legato.midi.contents import read_contents

part = part_of(read_contents(Path("song.mid")).instruments[0])
audio = play("supersaw", {"cutoff_hz": 1200, "attack_s": 0.3}, part, seconds=30, sample_rate=44100)
audio = process("tape", {"wow_cents": 15}, audio, 44100)
```

"""

OWN = """## An instrument of one's own

1. Write `NAME.dsp` in `src/legato/instruments/assets`; `pluck.dsp` is a short example. It begins with a comment, whose
   first sentence says what it is, and with declarations:

   | `declare` | |
   |---|---|
   | `license` | of the instrument: ours are `"CC0-1.0"` |
   | `kind` | `"melodic"`, `"drums"` or `"effect"` |
   | `sounds` | the processes that a note strikes, with two outputs: one; of drums several, named as in `drum_keys.py` |
   | `post` | a process that hears the sum of all voices, two inputs and two outputs; all that an effect has |
   | `roles` | the roles that it suits; `bass` or `sub` as the first one says that it plays low |
   | `polyphony` | notes at once; 1 makes a lone voice that glides where keys overlap |
   | `choke` | drums that end one another |
   | `gain` | a factor that brings it to the level of the others |

2. `import("synth.lib")` has what the host sets (`freq`, `velocity`, `gate`, `wheel`, `seed`, `legato`), envelopes,
   band-limited waves and filters. `steady` is the pitch with its bends, `glide(s)` the same with a glide.
3. Each `hslider` is a parameter, drawn between its ends. Its name ends in its unit: `_hz`, `_s`, `_ms`, `_cents`,
   `_semitones`, `_octaves`, `_db`; without one it is a share. A comment on its line is printed here.
4. `make instruments` compiles all of them (it installs cyfaust and ziglang, 0.5 GB), writes the `.wasm` and the
   `.json`, and refuses library functions whose licence is not MIT, BSD, STK-4.3, or LGPL with Faust's exception.
   A build on another machine gives the same bytes.
5. `python benchmarks/synths.py golden`, then `page`, then `python -m pytest tests/instruments`: pitch, aliases,
   loudness, the ends of every range, and where a note ends are tested for each instrument that is there.
"""


def text() -> str:
    """The page."""
    return "".join(
        (INTRODUCTION, *_chapter("Instruments", (MELODIC, DRUMS)), *_drum_keys(), *_chapter("Effects", (EFFECT,)), OWN)
    )


def _chapter(title: str, kinds: tuple[str, ...]) -> Iterable[str]:
    yield f"## {title}\n\n| name | what it is | roles | notes at once |\n|---|---|---|---|\n"
    for name in names(*kinds):
        one = load(name)
        polyphony = {MELODIC: str(one.polyphony), DRUMS: f"{one.polyphony} of each sound"}.get(one.kind, "")
        yield f"| [`{name}`](#{name}) | {one.about} | {', '.join(one.roles)} | {polyphony} |\n"
    yield f"\n![{title}: spectrograms](synths/{title.lower()}.png)\n\n"
    for name in names(*kinds):
        yield from _parameters(load(name))


def _parameters(instrument: Instrument) -> Iterable[str]:
    yield f"### {instrument.name}\n\n| parameter | unit | from | to | default | |\n|---|---|---|---|---|---|\n"
    for parameter in instrument.parameters.values():
        numbers = " | ".join(f"{value:g}" for value in (parameter.low, parameter.high, parameter.default))
        yield f"| `{parameter.name}` | {parameter.unit} | {numbers} | {parameter.note} |\n"
    yield "\n"


def _drum_keys() -> Iterable[str]:
    yield "### Drum keys\n\nGeneral MIDI's. A key without a sound of its own is played by the nearest;"
    yield " others click.\n\n"
    yield "| key | General MIDI | sound | semitones |\n|---|---|---|---|\n"
    called = {key: name for name, key in GM_DRUMS.items()}
    for key, (sound, semitones) in sorted(KEYS.items()):
        yield f"| {key} | {called.get(key, '')} | `{sound}` | {semitones:+g} |\n"
    yield "\n"
