"""Elements of a page, whose text is escaped when they are written."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from xml.etree.ElementTree import Element

Inside = Element | str
UNKNOWN = "–"  # a figure of a table that there is not
WHOLE = 16  # characters of a row's name that a table never breaks
_JOINT = re.compile(r"(?<=[._/:])(?=\w)")  # where a path or a dotted key may continue in the next line
_NUMBER = re.compile(r"[-−+]?\d[\d.,]*(e[-+]?\d+)?(\s?%)?")


def element(tag: str, *inside: Inside, **attributes: str) -> Element:
    """An element with text and elements in it; of attributes `class_` is `class`, and `aria_label` is `aria-label`.

    >>> from xml.etree.ElementTree import tostring
    >>> tostring(element("p", "a < b ", element("b", "c"), " d", class_="note"), encoding="unicode")
    '<p class="note">a &lt; b <b>c</b> d</p>'
    """
    made = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for part in inside:
        if isinstance(part, Element):
            made.append(part)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + part
        else:
            made.text = (made.text or "") + part
    return made


def breakable(name: str) -> Iterator[Inside]:
    """A path, a dotted key or an id, which a narrow place breaks at its joints and not in a word.

    >>> [part if isinstance(part, str) else part.tag for part in breakable("music.bpm")]
    ['music.', 'wbr', 'bpm']
    """
    for nth, piece in enumerate(_JOINT.split(name)):
        if nth:
            yield element("wbr")
        yield piece


def with_code(text: str) -> Iterator[Inside]:
    """A message of our own, in which backticks mark commands, as a page shows it.

    >>> [part if isinstance(part, str) else part.text for part in with_code("run `dvc repro` first")]
    ['run ', 'dvc repro', ' first']
    """
    for nth, piece in enumerate(text.split("`")):
        if nth % 2:
            yield element("code", piece)
        elif piece:
            yield piece


def table(head: list[str], rows: Sequence[Sequence[str]], class_: str = "", compared: Sequence[int] = ()) -> Element:
    """A table whose first column names the rows; it scrolls sideways where it does not fit.

    Columns of numbers are aligned to the right, those with other words to the left.

    Args:
        compared: columns that are aligned alike.
    """
    numeric = [_is_numeric(column) for column in zip_longest(*rows, fillvalue="")] or [False] * len(head)
    both = all(numeric[at] for at in compared)
    numeric = [both if at in compared else is_numeric for at, is_numeric in enumerate(numeric)]
    kinds = [{} if is_numeric else {"class_": "words"} for is_numeric in numeric]
    titles = element(
        "thead",
        element("tr", *(element("th", cell, scope="col", **kind) for cell, kind in zip(head, kinds, strict=False))),
    )
    body = (
        element(
            "tr",
            element("th", *(breakable(name) if len(name) > WHOLE else [name]), scope="row"),
            *(_cell(cell, kind) for cell, kind in zip(cells, kinds[1:], strict=False)),
        )
        for name, *cells in rows
    )
    made = element("table", titles, element("tbody", *body), **({"class_": class_} if class_ else {}))
    return element("div", made, class_="scroll", tabindex="0", role="region", aria_label=f"table by {head[0]}")


def _cell(text: str, kind: dict[str, str]) -> Element:
    unknown = {"title": "not known"} if text == UNKNOWN else {}
    return element("td", text, **kind, **unknown)


def _is_numeric(column: Sequence[str]) -> bool:
    """Whether a column holds numbers and nothing else but signs for none."""
    told = [cell for cell in column if cell not in ("", "-", UNKNOWN)]
    return all(_NUMBER.fullmatch(cell) for cell in told)


def missing(what: str, command: str) -> Element:
    """Words in the place of a part that is not there."""
    return element("p", f"{what}: not built yet. ", element("code", command), " makes it.", class_="absent")
