"""How far each preset's level is moved, in dB, so that all sound alike: measured through FluidSynth by
`python benchmarks/instruments.py levels`, and held by a test."""

LEVELS: dict[tuple[str, int], float] = {}
