"""Which sheet of a workbook is the table: the one with the study's ids, and no legend."""

from __future__ import annotations

from collections.abc import Iterable

from clam_core.tables.near_misses import id_key
from clam_core.tables.text.header_words import header_words, word_set
from clam_core.tables.text.raw_table import RawTable

_LEGEND_TITLES = word_set(
    """
    legend legende leyenda readme read liesmich lies info infos information about notes note notizen
    codebook dictionary key variables variablen labels beschreibung erlauterung erklarung hinweise
    comments kommentare glossary glossar contents inhalt cover deckblatt changelog
    """
)
_LEGEND_NAMES = word_set(
    """
    variable variables meaning description field label definition explanation coding codes values
    bedeutung beschreibung erlauterung variablenname feld kodierung signification champ
    significado descripcion abbreviation abkurzung
    """
)
_JUDGED_ROWS = 5000


def sheet_rank(title: str, table: RawTable, keys: frozenset[str]) -> tuple[int, bool, bool]:
    """How much a sheet looks like the table that is wanted; more is better.

    Args:
        title: Name of the sheet.
        table: What it holds.
        keys: The ids of a study, as `keys_of` gives them; may be empty.

    Returns:
        How many ids it holds in its best column, whether it is no legend, and whether it has
        more than one column.
    """
    columns = zip(*table.rows[:_JUDGED_ROWS], strict=True) if keys else iter(())
    n_ids = max((len(keys & keys_of(cell for cell in one if cell)) for one in columns), default=0)
    return n_ids, not _is_legend(title, table), len(table.columns) > 1


def keys_of(ids: Iterable[str]) -> frozenset[str]:
    """Ids in whatever way they are spelled."""
    return frozenset(id_key(one) for one in ids if len(one) <= 128) - {""}


def _is_legend(title: str, table: RawTable) -> bool:
    if set(header_words(title)) & _LEGEND_TITLES:
        return True
    named = sum(bool(set(header_words(name)) & _LEGEND_NAMES) for name in table.columns)
    return named > 1 or (named == 1 and len(table.columns) <= 3)
