"""Tables that are kept in memory: never an old one, never one that somebody else has changed."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import StudyError
from clam_core.study import atomic
from clam_core.study.arrays import ScanArrays


def test_a_table_is_read_once_until_it_is_replaced(tmp_path, monkeypatch):
    path = tmp_path / "scans.parquet"
    atomic.write_table(path, pd.DataFrame({"a": [1, 2]}))
    reads, read = [], pd.read_parquet
    monkeypatch.setattr(pd, "read_parquet", lambda *a, **k: reads.append(a) or read(*a, **k))
    assert atomic.read_table(path)["a"].tolist() == atomic.read_table(path)["a"].tolist() == [1, 2]
    assert len(reads) == 1
    atomic.write_table(path, pd.DataFrame({"a": [3, 4]}))
    assert atomic.read_table(path)["a"].tolist() == [3, 4]
    assert len(reads) == 2


def test_changes_stay_with_whoever_made_them(tmp_path):
    path = tmp_path / "scans.parquet"
    atomic.write_table(path, pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="id")))
    mine = atomic.read_table(path)
    mine.loc["x", "a"] = 9
    mine["b"] = 0
    mine.index = pd.Index(["u", "v"])
    again = atomic.read_table(path)
    assert again.to_dict("list") == {"a": [1, 2]}
    assert again.index.tolist() == ["x", "y"] and again.index.name == "id"


def test_a_removed_or_damaged_table_is_noticed(tmp_path):
    path = tmp_path / "scans.parquet"
    atomic.write_table(path, pd.DataFrame({"a": [1]}))
    atomic.read_table(path)
    atomic.write_bytes(path, b"no parquet")
    with pytest.raises(StudyError, match="missing or damaged"):
        atomic.read_table(path)
    path.unlink()
    with pytest.raises(StudyError, match="missing or damaged"):
        atomic.read_table(path)


def test_small_rows_share_a_file_and_large_ones_do_not(tmp_path):
    arrays = ScanArrays(tmp_path / "arrays.zarr")
    small = np.arange(3000 * 8, dtype=np.float32).reshape(3000, 8)
    large = np.arange(3 * 64**3, dtype=np.float32).reshape(3, 64, 64, 64)
    for name, values in (("small", small), ("large", large)):
        arrays.put(name, values)
        np.testing.assert_array_equal(arrays.read_all(name), values)
        np.testing.assert_array_equal(arrays.read(name, 2), values[2])
    n_files = {
        name: sum(path.is_file() for path in (tmp_path / "arrays.zarr" / name / "c").rglob("*"))
        for name in ("small", "large")
    }
    assert n_files == {"small": 1, "large": 3}


def test_an_array_is_replaced_whole(tmp_path):
    arrays = ScanArrays(tmp_path / "arrays.zarr")
    arrays.put("latent", np.ones((5, 2), np.float32))
    assert arrays.read_all("latent").shape == (5, 2)
    arrays.put("latent", np.zeros((3, 4), np.float64))
    assert arrays.read_all("latent").tolist() == np.zeros((3, 4)).tolist()
