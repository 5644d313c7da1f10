"""Which answer of a column means that the event was seen: known words are taken, others asked for.

A hazard ratio turns into its inverse where the wrong answer is taken for the event, so whatever
can mean both is asked for: 1 and 2 (R codes censored as 1), a column called `censored`, a third
answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clam_core.errors import TableError
from clam_core.files.personal_names import fold
from clam_core.statistics.result import Labels, Values
from clam_core.tables.text.cell_words import yes_or_no
from clam_core.tables.text.header_words import header_words, word_set
from clam_core.tables.text.number_text import read_number
from clam_core.tables.text.raw_table import some
from clam_core.wording import plural

_SEEN = word_set(
    "event dead died death deceased exitus transplant transplanted progressed progression relapse "
    "relapsed recurrence tot tod verstorben gestorben mort decede deces muerto fallecido"
)
_NOT_SEEN = word_set(
    "alive living censored survived survivor stable none no n false 0 lebend lebt lebendig "
    "zensiert nein vivant censure non vivo viva censurado"
) | {"no event", "not dead", "event-free", "event free", "lost to follow-up", "lost to follow up"}
_TURNED = word_set(
    "cens alive living survived survivor survival survive free lost lebend lebt lebendig uberlebt "
    "vivant vivo viva censure censurado"
)
"""Words of a column's name after which `yes` or 1 may mean that the event was not seen."""


@dataclass(frozen=True, eq=False)
class SeenEvent:
    """Where the event was seen, and by which answer.

    Attributes:
        level: The answer that means it was seen.
        seen: 1 where it was, 0 where not, NaN where nothing is said, shape (n,).
        sentence: Which answer, how often, in which cluster.
        competing: 1 where another event came first that ends the chance of this one, else
            0, shape (n,); None where no such answer was named.
    """

    level: str
    seen: Values
    sentence: str
    competing: Values | None = None


def guess_event(names: Sequence[str], levels: Sequence[str]) -> str | None:
    """The answer that can mean nothing but that the event was seen.

    Args:
        names: What the column is called, in the table and on screen.
        levels: Its answers.

    Returns:
        One of `levels`; None where a person has to say it.
    """
    folded = {level: " ".join(fold(level).split()) for level in levels}
    seen = [level for level in levels if folded[level] in _SEEN]
    if len(seen) == 1 and all(folded[one] in _NOT_SEEN for one in levels if one != seen[0]):
        return seen[0] if len(levels) <= 2 else None
    answers = yes_or_no(levels)
    if answers is None or len(levels) != 2 or any(_is_turned(name) for name in names):
        return None
    return next(level for level in levels if answers[level] == "yes")


def _is_turned(name: str) -> bool:
    words = header_words(name)
    return any(word in _TURNED or "censor" in word or "zensier" in word for word in words)


def find_event(
    names: Sequence[str], levels: Sequence[str], counts: Sequence[int], stated: str | None
) -> tuple[str, str]:
    """The answer that means that the event was seen, and why it was taken.

    Args:
        names: What the column is called: in the table first, then on screen.
        levels: Its answers.
        counts: How many rows have each.
        stated: The answer that a person has named.

    Returns:
        One of `levels`, and a few words.

    Raises:
        TableError: If the answer that was named does not occur, or one has to be named.
    """
    pairs = zip(levels, counts, strict=True)
    shown = some([f"{level!r} ({plural(n, 'row')})" for level, n in pairs], 8)
    if stated is not None:
        wanted = _same(stated, levels)
        if wanted is None:
            raise TableError(
                f"Column {names[0]!r} has no answer {stated!r}, which was stated to mean that the "
                f"event was seen; it has {shown or 'no answer at all'}."
            )
        return wanted, "as stated"
    guessed = guess_event(names, levels)
    if guessed is not None:
        return guessed, "its usual meaning; state another answer if that is wrong"
    more = " A code that stands for a missing value can be declared." if len(levels) > 2 else ""
    why = f", and {names[0]!r} may say that it was not" if any(map(_is_turned, names)) else ""
    raise TableError(
        f"Column {names[0]!r} has the answers {shown or 'of no row'}{why}; state which one means "
        f"that the event was seen (event level).{more}"
    )


def find_competing(
    name: str, levels: Sequence[str], event: str, stated: Sequence[str]
) -> list[str]:
    """The answers that mean a competing event.

    Args:
        name: The column.
        levels: Its answers.
        event: The answer that means the event.
        stated: The answers that a person has named.

    Returns:
        Some of `levels`.

    Raises:
        TableError: If one does not occur or is the event itself.
    """
    found = []
    for one in stated:
        level = _same(one, levels)
        if level is None:
            raise TableError(
                f"Column {name!r} has no answer {one!r}, which was stated to be a competing event; "
                f"it has {some([repr(level) for level in levels], 8)}."
            )
        if level == event:
            raise TableError(
                f"The answer {level!r} of column {name!r} cannot be the event and a competing "
                "event; name another one."
            )
        found.append(level)
    return found


def _same(stated: str, levels: Sequence[str]) -> str | None:
    """The level that a person means: letter by letter, else without regard to case, or by value."""
    if stated in levels:
        return stated
    number = read_number(stated)
    for level in levels:
        if fold(level) == fold(stated) or (number is not None and read_number(level) == number):
            return level
    return None


def event_sentence(
    name: str, level: str, how: str, seen: Values, labels: Labels, others: Sequence[str]
) -> str:
    """Which answer means the event, and in how many rows of which cluster it was seen.

    Args:
        name: The column.
        level: The answer.
        how: Why it was taken.
        seen: 1, 0 or NaN, of the rows that are compared.
        labels: Their clusters.
        others: Its other answers, but for competing events.
    """
    known = np.isfinite(seen)
    counts = "counts" if len(others) == 1 else "count"
    each = [
        f"cluster {number}: {int(seen[own].sum())} of {int(own.sum())}"
        for number in np.unique(labels[labels >= 1])
        for own in [known & (labels == number)]
    ]
    rest = f"; {some([repr(one) for one in others], 8)} {counts} as not seen" if others else ""
    return (
        f"The event is the answer {level!r} in column {name!r} ({how}): seen in "
        f"{int(seen[known].sum())} of {plural(int(known.sum()), 'row')} ({', '.join(each)}){rest}."
    )
