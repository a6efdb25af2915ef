"""A model to start from: a pretrained Dia, widened from the 9 codebooks of mono to the 18 of stereo.

Transformers' Dia keeps codebook k's embeddings in rows k * vocabulary to (k + 1) * vocabulary of one table, adds up
those of a frame, and keeps the heads the same way. The second nine begin as copies of the first. All embeddings are
halved, so that a frame whose sides are alike is embedded as the mono model embeds one side: what follows is then
the mono model's to the rounding, and both sides are given its logits.
"""

from pathlib import Path

from transformers import DiaConfig, DiaForConditionalGeneration

from legato.dia import record
from legato.dia.config import DELAY_PATTERN
from legato.dia.halves import halves
from legato.dia.model import check_tokens
from legato.dia.pretrained import read_pretrained
from legato.errors import LegatoError
from legato.tokens import N_CHANNELS, N_CODEBOOKS

EMBEDDINGS, HEADS = "model.decoder.embeddings.embed.weight", "logits_dense.weight"
KEY = "params.yaml: train.start"


def read_start(folder: Path, codec_sha256: str | None = None) -> DiaForConditionalGeneration:
    """The pretrained Dia in a folder that `save_pretrained` wrote, in float32, with 18 codebooks and our delays.

    Args:
        codec_sha256: of the codec whose codes it is going to learn; None where the dataset does not say.

    Raises:
        LegatoError: there is none, as `read_pretrained` says; its tokens are not ours; or it is a model of legato's
            that speaks another codec's codes.
    """
    try:
        record.check_codec(folder, codec_sha256, "the dataset")
        is_ours = (folder / record.FILE).exists()  # and so of 18: the 9 of a pretrained Dia are another codec's
        n_channels = (N_CHANNELS,) if is_ours else (N_CODEBOOKS, N_CHANNELS)
        model = read_pretrained(folder, lambda config: check_tokens(config, folder, n_channels))
    except LegatoError as error:
        raise LegatoError(f"{KEY}: {error}") from None
    _, decoder = halves(model.config)
    if decoder.num_channels == N_CODEBOOKS:
        return widen(model)
    model.config.delay_pattern = list(DELAY_PATTERN)
    return model


def widen(mono: DiaForConditionalGeneration) -> DiaForConditionalGeneration:
    """A stereo Dia that begins where a mono one is."""
    config = mono.config.to_dict()
    config["decoder_config"]["num_channels"] = N_CHANNELS
    config["delay_pattern"] = list(DELAY_PATTERN)
    stereo = DiaForConditionalGeneration(DiaConfig.from_dict(config))
    weights = mono.state_dict()
    weights[EMBEDDINGS] = weights[EMBEDDINGS].repeat(2, 1) / 2
    weights[HEADS] = weights[HEADS].repeat(2, 1)
    stereo.load_state_dict(weights)
    return stereo
