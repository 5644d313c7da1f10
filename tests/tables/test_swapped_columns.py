"""DLCO in two units and exchanged columns are told, and only these."""

import numpy as np
import pytest

from clam_core.tables.describe_columns import infer_columns
from clam_core.tables.import_table import import_clinical
from tests.tables.test_joining import scans
from tests.tables.text.make import raw

TRADITIONAL = np.exp(np.random.default_rng(2).normal(np.log(16), 0.22, 60))


def imported(fev1, fvc, names=("FEV1", "FVC")):
    cells = {"id": [f"S{one}" for one in range(len(fev1))],
             **{name: [f"{one:.2f}" for one in values]
                for name, values in zip(names, (fev1, fvc), strict=True)}}  # fmt: skip
    known = scans(tuple(cells["id"]))
    return {one.name: one for one in import_clinical(raw(cells), known).columns}


def test_fev1_above_fvc_in_most_rows_is_doubted_on_both():
    fvc = np.random.default_rng(1).uniform(2, 4.5, 30)
    found = imported(fvc, 0.75 * fvc)
    for name in ("FEV1", "FVC"):
        assert "FEV1 is larger than FVC in 30 of 30 rows" in " ".join(found[name].doubts)
    assert not imported(0.75 * fvc, fvc)["FEV1"].doubts
    # A few rows are a matter of these rows; percents of predicted may be in any order.
    few = np.where(np.arange(30) < 6, fvc * 1.1, 0.75 * fvc)
    assert not imported(few, fvc)["FEV1"].doubts
    names = ("FEV1 % pred", "FVC % pred")
    assert not imported(20 * fvc, 18 * fvc, names)["FEV1 % pred"].doubts


@pytest.mark.parametrize("name", ["DLCO", "TLCO", "dlco_sb"])
def test_diffusion_in_two_units_is_doubted(name):
    mixed = np.where(np.arange(60) % 2 == 0, TRADITIONAL, TRADITIONAL / 2.986)
    (info,) = infer_columns(raw({name: [f"{one:.2f}" for one in mixed]}))
    doubts = " ".join(info.doubts)
    assert "may be in mmol/min/kPa" in doubts or "in mmol/min/kPa;" in doubts
    assert "mL/min/mmHg" in doubts


@pytest.mark.parametrize("factor", [1, 1 / 2.986])
def test_diffusion_in_one_unit_is_not_doubted(factor):
    (info,) = infer_columns(raw({"DLCO": [f"{one * factor:.2f}" for one in TRADITIONAL]}))
    assert not any("may be in" in one for one in info.doubts)
    percent = np.where(np.arange(60) % 2 == 0, TRADITIONAL, TRADITIONAL / 2.986)
    (info,) = infer_columns(raw({"DLCO % pred": [f"{4 * one:.1f}" for one in percent]}))
    assert not any("mmol" in one for one in info.doubts)
