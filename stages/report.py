"""report: the version that has been built as a page to look at and listen to."""

from legato.dataset.card.config import CardParams
from legato.errors import stage
from legato.report.config import ReportParams
from legato.report.page import write_report
from legato.work import recorded
from legato.work.recorded import verified
from legato.workspace import categories, params
from legato.workspace.layout import AUDIO, CODES, MIDI


def main() -> None:
    recorded.verify(made.folder(name) for name in categories.names() for made in (CODES, MIDI, AUDIO))
    write_report(params.load("report", ReportParams), params.load("card", CardParams).name)


if __name__ == "__main__":
    stage(verified(main))
