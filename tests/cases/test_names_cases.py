"""Names of people, through `create`: nothing that a study holds names anybody."""

import re
import shutil
import unicodedata

import pytest

from clam_core.files.name_spelling import fold
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from tests.pipeline.scans.test_create import nifti
from tests.read.dicom import make

ONE = CreateOptions(n_workers=1)


def made(tmp_path, root, *, prepared=False):
    create(tmp_path / "study", root, None, ONE)
    if prepared:
        settings = PreprocessSettings(grid=(8, 8, 8), mask="none")
        preprocess(Study(tmp_path / "study"), settings, n_workers=1)
    return Study(tmp_path / "study")


def check_names_nobody(study, *names):
    """No file, file name or table of the study holds a name in any form or coding."""
    tables = [study.scans().reset_index(), study.sources(), study.skipped()]
    shown = fold(" ".join(frame.to_csv() for frame in tables))
    paths = list(study.folder.rglob("*"))
    content = b"\0".join(p.read_bytes() for p in paths if p.is_file())
    content += "\0".join(str(p.relative_to(study.folder)) for p in paths).encode()
    for name in names:
        assert not re.search(rf"(?<![^\W_]){re.escape(fold(name))}(?![^\W_])", shown), name
        for form in ("NFC", "NFD", "NFKC"):
            text = unicodedata.normalize(form, name)
            for raw in (text.encode(), text.encode("utf-16-le"), text.encode("unicode-escape")):
                if len(raw) > 3:
                    assert raw not in content, (name, raw)
                    assert raw.hex().encode() not in content, (name, raw)


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("k_short", ["LiNa1_CT", "LiNa", "Li", "Na"]),
        ("kanji", ["山田太郎", "山田", "太郎", "ﾔﾏﾀﾞ", "やまだ", "病院-12345", "病院"]),
    ],
)
def test_the_cases_that_went_wrong(case, names, shared_cases, tmp_path):
    shutil.copytree(shared_cases / "privacy_cjk_names" / case, tmp_path / "in")
    study = made(tmp_path, tmp_path / "in", prepared=True)
    assert study.scans()["status"].tolist() == ["ready"]
    assert study.scans().index.tolist() == ["scan-0001"]
    check_names_nobody(study, *names)


@pytest.mark.parametrize(
    "name",
    ["Jones Mary 0", "王小明", "Müller_Hans_1962", "김철수 2", "Иванов_Иван_1", "DOE JANE 3"],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_files_without_a_header_become_numbers(name, form, tmp_path):
    spelled = unicodedata.normalize(form, name)
    nifti(tmp_path / "in" / f"{spelled}.nii.gz", 1)
    nifti(tmp_path / "in" / "SARC-017.nii.gz", 2)
    (tmp_path / "in" / f"{spelled}.txt").write_text("x")
    study = made(tmp_path, tmp_path / "in", prepared=True)
    assert sorted(study.scans().index) == ["SARC-017", "scan-0001"]
    assert study.scans()["status"].tolist() == ["ready"] * 2
    parts = [part for part in re.split(r"[\W_\d]+", name) if len(part) >= 2]
    check_names_nobody(study, name, *parts)


@pytest.mark.parametrize("folder", ["王小明", "Jones_Mary"])
def test_a_root_that_is_a_persons_folder(folder, tmp_path):
    nifti(tmp_path / folder / "ct1.nii.gz", 1)
    study = made(tmp_path, tmp_path / folder, prepared=True)
    assert study.scans()["status"].tolist() == ["ready"]
    check_names_nobody(study, folder, *folder.split("_"))


@pytest.mark.parametrize(
    ("name", "spelled", "charset"),
    [
        ("Li^Na", "LiNa7", None),
        ("Wu^Xi", "WUXI_1", None),
        ("Müller^Jörg", "Joerg_Mueller1", "ISO_IR 100"),
        ("Wang^XiaoMing=王^小明", "王小明9", "ISO_IR 192"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "홍길동_4", "ISO_IR 192"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "太郎山田1", "ISO_IR 192"),
        ("Zebrowskicanary^Anna", "annazebrowskicanary3", None),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_canary_in_every_field_and_part_of_a_path(name, spelled, charset, form, tmp_path):
    """Sound, broken and skipped files; a volume without a header; an archive; text beside them."""
    file = unicodedata.normalize(form, spelled)
    root = tmp_path / "in"
    for n, folder in enumerate((f"{file}", f"x1/{file}_CT")):
        refs = _planted(root / folder, n, name, file, charset)
    cut = refs[1].path
    cut.write_bytes(cut.read_bytes()[:-9])
    scout = make.dataset(
        make.ramp(1)[0], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], PatientName=name,
        SpecificCharacterSet=charset, SeriesInstanceUID="1.2.77", PatientID="Q9",
    )  # fmt: skip
    (root / "y1").mkdir()
    make.write(root / "y1" / f"{file}_scout1.dcm", scout)
    nifti(root / "z1" / f"{file}.nii.gz", 3)
    (root / "z1" / f"{file}_2.nii").write_bytes(b"")
    (root / f"{file}.txt").write_text("x")
    study = made(tmp_path, root, prepared=True)
    assert (study.scans()["status"] == "ready").sum() == 2
    parts = [part for part in re.split(r"[\W_\d]+", name) if len(part) >= 2]
    check_names_nobody(study, spelled, *parts)


def _planted(folder, n, name, file, charset):
    folder.mkdir(parents=True)
    refs = []
    for k, pixels in enumerate(make.ramp()):
        one = make.dataset(
            pixels + n, ImagePositionPatient=[0, 0, 2.0 * k], SeriesInstanceUID=f"1.2.{n}",
            SpecificCharacterSet=charset, PatientName=name,
            PatientID=f"Q{n}", SeriesDescription=name, ManufacturerModelName=name.split("=")[0],
            OtherPatientNames=name, ReferringPhysicianName=name, InstitutionName="Quarx",
        )  # fmt: skip
        refs.append(make.write(folder / f"{file}_{k}.dcm", one))
    return refs


def test_ids_do_not_change_for_harmless_names(tmp_path):
    """The ids that were given before names were found in other scripts and spellings."""
    names = ["SARC-017", "lung_001_0000", "sub-01_ses-01_ct", "chest_ct", "P1"]
    for n, name in enumerate(names):
        nifti(tmp_path / "in" / f"{name}.nii.gz", n)
    assert sorted(made(tmp_path, tmp_path / "in").scans().index) == sorted(names)
    again = CreateOptions(n_workers=1, ids="names")
    nifti(tmp_path / "b" / "Jones Mary 0.nii.gz", 7)
    create(tmp_path / "named", tmp_path / "b", None, again)
    assert Study(tmp_path / "named").scans().index.tolist() == ["Jones Mary 0"]
