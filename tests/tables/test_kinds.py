"""Kinds of columns: what cells and name say, what the user overrides, what is left out."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import SettingsError, TableError
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.describe_columns import (
    ColumnOverride,
    apply_overrides,
    infer_columns,
    narrowed,
    typed_frame,
)
from tests.tables.text.make import raw


def one(name, cells, decimal=".", form="csv"):
    table = raw({name: cells.split() if isinstance(cells, str) else cells}, decimal, form)
    return infer_columns(table)[0], table


def values(info, table):
    return typed_frame(table, [info])[info.name].tolist()


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("x", "80.5 81.2 79.9", "continuous"),
        ("x", "100 250 170 180", "continuous"),
        ("age", "45 60 71 45 60 71", "continuous"),
        ("n_nodules", "0 3 1 2 0 1 2 0", "count"),
        ("number of lesions", "0 3 12 4", "count"),
        ("anzahl_herde", "0 3 12 4", "count"),
        ("score", "0 1 2 3 4 0 2", "ordinal"),
        ("x", "0 1 2 3 4 0 1 2 3 4", "ordinal"),
        ("Scadding", "0 1 2 3 4 0 1 2 3 4", "nominal"),
        ("scadding", "0 I II III IV", "nominal"),
        ("site", "1 2 3 1 2 3", "nominal"),
        ("x", "red blue green red blue green", "nominal"),
        ("x", "001 002 001", "nominal"),
        ("x", "yes no yes", "binary"),
        ("x", "ja nein nein", "binary"),
        ("x", "0 1 1 0", "binary"),
        ("sex", "m f m", "binary"),
        ("Geschlecht", "m w w", "binary"),
        ("x", "TRUE FALSE TRUE", "binary"),
        ("x", "+ - +", "binary"),
        ("scan date", "2024-01-02 03.04.2024 5.6.24", "date"),
        ("visit date", "20240102 20240203 20240102", "date"),
        ("patient_id", "001 002 003", "id"),
        ("x", "001 002 003", "id"),
        ("x", "SARC-01 SARC-02 SARC-03", "id"),
        ("x", "1.2.840.1.5.6 1.2.840.1.5.7", "id"),
        ("nr", [str(n) for n in range(1, 31)], "count"),
        ("row", [str(n) for n in range(1, 31)], "id"),
        ("remark", ["came late for the visit", "was tired today", "no more to say"], "free_text"),
        ("x", "5 5 5", "constant"),
        ("x", "a A a", "constant"),
        ("x", ["1.0", "1", ""], "constant"),
        ("x", ["", "", ""], "empty"),
        ("x", "n/a NA - .", "empty"),
        ("dose", ["12 mg", "n/a", "<5", "7.5"], "continuous"),
        ("x", "12 abc 3 def", "nominal"),
        ("GGO extent (%)", "0 5 10 20 30", "continuous"),
    ],
)
def test_kinds(name, cells, kind):
    info, _ = one(name, cells)
    assert info.kind == kind
    assert info.reason.endswith(".")


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        ("moderate none mild severe", ("none", "mild", "moderate", "severe")),
        ("Mild none moderate none", ("none", "Mild", "moderate")),
        ("none mild unknown severe none", ("none", "mild", "severe")),
        ("schwer keine leicht mittel", ("keine", "leicht", "mittel", "schwer")),
        ("forte", ()),
        ("high low medium", ("low", "medium", "high")),
        ("4 0 10 2 4 0 10 2", ("0", "2", "4", "10")),
    ],
)
def test_scales_have_their_order(cells, levels):
    info, table = one("x", cells)
    assert info.levels == levels
    if levels:
        assert info.kind == "ordinal"
        found = typed_frame(table, [info])["x"]
        assert found.cat.ordered
        assert list(found.cat.categories) == list(levels)


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        ("yes no", ("no", "yes")),
        ("nein ja", ("nein", "ja")),
        ("1 0", ("0", "1")),
        ("Yes no Y N", ("no", "yes")),
        ("m F M", ("female", "male")),
        ("mild none mild", ("none", "mild")),
        ("+ -", ("-", "+")),
    ],
)
def test_the_two_sides_of_an_answer_have_their_order(cells, levels):
    info, _ = one("x", cells)
    assert (info.kind, info.levels) == ("binary", levels)


def test_stages_are_ordered_by_number_and_stay_groups():
    info, table = one("Scadding", "IV 0 II I III")
    assert (info.kind, info.levels) == ("nominal", ("0", "I", "II", "III", "IV"))
    assert not typed_frame(table, [info])["Scadding"].cat.ordered


@pytest.mark.parametrize("cells", ["1:30 4:36 20:24", "01:48:28 00:57:53", "5:16.1 6:06,7 4:59"])
def test_times_are_not_guessed_to_be_codes_or_amounts(cells):
    info, _ = one("sleep", cells)
    assert info.kind == "free_text"
    assert f"Times such as {cells.split()[0]} are not compared" in info.warnings[0]
    assert one("ratio", "1:75 1:80 2:99")[0].kind == "id"  # no minutes


def test_mixed_cells_become_numbers_or_missing_and_are_said():
    info, table = one("dose", ["12 mg", "n/a", "<5", "7.5", "unknown", "many", *["8"] * 12])
    assert values(info, table)[:4] == [12, pytest.approx(np.nan, nan_ok=True), 5, 7.5]
    assert (info.n, info.n_missing, info.unit) == (15, 3, "mg")
    assert info.warnings == (
        "1 cell with 'n/a' taken as missing.",
        "1 cell with 'unknown' taken as missing.",
        "1 cell is not a number and was taken as missing (line 7).",
        "1 cell with a limit or an estimate, such as '<5' or '~5': the number itself was taken.",
        "1 of 15 cells say the unit 'mg'; the others were taken to have it, too.",
    )
    assert "many" not in " ".join(info.warnings)  # what people type may be private


def test_another_unit_is_converted_where_cells_say_it_and_else_missing():
    info, table = one("Height", ["170cm", "1.65 m", "180 cm", "60 kg"])
    assert info.unit == "cm"
    assert values(info, table)[:3] == [170, 165, 180]
    assert np.isnan(values(info, table)[3])
    assert info.warnings == (
        "Cells with another unit than 'cm' were converted (line 3).",
        "Cells with another unit than 'cm' were taken as missing (line 5).",
    )


def test_the_unit_of_the_cells_wins_over_the_name():
    info, _ = one("Height (cm)", ["1.70 m", "1.65 m", "1.80 m"])
    assert info.unit == "m"
    assert "The name says 'cm', but the cells say 'm'." in info.warnings


@pytest.mark.parametrize(
    ("name", "cells", "unit", "family"),
    [
        ("FVC", "2.45 3.1 1.9", "L", "lung function"),
        ("FVC", "80.5 75.1 66", "% predicted", "lung function"),
        ("FVC", "2450 3100 1900", "mL", "lung function"),
        ("FEV1/FVC", "0.8 0.7", "", "lung function"),
        ("DLCO", "20.5 17.5", "mL/min/mmHg", "lung function"),
        ("Height", "1.70 1.65", "m", "demographics"),
        ("6MWD", "400 512.5", "m", "symptoms and outcomes"),
        ("volume_ml", "400 512.5", "mL", "other"),
        ("CRP mg/l", "4.5 12", "mg/L", "other"),
        ("FVC change", "-0.2 0.1", "", "lung function"),
    ],
)
def test_units_come_from_the_name_or_the_size_of_the_values(name, cells, unit, family):
    info, _ = one(name, cells)
    assert (info.kind, info.unit, info.family) == ("continuous", unit, family)


def test_numbers_that_stand_for_missing_are_asked_about():
    info, _ = one("x", "-999 12 13 14 -999 300")
    assert "2 cells with -999, which often stands for a missing value; kept" in info.warnings[0]
    assert one("age", "99 45 60")[0].warnings == ()


@pytest.mark.parametrize(("cells", "kind"), [("0 1", "binary"), ("0 1 2", "ordinal")])
def test_a_stray_text_among_scores_is_missing_and_no_level(cells, kind):
    info, _ = one("x", [*cells.split() * 8, "tired"])
    assert (info.kind, info.levels, info.n_missing) == (kind, tuple(cells.split()), 1)
    assert "1 cell is not an answer and was taken as missing" in info.warnings[0]


def test_the_user_has_the_last_word():
    table = raw(
        {
            "a": ["0", "1", "2", "0", "1", "2", "0", "1"],
            "b": ["-9", "1", "2", "3", "-9", "1", "2", "3"],
            "c": ["1,234", "2,345", "1", "2", "3", "4", "5", "6"],
        }
    )
    inferred = infer_columns(table)
    assert [info.kind for info in inferred] == ["ordinal", "continuous", "continuous"]
    wanted = {
        "a": ColumnOverride(kind="nominal", label="Alpha", family="mine"),
        "b": ColumnOverride(missing_values=("-9",)),
        "c": ColumnOverride(decimal=",", unit="L"),
    }
    a, b, c = apply_overrides(inferred, wanted, table)
    assert (a.kind, a.label, a.family, a.reason) == (
        "nominal",
        "Alpha",
        "mine",
        "Chosen by the user.",
    )
    assert (b.kind, b.n_missing) == ("ordinal", 2)
    assert (c.unit, c.warnings) == ("L", ())
    frame = typed_frame(table, [a, b, c])
    assert frame["c"].tolist()[:2] == [1.234, 2.345]
    assert frame["b"].isna().sum() == 2


def test_given_levels_are_an_order():
    table = raw({"x": ["hot", "cold", "warm", "cold"]})
    order = ("cold", "warm", "hot")
    (info,) = apply_overrides(infer_columns(table), {"x": ColumnOverride(levels=order)}, table)
    assert (info.kind, info.levels) == ("ordinal", order)
    assert typed_frame(table, [info])["x"].max() == "hot"


@pytest.mark.parametrize(
    ("column", "override", "message"),
    [
        ("y", {"kind": "nominal"}, "There is no column 'y'; the table has 'x'"),
        ("x", {"kind": "continuous"}, "Column 'x' cannot be continuous: no cell of it"),
        ("x", {"kind": "date"}, "Column 'x' cannot be date"),
        ("x", {"kind": "binary"}, "has 3 different answers, so it cannot be binary"),
        ("x", {"levels": ("a", "b")}, "lack 'c', which occur in it; add them"),
    ],
)
def test_overrides_that_do_not_fit_are_refused(column, override, message):
    table = raw({"x": ["a", "b", "c"]})
    with pytest.raises(TableError, match=message):
        apply_overrides(infer_columns(table), {column: ColumnOverride(**override)}, table)


def test_an_unknown_kind_is_refused():
    with pytest.raises(SettingsError, match="kind"):
        ColumnOverride(kind="numeric")


def test_a_part_of_a_table_is_described_anew():
    info, table = one("x", "yes no yes")
    part = raw({"x": ["yes", "yes"]})
    assert narrowed(info, table, part).kind == "constant"
    assert narrowed(info, table, raw({"x": ["", ""]})).kind == "empty"
    score, table = one("score", "0 1 2 3 0 1 2 3 0 1 2 x")
    assert (score.kind, score.n_missing) == ("ordinal", 1)
    smaller = narrowed(score, table, raw({"score": ["0", "3"]}))
    assert (smaller.kind, smaller.levels, smaller.n_missing) == ("ordinal", ("0", "3"), 0)


def test_types_of_the_frame():
    cells = {
        "fvc": ["2.5", "3.5", ""],
        "n_x": ["1", "2", "5"],
        "date": ["2024-01-02", "2.3.2024", ""],
        "who": ["001", "002", "003"],
        "sex": ["m", "f", ""],
    }
    table = raw(cells)
    frame = typed_frame(table, infer_columns(table))
    assert [str(kind) for kind in frame.dtypes] == [
        "float64",
        "float64",
        "datetime64[us]",
        "str",
        "category",
    ]
    assert frame["date"].tolist()[:2] == [pd.Timestamp(2024, 1, 2), pd.Timestamp(2024, 3, 2)]
    assert frame["who"].tolist() == ["001", "002", "003"]


def test_a_description_survives_json():
    info, _ = one("FVC", "2.5 3.5")
    assert ColumnInfo.from_json(info.to_json()) == info
    with pytest.raises(TableError, match="damaged; import it again"):
        ColumnInfo.from_json({"name": "x"})


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        ("None Steroids MTX None", ("None", "MTX", "Steroids")),
        ("none Prednison none", ("none", "Prednison")),
        ("Nil Warfarin DOAC Nil", ("Nil", "DOAC", "Warfarin")),
        ("None unknown Asthma None", ("None", "Asthma")),
        ("None nan MTX None", ("None", "MTX")),
        ("Male Female None Male", ("Female", "Male")),
        ("yes no None no", ("no", "yes")),
        ("Checked Unchecked Checked", ("Unchecked", "Checked")),
        ("0 1 2 3+ 0 1", ("0", "1", "2", "3+")),
        ("none mild severe none", ("none", "mild", "severe")),
    ],
)
def test_none_is_an_answer_beside_names_and_missing_beside_yes_and_sexes(cells, levels):
    info, table = one("x", cells)
    assert info.levels == levels
    kept = [None if value != value else value for value in values(info, table)]  # noqa: PLR0124
    wanted = {level.casefold() for level in levels}
    assert kept == [cell if cell.casefold() in wanted else None for cell in cells.split()]


def test_none_among_numbers_is_missing_and_said():
    info, table = one("dose", "10 20 None 15.5")
    assert values(info, table)[:2] == [10, 20]
    assert np.isnan(values(info, table)[2])
    assert "1 cell with 'None' taken as missing." in info.warnings


@pytest.mark.parametrize(("decimal", "months"), [(",", {3}), (".", {5, 7})])
def test_dates_with_slashes_begin_with_the_day_beside_decimal_commas(decimal, months):
    info, table = one("visit", ["05/03/2024", "07/03/2024"], decimal)
    assert {day.month for day in values(info, table)} == months
    assert info.doubts, "the other reading must still be offered"


@pytest.mark.parametrize(
    ("name", "cells", "label"),
    [
        ("gap", "0 3 7 8 2", "GAP index"),
        ("gap", "0.31 3.7 -7.2 8.1", "gap"),
        ("gap", "0 3 12 8 2", "gap"),
        ("gap_index", "0.31 3.7 7.2 8.1", "GAP index"),
        ("gap", "I II III", "GAP index"),
        ("mrc", "1 2 5 3", "MRC grade"),
        ("mrc", "48 60 52 57", "mrc"),
        ("py", "0 22.5 40", "Pack-years"),
        ("py", "-1.2 0.3 1.1", "py"),
        ("contrast", "yes no no", "Contrast"),
        ("Contrast", "0.42 0.37 0.51", "Contrast"),
        ("make", "0.42 0.37 0.51", "make"),
    ],
)
def test_an_unclear_name_means_what_the_numbers_can_be(name, cells, label):
    assert one(name, cells)[0].label == label


def test_numbers_that_are_no_contrast_medium_are_no_acquisition():
    assert one("Contrast", "0.42 0.37 0.51")[0].family == "other"
    assert one("contrast", "yes no no")[0].family == "acquisition"


def test_columns_that_would_share_a_label_keep_their_own_names():
    table = raw({
        "weight": ["70", "80.5", "61"], "weight_lb": ["154", "177", "134"],
        "FVC": ["3.1", "2.9", "4.4"], "Height": ["171", "180", "165"],
    })  # fmt: skip
    infos = infer_columns(table)
    assert [info.label for info in infos] == ["weight", "weight lb", "FVC", "Height"]
    # A decision about one of them does not take its name away.
    (changed,) = apply_overrides(infos, {"weight_lb": ColumnOverride(decimal=".")}, table)[1:2]
    assert changed.label == "weight lb"
