"""The two halves of a Dia's configuration, whose types transformers leaves open."""

from transformers import DiaConfig
from transformers.models.dia.configuration_dia import DiaDecoderConfig, DiaEncoderConfig


def halves(config: DiaConfig) -> tuple[DiaEncoderConfig, DiaDecoderConfig]:
    """The encoder's and the decoder's."""
    encoder, decoder = config.encoder_config, config.decoder_config
    assert isinstance(encoder, DiaEncoderConfig)
    assert isinstance(decoder, DiaDecoderConfig)
    return encoder, decoder
