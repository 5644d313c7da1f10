"""The order of clinical columns where only a few are shown."""

import pytest

from clam_core.tables.column_info import ColumnInfo
from pages.shared.leading_columns import leading, useful_first


def columns(*names, **families):
    plain = [ColumnInfo(name, name, "continuous") for name in names]
    return plain + [
        ColumnInfo(name, name, "continuous", family=family) for name, family in families.items()
    ]


# The columns of LIDC-IDRI's table of nodules, in its order.
LIDC = [
    "nodule_id",
    "coordX",
    "coordY",
    "coordZ",
    "diameter_mm",
    "bboxLowX",
    "bboxHighZ",
    "Diagnosis",
    "Diagnosis_value",
    "Malignancy",
    "Malignancy_value",
    "Calcification",
]


def test_coordinates_ids_and_codes_of_other_columns_come_last():
    assert [info.name for info in useful_first(columns(*LIDC))] == [
        "diameter_mm",
        "Diagnosis",
        "Malignancy",
        "Calcification",
        "nodule_id",
        "coordX",
        "coordY",
        "coordZ",
        "bboxLowX",
        "bboxHighZ",
        "Diagnosis_value",
        "Malignancy_value",
    ]
    assert [info.name for info in leading(columns(*LIDC))][:4] == [
        "diameter_mm", "Diagnosis", "Malignancy", "Calcification"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["slice_index", "SeriesUID", "x", "center-y", "z_mm", "BoundingBox", "row", "FileName", "z"],
)
def test_names_of_places_and_rows(name):
    assert [info.name for info in useful_first(columns(name, "age"))] == ["age", name]


@pytest.mark.parametrize("name", ["FEV1", "sex", "exacerbations", "max_value", "zinc"])
def test_names_of_findings_stay_where_they_are(name):
    assert useful_first(columns(name, "age"))[0].name == name


def test_families_take_turns_in_the_order_of_a_physician():
    given = columns("site", "x", **{"age": "demographics", "sex": "demographics"})
    given += columns(FEV1="lung function", FVC="lung function", DLCO="lung function")
    names = [info.name for info in leading(given)]
    assert names == ["FEV1", "FVC", "age", "sex", "site", "DLCO", "x"]
