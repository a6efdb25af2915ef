"""summary: a version of the dataset and its model in a few figures."""

from pathlib import Path

from legato.errors import stage
from legato.files import write_json
from legato.measure.summary import read_reports, summarize
from legato.work.recorded import verified


def main() -> None:
    reports = Path("reports")
    write_json(reports / "summary.json", summarize(read_reports(reports)))


if __name__ == "__main__":
    stage(verified(main))
