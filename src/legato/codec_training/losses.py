"""What a codec's output is compared with its input by. Axis suffixes: B batch, N samples, F bins, T frames.

Waveform and spectral magnitudes alone never teach a small codec the phase (docs/codec.md); complex spectra do.
"""

from functools import cache

import torch
import torchaudio
from torch import Tensor
from torch.nn import functional

from legato.tokens import SAMPLE_RATE

MEL_SIZES = (2048, 1024, 512, 256, 128)  # of windows; their hop is a quarter
COMPLEX_SIZES = (2048, 512, 128)
BINS_PER_MEL = 6.4  # of a window's samples: 320 bands for 2048, 20 for 128
MAGNITUDE_SHARE = 0.2
FLOOR = 1e-5


def mel_loss(estimate_BN: Tensor, reference_BN: Tensor) -> Tensor:
    """Mean absolute difference of log10 mel magnitudes, and a fifth of that of all bins, over window sizes."""
    total = estimate_BN.new_zeros(())
    for size in MEL_SIZES:
        ours_BFT, theirs_BFT = (spectrum(audio_BN, size).abs() for audio_BN in (estimate_BN, reference_BN))
        filters_FM = _filters(size).to(estimate_BN.device)
        our_mels, their_mels = (log10(one_BFT.transpose(1, 2) @ filters_FM) for one_BFT in (ours_BFT, theirs_BFT))
        bins = functional.l1_loss(log10(ours_BFT), log10(theirs_BFT))
        total = total + functional.l1_loss(our_mels, their_mels) + MAGNITUDE_SHARE * bins
    return total / len(MEL_SIZES)


def stft_loss(estimate_BN: Tensor, reference_BN: Tensor) -> Tensor:
    """Mean distance of complex spectra, relative to the reference's mean magnitude, over window sizes."""
    total = estimate_BN.new_zeros(())
    for size in COMPLEX_SIZES:
        reference_BFT = spectrum(reference_BN, size)
        apart_BFT = spectrum(estimate_BN, size) - reference_BFT
        total = total + (apart_BFT.abs().mean() / reference_BFT.abs().mean().clamp_min(FLOOR))
    return total / len(COMPLEX_SIZES)


def spectrum(audio_BN: Tensor, size: int) -> Tensor:
    """Short-time Fourier transform, complex (B, F, T)."""
    window_N = torch.hann_window(size, device=audio_BN.device)
    return torch.stft(audio_BN, size, size // 4, window=window_N, return_complex=True)


def log10(magnitudes: Tensor) -> Tensor:
    """Logarithm above a floor, under which nothing is distinguished."""
    return magnitudes.clamp_min(FLOOR).log10()


@cache
def _filters(size: int) -> Tensor:
    return torchaudio.functional.melscale_fbanks(
        size // 2 + 1, 0.0, SAMPLE_RATE / 2, round(size / BINS_PER_MEL), SAMPLE_RATE, norm="slaney", mel_scale="slaney"
    )
