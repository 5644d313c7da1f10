"""Step `replicate`: true groups are found again in the held-out half, groups of noise are not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import SettingsError, TableError
from clam_core.pipeline.clinical.associate import read_inputs
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.clinical.replicate import _again, _held_out, replicate_run
from clam_core.pipeline.declared_steps import STEPS
from clam_core.pipeline.method.fit import fit
from clam_core.settings import AssociateSettings
from clam_core.statistics.replication.agreement import agreement
from clam_core.study import Run
from clam_core.study.associations import read_replication
from tests.pipeline.clinical.test_associate import copy, study  # noqa: F401
from tests.pipeline.simulated import QUICK, cohort, study_of


def halves_of(features, k):
    """Prediction strength of one half of some features in the other."""
    from clam_core.clustering import cluster_centers

    one, two = features[::2], features[1::2]
    centers = cluster_centers(one, _again(one, "kmeans", k, 0))
    frozen = ((two[:, None] - centers[None]) ** 2).sum(axis=2).argmin(axis=1)
    return agreement(frozen, _again(two, "kmeans", k, 0)).prediction_strength


def test_true_groups_are_found_again_and_groups_of_noise_are_not():
    rng = np.random.default_rng(0)
    centers = rng.normal(0, 6, (3, 8))
    true = centers[np.arange(120) % 3] + rng.normal(size=(120, 8))
    assert halves_of(true, 3) > 0.9
    assert np.mean([halves_of(rng.normal(size=(120, 8)), 3) for _ in range(5)]) < 0.6


def test_split_is_stored_with_the_run(copy):  # noqa: F811
    said = replicate_run(copy, "default", None)
    found = read_replication(Run(copy, "default"))
    assert found.about["agreement"]["sentence"] == said.sentences[0]
    assert found.about["n_first"] > 0 and found.about["n_second"] > 0
    assert abs(found.about["n_first"] - found.about["n_second"]) <= 6
    assert {"first_effect", "second_effect", "fixed_effect", "verdict"} <= set(found.rows)
    assert "held-out half" in found.about["second"]
    assert "replicated" in set(found.rows.set_index("variable").loc["FVC_L", "verdict"])
    again = replicate_run(copy, "default", None)
    assert again.values == said.values


def test_half_of_the_subjects_of_each_site_are_held_out_with_all_their_scans(copy):  # noqa: F811
    inputs = read_inputs(Run(copy, "default"), AssociateSettings())
    frame = inputs.clinical.join(inputs.made)
    held = _held_out(inputs, "manufacturer", seed=1)
    subjects = inputs.clusters["subject_id"]
    assert not set(subjects[held]) & set(subjects.drop(held))
    for _, part in frame.groupby("manufacturer"):
        n, n_held = (
            subjects[part.index].nunique(),
            subjects[part.index.intersection(held)].nunique(),
        )
        assert abs(n_held - n / 2) <= 1


def test_what_cannot_be_replicated_is_said(copy, tmp_path):  # noqa: F811
    from clam_core.pipeline.progress import silent

    for options in ({}, {"split": True, "second": tmp_path}):
        with pytest.raises(SettingsError, match=r"--in\), or split"):
            STEPS["replicate"](copy.folder, silent, options)
    with pytest.raises(SettingsError, match="is the first one"):
        replicate_run(copy, "default", copy)
    assert issubclass(TableError, Exception)


def test_a_second_study_is_placed_by_the_model_of_the_first(tmp_path):
    """The score follows the true groups in both studies, the shoe size in none."""
    made, whole = {}, cohort(n_per_group=24, seed=0)
    for seed, name in enumerate(("one", "two")):
        half = slice(seed * 24, seed * 24 + 24)
        masks = None if whole.masks is None else whole.masks[half]
        found = replace(whole, volumes=whole.volumes[half], masks=masks, groups=whole.groups[half])
        made[name] = study_of(tmp_path / name, found, failed=0)
        rng = np.random.default_rng(seed)
        pd.DataFrame({
            "scan_id": made[name].ready(),
            "score": found.groups * 4.0 + rng.normal(size=24),
            "shoe": rng.normal(40, 2, 24),
        }).to_csv(tmp_path / f"{name}.csv", index=False)  # fmt: skip
        import_table(made[name], tmp_path / f"{name}.csv")
    fit(made["one"], "r", QUICK.model_copy(update={"method": "profiles"}))
    said = replicate_run(made["one"], "r", made["two"])
    rows = read_replication(Run(made["one"], "r")).rows.set_index("variable")
    assert said.values["n_second"] == 24
    assert said.values["agreement"]["prediction_strength"] > 0.65  # noise: below 0.6
    assert rows.loc["score", "verdict"] == "replicated"
    assert rows.loc["shoe", "verdict"] == "not found in the first cohort"
    assert 3 < abs(rows.loc["score", "second_effect"]) < 5
    alike = whole.groups == 0
    masks = None if whole.masks is None else whole.masks[alike]
    one_group = replace(
        whole, volumes=whole.volumes[alike], masks=masks, groups=whole.groups[alike]
    )
    elsewhere = study_of(tmp_path / "three", one_group, failed=0)
    with pytest.raises(TableError, match="All 24 scans of the study 'three' fall into cluster"):
        replicate_run(made["one"], "r", elsewhere)
