"""The cells of one column, counted, and as numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from clam_core.tables.text.cell_words import is_doubtful, is_missing, on_one_scale
from clam_core.tables.text.date_text import DateOrder
from clam_core.tables.text.missing_codes import cells_with_codes
from clam_core.tables.text.number_text import Numbers, read_numbers
from clam_core.tables.text.raw_table import Decimal, RawTable

ENOUGH = 0.9
"""Share of the cells that must be numbers (or dates) for a column to be numeric."""


@dataclass(frozen=True)
class Column:
    """The cells of one column, counted.

    Attributes:
        name: Its name.
        cells: Text of each row; None is empty.
        lines: Line of the file of each row.
        decimal: Decimal mark of the table, for columns that do not tell.
        point_is_decimal: Whether a point can be nothing but a decimal mark.
        missing_values: Codes that the user declared to mean missing.
        date_order: Order of dates that the user gave.
        decimal_is_sure: Whether the user said the decimal mark.
    """

    name: str
    cells: list[str | None]
    lines: list[int]
    decimal: Decimal
    point_is_decimal: bool
    missing_values: tuple[str, ...] = ()
    date_order: DateOrder | None = None
    decimal_is_sure: bool = False

    @classmethod
    def of(
        cls,
        table: RawTable,
        name: str,
        decimal: Decimal | None = None,
        missing_values: tuple[str, ...] = (),
        date_order: DateOrder | None = None,
        *,
        decimal_is_sure: bool = False,
    ) -> Column:
        """A column of a table; without a decimal mark of its own it has the table's."""
        return cls(
            name,
            table.cells(name),
            table.lines,
            decimal or table.decimal,
            table.format != "csv",
            missing_values,
            date_order,
            decimal_is_sure,
        )

    @cached_property
    def declared(self) -> dict[str, str]:
        """Cells that hold a code which was declared to mean missing, and that code."""
        if not self.missing_values:
            return {}
        texts = list(dict.fromkeys(cell for cell in self.cells if cell is not None))
        marks = Counter(text for text in texts if not is_missing(text))
        decimal = self._read(marks).decimal
        point = self.point_is_decimal
        return cells_with_codes(texts, self.missing_values, decimal, point_is_decimal=point)

    @property
    def codes_as_numbers(self) -> dict[str, float]:
        """Cells that hold a declared code which is a number, and that number."""
        return self._read(Counter(list(self.declared))).values

    @cached_property
    def counts(self) -> Counter[str]:
        """Every text and how often it occurs; missing words and empty cells are left out."""
        everything = Counter(cell for cell in self.cells if cell is not None)
        signs = "+" in everything
        return Counter(
            {
                text: n
                for text, n in everything.items()
                if not (is_missing(text) and not (signs and text == "-"))
                and text not in self.declared
            }
        )

    @cached_property
    def sure(self) -> Counter[str]:
        """The same without words such as `unknown`, among them `none`."""
        return Counter({t: n for t, n in self.counts.items() if not is_doubtful(t)})

    @cached_property
    def answers(self) -> Counter[str]:
        """The same without words such as `unknown`; `none` is an answer beside `mild`."""
        if not on_one_scale([*self.sure, "none"]):
            return self.sure
        return Counter(
            {t: n for t, n in self.counts.items() if not is_doubtful(t) or t.casefold() == "none"}
        )

    @cached_property
    def numbers(self) -> Numbers:
        """The cells as numbers."""
        return self._read(self.sure)

    def _read(self, cells: Counter[str]) -> Numbers:
        return read_numbers(
            cells,
            self.decimal,
            point_is_decimal=self.point_is_decimal,
            default_is_sure=self.decimal_is_sure,
        )

    @cached_property
    def number_share(self) -> float:
        """Share of the cells that are numbers, 0 to 1."""
        numeric = sum(self.sure[text] for text in self.numbers.values)
        return numeric / max(self.sure.total(), 1)

    def lines_of(self, texts: set[str]) -> list[int]:
        """Lines in which one of these texts stands."""
        pairs = zip(self.cells, self.lines, strict=True)
        return [line for cell, line in pairs if cell is not None and cell in texts]
