"""How a study and a run show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape


def as_text(title: str, facts: Mapping[str, object], sentences: Sequence[str] = ()) -> str:
    """Lines for a terminal: a title, a fact per line, and sentences."""
    width = max((len(name) for name in facts), default=0)
    lines = [title, *(f"  {name:<{width}}  {value}" for name, value in facts.items())]
    return "\n".join([*lines, *sentences])


def as_html(title: str, facts: Mapping[str, object], sentences: Sequence[str] = ()) -> str:
    """The same for a browser; every text is escaped, for names come from strangers."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return f"<div><strong>{escape(title)}</strong><table>{rows}</table>{said}</div>"
