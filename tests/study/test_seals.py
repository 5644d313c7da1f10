"""A digest inside each file: what was written is read back, or it is said to be damaged."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.errors import StudyError
from clam_core.study import atomic
from clam_core.study.seals import (
    SEAL,
    BrokenSealError,
    pack_json,
    pack_table,
    unpack_json,
    unpack_table,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAME = st.text("abc", max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(NAME, one, max_size=3),
    max_leaves=8,
)
TABLE = pd.DataFrame(
    {"n": [1.5, np.nan], "text": ["a", None], "flag": [True, False], "row": [[1, 2], [3]],
     "level": pd.Categorical(["x", "y"]), "when": pd.to_datetime(["2020-01-01", None])},
    index=pd.Index(["s1", "s2"], name="scan_id", dtype="str"),
)  # fmt: skip


@given(st.dictionaries(NAME, VALUES, max_size=4))
def test_json_comes_back(values):
    assert repr(unpack_json(pack_json(values))) == repr(values)


def test_every_bit_of_a_json_file():
    content = pack_json({"a": 1.5, "b": "text", "c": [True, None, {"d": 10}]})
    values, accepted = unpack_json(content), 0
    for place in range(8 * len(content)):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        try:
            found = unpack_json(bytes(changed))
        except ValueError:  # a broken seal is one, too
            continue
        accepted += 1
        # A blank between values, or the name of the seal: every value is as it was.
        assert {name: found[name] for name in values} == values
    assert accepted < len(content)


def test_json_without_a_seal_is_taken_as_it_is():
    values = json.loads(pack_json({"a": 1}))
    assert unpack_json(json.dumps({"a": 2}).encode()) == {"a": 2}
    with pytest.raises(BrokenSealError):
        unpack_json(json.dumps({**values, "a": 2}).encode())
    with pytest.raises(ValueError, match="no JSON object"):
        unpack_json(b"[1]")


def test_a_change_by_hand_says_what_to_do(tmp_path):
    path = tmp_path / "study.json"
    atomic.write_json(path, {"a": 1})
    path.write_text(path.read_text().replace('"a": 1', '"a": 2'))
    with pytest.raises(StudyError, match=f"delete its line '{SEAL}'"):
        atomic.read_json(path)


def test_tables_come_back_with_types_index_and_attributes():
    table = TABLE.copy()
    table.attrs["time_unit"] = "year"
    content = pack_table(table)
    found = unpack_table(content)
    row = found.pop("row")
    assert [list(one) for one in row] == [[1, 2], [3]]
    pd.testing.assert_frame_equal(found, table.drop(columns="row"))
    assert found.attrs == {"time_unit": "year"}
    assert pack_table(table) == content


def test_other_programs_read_the_tables(tmp_path):
    (tmp_path / "t.parquet").write_bytes(pack_table(TABLE))
    assert pq.read_table(tmp_path / "t.parquet").column("n").to_pylist()[0] == 1.5


def test_every_byte_of_a_table():
    content = pack_table(TABLE[["n", "text"]])
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        try:
            found = unpack_table(bytes(changed))
        except (OSError, ValueError):
            continue
        pd.testing.assert_frame_equal(found, TABLE[["n", "text"]])  # the mark of the seal


def test_a_table_that_speaks_of_seals_is_no_seal():
    table = pd.DataFrame({"text": ["clam-seal:" + "0" * 64, "clam-seal:"]})
    pd.testing.assert_frame_equal(unpack_table(pack_table(table)), table)
