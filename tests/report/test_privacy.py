"""A patient's name in headers, file names and tables is nowhere in the report."""

from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.report import build_report
from clam_core.settings import AssociateSettings, PreprocessSettings
from clam_core.study import Study
from tests.read.dicom import make as dicom
from tests.report import make

NAME = "Zanzibarova"
N_READY = 9
SECRETS = (NAME, "Quilla", "19560302", "MRN47")


def cohort(root):
    """Nine sound series, a broken one, and a letter."""
    for n in range(N_READY + 1):
        tags = {
            "PatientName": f"{NAME}^Quilla",
            "PatientID": f"MRN47{n:02d}",
            "PatientBirthDate": "19560302",
            "InstitutionName": f"{NAME} Hospital",
            "SeriesDescription": f"{NAME} chest",
            "SeriesInstanceUID": dicom.uid(n),
        }
        files = dicom.series(root / f"{NAME}_Quilla" / f"{NAME} {n}", **tags)
    broken = files[1].path
    broken.write_bytes(broken.read_bytes()[:-50])
    (root / f"{NAME} letter.txt").write_text(f"Dear Ms {NAME}")


def test_a_patients_name_is_nowhere_in_the_report(tmp_path):
    root = tmp_path / f"{NAME}_export"
    cohort(root)
    create(tmp_path / "study", root, None, CreateOptions(n_workers=2))
    made = Study(tmp_path / "study")
    preprocess(made, PreprocessSettings(grid=(8, 8, 8), mask="none"), 2)
    made = Study(tmp_path / "study")
    assert len(made.ready()) == N_READY
    found = make.run(made, grid=(8, 8, 8))
    rows = [f"MRN47{n:02d},{NAME} Quilla,{50 + n % 7}" for n in range(N_READY)]
    (tmp_path / f"{NAME}.csv").write_text("PatientID,Patient name,age\n" + "\n".join(rows))
    import_table(made, tmp_path / f"{NAME}.csv")
    associate_run(made, "default", AssociateSettings(n_resamples=99))
    page = build_report(found).decode()
    assert "1 scan failed" in page
    assert "Age (years)" in page
    for secret in SECRETS:
        assert secret.casefold() not in page.casefold()
