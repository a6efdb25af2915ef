"""report: the version that has been built as a page to look at and listen to."""

from legato import params
from legato.card.config import CardParams
from legato.errors import stage
from legato.report.config import ReportParams
from legato.report.page import write_report


def main() -> None:
    write_report(params.load("report", ReportParams), params.load("card", CardParams).name)


if __name__ == "__main__":
    stage(main)
