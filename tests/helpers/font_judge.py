"""What FluidSynth does with a font, by the binding alone: `font_judge.py FONT "[[0, 0], …]" "[60, …]"` prints the peaks
of each preset's notes, 0 where there is no sound, or dies of it."""

import array
import json
import sys

import fluidsynth

DITHER = 2  # of 16-bit samples of silence


def main(font: str, places: str, keys: str) -> None:
    synth = fluidsynth.Synth(gain=1.0, samplerate=44100.0)
    number = synth.sfload(font)
    peaks = []
    for place in json.loads(places):
        is_there = number >= 0 and synth.program_select(0, number, *place) == 0
        for key in json.loads(keys):
            if is_there:
                synth.noteon(0, key, 100)
            peak = max(map(abs, array.array("h", synth.get_samples(4410).tobytes())))
            peaks.append(peak if is_there and peak > DITHER else 0)
            synth.all_sounds_off(0)
            synth.get_samples(64)
    print(json.dumps(peaks))


if __name__ == "__main__":
    main(*sys.argv[1:])
