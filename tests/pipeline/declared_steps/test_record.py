"""Records of jobs: those of older apps are read, bad values are one sentence."""

import inspect
from pathlib import Path

import pytest

from clam_core.errors import SettingsError
from clam_core.pipeline.declared_steps import STEPS, options_from_record

RECORDS = {
    "demo": {},
    "create": {
        "scans": "/data",
        "ids": "auto",
        "preprocess": {"grid": 88, "mask": "auto"},
        "scans_table": "/data/scans.csv",
    },
    "preprocess": {"grid": 48, "mask": "lungs"},
    "clinical": {"table": "/data/t.csv"},
    "fit": {"run": "one", "k": 3, "epochs": 5, "method": "kmeans", "plane": "pca"},
    "groups": {
        "run": "run-2",
        "method": "auto",
        "seed": 0,
        "epochs": 5,
        "preset": "fast",
        "k": 3,
    },
    "select": {"run": "default"},
    "localize": {"run": "default"},
    "associate": {
        "run": "default",
        "adjust": ["age", "weight, kg"],
        "used_in_clustering": [],
        "correction": "holm",
        "repeated": "one_row",
        "within": None,
        "survival_time": "years",
        "survival_event": "dead",
        "event_level": None,
    },
}
"""What the app wrote before steps were declared."""


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_older_apps_are_read(name):
    options = options_from_record(STEPS[name], RECORDS[name])
    assert set(RECORDS[name]) <= set(options)
    taken = STEPS[name].arguments(options)
    inspect.signature(STEPS[name].function).bind(Path("study"), **taken, progress=None)


def test_values_have_the_types_of_the_step():
    created = options_from_record(STEPS["create"], RECORDS["create"])
    assert created["scans"] == Path("/data")
    assert created["preprocess"] == {"grid": 88, "mask": "auto"}
    assert options_from_record(STEPS["preprocess"], {"grid": 48})["grid"] == (48,)
    assert options_from_record(STEPS["preprocess"], {"grid": [64, 64, 48]})["grid"] == (64, 64, 48)
    associated = options_from_record(STEPS["associate"], RECORDS["associate"])
    assert associated["adjust"] == ("age", "weight, kg")
    localized = options_from_record(STEPS["localize"], {"target": [2, 1], "scans": ["a,b"]})
    assert localized == {"target": (2, 1), "scans": ("a,b",)}
    assert options_from_record(STEPS["localize"], {"target": 2})["target"] == 2
    assert options_from_record(STEPS["select"], {"k": "2..5"})["k"] == (2, 5)
    assert options_from_record(STEPS["clinical"], {"table": "t", "kind": {"a": "count"}})[
        "kind"
    ] == {"a": "count"}
    assert options_from_record(STEPS["fit"], {}) == {"resume": True}


@pytest.mark.parametrize(
    ("name", "record", "sentence"),
    [
        ("groups", {"k": 1}, "Setting 'k' cannot be used: "),
        ("groups", {"k": 51}, "Setting 'k' cannot be used: "),
        ("groups", {"k": None}, "Setting 'k' cannot be used: "),
        ("groups", {"seed": -1}, "Setting 'seed' cannot be used: "),
        ("demo", {"scans": 3}, "Setting 'scans' cannot be used: "),
        ("preprocess", {"grid": "many"}, "The grid 'many' is not a number"),
        ("preprocess", {"grid": True}, "Setting 'grid' cannot be used: "),
        ("localize", {"target": "1,2,3"}, "The target '1,2,3' is not 'own'"),
        ("associate", {"adjust": {"age": 1}}, "Setting 'adjust' cannot be used: "),
        ("create", {"ids": "auto"}, "The step 'create' needs the option 'scans'."),
        ("fit", {"speed": 9}, "The step 'fit' has no option 'speed'; it has run, k,"),
        ("fit", None, "The options of 'fit' are no names"),
    ],
)
def test_a_bad_value_in_a_record_is_one_sentence(name, record, sentence):
    with pytest.raises(SettingsError) as caught:
        options_from_record(STEPS[name], record)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_options_of_preprocess_are_checked_before_a_study_is_made(tmp_path):
    for wrong in ({"grib": 8}, {"workers": 0}):
        with pytest.raises(SettingsError):
            options = {"scans": tmp_path, "preprocess": wrong}
            STEPS["create"](tmp_path / "one", lambda *_: None, options)
    assert not (tmp_path / "one").exists()
