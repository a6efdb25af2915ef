"""summary: a version of the dataset and its model in a few figures."""

from legato.errors import stage
from legato.files import write_json
from legato.measure.summary import read_reports, summarize
from legato.work.recorded import verified
from legato.workspace.layout import REPORTS, SUMMARY


def main() -> None:
    write_json(SUMMARY.path, summarize(read_reports(REPORTS)))


if __name__ == "__main__":
    stage(verified(main))
