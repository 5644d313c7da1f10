"""Listings as public data sets document them: whose is each scan, and what is no scan?"""

import pytest

from tests.find.layouts.paths import image, look, series, subjects

UID = "1.3.6.1.4.1.14519.5.2.1.6279.6001."


def test_bids_with_sessions():
    paths = [
        f"sub-OAS3000{n}/ses-d{day}/anat/sub-OAS3000{n}_ses-d{day}_T1w.nii.gz"
        for n in (1, 2)
        for day in ("0129", "0757")
    ]
    found, skipped, notes = look(paths, file_names=["participants.tsv"])
    one = found["sub-OAS30001_ses-d0757_T1w"]
    assert (one.subject_id, one.session, one.modality) == ("sub-OAS30001", "ses-d0757", "MR")
    assert len({scan.subject_id for scan in found.values()}) == 2
    assert skipped == []
    assert notes[0] == "Subjects and visits were read from names of BIDS (sub-..., ses-...)."
    assert notes[-1].startswith("participants.tsv of the data set can be imported")


def test_derivatives_are_no_scans_unless_they_are_opened_themselves():
    raw = [f"sub-0{n}/ses-1/ct/sub-0{n}_ses-1_ct.nii.gz" for n in (1, 2)]
    made = [f"derivatives/prep/sub-0{n}/ct/sub-0{n}_ses-1_desc-preproc_ct.nii.gz" for n in (1, 2)]
    masks = [f"derivatives/seg/sub-0{n}/sub-0{n}_ses-1_desc-lung_mask.nii.gz" for n in (1, 2)]
    found, skipped, notes = look([*raw, *made, *masks])
    assert sorted(found) == ["sub-01_ses-1_ct", "sub-02_ses-1_ct"]
    assert skipped == made
    assert [found["sub-02_ses-1_ct"].masks[0].name] == ["sub-02_ses-1_desc-lung_mask.nii.gz"]
    assert "2 images in 'derivatives' or 'sourcedata'" in " ".join(notes)
    alone, skipped, _ = look(made)
    assert len(alone) == 2 and skipped == []


def test_a_mask_in_another_space_is_not_the_scans():
    raw = [f"sub-0{n}/anat/sub-0{n}_T1w.nii.gz" for n in (1, 2)]
    masks = [f"derivatives/p/sub-0{n}_space-MNI152_desc-brain_mask.nii.gz" for n in (1, 2)]
    found, skipped, _ = look([*raw, *masks])
    assert not any(scan.masks for scan in found.values())
    assert skipped == masks


@pytest.mark.parametrize("channel", ["", "_0000"])
def test_decathlon_and_nnunet(channel):
    task = "Task06_Lung" if not channel else "Dataset006_Lung"
    train = [f"{task}/imagesTr/lung_{n:03d}{channel}.nii.gz" for n in (1, 3, 4)]
    labels = [f"{task}/labelsTr/lung_{n:03d}.nii.gz" for n in (1, 3, 4)]
    found, skipped, notes = look([*train, *labels])
    assert sorted(found) == ["lung_001", "lung_003", "lung_004"]
    assert all(scan.subject_id == scan_id for scan_id, scan in found.items())
    assert [found[one].masks[0].name for one in sorted(found)] == [
        f"lung_{n:03d}.nii.gz" for n in (1, 3, 4)
    ]
    assert skipped == []
    assert "'labelsTr' are taken as the masks" in notes[-1]


def test_labels_of_a_part_or_with_several_values_are_no_masks():
    train = [f"imagesTr/lung_{n:03d}.nii.gz" for n in (1, 3)]
    labels = [f"labelsTr/lung_{n:03d}.nii.gz" for n in (1, 3)]
    found, skipped, notes = look([*train, *labels, "imagesTs/lung_002.nii.gz"])
    assert not any(scan.masks for scan in found.values())
    assert "not every scan has one mask" in notes[-1]
    assert skipped == labels
    found, skipped, notes = look([*train, *labels], doubt="they hold several labels (1, 2)")
    assert not any(scan.masks for scan in found.values())
    assert "not used as masks: they hold several labels (1, 2); name one" in notes[-1]


def test_channels_of_one_case_are_one_subject():
    paths = [f"imagesTr/psma_{n}_{c:04d}.nii.gz" for n in ("95b8", "98b8") for c in (0, 1)]
    found, _, notes = look(paths)
    assert {scan.subject_id for scan in found.values()} == {"psma_95b8", "psma_98b8"}
    assert len(found) == 4
    assert "up to 2 channels" in " ".join(notes)


@pytest.mark.parametrize(
    "paths",
    [
        [f"scan_{n:04d}.nii.gz" for n in range(5)],
        [f"imagesTr/liver_{n:04d}.nii.gz" for n in range(5)],
        [f"covid/{n:03d}.nii.gz" for n in range(3)] + [f"control/{n:03d}.nii" for n in range(3)],
        [f"site{s}/{n:03d}.nii.gz" for s in (1, 2) for n in range(3)],
        [f"COVID19_CT_{n:03d}.nii" for n in range(4)] + [f"CAP3_CT_{n:03d}.nii" for n in range(4)],
        [f"COVID19_{n}.nii" for n in range(1, 8)] + [f"CAP3_{n}.nii" for n in range(1, 8)],
        [f"2019/{n:03d}.nii.gz" for n in range(3)] + [f"2020/{n:03d}.nii.gz" for n in range(3)],
        [f"{name}_{n}.nii" for name in ("A1", "B2", "C3") for n in range(1, 8)],
        [f"K{k}_V{v}.nii" for k in (1, 2) for v in range(1, 14)],
        [f"fold{f}/case{n}.nii.gz" for f in (1, 2) for n in range(3)],
        [f"subset{n}/{UID}{n}05756.nrrd" for n in range(3)],
        [f"studies/CT-{n % 2}/study_{n:04d}.nii.gz" for n in range(4)],
    ],
)
def test_counters_and_groups_are_no_subjects(paths):
    assert len(set(subjects(paths).values())) == len(paths)


def test_folders_of_patient_and_date():
    paths = [f"Pat_{n:02d}/{d}/CT.nrrd" for n in (1, 2) for d in ("04.03.2019", "02.01.2020")]
    found, _, notes = look([*paths, "Pat_01/11.06.2018/CT.nrrd"])
    named = {scan.files[0].path.parts[-2]: scan for scan in found.values() if "01" in scan.place[0]}
    assert {d: scan.scan_id for d, scan in named.items()} == {
        "11.06.2018": "Pat_01_visit-1",
        "04.03.2019": "Pat_01_visit-2",
        "02.01.2020": "Pat_01_visit-3",
    }
    assert {scan.subject_id for scan in found.values()} == {"Pat_01", "Pat_02"}
    assert "Dates are not stored" in " ".join(notes)
    kept, _, _ = look(paths, ids="names")
    assert {scan.session for scan in kept.values()} == {"04.03.2019", "02.01.2020"}


def test_dates_with_dots_have_the_day_first():
    paths = [f"P1/{date}/ct.nii.gz" for date in ("05.03.2019", "04.06.2019", "03.09.2019")]
    found, _, _ = look([*paths, "P2/01.02.2019/ct.nii.gz"])
    order = {scan.place[1]: scan.visit for scan in found.values() if scan.subject == "P1"}
    assert order == {"05.03.2019": 1, "04.06.2019": 2, "03.09.2019": 3}


def test_american_dates_are_sorted_by_year_then_month():
    paths = [f"P1/{date}/ct.nii.gz" for date in ("02-25-2020", "11-03-2019", "01-30-2020")]
    found, _, _ = look([*paths, "P2/01-02-2019/ct.nii.gz"])
    order = {scan.place[1]: scan.visit for scan in found.values() if scan.subject == "P1"}
    assert order == {"11-03-2019": 1, "01-30-2020": 2, "02-25-2020": 3}


def test_names_of_people_stay_hidden():
    paths = ["Jones/20190304/ct.nii.gz", "Jones/20200304/ct.nii.gz", "Miller/20190304/ct.nii.gz"]
    found, _, notes = look(paths)
    shown = " ".join([*found, *(scan.subject_id + scan.session for scan in found.values()), *notes])
    assert "Jones" not in shown and "Miller" not in shown
    assert len({scan.subject_id for scan in found.values()}) == 2
    coded, _, _ = look([path.replace("Jones", "P01") for path in paths], ids="codes")
    assert all(scan.subject_id.startswith("sub-") for scan in coded.values())
    assert len({scan.subject_id for scan in coded.values()}) == 2


def test_copdgene():
    paths = [f"10005Q/10005Q_{phase}_STD_BWH_COPD.nii.gz" for phase in ("INSP", "EXP")] + [
        "10010J/10010J_INSP_STD_NJC_COPD.nii.gz"
    ]
    found, _, _ = look(paths)
    assert {one: (s.subject_id, s.session) for one, s in found.items()} == {
        "10005Q_EXP_STD_BWH_COPD": ("10005Q", "EXP"),
        "10005Q_INSP_STD_BWH_COPD": ("10005Q", "INSP"),
        "10010J_INSP_STD_NJC_COPD": ("10010J", "INSP"),
    }


def test_totalsegmentator():
    paths = [f"s{n:04d}/ct.nii.gz" for n in range(3)]
    organs = ("liver", "lung_upper_lobe_left", "vertebrae_L1", "rib_left_1")
    labels = [f"s{n:04d}/segmentations/{o}.nii.gz" for n in range(3) for o in organs]
    found, skipped, notes = look([*paths, *labels], file_names=["meta.csv"])
    assert {one: s.subject_id for one, s in found.items()} == {
        "s0000": "s0000",
        "s0001": "s0001",
        "s0002": "s0002",
    }
    assert skipped == sorted(labels)
    assert "meta.csv" in notes[-1]


def test_tcia_trees_with_and_without_patient_ids():
    nlst = [
        ("100002", "01-02-1999-NLST-LSS-63991", "1.000000-0OPAGELSPLUSD3602-32328"),
        ("100002", "01-02-2000-NLST-LSS-83991", "2.000000-0OPAGELSPLUSD3602-72328"),
        ("100004", "01-02-1999-NLST-LSS-34379", "2.000000-0OPAGELSPLUSB3702-88750"),
    ]
    bare = [series(f"NLST/{p}/{study}/{one}") for p, study, one in nlst]
    assert subjects(bare) == {
        "100002_visit-1": "100002",
        "100002_visit-2": "100002",
        "100004_visit-1": "100004",
    }
    known = [
        series(f"NLST/{p}/{study}/{one}", patient_id=f"ID{p}", pseudonymous=True)
        for p, study, one in nlst
    ]
    assert sorted(subjects(known).values()) == ["ID100002", "ID100002", "ID100004"]
    uids = [series(f"LIDC-IDRI/LIDC-IDRI-000{n}/{UID}29/{UID}17") for n in (1, 2)]
    assert set(subjects(uids).values()) == {"LIDC-IDRI-0001", "LIDC-IDRI-0002"}


def test_ids_that_anonymisation_made_equal_are_not_believed():
    def made(patient_id):
        return [series(f"P{n}/20190{m}01/s", patient_id=patient_id) for n in (1, 2) for m in (1, 2)]

    found, _, notes = look(made("ANONYMOUS"))
    assert {scan.subject_id for scan in found.values()} == {"P1", "P2"}
    assert "All headers have the same patient id" in " ".join(notes)
    found, _, _ = look(made("4711"))  # one person in folders of several names
    assert len({scan.subject_id for scan in found.values()}) == 1


def test_adni_as_the_archive_sends_it():
    paths = [
        ("002_S_0413", "MT1__GradWarp__N3m", "2006-05-02_12_31_52.0", "I45117"),
        ("002_S_0413", "MPR__GradWarp__B1", "2006-11-15_13_13_34.0", "I45118"),
        ("005_S_0221", "MT1__GradWarp__N3m", "2006-05-02_12_31_52.0", "I45119"),
    ]
    found = subjects([f"ADNI/{p}/{m}/{d}/{i}/brain.nii" for p, m, d, i in paths])
    assert sorted(found.values()) == ["002_S_0413", "002_S_0413", "005_S_0221"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["P01/ct1.nii", "P01/ct2.nii", "P02/ct1.nii"], ["P01", "P01", "P02"]),
        (["train_1/train_1_a/train_1_a_1.nii", "train_1/train_1_b/train_1_b_1.nii",
          "train_2/train_2_a/train_2_a_1.nii"], ["train_1", "train_1", "train_2"]),
        (["P001_1.nii", "P001_2.nii", "P002_1.nii", "P003_1.nii"],
         ["P001", "P001", "P002", "P003"]),
        (["P001a.nii", "P001b.nii", "P002a.nii", "P003a.nii"], ["P001", "P001", "P002", "P003"]),
        (["baseline/P1.nii", "followup/P1.nii", "baseline/P2.nii", "followup/P2.nii"],
         ["P1", "P1", "P2", "P2"]),
        (["Case1/Images/case1_T00.mha", "Case1/Images/case1_T50.mha", "Case2/i/case2_T00.mha"],
         ["case1", "case1", "case2"]),
        (["IXI002-Guys-0828-T1.nii", "IXI012-HH-1211-T1.nii", "IXI012-HH-1211-T2.nii"],
         ["IXI002-Guys-0828", "IXI012-HH-1211", "IXI012-HH-1211"]),
        (["site1/P01/20190101/ct.nii", "site1/P01/20190501/ct.nii", "site2/P01/20190101/ct.nii"],
         ["site1-P01", "site1-P01", "site2-P01"]),
    ],
)  # fmt: skip
def test_other_ways_to_name_subjects(paths, expected):
    assert sorted(subjects(paths).values()) == expected


def test_series_of_one_study_are_one_patients():
    found = subjects([series(f"train/{p}/{s}") for p, s in (("0d4a1", "9a"), ("0d4a1", "8b"))])
    assert set(found.values()) == {"0d4a1"}


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (["volume-0.nii", "volume-10.nii"], ["segmentation-0.nii", "segmentation-10.nii"]),
        (["img/img0001.nii", "img/img0002.nii"], ["label/label0001.nii", "label/label0002.nii"]),
        (["covid-A-0003_ct.nii", "covid-A-0011_ct.nii"], ["covid-A-0003_seg.nii",
                                                          "covid-A-0011_seg.nii"]),
        (["P01/ct.nii", "P02/ct.nii"], ["P01/lung_mask.nii", "P02/lung_mask.nii"]),
        (["P01.nrrd", "P02.nrrd"], ["P01.seg.nrrd", "P02.seg.nrrd"]),
        (["ct_scans/coronacases_org_001.nii", "ct_scans/coronacases_org_002.nii"],
         ["lung_mask/coronacases_001.nii", "lung_mask/coronacases_002.nii"]),
    ],
)  # fmt: skip
def test_labels_are_no_scans_but_masks(images, labels):
    found, skipped, _ = look([*images, *labels])
    assert sorted(scan.files[0].name for scan in found.values()) == sorted(
        one.rpartition("/")[2] for one in images
    )
    given = [scan.masks[0].name for scan in found.values()]
    assert sorted(given) == sorted(one.rpartition("/")[2] for one in labels)
    assert skipped == []


def test_of_several_masks_the_one_of_the_lungs():
    kinds = ("lung_mask", "infection_mask", "lung_and_infection_mask")
    scans = [f"ct/case{n}.nii" for n in (1, 2)]
    found, skipped, _ = look([*scans, *(f"{k}/case{n}.nii" for k in kinds for n in (1, 2))])
    assert {scan.masks[0].path.parts[-2] for scan in found.values()} == {"lung_mask"}
    assert len(skipped) == 4


def test_where_everything_is_called_a_label_everything_stays():
    found, skipped, notes = look(["seg_001.nii.gz", "seg_002.nii.gz"])
    assert (sorted(found), skipped, notes) == (["seg_001", "seg_002"], [], [])
    found, skipped, _ = look(["masks/a1.nii.gz", "masks/a2.nii.gz"])
    assert len(found) == 2 and skipped == []


def test_patients_called_as_visits_are():
    paths = [f"M{n:03d}/chest{i}.nii" for n in (1, 2, 3) for i in (1, 2)]
    assert sorted(set(subjects(paths).values())) == ["M001", "M002", "M003"]


def test_dicom_images_are_never_labels():
    found, skipped, _ = look([series("seg/P1", patient_id="P1"), image("ct/P2.nii.gz")])
    assert len(found) == 2 and skipped == []
