"""CSV of strangers, row by row: memory does not grow with the file.

A row is a dict of texts. What cannot be a row is one nevertheless, with the reason under `BROKEN`, so that it is
refused by name and the others are read.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO

from legato.errors import LegatoError

MOST_LETTERS = 2**20  # of a cell
BROKEN = "\0broken"
Row = dict[str, str]


def read_rows(file: IO[bytes], where: str, needed: Sequence[str], hint: str = "") -> Iterator[Row]:
    """The rows of a CSV file with one header; a byte order mark is passed over, cells may hold line breaks.

    Args:
        where: what messages call the file.
        needed: columns that it must have.
        hint: what to do where it lacks one.

    Raises:
        LegatoError: there is no header, a column is missing or twice there, or a cell is longer than a million letters.
    """
    csv.field_size_limit(MOST_LETTERS)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    rows = csv.reader(text)
    try:
        header = next(rows, [])
        if missing := [name for name in needed if name not in header]:
            more = f": {hint}" if hint else ""
            raise LegatoError(f"{where}: its first line has no column {', '.join(missing)}{more}")
        if len(set(header)) < len(header):
            raise LegatoError(f"{where}: a column is there twice")
        for cells in rows:
            if cells:
                yield _row(header, cells)
    except csv.Error as error:
        raise LegatoError(f"{where}: line {rows.line_num}: not CSV: {error}") from None


def _row(header: list[str], cells: list[str]) -> Row:
    row = dict(zip(header, cells, strict=False))
    if len(cells) != len(header):
        row[BROKEN] = f"{len(cells)} cells in place of {len(header)}"
    elif any("\0" in cell for cell in cells):
        row[BROKEN] = "a null byte"
    elif any("\udc80" <= letter <= "\udcff" for cell in cells for letter in cell):
        row[BROKEN] = "not UTF-8"
    return row
