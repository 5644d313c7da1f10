"""The headline: every measurement counted once, corrected over all, adjusted where asked."""

import numpy as np
import pandas as pd
import pytest

from clam_core.settings import AssociateSettings
from clam_core.statistics.compare_clusters import associate
from clam_core.statistics.headline import claimed, headline, qualifications
from clam_core.tables.column_info import ColumnInfo

SETTINGS = AssociateSettings(n_resamples=99)
FINE = AssociateSettings(n_resamples=2999)
N = 60


def compared(columns, labels, adjust=(), families=None, settings=SETTINGS):
    """Columns as name: (kind, values)."""
    ids = pd.Index([f"S{i:03d}" for i in range(len(labels))], name="scan_id")
    clusters = pd.DataFrame({"subject_id": list(ids), "cluster": labels}, index=ids)
    frame = pd.DataFrame({name: values for name, (_, values) in columns.items()}, index=ids)
    families = families or {}
    infos = [
        ColumnInfo(name, name, kind, family=families.get(name, "other"))
        for name, (kind, _) in columns.items()
    ]
    return associate(clusters, frame, infos, settings.model_copy(update={"adjust": adjust}))


def said(table):
    return headline(table.rows)


def qualified(table):
    return qualifications(table.rows, [0.9, 0.5], table.confounding, "bh")


def shifted(rng, labels, by=2.0):
    return rng.normal(size=len(labels)) + by * (labels == 2)


LABELS = np.repeat([1, 2], N // 2)


def test_one_measurement_on_several_scales_counts_once():
    rng = np.random.default_rng(0)
    fvc, sex = shifted(rng, LABELS), rng.integers(0, 2, N)
    columns = {
        "FVC_L": ("continuous", fvc),
        "FVC % predicted": ("continuous", fvc * 20 + rng.normal(0, 5, N)),
        "FVC_z_score": ("continuous", fvc + rng.normal(0, 0.3, N)),
        "FEV1_L": ("continuous", rng.normal(size=N)),
        "FEV1/FVC": ("continuous", rng.normal(size=N)),
        "height_cm": ("continuous", h := rng.normal(170, 9, N)),
        "height_inch": ("continuous", np.round(h / 2.54, 1)),
        "sex": ("binary", np.where(sex == 1, "M", "F")),
        "gender_code": ("binary", sex.astype(float)),
        "other_binary": ("binary", rng.integers(0, 2, N).astype(float)),
    }
    table = compared(columns, LABELS)
    rows = table.rows.set_index("variable")
    assert (rows["not_counted"] == "").sum() == 6
    assert rows.loc["FVC_L", "not_counted"] == "the same measurement as FVC_z_score"
    assert rows.loc["gender_code", "not_counted"] == "the same measurement as sex"
    assert rows.loc["height_inch", "not_counted"] == "the same measurement as height_cm"
    assert said(table).startswith(
        "1 of 6 variables differs between the clusters, most of all FVC_z_"
    )
    assert any("does not count" in note and "FVC_L" in note for note in table.notes)


def test_a_covariate_that_differs_is_said_beside_a_headline_that_holds_it_constant():
    """`0 of 1 variables differ` must not hide that the clusters are the short and the tall."""
    rng = np.random.default_rng(4)
    columns = {
        "height": ("continuous", shifted(rng, LABELS)),
        "age": ("continuous", rng.normal(size=N)),
        "fvc": ("continuous", rng.normal(size=N)),
    }
    adjusted = compared(columns, LABELS, adjust=("height", "age"))
    assert said(adjusted).startswith("0 of 1 variable differ")
    named = [one for one in qualified(adjusted) if "not counted, though it differs" in one]
    assert len(named) == 1
    assert "height (mean 1.97 in cluster 2, -0.142 in cluster 1; difference of means" in named[0]
    assert "adjusted" not in named[0] and "age" not in named[0]
    tall = {**columns, "none": ("continuous", rng.normal(size=N))}
    families = {"height": "demographics"}
    said_once = " ".join(qualified(compared(tall, LABELS, ("height",), families)))
    assert said_once.count("height") == 1
    unadjusted = " ".join(qualified(compared(tall, LABELS, families=families)))
    assert "Height goes with the clusters" in unadjusted  # though no scanner is known
    alike = compared({**columns, "height": columns["age"]}, LABELS, adjust=("height",))
    assert not any("though" in one for one in qualified(alike))
    assert not any("though" in one for one in qualified(compared(columns, LABELS)))


def test_how_the_scan_was_made_and_covariates_are_no_findings():
    rng = np.random.default_rng(1)
    age = shifted(rng, LABELS)
    columns = {
        "age": ("continuous", age),
        "dose": ("continuous", shifted(rng, LABELS, 5)),
        "follows age": ("continuous", age + rng.normal(0, 0.2, N)),
    }
    families = {"dose": "acquisition", "age": "demographics"}
    crude = compared(columns, LABELS, families=families)
    assert set(claimed(crude.rows)["variable"]) == {"age", "follows age"}
    adjusted = compared(columns, LABELS, ("age",), families)
    assert said(adjusted) == "0 of 1 variable differ between the clusters."
    assert "with the covariates held constant (FDR 5 %); exploratory" in qualified(adjusted)[0]
    assert "held constant" not in qualified(crude)[0]


def test_the_two_strongest_are_named_with_direction_and_size_and_never_a_rare_one():
    rng = np.random.default_rng(2)
    labels = np.repeat([1, 2], [4, 56])
    columns = {
        "rare": ("binary", (labels == 1).astype(float)),
        "high": ("continuous", shifted(rng, labels, 4.0)),
        "plain": ("continuous", rng.normal(size=60)),
    }
    table = compared(columns, labels)
    text = said(table)
    assert text.startswith("2 of 3 variables differ") and len(text) < 200 and text.count(".") < 6
    assert any("not all stable" in one and "0.90, 0.50" in one for one in qualified(table))
    assert "most of all high (mean " in text and "in cluster 2, " in text
    assert "difference of means −" in text and "rare" not in text


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        # 4 of 4 values 0; the lower middle one of 2, 2, 3, 3
        ([0, 0, 0, 0, 2, 2, 3, 3], "median 2 in cluster 2, 0 in cluster 1"),
        ([3, 3, 2, 3, 0, 1, 0, 0], "median 3 in cluster 1, 0 in cluster 2"),
        # medians that are equal say nothing: ranks 3.5, 3.5, 3.5, 3.5 and 3.5, 3.5, 7.5, 7.5
        ([0, 0, 0, 0, 0, 0, 3, 3], "mean rank 6 in cluster 2, 4 in cluster 1"),
    ],
)
def test_an_ordered_value_has_the_direction_of_its_medians(levels, words):
    labels = np.repeat([1, 2], [4, 4])
    graded = pd.Categorical(levels, sorted(set(levels)), ordered=True)
    found = compared({"honeycombing": ("ordinal", graded)}, labels).rows
    assert found["direction"].tolist() == [words]


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 3])
def test_few_null_cohorts_have_a_finding_however_many_families(k):
    rng = np.random.default_rng(k)
    found = 0
    labels = np.arange(N) % k + 1
    kinds = (
        ("continuous", lambda: rng.normal(size=N)),
        ("ordinal", lambda: rng.choice(6, N, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05]) * 1.0),
        ("binary", lambda: (rng.uniform(size=N) < 0.4) * 1.0),
        ("nominal", lambda: rng.choice(4, N, p=[0.4, 0.3, 0.2, 0.1]) * 1.0),
        ("count", lambda: rng.negative_binomial(1.5, 0.2, N) * 1.0),
    )
    for _ in range(200):
        # Two in five are ordinal: with t of Brunner-Munzel 7 % of such cohorts had a finding.
        made = [kinds[1] if i % 5 == 4 else kinds[i % 5] for i in range(24)]
        columns = {f"v{i}": (kind, draw()) for i, (kind, draw) in enumerate(made)}
        families = {name: f"family {i}" for i, name in enumerate(columns)}
        found += len(claimed(compared(columns, labels, families=families, settings=FINE).rows)) > 0
    # 5 % of 200, and three standard errors of chance.
    assert found <= 10 + 9
