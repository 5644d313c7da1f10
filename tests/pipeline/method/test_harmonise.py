"""`fit --harmonise`: which column, what is refused, what a run keeps of it."""

import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from clam_core.errors import SettingsError, StudyError, TableError
from clam_core.pipeline.declared_steps import STEPS
from clam_core.pipeline.declared_steps.shared_options import TakenOut
from clam_core.pipeline.method.acquisition_columns import harmonise_choices
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.known_run import KnownRun
from clam_core.pipeline.method.technical_column import technical_of
from clam_core.pipeline.scans.new_scan import NewScan
from clam_core.settings.harmonise import HarmoniseSettings, harmonised_sentences
from clam_core.study import Run, Study
from clam_core.study.atomic import write_table
from clam_core.tables.column_info import ColumnInfo
from tests.pipeline.clustered import write_clinical
from tests.pipeline.simulated import QUICK, cohort, study_of

N = 16


def infos(**kinds):
    families = {"site": "acquisition"}
    return [
        ColumnInfo(name, name, kind, family=families.get(name, "other"))
        for name, kind in kinds.items()
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """16 scans by two kernels, and a clinical table."""
    study = study_of(tmp_path_factory.mktemp("study") / "s", cohort(), failed=0)
    kernel = np.where(np.arange(N) // 2 % 2, "B70f", "B30f")
    write_table(study.folder / "scans.parquet", study.scans().assign(kernel=kernel))
    odd = (np.arange(N) % 2).astype(str)
    table = pd.DataFrame(
        {
            "disease": pd.Categorical(odd),
            "age": np.arange(N, dtype=float),
            "thickness": np.where(np.arange(N) // 4 % 2, 1.0, 3.0),
            "site": pd.Categorical(np.where(np.arange(N) < 12, "north", "south")),
            "holes": pd.Categorical(np.where(np.arange(N) < 2, None, odd)),
        },
        index=study.scans().index,
    )
    kinds = {"disease": "binary", "age": "continuous", "thickness": "continuous"}
    write_clinical(study, table, infos(**kinds, site="binary", holes="binary"))
    return study


@pytest.fixture
def study(made, tmp_path):
    shutil.copytree(made.folder, tmp_path / "s")
    return Study(tmp_path / "s")


def by(column, **values):
    return QUICK.model_copy(update={"harmonise": HarmoniseSettings(column=column, **values)})


def found(study, column, **values):
    return technical_of(study, study.ready(), HarmoniseSettings(column=column, **values))


def test_a_column_is_found_by_name_label_and_meaning(made):
    for asked in ("kernel", "Kernel", "reconstruction kernel"):
        assert found(made, asked).technical.name == "Kernel"
    technical = found(made, "kernel").technical
    assert technical.levels == ("B30f", "B70f")
    assert technical.codes.tolist() == [0, 0, 1, 1] * 4


def test_a_few_different_numbers_are_levels(made):
    assert found(made, "thickness").technical.levels == ("1", "3")
    with pytest.raises(TableError, match="age has no levels .16 different numbers"):
        found(made, "age")


def test_what_is_refused(made):
    with pytest.raises(TableError, match="no column 'kernal'; did you mean 'kernel'"):
        found(made, "kernal")
    with pytest.raises(StudyError, match=r"needs 5 scans .* 'south' \(4\)"):
        found(made, "site")
    with pytest.raises(TableError, match="Kernel cannot be taken out and kept"):
        found(made, "kernel", keep=("kernel",))
    with pytest.raises(SettingsError, match="DCEC forms its clusters while it trains"):
        fit(made, "no", by("kernel").model_copy(update={"method": "dcec"}))


def test_a_column_to_keep_is_levels_or_numbers(made):
    kept = found(made, "kernel", keep=("holes", "age")).technical.kept
    assert [one.name for one in kept] == ["holes", "age"]
    assert kept[0].codes.tolist() == [-1, -1, *np.arange(2, N) % 2] and kept[1].codes is None
    assert np.isnan(kept[0].values[:2]).all() and kept[0].values[3, 0] == 1
    np.testing.assert_allclose(kept[1].values.std(), 1)


def confounded(study):
    frame, about = study.clinical()
    frame["sick"] = pd.Categorical(np.where(np.arange(N) // 2 % 2, "yes", "no"))
    columns = [ColumnInfo.from_json(one) for one in about["columns"]]
    write_clinical(study, frame, [*columns, *infos(sick="binary")])


def test_a_clinical_column_that_is_the_kernel_is_refused_unless_named(study):
    confounded(study)
    with pytest.raises(StudyError, match="Kernel and sick go together .* --harmonise-despite"):
        found(study, "kernel")
    with pytest.raises(StudyError, match="Kernel and sick go together"):
        found(study, "kernel", keep=("sick",))
    assert found(study, "kernel", despite=("sick",)).notes == ()


def test_a_clinical_column_that_differs_somewhat_is_told(study):
    frame, about = study.clinical()
    part = np.where(np.arange(N) // 2 % 2, "yes", "no")
    part[[0, 2]] = part[[2, 0]]
    frame["partly"] = pd.Categorical(part)
    columns = [ColumnInfo.from_json(one) for one in about["columns"]]
    write_clinical(study, frame, [*columns, *infos(partly="binary")])
    assert "Levels of Kernel differ in partly" in found(study, "kernel").notes[0]


def test_a_refusal_is_one_sentence_with_exit_code_2(study):
    from clam_core.__main__ import app

    confounded(study)
    said = CliRunner().invoke(app, ["fit", str(study.folder), "--harmonise", "kernel"])
    assert said.exit_code == 2 and "go together" in said.output
    assert Run(study, "default").is_fitted is False
    alone = CliRunner().invoke(app, ["fit", str(study.folder), "--harmonise-keep", "disease"])
    assert alone.exit_code == 2 and "belong to --harmonise COLUMN" in alone.output


def test_options_become_settings():
    asked = TakenOut("kernel", ("disease",), ("site",)).settings()
    assert asked == HarmoniseSettings(column="kernel", keep=("disease",), despite=("site",))
    assert TakenOut().settings() is None
    names = {one.name for one in STEPS["groups"].parameters}
    assert {"harmonise", "harmonise_keep", "harmonise_despite"} <= names


def test_columns_to_choose_from_differ_and_have_enough_scans(made):
    taken, kept = harmonise_choices(made, made.ready())
    assert [info.name for info in taken] == ["kernel"]
    assert [info.name for info in kept] == ["disease", "age", "thickness", "holes"]


def test_a_run_keeps_what_was_taken_out(study):
    said = fit(study, "h", by("kernel", keep=("disease",)))
    run = Run(study, "h")
    info = run.info()
    assert info.harmonised.column == "Kernel"
    assert info.harmonised.levels == {"B30f": 8, "B70f": 8}
    assert set(info.harmonised.clinical) == {"disease"}
    for sentence in harmonised_sentences(info.harmonised):
        assert sentence in said.sentences
    features = run.array("features")
    kernel = np.arange(N) // 2 % 2
    gap = features[kernel == 1].mean(axis=0) - features[kernel == 0].mean(axis=0)
    # With a disease kept the means differ only by what it explains, and that is balanced here.
    assert np.abs(gap).max() < 1e-3 * features.std()
    again = fit(study, "h", by("kernel", keep=("disease",)))
    assert "Nothing to do" in again.sentences[1]
    with pytest.raises(StudyError, match="other settings"):
        fit(study, "h", QUICK)
    # Other values of the column are another fit.
    moved = study.scans().assign(kernel=np.where(np.arange(N) % 4 > 0, "B70f", "B30f")[::-1])
    moved.loc["s01", "kernel"] = "B30f"
    write_table(study.folder / "scans.parquet", moved)
    with pytest.raises(StudyError, match="other settings"):
        fit(study, "h", by("kernel", keep=("disease",)))


def test_a_new_scan_needs_no_level(study):
    fit(study, "h", by("kernel"))
    run = Run(study, "h")
    scan = NewScan(study.volume("s03").array, study.mask("s03"))
    told = KnownRun(study, run).describe(scan)
    np.testing.assert_allclose(told["soft_assignment"], run.array("soft_assignment")[3], atol=1e-4)
