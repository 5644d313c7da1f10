"""Tables as laboratories, spreadsheets and R write them, through `clinical`: every value right."""

import csv

import numpy as np
import pytest

from clam_core.errors import TableError
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.read.nifti import write_nifti
from clam_core.study import Study
from clam_core.tables.import_table import ClinicalOptions


def made(folder, ids):
    """A study of small scans with these ids."""
    (folder / "in").mkdir()
    for seed, name in enumerate(ids):
        voxels = np.random.default_rng(seed).normal(-600, 200, (6, 6, 6)).astype(np.int16)
        write_nifti(folder / "in" / f"{name}.nii.gz", voxels, np.diag([-1.0, -1.0, 2.0, 1.0]))
    create(folder / "study", folder / "in", None, CreateOptions(n_workers=1))
    return Study(folder / "study")


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    return made(tmp_path_factory.mktemp("letters"), [f"S{n:03}" for n in range(1, 25)])


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return made(tmp_path_factory.mktemp("digits"), [str(n) for n in range(1001, 1009)])


def plain(path, column):
    """Cells of a column as Python's csv module gives them."""
    with path.open(newline="", encoding="utf-8") as file:
        return [row[column] for row in csv.DictReader(file)]


def numbers(study, column):
    frame, _ = study.clinical()
    return frame[column].tolist()


def kinds(study):
    return {one["name"]: one["kind"] for one in study.clinical()[1]["columns"]}


def warnings(study, column):
    (info,) = (one for one in study.clinical()[1]["columns"] if one["name"] == column)
    return " ".join(info["warnings"])


def test_ids_that_pandas_made_floats(shared_cases, digits):
    path = shared_cases / "numeric_ids_float" / "num_float.csv"
    summary = import_table(digits, path)
    assert summary.values["n_matched"] == 8
    assert "8 ids are written as numbers, such as '1001.0' for '1001': matched" in " ".join(
        summary.sentences
    )
    assert numbers(digits, "fev1") == [float(cell) for cell in plain(path, "fev1")]


@pytest.mark.parametrize("spelling", ["{:,}", "{:.3E}", "{:.2f}", "{},0"])
def test_ids_that_a_spreadsheet_wrote_as_numbers(spelling, digits, tmp_path):
    """Exponents with all digits, thousands, decimals of zeros in two languages."""
    path = tmp_path / "t.csv"
    rows = [f'"{spelling.format(n)}";{n - 1000},5' for n in range(1001, 1009)]
    path.write_text("\n".join(["patient;fvc", *rows]))
    assert import_table(digits, path).values["n_matched"] == 8
    assert numbers(digits, "fvc") == [n + 0.5 for n in range(1, 9)]


def test_ids_without_their_last_digits_are_refused(digits, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("pid,x\n" + "".join(f"1.00E+03,{n}\n" for n in range(8)))
    with pytest.raises(TableError, match=r"column 'pid', 8 ids have lost digits, as spreadsheets"):
        import_table(digits, path)
    path.write_text("pid,x\n" + "".join(f"{n},{n}\n" for n in range(1001, 1008)) + "1.23E+11,9\n")
    said = " ".join(import_table(digits, path).sentences)
    assert "1 id has lost digits" in said
    assert "(line 9)" in said


def test_marks_of_a_laboratory_and_two_units_in_one_column(shared_cases, letters):
    path = shared_cases / "lab_flags" / "flags.csv"
    import_table(letters, path)
    frame, description = letters.clinical()
    found = {one["name"]: one for one in description["columns"]}
    for name in ("crp", "alb", "ace"):
        bare = [float(cell.strip(" H*()")) for cell in plain(path, name)]
        assert frame[name].tolist() == bare
        assert "with a laboratory's mark beside the number" in warnings(letters, name)
    assert [found[name]["unit"] for name in ("crp", "alb", "ace")] == ["mg/L", "", "U/L"]
    assert frame["age"].tolist() == [float(cell.rstrip("y")) for cell in plain(path, "age")]
    assert frame["dage"].tolist() == frame["age"].tolist()
    metres = [float(cell) for cell in plain(path, "height")]
    assert frame["height"].tolist() == pytest.approx([x if x > 3 else 100 * x for x in metres])
    assert "12 cells of another size than the rest were taken to be in m" in warnings(
        letters, "height"
    )
    shares = [float(cell.rstrip("%")) * (1 if "%" in cell else 100) for cell in plain(path, "pct")]
    assert frame["pct"].tolist() == pytest.approx(shares)
    assert "12 cells without a % sign were taken to be shares of 1" in warnings(letters, "pct")
    assert (found["height"]["unit"], found["pct"]["unit"]) == ("cm", "%")


def test_formulas_that_keep_a_text(shared_cases, letters):
    path = shared_cases / "excel_text_formula" / "excelquote.csv"
    import_table(letters, path)
    assert kinds(letters) == {"fev1": "continuous", "code": "id"}
    assert numbers(letters, "fev1") == [float(cell.strip('="')) for cell in plain(path, "fev1")]
    assert numbers(letters, "code") == [cell.strip('="') for cell in plain(path, "code")]


def test_no_treatment_is_an_answer(shared_cases, letters):
    path = shared_cases / "none_is_untreated" / "sexes.csv"
    import_table(letters, path)
    assert numbers(letters, "therapy") == plain(path, "therapy")
    assert "'None' may mean missing; kept as a level" in warnings(letters, "therapy")
    frame, _ = letters.clinical()
    assert list(frame["therapy"].cat.categories) == ["None", "MTX", "Steroids"]
    assert frame["sex"].isna().sum() == 2
    assert kinds(letters)["dyspnea"] == "ordinal"
    assert list(frame["dyspnea"].cat.categories) == ["0", "1", "2", "3+"]


def test_two_rows_of_names(shared_cases, letters):
    path = shared_cases / "two_header_rows" / "twohead.csv"
    said = import_table(letters, path).sentences
    assert any("Lines 1 and 2 were read as one header" in one for one in said)
    frame, description = letters.clinical()
    assert list(frame) == ["FEV1 (L)", "FVC (L)", "CRP (mg/L)", "ACE (U/L)"]
    assert [one["unit"] for one in description["columns"]] == ["L", "L", "mg/L", "U/L"]
    rows = list(csv.reader(path.read_text().splitlines()))[2:]
    assert frame.to_numpy().tolist() == [[float(cell) for cell in row[1:]] for row in rows]


def test_a_legend_is_not_the_table(shared_cases, letters):
    path = shared_cases / "workbook_legend_first" / "xlegend.xlsx"
    said = import_table(letters, path).sentences
    assert any("Read from sheet 'Data' of an Excel workbook; 2 other" in one for one in said)
    assert numbers(letters, "fev1")[:4] == [2.56, 2.43, 2.82, 2.55]
    with pytest.raises(TableError, match=r"No row .* Read from sheet 'Legend' .*not read: 'Data'"):
        import_table(letters, path, ClinicalOptions(sheet="Legend"))


def test_row_names_of_r(shared_cases, letters):
    path = shared_cases / "r_write_table" / "rtable.csv"
    said = import_table(letters, path).sentences
    assert any("The header lacks a name for the first column" in one for one in said)
    lines = path.read_text().splitlines()[1:]
    assert numbers(letters, "fev1") == [float(line.split(",")[2]) for line in lines]
    assert kinds(letters) == {"row id": "id", "fev1": "continuous", "age": "continuous"}


def test_names_on_two_lines_and_with_commas(shared_cases, letters):
    import_table(letters, shared_cases / "comma_in_column_name" / "nlhead.xlsx")
    assert list(kinds(letters)) == ["FEV1 (L)", "FVC, L", "DLCO % pred", "Datum CT"]
