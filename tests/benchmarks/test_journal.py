"""Rows of a long benchmark survive a break, and are not measured twice."""

import pandas as pd

from benchmarks.journal import Journal

KEYS = ("cohort", "seed")


def rows(*values):
    return lambda: [{"way": str(n), "accuracy": value} for n, value in enumerate(values)]


def fail():
    raise AssertionError("measured twice")


def test_goes_on_where_it_was(tmp_path):
    path = tmp_path / "to" / "rows.csv"
    first = Journal(path, KEYS)
    first.take({"cohort": "a", "seed": 1}, rows(0.5, 0.75))
    again = Journal(path, KEYS)
    again.take({"cohort": "a", "seed": 1}, fail)
    again.take({"cohort": "a", "seed": 2}, rows(1.0))
    found = pd.read_csv(path)
    assert found["accuracy"].tolist() == [0.5, 0.75, 1.0] == again.table()["accuracy"].tolist()


def test_rows_of_another_version_are_measured_anew(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    Journal(path, KEYS).take({"cohort": "a", "seed": 1}, rows(0.5))
    monkeypatch.setattr("benchmarks.journal.__version__", "9")
    again = Journal(path, KEYS)
    again.take({"cohort": "a", "seed": 1}, rows(0.25))
    assert pd.read_csv(path)["accuracy"].tolist() == [0.25]


def test_without_a_file_rows_are_kept_in_memory():
    journal = Journal(None, KEYS)
    journal.take({"cohort": "a", "seed": 1}, rows(0.5))
    assert len(journal.table()) == 1
