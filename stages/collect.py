"""collect: every category's codes and prompts as the dataset a trainer reads, with its provenance and its card."""

from legato.codec.weights import CodecParams
from legato.contract.facts import Facts
from legato.dataset import provenance
from legato.dataset.card.config import CardParams
from legato.dataset.card.folder import write_card
from legato.dataset.collect import collect, inputs
from legato.errors import stage
from legato.soundfont.config import SoundfontParams
from legato.work import recorded
from legato.work.recorded import verified
from legato.workspace import categories, params
from legato.workspace.layout import HELD_OUT, TRAIN
from legato.workspace.track import DatasetParams


def main() -> None:
    recorded.verify(inputs(categories.names()))
    font = params.load("soundfont", SoundfontParams)
    codec = params.load("codec", CodecParams)
    made_with: Facts = {
        "soundfont": font.path,
        "soundfont_license": font.license_id,
        "codec": codec.weights,
        "codec_license": codec.license_id,
    }
    dataset = params.load("dataset", DatasetParams)
    collect(categories.all_track_ids(), dataset.held_out, made_with, dataset.layout)
    for folder in (TRAIN.path, HELD_OUT.path):
        provenance.write(folder)
    write_card(params.load("card", CardParams), TRAIN.path, HELD_OUT.path)


if __name__ == "__main__":
    stage(verified(main))
