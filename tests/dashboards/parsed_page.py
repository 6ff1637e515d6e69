"""A small reader of built pages: elements with attributes and text, enough to check them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "link", "img", "source", "input", "br"}


@dataclass
class Element:
    """One element of a page."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list["Element"])
    own_text: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        """All text inside, in no particular order between children."""
        return " ".join([*self.own_text, *(child.text for child in self.children)]).strip()

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Every element below with that tag and those attributes (``class_`` means one of the classes)."""
        wanted = attributes.pop("class_", None)
        found = [
            child
            for child in self.children
            if (not tag or child.tag == tag)
            and (wanted is None or wanted in child.attributes.get("class", "").split())
            and all(child.attributes.get(name) == value for name, value in attributes.items())
        ]
        if wanted is not None:
            attributes["class_"] = wanted
        return found + [hit for child in self.children for hit in child.all(tag, **attributes)]

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._open[-1].own_text.append(data.strip())


def read_page(path: Path) -> Element:
    """The page as a tree. Raises AssertionError where elements are not closed in order."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert len(reader._open) == 1, f"{path.name}: <{reader._open[-1].tag}> is not closed"  # pyright: ignore[reportPrivateUsage]
    return reader.root
