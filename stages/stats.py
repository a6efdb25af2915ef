"""stats: what the collected dataset is like, as metrics and plots."""

from legato.errors import stage
from legato.files import write_json
from legato.measure import metrics
from legato.work.recorded import verified
from legato.workspace.layout import CODEBOOK_FIGURES, DATASET_FIGURES, HELD_OUT, PLOTS, TAG_ACCURACY, TRAIN


def main() -> None:
    groups = metrics.read_datasets([TRAIN.path, HELD_OUT.path])
    write_json(DATASET_FIGURES.path, metrics.dataset_metrics(groups))
    write_json(CODEBOOK_FIGURES.path, metrics.codebook_metrics(groups))
    write_json(TAG_ACCURACY.path, metrics.tag_accuracy_metrics({name: one.verdicts for name, one in groups.items()}))
    for name, found in metrics.plots(groups).items():
        write_json(PLOTS.path / f"{name}.json", found)


if __name__ == "__main__":
    stage(verified(main))
