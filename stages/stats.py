"""stats: what the collected dataset is like, as metrics and plots."""

from pathlib import Path

from legato.contract.tags import split_tags
from legato.dataset.collect import HELD_OUT, TRAIN
from legato.errors import stage
from legato.files import write_json
from legato.measure import metrics
from legato.tokens import CODEBOOK_NAMES
from legato.work.recorded import verified

REPORTS = Path("reports")
PLOTS = REPORTS / "plots"


def main() -> None:
    rows, counts = metrics.read_datasets([TRAIN, HELD_OUT])
    codebooks = metrics.codebook_metrics(rows, counts)
    write_json(REPORTS / "dataset.json", metrics.dataset_metrics(rows, counts))
    write_json(REPORTS / "codebooks.json", codebooks)
    write_json(REPORTS / "tag_accuracy.json", metrics.tag_accuracy_metrics(rows))
    write_json(PLOTS / "tags.json", metrics.histogram(rows, lambda row: split_tags(row["prompt"]), "tag"))
    write_json(PLOTS / "bpm.json", metrics.histogram(rows, metrics.bpm_of, "bpm"))
    write_json(PLOTS / "loudness.json", metrics.histogram(rows, lambda row: [round(row["lufs"], 1)], "lufs"))
    write_json(PLOTS / "peaks.json", metrics.histogram(rows, lambda row: [round(row["dbtp"], 1)], "dbtp"))
    write_json(PLOTS / "keys.json", metrics.histogram(rows, metrics.key_of, "key"))
    total = [{"codebook": name, "perplexity": codebooks[metrics.TOTAL][name]} for name in CODEBOOK_NAMES]
    write_json(PLOTS / "perplexity.json", total)


if __name__ == "__main__":
    stage(verified(main))
