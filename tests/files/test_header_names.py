"""Names of a header are found in file names in any order, spelling and script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.files.header_names import matcher
from clam_core.files.personal_names import looks_private, names_someone
from clam_core.read.dicom.fields import Fields
from clam_core.read.dicom.privacy import private_words
from clam_core.read.dicom.rawfile import read_raw_header
from tests.read.dicom import make


def words(*names, **ids):
    """Private words as the reader makes them of PatientName (and id, birth date)."""
    return frozenset(_words(names[0], ids.get("patient_id", ""), ids.get("birth", "")))


def _words(name, patient_id, birth):
    class Header(Fields):
        def texts(self, keyword):
            known = {"PatientName": name, "PatientID": patient_id, "PatientBirthDate": birth}
            return (known[keyword],) if known.get(keyword) else ()

    return private_words(Header({}, None), identity_removed=False)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("Li^Na", ["LiNa1_CT", "NaLi_1", "li_1", "LI-NA-7", "LINA2", "NLi3", "L_Na_Li4", "Li1"]),
        ("Wu^Bo", ["wu_01", "WuBo_3", "bowu_3", "BO_1", "BWu_7"]),
        ("Ng^Thi Mai", ["Ng1", "mai_2", "ThiMai3", "NGTHIMAI_1"]),
        ("Hu^Na", ["HuNa_1", "hu_na_1", "NaHu-3"]),
        ("Müller^Jörg", ["Mueller1", "muller_2", "MÜLLER3", "CT_Joerg_1", "jorgmueller9"]),
        ("Mueller^Joerg", ["Müller1", "muller_2", "jörg-3"]),
        ("Muller^Jorg", ["mueller_1", "Müller_1"]),
        ("Weiß^Anna", ["weiss_1", "WEISS1", "Weiß1"]),
        ("Sørensen^Åse", ["sorensen1", "soerensen1", "aase_2", "ase_2"]),
        ("Łukasz^Żak", ["lukasz1", "zak_2"]),
        ("O'Brien^Mary", ["obrien_1", "O_Brien_1", "brien1"]),
        ("MacDonald^Ann", ["mac_donald_1", "Mac Donald 1"]),
        ("Doe-Smith^Jane^B^Dr", ["doe1", "SmithJ_1", "JDoe1", "x1doejane", "jane007"]),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", ["山田太郎_CT1", "ヤマダ1", "たろう2", "太郎山田9"]),
        ("Wang^XiaoMing=王^小明", ["王小明1", "wang1", "xiaoming_2", "WangXM_3", "小明1"]),
        ("Hong^Gildong=洪^吉洞=홍^길동", ["홍길동1", "길동_2", "洪吉洞_3", "GILDONG1"]),
        ("Иванов^Иван", ["иванов_1", "ИВАНОВ2"]),
        ("Small^Case", ["small_1", "case-2"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_of_the_header_is_found(name, files, form):
    for file in files:
        spelled = unicodedata.normalize(form, f"{file}.nii.gz")
        assert looks_private(spelled, words(name)), file


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("Li^Na", ["LIDC-IDRI-0003_R_2", "clinic_1", "CT_NA_01", "C3N-00247"]),
        ("Ng^An", ["img_01", "lung_001", "scan_01", "angio_2"]),
        ("Hu^Na", ["HU_01", "lung_HU-3", "NA_1", "human_1"]),
        ("Ct^Scan", ["CT_01", "ct-7"]),
        ("Ann^Tim", ["scanner_1", "time-2", "channel3", "planning_1"]),
        ("Lee^Max", ["maximum_2"]),
        ("Smith^John^^Mr", ["MR_01"]),
        ("Small^Case", ["showcase1", "smallest_1"]),
        ("王^明", ["CT_01", "患者01"]),
    ],
)
def test_codes_are_no_names_of_the_header(name, files):
    for file in files:
        assert not looks_private(f"{file}.nii.gz", words(name)), file


@pytest.mark.parametrize("file", ["MRN-123456_1", "x123456", "a0123456b"])
def test_ids_of_the_header_are_found(file):
    assert looks_private(file, words("", patient_id="MRN-123456"))


def test_kana_of_any_kind_and_width_are_one():
    for header, text in (("ﾔﾏﾀﾞ^ﾀﾛｳ", "やまだ"), ("やまだ^たろう", "ﾔﾏﾀﾞ_CT")):
        assert matcher(words(header)).person_in(text)
    assert not matcher(words("ﾔﾏﾀﾞ^ﾀﾛｳ")).person_in("さとう")


def test_a_short_number_is_an_id_only_as_a_whole():
    short = words("", patient_id="001")
    assert looks_private("P001", short)
    assert not looks_private("slice_10012", short)
    assert not looks_private("slice_1", short)


@pytest.mark.parametrize("file", ["a19700131", "P1_31.01.1970", "31011970_x1", "01-31-1970 1"])
def test_the_birth_date_is_found_in_any_order(file):
    assert looks_private(file, words("", birth="19700131"))
    assert not looks_private("a12345678", words("", birth="19700131"))


def test_names_of_staff_and_relatives_are_private(tmp_path):
    made = make.dataset(
        make.ramp(1)[0], ReferringPhysicianName="Quackenbush^Otto", OperatorsName="CT^AB",
        PatientMotherBirthName="Ravenscroft", ResponsiblePerson="Hollowbrook^Una",
        OtherPatientIDs="KH-99812", PatientName="Li^Na",
    )  # fmt: skip
    raw = read_raw_header(make.write(tmp_path / "a1.dcm", made))
    found = frozenset(private_words(Fields(raw.elements, raw.coding), identity_removed=False))
    for file in ("Quackenbush1", "ravenscroft_2", "una_hollowbrook3", "KH-99812", "lina1"):
        assert looks_private(file, found)
    for file in ("CT_01", "AB_01"):
        assert not looks_private(file, found)


def test_folders_above_are_private_by_whole_words_only():
    assert names_someone("export_LiNa", words("Li^Na"))
    assert names_someone("王小明", words("王^小明"))
    assert names_someone("Mueller_scans", words("Müller^Jörg"))
    assert not names_someone("clinic", words("Li^Na"))
    assert not names_someone("case", words("Small^Case"))


LATIN = st.text("abcdefghijklmnoprstuvwyzäöüßéøñ", min_size=2, max_size=9)
HAN = st.text("王李张刘陈杨赵黄周吴小明丽伟芳娜强军", min_size=1, max_size=2)
KANA = st.text("アイウエオカキクケコサシスセソタチツテトヤマダ", min_size=2, max_size=4)
HANGUL = st.text("김이박최정강조윤장임민수지현우", min_size=1, max_size=2)


@st.composite
def people(draw):
    """Surname and given name in one script, and a file name that is made of them."""
    script = draw(st.sampled_from([LATIN, HAN, KANA, HANGUL]))
    surname, given = draw(script), draw(script)
    parts = draw(st.permutations([surname, given]))
    change = draw(st.sampled_from([str, str.upper, str.title, str.casefold]))
    written = draw(st.sampled_from([str, _written_out, _without]))
    joint = draw(st.sampled_from(["", "_", " ", "-", "."]))
    head = draw(st.sampled_from(["", "CT_", "1-", "scan ", "003_"]))
    tail = draw(st.sampled_from(["", "1", "_CT", "_0001", "-2 chest", "2020"]))
    form = draw(st.sampled_from(["NFC", "NFD"]))
    file = head + joint.join(change(written(part)) for part in parts) + tail
    return f"{surname}^{given}", unicodedata.normalize(form, file)


def _written_out(text):
    return text.translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe"}))


def _without(text):
    return text.translate(str.maketrans("äöüßéøñ", "aouseon"))


@given(people())
def test_any_name_is_found_however_it_is_written(person):
    name, file = person
    if "ß" in name and "ss" not in file.casefold() and "ß" not in file:
        return  # a single s for a sharp one is another name
    assert looks_private(f"{file}1.nii.gz", words(name))


@given(
    st.integers(0, 10**6), st.sampled_from(["CT_", "scan-", "sub-", "LIDC-IDRI-", "lung_"]), LATIN
)
def test_a_numbered_code_is_kept_whatever_the_patient_is_called(number, head, name):
    known = words(f"{name}^{name[::-1]}")
    hidden = looks_private(f"{head}{number:04d}.nii.gz", known)
    parts = head.strip("_-").casefold().split("-")
    assert not hidden or any(one.casefold() in "".join(parts) for one in known)
