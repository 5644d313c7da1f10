"""Numbers and lists in words."""

import math

import pandas as pd
import pytest

from clam_core.report.phrases import (
    interval,
    listed,
    number,
    p_value,
    percent,
    sentence,
    stated_sizes,
    titled,
    with_sign,
)
from clam_core.wording import plural

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.125, "0.12"), (-0.5, "−0.50"), (-0.001, "0.00"), (NAN, "–"), (None, "–"),
     (math.inf, "∞"), (-math.inf, "−∞")],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0005, "<\u00a00.001"), (0.001, "0.001"), (0.0456, "0.046"), (0.1, "0.10"), (NAN, "–")],
)
def test_p_values(value, text):
    assert p_value(value) == text


def test_with_a_sign():
    assert [with_sign(p) for p in (0.0001, 0.02, NAN)] == ["<\u00a00.001", "= 0.020", "–"]


def test_words():
    assert [listed(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert [plural(n, "scan") for n in (0, 1, 2000)] == ["0 scans", "1 scan", "2,000 scans"]
    assert (plural(2, "family"), plural(2, "series")) == ("2 families", "2 series")
    assert (percent(0.256), percent(NAN)) == ("26\u00a0%", "–")
    assert interval(-1, 2) == "−1.00\u00a0to\u00a02.00"
    assert interval(NAN, NAN) == "–"
    assert [sentence(t) for t in ("", "so", "So!", "no.")] == ["", "So.", "So!", "No."]
    assert titled("FVC", "L") == "FVC (L)"
    assert titled("FVC (L)", "L") == titled("FVC (L)", "") == "FVC (L)"


def test_a_picture_has_no_voxel_size_to_be_told():
    table = pd.DataFrame(
        {"format": ["picture", "nifti", "stack"], "original_spacing_mm": ["1.000x1.000"] * 3}
    )
    assert stated_sizes(table)["original_spacing_mm"].isna().tolist() == [True, False, True]
    without = table.drop(columns="format")  # of an old study
    assert stated_sizes(without).equals(without)
