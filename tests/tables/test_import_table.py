"""import_clinical: a dirty table becomes typed columns, and a report that a clerk understands."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_core.errors import SettingsError, TableError
from clam_core.tables.import_table import ClinicalOptions, import_clinical
from clam_core.tables.read_table import read_table
from tests.tables.text import make
from tests.tables.text.make import raw

HEAD = [
    "Pat-Nr",
    "Nachname",
    "Geschlecht",
    "FVC_[L]",
    "DLCO",
    "Milchglas",
    "Bemerkung",
    "Raucher",
    "Datum",
]
ROWS = [
    ["Lungenfunktion 2024", *[None] * 8],
    [
        *("Pat-Nr", "Nachname", "Geschlecht", "FVC [L]", "DLCO"),
        *("Milchglas", "Bemerkung", "Raucher", "Datum"),
    ],
    ["001", "Meier", "m", "3,45", "80,5", "keine", "kommt gern", "ja", "01.02.2024"],
    ["2", "Huber", "w", "2,80", "75,25", "leicht", "müde", "nein", "03.02.2024"],
    ["003", "Roth", "w", "2,9", "1.075,0", "mittel", "Frau Roth hustet", "nein", "04.02.2024"],
    ["003", "Roth", "w", "2,9", "1.075,0", "mittel", "Frau Roth hustet", "nein", "04.02.2024"],
    ["004", "Kunz", "m", "n/a", "66,5", "schwer", "-", "Ja", "5.2.24"],
    ["005", "Gut", "m", "3,1 L", "abc", "schwer", "ok", "ja", "06.02.2024"],
    ["009", "Fremd", "m", "3,1", "60,0", "keine", "nicht dabei", "ja", "06.02.2024"],
    [None, None, None, "3,3", *[None] * 5],
    [None] * 9,
    [None] * 9,
]
SCANS = pd.DataFrame(
    {"subject_id": [f"00{n}" for n in range(1, 7)]},
    index=pd.Index([f"00{n}_ct" for n in range(1, 7)], name="scan_id"),
)
REPORT = """\
4 of 6 scans have a row in the table (column 'Pat-Nr', which holds the ids of subjects).
2 scans have no row: 002_ct, 006_ct.
1 row belongs to no scan of this study: '009' (line 9); not imported.
1 row has no id: line 10; not imported.
1 id with the same row more than once, taken once: 003 (lines 5, 6).
1 id is spelled in another way than in the study: '2' for '002' (leading zeros); not matched. \
Accept such ids (on the page Cohort, or with --accept-near-misses), or correct them in the table.
{how}
1 row above the header (line 2) left out as a title.{blank}
'Nachname' was left out: it looks like a person's name.
'Bemerkung' was left out: it repeats names of people.
FVC [L]: 1 cell with 'n/a' taken as missing.
DLCO: 1 cell is not a number and was taken as missing (line 8).
DLCO: The name says no unit; a median of 75.25 suggests '% predicted'. Set it if wrong.
Raucher: 'ja', 'Ja', 'nein' read as no and yes.
Datum: 1 year of two digits taken to lie in 1970 to 2069."""


def dirty_csv(path, rows=ROWS):
    lines = (";".join(cell or "" for cell in row) for row in rows)
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def dirty_workbook(path):
    """The same with some numbers as numbers, a merged title and a second sheet."""

    def edit(book, sheet):
        sheet.title = "Daten"
        sheet.merge_cells("A1:I1")
        sheet["D5"], sheet["D6"] = 2.9, 2.9
        sheet["E4"] = 75.25
        book.create_sheet("Legende").append(["Raucher: ja/nein"])

    return make.workbook(path, ROWS, edit)


def test_the_report_of_a_dirty_csv(tmp_path):
    done = import_clinical(read_table(dirty_csv(tmp_path / "lufu.csv")), SCANS)
    how = (
        "Read as semicolon-separated, decimal comma, Windows-1252; it is not UTF-8, so check "
        "letters such as ü."
    )
    blank = "\nLeft out: 2 empty rows."
    assert "\n".join(done.sentences()) == REPORT.format(how=how, blank=blank)


def test_its_twin_as_a_workbook_says_and_holds_the_same(tmp_path):
    done = import_clinical(read_table(dirty_workbook(tmp_path / "lufu.xlsx")), SCANS)
    how = (
        "Read from sheet 'Daten' of an Excel workbook; 1 other sheet not read: 'Legende'.\n"
        "1 group of merged cells: only the first cell of a group has a value, the others are empty."
    )
    assert "\n".join(done.sentences()) == REPORT.format(how=how, blank="")
    text = import_clinical(read_table(dirty_csv(tmp_path / "lufu.csv")), SCANS)
    pd.testing.assert_frame_equal(done.frame, text.frame)
    assert [(c.name, c.kind, c.unit) for c in done.columns] == [
        (c.name, c.kind, c.unit) for c in text.columns
    ]


def test_the_values_of_the_dirty_table(tmp_path):
    options = ClinicalOptions(apply_near_misses=True)
    done = import_clinical(read_table(dirty_csv(tmp_path / "lufu.csv")), SCANS, options)
    frame = done.frame
    assert frame.index.tolist() == ["001", "002", "003", "004", "005"]
    assert frame.index.name == "subject_id"
    assert frame["FVC [L]"].fillna(-1).tolist() == [3.45, 2.8, 2.9, -1, 3.1]
    assert frame["DLCO"].fillna(-1).tolist() == [80.5, 75.25, 1075, 66.5, -1]
    assert frame["Raucher"].tolist() == ["yes", "no", "no", "yes", "yes"]
    assert frame["Milchglas"].cat.categories.tolist() == ["keine", "leicht", "mittel", "schwer"]
    assert frame["Datum"].tolist()[3] == pd.Timestamp(2024, 2, 5)
    assert done.description()["n_matched"] == 5


def test_rows_that_contradict_each_other_are_refused_or_the_first_is_taken(tmp_path):
    rows = [list(row) for row in ROWS]
    rows[5][3] = "2,7"
    table = read_table(dirty_csv(tmp_path / "lufu.csv", rows))
    with pytest.raises(
        TableError, match=r"1 id has rows that .*: 003 \(lines 5, 6\) in 'FVC \[L\]'"
    ):
        import_clinical(table, SCANS)
    done = import_clinical(table, SCANS, ClinicalOptions(duplicates="first"))
    assert done.frame.loc["003", "FVC [L]"] == 2.9
    assert any("The first row of each was taken." in said for said in done.sentences())


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (["7", "8"], {}, "has the id of a scan .such as '001_ct'. or subject .such as '001'. of"),
        (["7", "8"], {"id_column": "v"}, "in column 'v'. Name the column with the ids, or corr"),
        (["7", "8"], {"id_column": "w"}, "There is no column 'w'; the table has 'id', 'v'"),
        (["1", "2"], {}, "2 ids are spelled in another way .* Accept such ids .*or correct them"),
        (["001", "2"], {"overrides": {"w": {"kind": "date"}}}, "There is no column 'w'"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_what_to_do(cells, options, message):
    with pytest.raises(TableError, match=message):
        import_clinical(raw({"id": cells, "v": ["4.5", "8.5"]}), SCANS, ClinicalOptions(**options))
    with pytest.raises(TableError, match="The study has no scan"):
        import_clinical(raw({"id": cells}), SCANS.iloc[:0])


def test_unknown_options_are_refused():
    with pytest.raises(SettingsError):
        ClinicalOptions(duplicates="last")


def test_names_and_what_repeats_them_stay_out_unless_the_user_insists():
    table = raw(
        {
            "id": ["001", "002", "003"],
            "Surname": ["Zanzibar", "Klein", "Gross"],
            "finding": ["klein", "klein", "mild"],
            "told_by": ["the wife of ZANZIBAR", "himself", "himself"],
            "DOB": ["01.02.1956", "", ""],
            "mail": ["a@b.ch", "", ""],
        }
    )
    done = import_clinical(table, SCANS)
    assert done.frame.columns.tolist() == ["finding"]
    assert "'told_by' was left out: it repeats names of people." in done.notices
    assert "'DOB' was left out: it looks like a date of birth." in done.notices
    assert "Zanzibar".casefold() not in " ".join(done.sentences()).casefold()
    kept = import_clinical(table, SCANS, ClinicalOptions(keep_personal=True))
    assert kept.frame["Surname"].tolist() == ["Zanzibar", "Klein", "Gross"]


def test_hospital_numbers_are_neither_index_nor_column():
    def code(text):
        return f"sub-{text[::-1]}x"

    study = SCANS.assign(subject_id=[code(f"471{n}") for n in range(6)])
    table = raw(
        {
            "hospital no.": ["4711", "4712"],
            "v": ["1.5", "2.5"],
            "again": ["4711", "4712"],
            "note": ["see 4711", "none of that"],
        }
    )
    done = import_clinical(table, study, ClinicalOptions(), code)
    assert done.frame.index.tolist() == [code("4711"), code("4712")]
    assert done.frame.columns.tolist() == ["v"]
    assert "'again' was left out: it holds hospital numbers." in done.notices
    assert not any("4711" in said for said in done.sentences())


@given(
    ids=st.lists(st.sampled_from(["001", "002", "003_ct", "1", "x", ""]), min_size=1, max_size=9),
    near=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_the_frame_has_each_id_once_in_the_order_of_the_study(ids, near):
    table = raw({"id": [*ids, "006"], "v": [str(n / 2) for n in range(len(ids) + 1)]})
    options = ClinicalOptions(duplicates="first", apply_near_misses=near, id_column="id")
    done = import_clinical(table, SCANS, options)
    assert done.frame.index.is_unique
    order = [*SCANS.index] if done.report.level == "scan" else [*SCANS["subject_id"]]
    assert done.frame.index.tolist() == [one for one in order if one in done.report.rows]
    for one, value in zip(done.frame.index, table_values(done), strict=True):
        first = done.report.rows[one][0]
        assert value == first / 2


def table_values(done):
    column = done.frame["v"]
    return [float(value) for value in column.astype(object)]
