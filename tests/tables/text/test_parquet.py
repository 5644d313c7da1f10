"""Parquet: every plain type as text, everything else left out and said, sizes held."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clam_core.errors import LimitError, ReadError, TableError
from clam_core.settings import TableLimits
from clam_core.tables.read_table import read_table

TYPES = {
    "text": (pa.array(["001", None]), ["001", None]),
    "large_text": (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
    "view": (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
    "category": (pa.array(["mild", None]).dictionary_encode(), ["mild", None]),
    "number_category": (pa.array([3, 4]).dictionary_encode(), ["3", "4"]),
    "whole": (pa.array([1, None]), ["1", None]),
    "float": (pa.array([1.5, float("nan")]), ["1.5", None]),
    "whole_float": (pa.array([2.0, 1e20]), ["2", "1e+20"]),
    "single": (pa.array([0.1, 2.0], pa.float32()), ["0.1", "2"]),
    "half": (pa.array(np.array([1.5, 2], np.float16)), ["1.5", "2"]),
    "decimal": (pa.array([decimal.Decimal("1.50"), None]), ["1.50", None]),
    "flag": (pa.array([True, None]), ["TRUE", None]),
    "day": (pa.array([dt.date(2024, 1, 2), None]), ["2024-01-02", None]),
    "moment": (
        pa.array([1704164645123456789, None], pa.timestamp("ns")),
        ["2024-01-02T03:04:05", None],
    ),
    "midnight": (pa.array([dt.datetime(2024, 1, 2), None]), ["2024-01-02", None]),
    "clock": (pa.array([dt.time(8, 15), None]), ["08:15:00", None]),
    "nothing": (pa.nulls(2), [None, None]),
}


def write(path, table, **options):
    pq.write_table(table, path, **options)
    return path


def test_plain_types_become_text(tmp_path):
    table = pa.table({name: values for name, (values, _) in TYPES.items()})
    found = read_table(write(tmp_path / "t.parquet", table))
    assert found.columns == tuple(TYPES)
    assert {name: found.cells(name) for name in TYPES} == {
        n: text for n, (_, text) in TYPES.items()
    }
    assert found.notes == ("Read from a Parquet file.",)
    assert found.decimal == "."


def test_columns_of_other_types_are_left_out_and_named(tmp_path):
    nested = {"list": [[1], [2]], "record": [{"a": 1}, {"a": 2}], "bytes": [b"a", b"b"]}
    path = write(tmp_path / "t.parquet", pa.table({"id": ["x", "y"], **nested}))
    found = read_table(path)
    assert found.columns == ("id",)
    assert found.notes[1] == "Columns without plain values left out: 'list', 'record', 'bytes'."
    with pytest.raises(TableError, match="t.parquet has no column with plain values"):
        read_table(write(path, pa.table(nested)))


def test_the_index_of_a_frame_is_a_column(tmp_path):
    frame = pd.DataFrame({"fvc": [1.5, 2.5]}, index=pd.Index(["001", "002"], name="scan_id"))
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    assert read_table(path).cells("scan_id") == ["001", "002"]
    frame.rename_axis(None).to_parquet(path)
    assert read_table(path).cells("index") == ["001", "002"]


def test_every_cut_is_a_sentence(tmp_path):
    content = write(tmp_path / "t.parquet", pa.table({"id": ["x", "y"], "a": [1, 2]})).read_bytes()
    cut = tmp_path / "cut.parquet"
    for size in range(4, len(content), 31):
        cut.write_bytes(content[:size])
        with pytest.raises(ReadError, match="cut.parquet is a damaged Parquet file .*export it"):
            read_table(cut)


def test_empty_tables_and_nul_characters_are_sentences(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(TableError, match="has a header but no row below it"):
        read_table(write(path, pa.table({"a": pa.array([], pa.int64())})))
    with pytest.raises(ReadError, match="NUL characters within a text"):
        read_table(write(path, pa.table({"a": ["x\0y"]})))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_rows": 1999}, "t.parquet has more than 1,999 rows; at most that many are read"),
        ({"max_columns": 199}, "t.parquet has 200 columns; at most 199 are read"),
        ({"max_cells": 399_999}, "t.parquet has more than 399,999 cells; .* columns that matter"),
        ({"max_unpacked_bytes": 100_000}, "t.parquet would unpack to .* MB; at most 0 MB"),
    ],
)
def test_a_large_table_is_refused_from_its_footer(tmp_path, limits, message):
    zeros = np.zeros(2000)
    path = write(
        tmp_path / "t.parquet", pa.table({f"c{n}": zeros for n in range(200)}), use_dictionary=False
    )
    with pytest.raises(LimitError, match=message):
        read_table(path, TableLimits(**limits))


def test_more_cells_than_the_quota_are_refused(tmp_path):
    """A small file, because one value is repeated."""
    one = pa.array(np.zeros(25_001)).dictionary_encode()
    path = write(tmp_path / "t.parquet", pa.table({f"c{n}": one for n in range(200)}))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(LimitError, match="more than 5,000,000 cells; at most that many are read"):
        read_table(path)


def test_a_long_text_is_refused(tmp_path):
    path = write(tmp_path / "t.parquet", pa.table({"a": ["x" * 40_000]}))
    with pytest.raises(LimitError, match="t.parquet has a cell of 40,000 letters"):
        read_table(path)
