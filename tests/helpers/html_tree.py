"""A page as the tree that a browser makes of it."""

from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

VOID = frozenset({"meta", "link", "img", "br", "input"})  # elements without an end tag


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tree = TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tree.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.tree.end(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tree.end(tag)

    def handle_data(self, data: str) -> None:
        self.tree.data(data)


def parse(text: str) -> Element:
    """The `html` element."""
    builder = _Builder()
    builder.feed(text.removeprefix("<!doctype html>\n"))
    builder.close()
    return builder.tree.close()


def text_of(element: Element) -> str:
    """All text in an element."""
    return "".join(element.itertext())
