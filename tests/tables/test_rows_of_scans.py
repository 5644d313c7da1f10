import numpy as np
import pandas as pd
import pytest

from clam_core.errors import AlignmentError
from clam_core.tables.rows_of_scans import align_to_scans, has_row

SCANS = pd.DataFrame(
    {"subject_id": ["p2", "p1", "p2", "p9"]},
    index=pd.Index(["b", "a", "d", "c"], name="scan_id"),
)


def table(level, **values):
    return pd.DataFrame({"fvc": list(values.values())}, index=pd.Index(list(values), name=level))


def test_a_table_of_scans_follows_the_order_of_the_scans():
    found = align_to_scans(table("scan_id", a=1.0, c=3.0, d=4.0, z=9.0), SCANS)
    pd.testing.assert_index_equal(found.index, SCANS.index)
    np.testing.assert_array_equal(found["fvc"], [np.nan, 1.0, 4.0, 3.0])


def test_a_table_of_subjects_gives_each_scan_the_values_of_its_own_subject():
    found = align_to_scans(table("subject_id", p1=1.0, p2=2.0, p3=3.0), SCANS)
    pd.testing.assert_index_equal(found.index, SCANS.index)
    np.testing.assert_array_equal(found["fvc"], [2.0, 1.0, 2.0, np.nan])


@pytest.mark.parametrize(("level", "names"), [("scan_id", "abcd"), ("subject_id", ["p1", "p2"])])
def test_it_does_not_matter_how_a_table_is_sorted(level, names):
    values = dict(zip(names, np.arange(len(names), dtype=float), strict=True))
    turned = table(level, **dict(reversed(values.items())))
    pd.testing.assert_frame_equal(
        align_to_scans(table(level, **values), SCANS), align_to_scans(turned, SCANS)
    )


def test_types_stay():
    kinds = pd.DataFrame(
        {"site": pd.Categorical(["x", "y"])}, index=pd.Index(["a", "b"], name="scan_id")
    )
    assert isinstance(align_to_scans(kinds, SCANS)["site"].dtype, pd.CategoricalDtype)


def test_tables_that_do_not_meet_the_scans_are_refused():
    with pytest.raises(AlignmentError, match="No subject_id of the clusters occurs"):
        align_to_scans(table("subject_id", a=1.0, b=2.0), SCANS)  # these are ids of scans
    with pytest.raises(AlignmentError, match="No scan_id of the clusters occurs"):
        align_to_scans(table("scan_id", p1=1.0), SCANS)
    twice = pd.concat([table("scan_id", a=1.0), table("scan_id", a=2.0)])
    with pytest.raises(AlignmentError, match="A scan_id occurs twice"):
        align_to_scans(twice, SCANS)
    for ask in (align_to_scans, has_row):
        with pytest.raises(AlignmentError, match="indexed by 'patient'; it needs scan_id or"):
            ask(table("patient", a=1.0), SCANS)


def test_which_scans_the_table_says_something_about():
    known = has_row(table("subject_id", p2=np.nan, p9=1.0), SCANS)
    assert known.to_dict() == {"b": True, "a": False, "d": True, "c": True}
    assert has_row(table("scan_id", a=1.0), SCANS).tolist() == [False, True, False, False]
    assert not has_row(table("scan_id", z=1.0), SCANS).any()
