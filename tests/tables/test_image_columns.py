"""Columns that a program read out of a CT are known by their names; scores and tests are not."""

import numpy as np
import pandas as pd
import pytest

from clam_core.settings import AssociateSettings
from clam_core.statistics import associate
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.recognised.image_columns import is_from_image
from tests.statistics.made_cohorts import clusters_of


@pytest.mark.parametrize(
    "name",
    [
        *("LAA-950", "laa950", "%LAA-910", "LAA_856_exp", "Perc15", "PD15", "emphysema_index"),
        *("lung_volume", "CT lung volume (L)", "Mean lung density", "MLD", "mean_hu", "Pi10"),
        *("original_firstorder_Entropy", "wavelet-LLH_glcm_Contrast", "original_shape_Sphericity"),
        *("log-sigma-1-0-mm-3D_glszm_ZoneEntropy", "agatston", "noise_hu"),
    ],
)
def test_names_of_densitometry_volumes_radiomics_and_quality(name):
    assert is_from_image(ColumnInfo(name, name, "continuous"))


@pytest.mark.parametrize(
    "name",
    [
        *("FVC_L", "TLC", "lung function", "DLCO", "emphysema_score", "ground_glass_score"),
        *("diameter_mm", "sphericity", "texture", "volume", "weight", "laaken", "shape", "SNP"),
        *("original_site", "Mean pressure", "heart volume", "age"),
    ],
)
def test_names_of_other_measurements_and_of_scores_by_people(name):
    assert not is_from_image(ColumnInfo(name, name, "continuous"))


def test_they_are_described_and_tested_only_where_the_scan_was_another():
    labels = np.repeat([1, 2], 20)
    clusters = clusters_of(labels)
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"LAA-950": labels + rng.normal(size=40), "visits": rng.poisson(3, 40) * 1.0,
         "years": rng.uniform(1, 3, 40)},
        index=clusters.index,
    )  # fmt: skip
    kinds = {"LAA-950": "continuous", "visits": "count", "years": "continuous"}
    infos = [ColumnInfo(name, name, kind) for name, kind in kinds.items()]
    rates = {"rate_count": "visits", "rate_time": "years"}
    rows = associate(clusters, frame, infos, AssociateSettings(**rates)).rows.set_index("variable")
    assert np.isnan(rows.loc["LAA-950", "p_value"])
    assert rows.loc["LAA-950", "reason"].startswith("descriptive only: by its name")
    assert rows.loc["LAA-950", "summary"] != ""
    assert rows.loc["visits", "reason"].startswith("not tested as a value: compared as a rate")
    assert np.isfinite(rows.loc["years", "p_value"])
    settings = AssociateSettings(other_images=("LAA-950",))
    rows = associate(clusters, frame, infos, settings).rows.set_index("variable")
    assert np.isfinite(rows.loc[["LAA-950", "visits"], "p_value"]).all()
