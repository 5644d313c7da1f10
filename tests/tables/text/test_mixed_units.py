"""Two units in one column: converted where cells or sizes leave no doubt, else said."""

import numpy as np
import pytest

from clam_core.tables.describe_columns import infer_columns, typed_frame
from clam_core.tables.import_table import import_clinical
from tests.tables.test_joining import scans
from tests.tables.text.make import raw


def read(name, cells):
    table = raw({name: cells.split("|")})
    (info,) = infer_columns(table)
    return info, typed_frame(table, [info])[name].tolist()


@pytest.mark.parametrize(
    ("name", "cells", "unit", "values"),
    [
        ("Height", "1.72|1.6|180|175|168", "cm", [172, 160, 180, 175, 168]),
        ("Height", "172|1.6|1.8|1.75|1.68", "m", [1.72, 1.6, 1.8, 1.75, 1.68]),
        ("height_cm", "1.72|1.6|1.8|175|1.68", "cm", [172, 160, 180, 175, 168]),
        ("Gr\xf6\xdfe (m)", "172|160|180|1.75|168", "m", [1.72, 1.6, 1.8, 1.75, 1.68]),
        ("x", "172 cm|1.6 m|180 cm|175 cm", "cm", [172, 160, 180, 175]),
        ("FVC", "2.5|3100|1.9|2.2|3.3", "L", [2.5, 3.1, 1.9, 2.2, 3.3]),
        ("FVC (mL)", "2500|3.1|1900|2200", "mL", [2500, 3100, 1900, 2200]),
        ("SpO2", "0.97|95|0.9|93|98", "%", [97, 95, 90, 93, 98]),
        ("FEV1/FVC", "0.7|72|0.65|0.8|0.75", "", [0.7, 0.72, 0.65, 0.8, 0.75]),
        ("FVC % pred", "85|0.9|70|1.02", "% predicted", [85, 90, 70, 102]),
        ("age", "040Y|018M|052Y|033Y", "years", [40, 1.5, 52, 33]),
        ("share", "71%|0.65|80 %|0.7", "%", [71, 65, 80, 70]),
        ("dose", "500 mg|1 g|250 mg|0.5 g|20 mg", "mg", [500, 1000, 250, 500, 20]),
        ("age", "40 y|18 months|52 y|33 y", "years", [40, 1.5, 52, 33]),
    ],
)
def test_what_cells_or_sizes_say_is_converted(name, cells, unit, values):
    info, found = read(name, cells)
    assert info.unit == unit
    assert found == pytest.approx(values)
    assert any("converted" in text or "multiplied" in text for text in info.warnings)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Eosinophils", "3%|0.5|2 %|0.8"),
        ("present", "30%|0|1|40 %"),
        ("Height", "172|180|175|168|99"),
        ("Height", "1.72|1.80|1.75|1.68|99|99"),
        ("FVC", "2.5|3.1|1.9|2.2|999|888"),
        ("FVC % pred", "85|90|70|2.5"),
        ("FEV1", "95|88|210|8|102|77|65"),
        ("x", "1.72|1.6|180|175"),
    ],
)
def test_what_may_be_something_else_is_left(name, cells):
    _, found = read(name, cells)
    assert found == [float(cell.rstrip("% ")) for cell in cells.split("|")]


def test_another_kind_of_unit_is_missing():
    info, found = read("dose", "500 mg|5 mL|250 mg|20 mg")
    assert np.isnan(found[1])
    assert "Cells with another unit than 'mg' were taken as missing (line 3)." in info.warnings


def test_two_heaps_are_doubted_and_kept():
    info, found = read("girth", "0.8|0.9|85|95|1.1|102|0.95|88|91|0.99")
    assert found[:3] == [0.8, 0.9, 85]
    assert any(
        text.startswith("Numbers from 0.8 to 1.1 (lines 2, 3, 6 and 2 more) and from 85 to 102")
        for text in info.warnings
    )
    for cells in ("|".join(map(str, [1, 3, 9, 40, 200, 900, 4000, 2, 7, 30])), "1|2" + "|150" * 9):
        assert not any("Numbers from" in text for text in read("titre", cells)[0].warnings)


def test_rows_that_are_no_scans_do_not_change_what_a_cell_means():
    """The scans alone would leave no cell with the sign, or in centimetres."""
    table = raw(
        {
            "id": ["A", "B", "C", "X", "Y", "Z", "W"],
            "height": ["1.7", "1.8", "1.6", "175", "181", "169", "177"],
            "pct": ["0.6", "0.7", "0.65", "66%", "71%", "80%", "59%"],
            "weight": ["70", "81.5", "64", "70 kg", "80 kg", "81 kg", "66 kg"],
        }
    )
    done = import_clinical(table, scans(["A", "B", "C"]))
    assert done.frame["height"].tolist() == pytest.approx([170, 180, 160])
    assert done.frame["pct"].tolist() == pytest.approx([60, 70, 65])
    assert {info.name: info.unit for info in done.columns} == {
        "height": "cm",
        "pct": "%",
        "weight": "kg",
    }
    (height,) = (info for info in done.columns if info.name == "height")
    assert any(text.startswith("3 cells of another size") for text in height.warnings)


def cells(*heaps):
    return "|".join(str(round(float(value), 1)) for heap in heaps for value in heap)


RNG = np.random.default_rng(5)
KG = np.clip(RNG.lognormal(np.log(75), 0.2, 60), 45, 130)
CM, CELSIUS = RNG.normal(171, 9, 40), RNG.normal(36.9, 0.4, 30)
"""Weights, heights and temperatures as people have them."""


@pytest.mark.parametrize(
    ("name", "heaps", "small", "large"),
    [
        ("weight", (KG[:35], KG[35:] * 2.20462), "kg", "lb"),
        ("Gewicht", (KG[:12] * 2.20462, KG[12:] * 1), "kg", "lb"),
        ("weight", (KG[:20], [151, 171, 188]), "kg", "lb"),
        ("height", (CM, CM[:5] / 2.54), "in", "cm"),
        ("K\xf6rpergr\xf6\xdfe", (CM[:6], CM[6:] / 2.54), "in", "cm"),
        ("height", (CM[:6] / 100, CM[6:] / 30.48), "m", "ft"),
        ("Body temperature", (CELSIUS, CELSIUS[:4] * 1.8 + 32), "\xb0C", "\xb0F"),
        ("waist", ([88, 94, 101, 85, 110], [34, 38, 41]), "in", "cm"),
    ],
)
def test_two_units_of_a_body_are_doubted(name, heaps, small, large):
    info, found = read(name, cells(*heaps))
    (doubt,) = [text for text in info.doubts if "may be in" in text]
    assert f"in {small}" in doubt and f"in {large}" in doubt and "kept as they are" in doubt
    fewer = np.round(min(heaps, key=len), 1)
    if small != "kg":  # the lightest in pounds weigh as the heaviest in kilograms
        assert f"Numbers from {min(fewer):g} to {max(fewer):g} (lines" in doubt
    assert found == pytest.approx(np.round(np.concatenate(heaps), 1).tolist())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weight", KG),
        ("weight", KG * 2.20462),
        ("weight", np.linspace(48, 160, 50)),
        ("height", CM),
        ("height", np.linspace(62, 185, 60)),
        ("temperature", RNG.normal(37.6, 1.0, 40)),
        ("waist", RNG.normal(95, 14, 40)),
        ("crp", np.concatenate([KG, KG * 2.2])),
    ],
)
def test_one_unit_of_a_body_is_not_doubted(name, values):
    info, _ = read(name, cells(values))
    assert not [text for text in info.warnings if "may be in" in text]


@pytest.mark.parametrize("seed", range(60))
def test_weights_of_any_cohort_are_not_doubted(seed):
    rng = np.random.default_rng(seed)
    values = rng.lognormal(
        np.log(rng.uniform(62, 90)), rng.uniform(0.15, 0.25), rng.integers(8, 300)
    )
    info, _ = read("weight_kg", cells(values))
    assert not [text for text in info.warnings if "may be in" in text]


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [("height", CM / 2.54, "in"), ("height", CM / 30.48, "ft"), ("weight", KG * 2.20462, "lb"),
     ("weight", KG, "kg"), ("height in cm", CM, "cm"), ("weight (lbs)", KG * 2.2, "lb")],
)  # fmt: skip
def test_a_whole_column_in_another_unit(name, values, unit):
    info, _ = read(name, cells(values))
    assert info.unit == unit
    said = f"suggests {unit!r}. Set it if wrong." in " ".join(info.warnings)
    assert said == (unit in {"in", "ft"} or (unit == "lb" and name == "weight"))


def test_pounds_and_inches_that_cells_say_are_converted():
    info, found = read("weight", "70 kg|154 lb|81 kg|65 kg|176 lbs")
    assert (info.unit, found) == ("kg", pytest.approx([70, 69.853, 81, 65, 79.832], abs=1e-3))
    _, found = read("height", "172 cm|68 in|180 cm|165 cm")
    assert found == pytest.approx([172, 172.72, 180, 165])
