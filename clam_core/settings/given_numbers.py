"""What a run keeps of a table of numbers that its scans were grouped by."""

from __future__ import annotations

from pydantic import Field

from clam_core.settings.base import Settings

TABLE = "table"
"""Method and kind of features of a run whose numbers were brought along."""
NO_MAPS = (
    "groups numbers of a table: such a run has no maps, as nothing tells where in a scan a number "
    "comes from"
)
NO_NEW_SCANS = (
    "groups numbers of a table: a new scan cannot be placed without its numbers; add its row to "
    "the table and fit again"
)


class GivenNumbers(Settings):
    """A table of numbers that was brought along.

    Attributes:
        table: Name of the file; empty where it may be the name of a person.
        digest: Of ids, names of columns and values.
        columns: Names of the columns that were used.
        n_components: Principal components that were clustered; 0 takes the columns themselves.
        is_standardized: Whether each column has a spread of 1, or keeps its own.
        clusterer: How they were grouped.
    """

    table: str
    digest: str
    columns: tuple[str, ...]
    n_components: int = Field(ge=0)
    is_standardized: bool
    clusterer: str

    @property
    def words(self) -> str:
        """What was grouped, as part of a sentence."""
        named = f" ({self.table})" if self.table else ""
        n = len(self.columns)
        return f"{n:,} {'number' if n == 1 else 'numbers'} of a table that was brought along{named}"
