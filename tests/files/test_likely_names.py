"""Without a header: names become numbers, codes and words of imaging are kept."""

import unicodedata

import pytest

from clam_core.files.common_words import COMMON_NAMES, PLAIN, SHORT_NAMES, TITLES
from clam_core.files.likely_names import is_surely_name
from clam_core.files.personal_names import looks_private

NAMES = [
    "Jones Mary 0",
    "王小明",
    "Müller_Hans_1962",
    "DOE_JANE_1",
    "JohnSmith01",
    "Zhang San 1",
    "ZHANG_WEI_01",
    "Li_Wei_3",
    "Li Na 2",
    "LiNa1_CT",
    "WuBo12",
    "Jansen P 3",
    "van der Berg Anna 3",
    "山田太郎_CT1",
    "やまだ2",
    "ﾔﾏﾀﾞ3",
    "김철수_01",
    "Иванов_3",
    "Παπαδόπουλος1",
    "أحمد1",
    "สมชาย1",
    "अमित1",
    "כהן7",
    "Søren5",
    "Łukasz_2",
    "张",
]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", NAMES)
def test_names_of_people_are_private(name, form):
    assert looks_private(unicodedata.normalize(form, f"{name}.nii.gz"))


CODES = [
    "sub-01_ses-01_T1w",
    "sub-02_ses-baseline_acq-lowdose_run-1_ct",
    "LIDC-IDRI-0003_R_2",
    "lung_000_0000",
    "CASE_0001",
    "TCGA-05-4244",
    "LUNG1-001",
    "R01-042",
    "coronacases_001",
    "radiopaedia_10_85902_1",
    "volume-covid19-A-0000_ct",
    "ct_train_1001_image",
    "FLARE22_Tr_0001",
    "BraTS2021_00001_flair",
    "IXI002-Guys-0828-T1",
    "OAS1_0001_MR1_mpr-1_anon",
    "ACRIN-NSCLC-FDG-PET-001",
    "C3N-00247_2-LUNG-3.0-B70f",
    "01-01-2000-NA-CT CHEST W IV CONTRAST-61937",
    "3dce9186-5829-abea-02aa-21daebe1925b",
    "1.3.6.1.4.1.14519.5.2.1.7085",
    "patient001_frame01",
    "SARC-017",
    "Smith7",
    "d26-junk-junk2",
    "CT_01",
    "患者01",
    "病例001_CT平扫",
    "データ1",
    "환자 12",
    "пациент-3",
    "µCT_1",
    "α1",
]


@pytest.mark.parametrize("name", CODES)
def test_codes_and_layouts_are_kept(name):
    assert not looks_private(name)


@pytest.mark.parametrize("name", ["Jones_Mary", "王小明", "Müller", "DOE JANE 1"])
def test_folders_that_surely_name_someone(name):
    assert is_surely_name(name)


@pytest.mark.parametrize("name", ["scans", "Leiden_Utrecht_2020", "test_nothing_is_found0", "in"])
def test_folders_that_may_be_anything(name):
    assert not is_surely_name(name)


def test_no_word_is_both_common_in_imaging_and_a_name():
    assert not PLAIN & COMMON_NAMES
    assert all(len(word) == 2 for word in SHORT_NAMES)
    assert all(word == word.casefold() for word in PLAIN | COMMON_NAMES | TITLES)
