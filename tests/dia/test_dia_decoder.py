"""The decoder that samples row by row, against transformers' own forward pass."""

import pytest
import torch
from transformers import DiaConfig, DiaForConditionalGeneration

from helpers.micro_dia import MICRO, random_codes
from legato.dia import model
from legato.dia.batches import pad_texts
from legato.dia.decoder import Decoder

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")

TEXTS = [b"pad", b"808 bass melody, 140 bpm", b"\0" * 24]
SHAPES = {
    "as it is": {},
    "a head of keys for each of queries": {"num_key_value_heads": 4},
    "one head of keys": {"num_key_value_heads": 1, "cross_num_key_value_heads": 2},
    "another activation": {"hidden_act": "gelu"},
    "far apart": {"rope_parameters": {"rope_type": "linear", "rope_theta": 500.0, "factor": 2.0}},
}


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS], ids=["alone", "texts of many lengths"])
@torch.inference_mode()
def test_rows_one_by_one_give_what_transformers_gives_of_all(changes, texts):
    config = model.dia_config(MICRO).to_dict()
    config["decoder_config"] |= changes
    torch.manual_seed(3)
    dia = DiaForConditionalGeneration(DiaConfig.from_dict(config)).eval()
    text_BL, mask_BL = pad_texts(texts)
    rows_BTK = torch.stack([random_codes(30, seed).long() for seed in range(len(texts))])
    whole = dia(input_ids=text_BL, attention_mask=mask_BL, decoder_input_ids=rows_BTK, use_cache=False).logits
    decoder = Decoder(dia, text_BL, mask_BL, 30)
    found_BTKV = torch.stack([decoder.next(row_BK) for row_BK in rows_BTK.unbind(1)], dim=1)
    assert torch.allclose(found_BTKV.transpose(1, 2).flatten(0, 1), whole, atol=1e-4)
    assert whole.std() > 1e-2
