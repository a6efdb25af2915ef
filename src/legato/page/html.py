"""Elements of a page, whose text is escaped when they are written."""

from xml.etree.ElementTree import Element

Inside = Element | str


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


def table(head: list[str], rows: list[list[str]]) -> Element:
    """A table whose first column names the rows; it scrolls sideways where it does not fit."""
    titles = element("thead", element("tr", *(element("th", cell, scope="col") for cell in head)))
    body = (
        element("tr", element("th", name, scope="row"), *(element("td", cell) for cell in cells))
        for name, *cells in rows
    )
    made = element("table", titles, element("tbody", *body))
    return element("div", made, class_="scroll", tabindex="0", role="region", aria_label=head[0])


def missing(what: str, command: str) -> Element:
    """Words in the place of a part that is not there."""
    return element("p", f"{what}: not built yet. ", element("code", command), " makes it.", class_="absent")
