"""HTML that is safe by construction: every text is escaped, only `tag` makes markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and marks that turn the direction of what follows."""

_EMPTY = frozenset({"img", "meta", "br", "hr", "line", "rect", "circle", "path", "polyline"})


@dataclass(frozen=True)
class Html:
    """A piece of markup.

    Attributes:
        text: The markup itself.
    """

    text: str

    def __str__(self) -> str:
        """The markup itself."""
        return self.text


_SHORT = 14
"""Rows of a table that is not broken over two pages."""

Child = Html | str | int | None
"""What an element may hold: markup, or text that will be escaped; None is left out."""


def words(text: object) -> Html:
    """A text as markup that shows it letter by letter."""
    return Html(escape(_UNSEEN.sub("", str(text)), quote=True))


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """An element.

    Args:
        name: Name of the element.
        children: Markup, or text that is escaped.
        attributes: `class_` becomes `class`, `font_size` becomes `font-size`; None is
            left out.

    Returns:
        The element with all its texts escaped.
    """
    given = {key: value for key, value in attributes.items() if value is not None}
    listed = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{words(value)}"' for key, value in given.items()
    )
    inner = join(children)
    if name in _EMPTY:
        return Html(f"<{name}{listed}/>")
    return Html(f"<{name}{listed}>{inner}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Html:
    """Several pieces, one after the other."""
    known = (child for child in children if child is not None)
    parts = (child if isinstance(child, Html) else words(child) for child in known)
    return Html(str(words(between)).join(part.text for part in parts))


def paragraph(*children: Child, class_: str | None = None) -> Html:
    """A paragraph."""
    return tag("p", *children, class_=class_)


def paragraphs(texts: Iterable[str]) -> Html:
    """A paragraph per text; empty ones are left out."""
    return join(paragraph(text) for text in texts if text)


def bullets(items: Iterable[Child]) -> Html:
    """A list; nothing where there are no items."""
    listed = [tag("li", item) for item in items]
    return tag("ul", *listed) if listed else Html("")


def table(frame: pd.DataFrame, caption: str, *, n_labels: int = 1, by: str | None = None) -> Html:
    """A table whose first columns are headings of their rows.

    Args:
        frame: Texts, or numbers that are written as they are. A row whose first cell is
            empty goes on with what the row above speaks of.
        caption: What the table shows, one sentence.
        n_labels: Columns that are headings of their row.
        by: Column whose values become headings of the rows below them; rows with one
            value lie together.

    Returns:
        The table, in a box that scrolls where the window is narrow.
    """
    shown = frame if by is None else frame.drop(columns=by)
    names = [tag("th", str(name), scope="col") for name in shown.columns]
    inner = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *names)),
        tag("tbody", *_rows(shown, [] if by is None else frame[by].astype(str).tolist(), n_labels)),
    )
    return tag("div", inner, class_="table short" if len(shown) <= _SHORT else "table")


def _rows(frame: pd.DataFrame, groups: Sequence[str], n_labels: int) -> list[Html]:
    """Rows, and a heading above those of each group."""
    rows: list[Html] = []
    last = None
    for place, row in enumerate(frame.itertuples(index=False)):
        if groups and groups[place] != last:
            last = groups[place]
            heading = tag("th", last, colspan=len(frame.columns), scope="colgroup")
            rows.append(tag("tr", heading, class_="group"))
        goes_on = "more" if row[0] == "" else None
        rows.append(tag("tr", *_cells(row, n_labels), class_=goes_on))
    return rows


def _cells(row: Sequence[object], n_labels: int) -> list[Html]:
    """Cells of one row: its headings, then its values."""
    cells = []
    for number, value in enumerate(row):
        child = value if isinstance(value, Html) else str(value)
        is_label = number < n_labels
        cells.append(tag("th", child, scope="row") if is_label else tag("td", child))
    return cells


class Figures:
    """Numbers the figures of a report in the order in which they are added."""

    def __init__(self) -> None:
        self._n = 0

    def add(
        self, caption: str, *pictures: Html, class_: str | None = None, key: Html | None = None
    ) -> Html:
        """A figure with its number.

        Args:
            caption: What is seen, in sentences.
            pictures: Drawings and pictures, each with its own alternative text.
            class_: Class of the figure.
            key: What the colors mean.

        Returns:
            The figure.
        """
        self._n += 1
        number = tag("strong", f"Figure {self._n}.")
        box = tag("div", *pictures, class_="pictures")
        return tag("figure", box, key, tag("figcaption", number, " ", caption), class_=class_)
