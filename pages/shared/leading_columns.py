"""Which columns of a clinical table are shown first where there is room for a few."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clam_core.tables.column_info import ColumnInfo

_FAMILIES = ("lung function", "visual scores", "demographics", "symptoms and outcomes")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_OF_A_PLACE = frozenset(
    ["bbox", "box", "bounding", "centre", "center", "centroid", "coord", "coords", "coordinate",
     "coordinates", "corner", "x", "y", "z"]
)  # fmt: skip
_OF_A_LIST = frozenset(
    ["file", "filename", "id", "idx", "index", "instance", "path", "row", "sequence", "serial",
     "series", "slice", "uid"]
)  # fmt: skip
_CODED = re.compile(r"(.+?)[_ .-]?(?:value|code|num)", re.IGNORECASE)


def leading(columns: Iterable[ColumnInfo]) -> list[ColumnInfo]:
    """Columns with those first that a physician asks for first, two of each family in turn."""
    infos = useful_first(columns)
    place = {family: number for number, family in enumerate(_FAMILIES)}
    names = {info.name for info in infos}
    seen: dict[str, int] = {}
    keys = []
    for info in infos:
        turn = seen.setdefault(info.family, 0) // 2
        seen[info.family] += 1
        keys.append((_says_little(info, names), turn, place.get(info.family, len(place))))
    return [infos[i] for i in sorted(range(len(infos)), key=keys.__getitem__)]


def useful_first(columns: Iterable[ColumnInfo]) -> tuple[ColumnInfo, ...]:
    """The columns in their order, but coordinates, ids, counters and codes of others last."""
    infos = list(columns)
    names = {info.name for info in infos}
    return tuple(sorted(infos, key=lambda info: _says_little(info, names)))


def _says_little(info: ColumnInfo, names: set[str]) -> bool:
    """Whether a column says where something lies, counts rows, or repeats another as numbers."""
    words = {word.casefold() for word in _WORD.findall(info.name)}
    coded = _CODED.fullmatch(info.name)
    repeats = coded is not None and coded[1] in names
    return repeats or bool(words & (_OF_A_PLACE | _OF_A_LIST))
