"""Names in one, two or three rows: what is a name, what is a value, and what the columns are."""

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.tables.read_table import read_table
from tests.tables.text import make


@pytest.fixture
def read(tmp_path):
    def reader(text):
        path = tmp_path / "t.csv"
        path.write_text(text, "utf-8")
        return read_table(path)

    return reader


BODY = "S1,2.5,3.5,12\nS2,2.4,3.4,7\nS3,1.9,2.8,3\n"


@pytest.mark.parametrize(
    ("header", "names", "n_rows"),
    [
        ("id,Spirometry,,Blood\n,FEV1,FVC,CRP\n", "id FEV1 FVC CRP", 2),
        ("id,Before,,CRP\n,FEV1,FVC,\n", "id FEV1 FVC CRP", 2),
        ("id,FEV1,FVC,CRP\n,L,L,mg/L\n", "id FEV1~(L) FVC~(L) CRP~(mg/L)", 2),
        ("id,FEV1,FVC,CRP\n-,(L),(L),(mg/l)\n", "id FEV1~(L) FVC~(L) CRP~(mg/l)", 2),
        ("id,FEV1 (L),FVC,CRP\n,L,L,-\n", "id FEV1~(L) FVC~(L) CRP", 2),
        (",Before,After,\n,FEV1,FEV1,CRP\nid,,,\n", "id Before~FEV1 After~FEV1 After~CRP", 3),
        ("id,Lung,,\n,Before,After,Blood\n,L,L,mg/L\n", "id Before~(L) After~(L) Blood~(mg/L)", 3),
        ("id,Before,Before,After\n,FEV1,FVC,FEV1\n", "id Before~FEV1 Before~FVC After~FEV1", 2),
        ("id,q1,q2,q3\nID,FEV1 in litres,FVC in litres,CRP\n", None, 2),
        ("id,fev1,fvc,crp\nKey,First second,Forced,Protein\n", "id fev1 fvc crp", 2),
    ],
)
def test_names_in_several_rows(read, header, names, n_rows):
    table = read(header + BODY)
    expected = names and tuple(name.replace("~", " ") for name in names.split(" "))
    assert table.columns == (expected or ("ID", "FEV1 in litres", "FVC in litres", "CRP"))
    assert table.rows == [line.split(",") for line in BODY.split()]
    assert table.lines[0] == n_rows + 1
    assert any(f"Lines 1 {'to' if n_rows > 2 else 'and'} {n_rows} were" in n for n in table.notes)


@pytest.mark.parametrize(
    "first",
    [
        "S0,2.2,3.2,4",
        "S0,refused,refused,refused",
        "S0,NA,.,n/a",
        "S0,refused,2.5,5",
        "S0,,,",
        "S0,<2.5,3.5 L,10.2 H",
    ],
)
def test_a_first_row_of_values_is_no_row_of_names(read, first):
    table = read(f"id,fev1,fvc,crp\n{first}\n{BODY}")
    assert table.columns == ("id", "fev1", "fvc", "crp")
    assert table.cells("id") == ["S0", "S1", "S2", "S3"]


def test_two_rows_of_names_above_answers_in_words(read):
    table = read("id,History,,Drugs\n,asthma,smoker,MTX\nS1,yes,no,yes\nS2,no,no,yes\n")
    assert table.columns == ("id", "asthma", "smoker", "MTX")
    assert table.n_rows == 2


def test_answers_in_words_are_no_names(read):
    body = "S1,male,yes\nS2,female,no\nS3,male,yes\n"
    assert read(f"id,sex,smoker\n{body}").n_rows == 3
    assert read(f",sex,smoker\n{body}").n_rows == 3
    assert read(",sex\nS1,male\nS2,female\n").n_rows == 2


@pytest.mark.parametrize("names", [["FEV1", "FVC", "CRP"], ["a", "a", "b"]])
def test_the_two_levels_of_pandas_are_its_own_names(read, names):
    """Compared with what pandas reads back from its own file."""
    levels = pd.MultiIndex.from_arrays([["Lung", "Heart", "Blood"], names])
    frame = pd.DataFrame(
        [[1.5, 2.5, 3.0], [4.0, 5.5, 6.0], [7.0, 8.5, 9.5]], ["S1", "S2", "S3"], levels
    )
    frame.index.name = "id"
    text = frame.to_csv()
    again = pd.read_csv(io.StringIO(text), header=[0, 1], index_col=0)
    table = read(text)
    unique = len(set(names)) == len(names)
    wanted = names if unique else [f"{a} {b}" for a, b in again.columns]
    assert table.columns == ("id", *wanted)
    assert [[float(cell) for cell in row[1:]] for row in table.rows] == again.to_numpy().tolist()


def test_merged_cells_of_a_header_and_of_a_body(tmp_path):
    def edit(_, sheet):
        for place in ("A1:A3", "B1:C1", "D1:E1", "F1:F3", "F4:F6"):
            sheet.merge_cells(place)

    rows = [
        ["ID", "Baseline", None, "Follow-up", None, "Site"],
        [None, "FEV1", "FVC", "FEV1", "FVC", None],
        [None, "L", "L", "L", "L", None],
        ["S1", 2.5, 3.5, 2.4, 3.4, "North"],
        ["S2", 2.6, 3.6, 2.5, 3.5, None],
        ["S3", 2.7, 3.7, 2.6, 3.6, None],
        ["S4", 2.8, 3.8, 2.7, 3.7, None],
    ]
    table = read_table(make.workbook(tmp_path / "t.xlsx", rows, edit))
    assert table.columns == (
        "ID",
        "Baseline FEV1 (L)",
        "Baseline FVC (L)",
        "Follow-up FEV1 (L)",
        "Follow-up FVC (L)",
        "Site",
    )
    assert table.cells("Site") == ["North", "North", "North", None]
    assert any("3 groups of cells merged over several rows" in note for note in table.notes)


NAMES = st.lists(
    st.text("abcdefgh", min_size=3, max_size=8), min_size=4, max_size=4, unique=True
).filter(lambda names: not any(name in {"feb", "dec"} for name in names))


@given(names=NAMES, n=st.integers(3, 8), gap=st.integers(1, 3))
def test_one_row_of_names_stays_one(names, n, gap):
    """Numbers below one row of names are never taken for names, also with an empty cell."""
    from clam_core.settings import TableLimits
    from clam_core.tables.text.delimited import read_delimited

    rows = [[f"S{i}", *(str(i + k / 2) for k in range(3))] for i in range(n)]
    rows[0][gap] = ""
    text = "\n".join(",".join(row) for row in [names, *rows])
    table = read_delimited(text.encode(), "t.csv", TableLimits())
    assert table.columns == tuple(names)
    assert table.n_rows == n
