"""Tables of numbers: who matches whom, what is left out and why, nothing in silence."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import LimitError, NearMissError, ReadError, TableError
from clam_core.settings import TableLimits
from clam_core.tables.import_table import ClinicalOptions
from clam_core.tables.numbers.feature_table import read_features
from clam_core.tables.read_table import read_table

N = 12
IDS = [f"scan-{row:02d}" for row in range(N)]
SCANS = pd.DataFrame({"subject_id": [f"P{row}" for row in range(N)]}, index=IDS)
VALUES = np.random.default_rng(0).normal(size=(N, 3)) * [1, 1e-6, 1e6]


def frame():
    return pd.DataFrame(VALUES, columns=["a", "b", "c"]).assign(scan_id=IDS)


def read(path, scans=SCANS, ready=None, **options):
    found = read_table(path)
    return read_features(found, scans, IDS if ready is None else ready, ClinicalOptions(**options))


def test_every_format_gives_the_same_numbers(tmp_path):
    for ending, written in {
        "comma.csv": {"sep": ","},
        "semicolon.csv": {"sep": ";", "decimal": ","},
        "tab.tsv": {"sep": "\t"},
        "bar.txt": {"sep": "|"},
    }.items():
        frame().to_csv(tmp_path / ending, index=False, **written)
    frame().to_parquet(tmp_path / "x.parquet")
    np.savez(tmp_path / "x.npz", values=VALUES, ids=np.array(IDS), names=np.array(["a", "b", "c"]))
    for path in sorted(tmp_path.iterdir()):
        found = read(path)
        assert found.scan_ids == tuple(IDS), path.name
        assert set(found.columns) == {"a", "b", "c"}, path.name
        order = [found.columns.index(name) for name in "abc"]
        np.testing.assert_allclose(found.values[:, order], VALUES, rtol=1e-12)


def test_rows_in_any_order_come_back_in_that_of_the_study(tmp_path):
    frame().iloc[::-1].to_csv(tmp_path / "t.csv", index=False)
    np.testing.assert_allclose(read(tmp_path / "t.csv").values, VALUES)


def test_what_cannot_be_grouped_is_left_out_and_said_with_its_number(tmp_path):
    table = frame().assign(
        empty=np.nan,
        software="v1.2 of it",
        constant=7.5,
        gaps=[1.0, 2.0, *[np.nan] * (N - 2)],
        twin=VALUES[:, 0],
        patient_number=range(4711, 4711 + N),
    )
    table.insert(0, "Unnamed: 0", range(N))
    table.to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv")
    assert found.columns == ("a", "b", "c")
    said = " ".join(found.notes)
    for part in (
        "1 column left out, with no numbers: 'software'",
        "with no value for any scan: 'empty'",
        "with the same value for every scan: 'constant'",
        "with values missing for more than 20% of the scans: 'gaps'",
        "with nothing that another column does not hold: 'twin'",
        "with only the numbers of the rows: 'Unnamed: 0'",
        "with numbers that look like ids: 'patient_number'",
    ):
        assert part in said


def test_gaps_and_infinite_values_are_filled_and_counted(tmp_path):
    table = frame()
    table.loc[0, "a"], table.loc[1, "a"] = np.nan, np.inf
    table.to_csv(tmp_path / "t.csv", index=False, na_rep="n/a")
    found = read(tmp_path / "t.csv")
    middle = np.median(VALUES[2:, 0])
    np.testing.assert_allclose(found.values[:2, 0], middle)
    said = " ".join(found.notes)
    assert "1 infinite value taken as missing." in said
    assert "2 missing values in 1 column filled by the median" in said


def test_a_scan_with_hardly_a_number_is_left_out_and_named(tmp_path):
    table = frame()
    table.loc[3, ["a", "b"]] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv")
    assert len(found.scan_ids) == N - 1 and IDS[3] not in found.scan_ids
    assert "1 scan left out, whose row lacks more than half of the numbers: scan-03" in " ".join(
        found.notes
    )


def test_scans_without_row_rows_without_scan_and_scans_not_prepared_are_told(tmp_path):
    table = frame().iloc[2:]
    table = pd.concat([table, table.iloc[[0]].assign(scan_id="someone-else")])
    table.to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv", ready=IDS[:-1])
    assert found.scan_ids == tuple(IDS[2:-1])
    said = " ".join(found.notes)
    assert "10 of 12 scans have a row" in said
    assert "2 scans have no row: scan-00, scan-01." in said
    assert "1 row belongs to no scan of this study: 'someone-else'" in said
    assert "1 scan with a row is not prepared and left out: scan-11." in said


def test_ids_that_nearly_match_are_refused_until_they_are_accepted(tmp_path):
    frame().assign(scan_id=[one.replace("-", "_").upper() for one in IDS]).to_csv(
        tmp_path / "t.csv", index=False
    )
    with pytest.raises(NearMissError, match="spelled in another way"):
        read(tmp_path / "t.csv")
    assert read(tmp_path / "t.csv", apply_near_misses=True).scan_ids == tuple(IDS)


def test_rows_that_contradict_each_other(tmp_path):
    table = pd.concat([frame(), frame().iloc[[0]].assign(a=99.0)])
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TableError, match="contradict each other"):
        read(tmp_path / "t.csv")
    assert read(tmp_path / "t.csv", duplicates="first").values[0, 0] == pytest.approx(VALUES[0, 0])


def test_scans_that_share_the_row_of_their_subject_are_told(tmp_path):
    scans = SCANS.assign(subject_id=["P0", "P0", *SCANS["subject_id"][2:]])
    frame().iloc[1:].assign(scan_id=scans["subject_id"].tolist()[1:]).to_csv(
        tmp_path / "t.csv", index=False
    )
    found = read(tmp_path / "t.csv", scans)
    assert found.scan_ids == tuple(IDS)
    assert "2 scans share the row of their subject" in " ".join(found.notes)


def test_a_table_without_numbers_says_why(tmp_path):
    pd.DataFrame({"scan_id": IDS, "name": ["x"] * N}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TableError, match="no column of numbers that differ.*no numbers: 'name'"):
        read(tmp_path / "t.csv")


def test_python_objects_in_an_archive_are_not_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    objects = np.array([Bomb()] * N, dtype=object)
    np.savez(tmp_path / "t.npz", ids=np.array(IDS), values=objects)
    with pytest.raises(ReadError, match="Python objects, which can hide programs"):
        read_table(tmp_path / "t.npz")
    assert not (tmp_path / "executed").exists()


def test_arrays_of_an_archive_that_are_no_columns_are_named(tmp_path):
    np.savez(
        tmp_path / "t.npz",
        ids=np.array(IDS),
        embedding=VALUES.astype(np.float32),
        age=np.arange(N) * 1.5,
        images=np.zeros((N, 4, 4)),
        other=np.zeros(5),
    )
    found = read_table(tmp_path / "t.npz")
    assert found.columns == ("ids", "embedding_1", "embedding_2", "embedding_3", "age")
    assert "left out: 'images', 'other'" in " ".join(found.notes)
    assert float(found.rows[3][1]) == pytest.approx(VALUES[3, 0], rel=1e-6)


def test_an_archive_that_is_damaged_or_too_large(tmp_path):
    np.savez(tmp_path / "t.npz", ids=np.array(IDS), values=VALUES)
    content = bytearray((tmp_path / "t.npz").read_bytes())
    content[150:170] = b"\xff" * 20
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ReadError, match="damaged"):
        read_table(tmp_path / "bad.npz")
    with pytest.raises(LimitError, match="unpack"):
        read_table(tmp_path / "t.npz", TableLimits(max_unpacked_bytes=100))
    np.savez(tmp_path / "none.npz", one=np.float64(1))
    with pytest.raises(TableError, match="no array with a row per scan"):
        read_table(tmp_path / "none.npz")
