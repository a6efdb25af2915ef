"""docs/instruments.md: every preset, how it is made, and a small spectrogram of each."""
