"""Harmonisation: what is taken out of a fit, and what became of the clusters, in words."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from clam_core.errors import SettingsError
from clam_core.settings.base import Settings
from clam_core.wording import plural

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Index = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
BeforeAfter = tuple[Index, Index]
"""Agreement of clusters with a column without and with harmonisation (adjusted Rand index)."""

FEWEST_OF_LEVEL = 5
"""Scans of a level from which its mean is worth something."""
MOST_UNKNOWN = 0.2
"""Share of the scans that may be without a level: these may be of a scanner of their own."""
FOLLOWS = 0.3
"""Adjusted Rand index from which clusters are said to follow a column."""


class HarmoniseSettings(Settings):
    """What is taken out of the numbers that scans are grouped by.

    Attributes:
        column: Column that says how each scan was made.
        keep: Columns whose differences must not count as technical ones.
        despite: Columns that may go with `column` all the same.
        digest: Of the values of `column` and `keep` for the scans of the run.
    """

    column: str
    keep: tuple[str, ...] = ()
    despite: tuple[str, ...] = ()
    digest: str = ""


def harmonise_settings(
    column: str | None, keep: tuple[str, ...] = (), despite: tuple[str, ...] = ()
) -> HarmoniseSettings | None:
    """What a person asked for; None where nothing is taken out.

    Raises:
        SettingsError: If columns are kept while nothing is taken out.
    """
    if column is not None:
        return HarmoniseSettings(column=column, keep=keep, despite=despite)
    if keep or despite:
        raise SettingsError(
            "--harmonise-keep and --harmonise-despite belong to --harmonise COLUMN; add that, or "
            "leave them out."
        )
    return None


class Harmonised(Settings):
    """What harmonisation did to the clusters of a run.

    Attributes:
        column: Column that was taken out, as people call it.
        levels: Scans of each level.
        n_unknown: Scans without a value, or without one of a column to keep; they were treated
            like the others, but nothing was learnt from them.
        kept: Columns that were to be kept, as people call them.
        share: Share of the variation between scans that lay between the levels, before and
            after, beyond chance.
        technical: How far the clusters are the levels, before and after.
        clinical: The same for each column to keep that has levels.
        same: Agreement of the clusters before with those after.
        views: View that was grouped before, and after.
    """

    column: str
    levels: dict[str, int]
    n_unknown: int = Field(default=0, ge=0)
    kept: tuple[str, ...] = ()
    share: tuple[Share, Share]
    technical: BeforeAfter
    clinical: dict[str, BeforeAfter] = Field(default_factory=dict)
    same: Index
    views: tuple[str, str]


def harmonised_sentences(found: Harmonised) -> tuple[str, ...]:
    """What was taken out, and what became of the clusters."""
    levels = ", ".join(f"{name} {n}" for name, n in found.levels.items())
    share, left = (f"{100 * value:.0f} %" for value in found.share)
    first = (
        f"Differences between levels of {found.column} ({levels} scans) were taken out of what is "
        f"grouped: {share} of the variation between scans lay between them, {left} does now."
    )
    sentences = [first, _agreement(found)]
    if found.n_unknown:
        sentences.append(
            f"{plural(found.n_unknown, 'scan')} without a value were treated like the others, but "
            "nothing was learnt from them."
        )
    if found.technical[1] >= FOLLOWS:
        sentences.append(
            f"The clusters still follow {found.column}: harmonisation did not take it out. Compare "
            "clusters within one level, or fit the levels apart."
        )
    if not found.kept and found.technical[0] >= FOLLOWS:
        sentences.append(
            f"If a disease differs between levels of {found.column}, what differs with it was "
            "taken out, too; name it as a column to keep (--harmonise-keep)."
        )
    return tuple(sentences)


def _agreement(found: Harmonised) -> str:
    of_all = {found.column: found.technical, **found.clinical}
    each = ", ".join(
        f"with {name} {before:.2f} before and {after:.2f} after"
        for name, (before, after) in of_all.items()
    )
    return (
        f"The clusters agree (adjusted Rand index; 1: the same, 0: no more than chance) {each}; "
        f"clusters before and after agree at {found.same:.2f}."
    ).replace(" -", " −")
