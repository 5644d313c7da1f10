"""The Cohort page on no study, a partial study and a complete one."""

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clam_core import jobs
from clam_core.errors import BusyError
from clam_core.jobs.record import JobState, Record
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.declared_steps import STEPS, options_from_record
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.nifti import write_nifti
from clam_core.settings import PreprocessSettings
from clam_core.study import Study

APP = str(Path(__file__).resolve().parents[2] / "pages" / "shell" / "start.py")


def show(monkeypatch, root, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=30)
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def words(page):
    parts = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.success)
    return " ".join(element.value for element in parts).replace("\\", "")


def press(page, label):
    button = next(one for one in page.button if one.label == label)
    button.click().run()
    assert not page.exception
    return page


def metrics(page):
    return {metric.label: metric.value for metric in page.metric}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Studies of three scans and a damaged file: found only, and prepared."""
    home = tmp_path_factory.mktemp("home")
    root = home / "in"
    root.mkdir()
    for seed in range(3):
        array = np.random.default_rng(seed).normal(-700, 100, (12, 12, 12)).astype(np.int16)
        write_nifti(root / f"s{seed}.nii.gz", array, np.eye(4))
    (root / "cut_[a](b)9.nii.gz").write_bytes((root / "s0.nii.gz").read_bytes()[:300])
    (root / "notes.txt").write_text("no scan")
    create(home / "found" / "one", root, None, CreateOptions(n_workers=1))
    shutil.copytree(home / "found" / "one", home / "ready" / "one")
    preprocess(Study(home / "ready" / "one"), PreprocessSettings(grid=(8, 8, 8), mask="none"), 1)
    return home


@pytest.fixture
def partial(made, tmp_path):
    shutil.copytree(made / "found", tmp_path / "studies")
    return tmp_path / "studies"


@pytest.fixture
def complete(made, tmp_path):
    shutil.copytree(made / "ready", tmp_path / "studies")
    return tmp_path / "studies"


@pytest.fixture
def started(monkeypatch):
    """Steps that were started, instead of starting them."""
    calls = []
    monkeypatch.setattr(jobs, "start", lambda *given: calls.append(given))
    return calls


# Doors


def test_without_a_study_there_are_two_doors(monkeypatch, tmp_path):
    page = show(monkeypatch, tmp_path)
    assert [one.label for one in page.button] == ["Try the demo study", "Open my scans"]
    assert "Needs nothing" in words(page)
    assert "DICOM series, NIfTI" in words(page)
    assert "Research use only" in words(page)


def test_the_demo_is_started_under_a_name_that_is_free(monkeypatch, tmp_path, started):
    press(show(monkeypatch, tmp_path), "Try the demo study")
    (tmp_path / "demo-scans").mkdir()  # left of a study that was deleted
    press(show(monkeypatch, tmp_path), "Try the demo study")
    assert [(call[0], call[1], call[2]) for call in started] == [
        (tmp_path, "demo", "demo"),
        (tmp_path, "demo-2", "demo"),
    ]


def test_a_second_start_is_refused_kindly(monkeypatch, tmp_path):
    def busy(*_):
        raise BusyError("A step is working on this study; wait until it has ended.")

    monkeypatch.setattr(jobs, "start", busy)
    page = press(show(monkeypatch, tmp_path), "Try the demo study")
    assert "A step is working" in words(page)


def opened(monkeypatch, root, scans):
    monkeypatch.setenv("CLAM_SCANS", str(scans))
    return press(show(monkeypatch, root), "Open my scans")


def test_a_folder_of_the_server_becomes_a_study(monkeypatch, tmp_path, made, started):
    studies = tmp_path / "studies"
    studies.mkdir()
    (tmp_path / "scans" / "deep").mkdir(parents=True)
    (tmp_path / "scans" / "deep" / "scans.csv").write_text("scan_id,path\n")
    page = opened(monkeypatch, studies, tmp_path / "scans")
    page.selectbox(key="folder_0_scans").set_value("deep").run()
    page.text_input(key="new_name").set_value("mine").run()
    page.radio(key="ids").set_value("codes").run()
    page.select_slider(key="grid_new").set_value(48).run()
    press(page, "Make the study")
    (call,) = started
    assert call[:3] == (studies, "mine", "create")
    given = call[3]
    assert given["scans"] == str(tmp_path / "scans" / "deep")
    assert given["scans_table"] == str(tmp_path / "scans" / "deep" / "scans.csv")
    assert given["ids"] == "codes"
    assert page.query_params["study"] == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a b", "letters from A to Z, digits"),
        ("../x", "letters from A to Z, digits"),
        ("", "letters"),
        ("CON", "Windows keeps this name for a device"),
    ],
)
def test_a_name_that_cannot_be_is_a_sentence(monkeypatch, tmp_path, started, name, said):
    page = opened(monkeypatch, tmp_path, tmp_path)
    page.text_input(key="new_name").set_value(name).run()
    press(page, "Make the study")
    assert said in words(page)
    assert started == []


def test_only_folders_below_the_roots_are_offered(monkeypatch, tmp_path, started):
    (tmp_path / "studies").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "out").symlink_to(tmp_path / "secret")
    page = opened(monkeypatch, tmp_path / "studies", tmp_path / "scans")
    offered = [option for box in page.selectbox for option in box.options]
    assert "scans" in offered
    assert not {"out", "secret"} & set(offered)


def test_an_upload_is_stored_under_a_generated_name(monkeypatch, tmp_path, made, started):
    page = opened(monkeypatch, tmp_path, tmp_path)
    page.segmented_control(key="where").set_value("Upload files").run()
    content = (made / "in" / "s0.nii.gz").read_bytes()
    page.file_uploader(key="scans_upload").set_value(("Smith_John.nii.gz", content, "x")).run()
    press(page, "Make the study")
    (call,) = started
    folder = Path(call[3]["scans"])
    assert folder.parent == tmp_path / ".uploads"
    assert [path.name for path in folder.iterdir()] == ["files.zip"]
    with zipfile.ZipFile(io.BytesIO((folder / "files.zip").read_bytes())) as archive:
        assert archive.read("Smith_John.nii.gz") == content


def test_a_table_that_names_the_scans_is_uploaded_with_them(monkeypatch, tmp_path, made, started):
    page = opened(monkeypatch, tmp_path, tmp_path)
    page.segmented_control(key="where").set_value("Upload files").run()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.write(made / "in" / "s0.nii.gz", "deep/a.nii.gz")
    rows = b"scan_id,subject_id,path\nA1,P1,deep/a.nii.gz\nB1,P2,s1.nii.gz\n"
    page.file_uploader(key="scans_upload").set_value(
        [
            ("Scans.CSV", rows, "text/csv"),
            ("other.csv", b"a,b\n1,2\n", "text/csv"),
            ("all.zip", stream.getvalue(), "application/zip"),
            ("s1.nii.gz", (made / "in" / "s1.nii.gz").read_bytes(), "x"),
        ]
    ).run()
    press(page, "Make the study")
    given = started[0][3]
    root, table = Path(given["scans"]), Path(given["scans_table"])
    assert table == root / "scans.csv"
    assert table.read_bytes() == rows
    create(tmp_path / "two", root, table, CreateOptions(n_workers=1))
    scans = Study(tmp_path / "two").scans()
    assert scans["status"].to_dict() == {"A1": "found", "B1": "found"}
    assert scans["subject_id"].tolist() == ["P1", "P2"]


# Scans


def test_a_partial_study_says_what_is_missing_and_offers_it(monkeypatch, partial, started):
    page = show(monkeypatch, partial)
    assert metrics(page) == {"Ready": "0", "Failed": "1", "Not prepared yet": "3"}
    assert "Not prepared yet" in words(page)
    press(page, "Prepare the scans")
    (call,) = started
    assert call[1:3] == ("one", "preprocess")
    assert call[3]["mask"] == "auto"


def test_scans_are_kept_at_their_own_resolution_with_the_settings_of_before(
    monkeypatch, complete, started
):
    root = complete
    page = show(monkeypatch, root, study="one")
    (field,) = (one for one in page.checkbox if one.key == "keep_own")
    assert field.label.startswith("Keep 3 scans: up to 0.1 MB; ") and "free" in field.label
    assert next(one for one in page.button if one.label == "Keep them").disabled
    field.check().run()
    press(page, "Keep them")
    (call,) = started
    options = options_from_record(STEPS["preprocess"], call[3])
    said = STEPS["preprocess"](root / "one", lambda *_: None, options).sentences
    assert said[0].startswith("Nothing to do")  # the same settings
    assert said[-1].startswith("3 scans kept at their own resolution in the study, which takes")
    after = show(monkeypatch, root, study="one")
    assert "3 scans kept in the study, which takes" in words(after)
    assert "keep_own" not in [one.key for one in after.checkbox]


def test_a_complete_study_shows_pictures_and_reasons(monkeypatch, complete):
    page = show(monkeypatch, complete, study="one")
    assert metrics(page)["Ready"] == "3"
    assert len(page.get("image")) == 3
    assert all(image.proto.imgs[0].alt for image in page.get("image"))
    reason = Study(complete / "one").scans()["reason"].max()
    assert "1 scan could not be used" in words(page)
    assert words(page).count(reason) == 2  # among the problems, and in the scan's own cell
    assert "1 file that is no scan" in [e.label for e in page.expander]
    page.segmented_control(key="show").set_value("Failed").run()
    assert not page.exception
    assert not page.get("image")
    assert len(page.dataframe[0].value) == 1


def test_failed_scans_are_tried_again_with_the_settings_of_before(
    monkeypatch, made, complete, started
):
    root = complete
    (path,) = (made / "in").glob("cut*")
    page = show(monkeypatch, root, study="one")
    press(page, "Try this scan again")
    (call,) = started
    assert call[2] == "preprocess"
    options = options_from_record(STEPS["preprocess"], call[3])
    cut = path.read_bytes()
    path.write_bytes((path.parent / "s0.nii.gz").read_bytes())
    try:
        STEPS["preprocess"](root / "one", lambda *_: None, options)
        assert Study(root / "one").info.prepared.n_ready == 4
        after = show(monkeypatch, root, study="one")
        assert metrics(after)["Failed"] == "0"
        assert "try_again" not in [one.key for one in after.button]
    finally:
        path.write_bytes(cut)


def test_every_filter_keeps_what_it_says(monkeypatch, complete, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("scan_id,fvc\ns0,3.1\ns2,2.5\n")
    study = Study(complete / "one")
    import_table(study, table)
    page = show(monkeypatch, complete, study="one")
    failed = [name for name in study.scans().index if name.startswith("cut")]
    warned = study.scans().query("warnings != '' and status == 'ready'").index.tolist()
    expected = {
        "Ready": ["s0", "s1", "s2"],
        "Failed": failed,
        "No clinical row": ["s1", *failed],
        "With a warning": warned,
    }
    for choice, ids in expected.items():
        page.segmented_control(key="show").set_value(choice).run()
        shown = page.dataframe[0].value.index.tolist() if ids else []
        assert sorted(shown) == sorted(ids), choice


def test_names_of_files_are_shown_letter_by_letter(monkeypatch, partial):
    page = show(monkeypatch, partial)
    shown = [m.value for m in page.markdown if "cut" in m.value]
    assert shown
    assert all(r"cut\_\[a\]\(b\)9" in value for value in shown)


def test_what_is_copied_out_of_a_table_is_no_formula(monkeypatch, complete):
    study = Study(complete / "one")
    path = study.folder / "scans.parquet"
    scans = study.scans()
    scans["kernel"] = "=HYPERLINK(1)"
    scans.to_parquet(path)
    page = show(monkeypatch, complete, study="one")
    assert set(page.dataframe[0].value["Kernel"]) == {"'=HYPERLINK(1)"}


def test_a_study_of_another_version_is_a_sentence(monkeypatch, partial):
    (partial / "one" / "study.json").write_text('{"schema_version": 99}')
    page = show(monkeypatch, partial)
    assert "layout version 99" in page.error[0].value


# Clinical table

TABLE = (
    b"scan_id,fvc_l,stage,patient_name\ns0,3.1,low,Ann Lee\ns1,2.5,high,Bob Ray\nx9,2.2,low,C D\n"
)


def test_a_table_is_imported_told_about_and_corrected(monkeypatch, complete):
    page = show(monkeypatch, complete, study="one")
    page.file_uploader(key="clinical_file").set_value(("table.csv", TABLE, "text/csv")).run()
    press(page, "Import the table")
    said = words(page)
    assert metrics(page)["Scans with a clinical row"] == "2 of 4"
    assert "1 row belongs to no scan of this study" in said
    assert "'patient_name' was left out" in said
    assert "Ann" not in said
    assert list((complete / ".uploads").iterdir()) == []  # the file itself is not kept
    _, description = Study(complete / "one").clinical()
    assert [one["name"] for one in description["columns"]] == ["fvc_l", "stage"]

    (editor,) = page.data_editor
    assert editor.value["Kind"].tolist() == ["continuous", "binary"]


def test_what_is_edited_is_stored(monkeypatch, complete, tmp_path):
    from clam_core.tables.column_info import ColumnInfo
    from pages.cohort.clinical_table import _as_table, _save
    from pages.shell.place import Place

    study = Study(complete / "one")
    (tmp_path / "t.csv").write_bytes(TABLE.replace(b"x9,2.2,low", b"s2,2.2,middle"))
    import_table(study, tmp_path / "t.csv")
    infos = [ColumnInfo.from_json(one) for one in study.clinical()[1]["columns"]]
    shown = _as_table(infos)
    edited = shown.copy()
    edited.loc[0, ["Unit", "Family"]] = ["mL", "lungs"]
    edited.loc[1, "Levels, lowest first"] = "low < middle < high"
    _save(Place(study, None), infos, shown, edited)
    table, description = study.clinical()
    assert table["stage"].cat.categories.tolist() == ["low", "middle", "high"]
    assert table["stage"].cat.ordered
    assert description["columns"][0]["unit"] == "mL"
    assert description["columns"][0]["family"] == "lungs"
    assert description["columns"][0]["kind"] == infos[0].kind


CODED = b"scan_id,fev1,smoker\ns0,3.1,0\ns1,-9.0,1\ns2,2.4,9\ns3,2.6,1\n"


def whole_table(page):
    label = "Codes that mean missing in the whole table"
    return next(one for one in page.text_input if one.label == label)


def test_codes_are_doubted_declared_beside_their_column_and_taken_back(monkeypatch, complete):
    from clam_core.tables.column_info import ColumnInfo
    from pages.cohort.clinical_table import _as_table, _save
    from pages.shell.place import Place

    page = show(monkeypatch, complete, study="one")
    page.file_uploader(key="clinical_file").set_value(("t.csv", CODED, "text/csv")).run()
    press(page, "Import the table")
    assert "Some of these numbers may be wrong" in words(page)
    assert "1 cell with -9, which often stands for a missing value" in words(page)
    (editor,) = page.data_editor
    assert editor.value["Doubts"].str.contains("often stands").tolist() == [True, True]

    study = Study(complete / "one")
    infos = [ColumnInfo.from_json(one) for one in study.clinical()[1]["columns"]]
    shown = _as_table(infos)
    edited = shown.copy()
    edited.loc[1, "Codes that mean missing"] = "9; -99"
    _save(Place(study, None), infos, shown, edited)
    page = show(monkeypatch, complete, study="one")
    (editor,) = page.data_editor
    assert editor.value["Codes that mean missing"].tolist() == ["", "9; -99"]
    assert editor.value["Kind"].tolist() == ["continuous", "binary"]

    whole_table(page).set_value("-9, 77").run()
    press(page, "Save the changes")
    assert study.clinical()[0]["fev1"].tolist()[::2] == [3.1, 2.4]
    assert study.clinical()[0].isna().sum().tolist() == [1, 1]
    assert "'77' was declared to mean missing, but no cell of the table holds it" in words(page)
    assert whole_table(page).value == "-9; 77"
    assert "Some of these numbers may be wrong" not in words(page)
    whole_table(page).set_value("").run()
    press(page, "Save the changes")
    assert study.clinical()[0]["fev1"].tolist() == [3.1, -9, 2.4]


def test_a_table_of_ids_alone_has_no_columns_to_correct(monkeypatch, complete):
    page = show(monkeypatch, complete, study="one")
    table = b"scan_id,patient_name\ns0,Ann Lee\ns1,Bob Ray\n"
    page.file_uploader(key="clinical_file").set_value(("t.csv", table, "text/csv")).run()
    press(page, "Import the table")
    assert not page.exception and metrics(page)["Scans with a clinical row"] == "2 of 4"


def test_codes_marks_and_orders_are_asked_for_with_the_table(monkeypatch, complete):
    table = b"scan_id\tseen\tx\ns0\t03/04/2015\t1,234\ns1\t05/06/2016\t-9\ns2\t07/08/2017\t2,5\n"
    page = show(monkeypatch, complete, study="one")
    page.file_uploader(key="clinical_file").set_value(("t.tsv", table, "text/csv")).run()
    page.text_input(key="missing_codes").set_value("-9").run()
    page.selectbox(key="date_order").set_value("dmy").run()
    page.selectbox(key="decimal_mark").set_value(",").run()
    press(page, "Import the table")
    frame, _ = Study(complete / "one").clinical()
    assert frame["seen"].dt.month.tolist() == [4, 6, 8]
    assert frame["x"].dropna().tolist() == [1.234, 2.5]


def test_codes_that_could_be_formulas_come_back_as_they_were():
    from pages.shared.declared_codes import shown_codes, typed_codes

    for codes in [("-9", "999"), ("-9,5",), ("=1+1", "-x"), ("'a",), ()]:
        assert typed_codes(shown_codes(codes)) == codes
    assert "'=1+1" in shown_codes(("=1+1",))
    assert typed_codes(" -9;; 99 , n. d. ") == ("-9", "99", "n. d.")


def test_ids_that_do_not_match_are_a_sentence_and_can_be_accepted(monkeypatch, complete):
    page = show(monkeypatch, complete, study="one")
    table = b"scan_id,fvc\nS-0,3.1\nS-1,2.5\n"
    page.file_uploader(key="clinical_file").set_value(("t.csv", table, "text/csv")).run()
    press(page, "Import the table")
    assert "spelled in another way" in words(page)
    page.checkbox(key="near_misses").check().run()
    press(page, "Import the table")
    assert metrics(page)["Scans with a clinical row"] == "2 of 4"


NEARLY = "Import again, with the ids that are nearly the same"


def test_a_button_takes_ids_that_are_nearly_the_same(monkeypatch, complete):
    page = show(monkeypatch, complete, study="one")
    assert NEARLY not in [one.label for one in page.button]
    table = b"scan_id,fvc\nS-0,3.1\nS-1,2.5\n"
    page.file_uploader(key="clinical_file").set_value(("t.csv", table, "text/csv")).run()
    assert NEARLY not in [one.label for one in page.button]  # nothing was tried yet
    press(page, "Import the table")
    assert "Accept such ids (button below)" in words(page)
    press(page, NEARLY)
    assert metrics(page)["Scans with a clinical row"] == "2 of 4"
    assert "matched, as you accepted" in words(page)
    assert NEARLY not in [one.label for one in page.button]


def test_the_button_is_there_too_where_some_ids_match(monkeypatch, complete):
    page = show(monkeypatch, complete, study="one")
    table = b"scan_id,fvc\ns0,3.1\nS-1,2.5\n"
    page.file_uploader(key="clinical_file").set_value(("t.csv", table, "text/csv")).run()
    press(page, "Import the table")
    assert metrics(page)["Scans with a clinical row"] == "1 of 4"
    press(page, NEARLY)
    assert metrics(page)["Scans with a clinical row"] == "2 of 4"


def test_what_the_layout_told_is_shown(monkeypatch, complete):
    from clam_core.study.atomic import read_json, write_json

    path = complete / "one" / "study.json"
    said = "8 scans of 4 subjects, up to 2 of one."
    write_json(path, {**read_json(path), "found": [said]})
    assert said.replace(".", "") in words(show(monkeypatch, complete, study="one")).replace(
        "\\", ""
    ).replace(".", "")


# Deletion


def test_a_study_is_deleted_once_its_name_is_typed(monkeypatch, complete):
    page = show(monkeypatch, complete, study="one")
    delete = next(one for one in page.button if one.label == "Delete the study")
    assert delete.disabled
    page.text_input(key="doomed").set_value("on").run()
    assert next(one for one in page.button if one.label == "Delete the study").disabled
    page.text_input(key="doomed").set_value("one").run()
    press(page, "Delete the study")
    assert not (complete / "one").exists()
    assert "Try the demo study" in [one.label for one in page.button]
    assert not page.metric


# What was lost


def refused(root, n="those 2 scans"):
    record = Record(root, "one")
    record.folder.mkdir(parents=True)
    said = f"3 of 9 files of scans cannot be found below 'in', so no volume was changed; connect \
the drive or folder again, name the folder in which they lie now (--scans FOLDER), or \
give up {n} with --forget-missing."
    record.write_state(JobState("preprocess", "failed", error=said, arguments={"grid": 8}))


def test_lost_scans_are_given_up_only_after_a_refusal_and_on_purpose(
    monkeypatch, complete, started
):
    labels = [one.label for one in show(monkeypatch, complete).button]
    assert not any("without" in label for label in labels)
    refused(complete)
    page = show(monkeypatch, complete)
    assert "or give up those 2 scans." in words(page)
    assert "--forget-missing" not in words(page)
    go = next(one for one in page.button if one.label == "Prepare without those 2 scans")
    assert go.disabled
    next(one for one in page.checkbox if "those 2 scans" in one.label).check().run()
    press(page, "Prepare without those 2 scans")
    assert started[0][1:] == ("one", "preprocess", {"grid": 8, "forget_missing": True})


def test_scans_that_were_moved_are_looked_for_where_they_lie_now(monkeypatch, complete, started):
    refused(complete)
    page = show(monkeypatch, complete)
    assert next(one for one in page.button if one.label == "Look there").disabled
    field = next(one for one in page.text_input if "lie now" in one.label)
    field.set_value(" /mnt/archive ").run()
    press(page, "Look there")
    assert started[0][1:] == ("one", "preprocess", {"grid": 8, "scans": "/mnt/archive"})


def test_a_study_prepared_again_keeps_what_the_form_does_not_ask(monkeypatch, complete, started):
    study = Study(complete / "one")
    settings = PreprocessSettings(
        grid=(8, 8, 8), mask="none", margin_mm=2, intensity_factor=3, spacing_mm=1.5
    )
    preprocess(study, settings, 1)
    table = study.scans()
    table.loc[table.index[0], "status"] = "found"
    table.to_parquet(study.folder / "scans.parquet")
    press(show(monkeypatch, complete), "Prepare the scans")
    (_, _, step, arguments) = started[0]
    kept = ("margin_mm", "intensity_factor", "spacing_mm", "crop")
    assert step == "preprocess"
    assert [arguments[name] for name in kept] == [2, 3, 1.5, "auto"]
    assert (arguments["grid"], arguments["mask"]) == (88, "auto")


def test_labels_of_masks_are_chosen_after_a_refusal(monkeypatch, complete, started):
    assert not show(monkeypatch, complete).multiselect
    study = Study(complete / "one")
    table = study.scans()
    table.iloc[0, table.columns.get_loc("status")] = "failed"
    said = "The mask holds 3 labels (1, 2, 13). Name the one that is inside, such as"
    table.iloc[0, table.columns.get_loc("reason")] = said
    table.to_parquet(study.folder / "scans.parquet")
    page = show(monkeypatch, complete)
    (choice,) = page.multiselect
    assert choice.options == ["1", "2", "13"]
    assert next(one for one in page.button if "these labels" in one.label).disabled
    choice.set_value([13, 2]).run()
    press(page, "Prepare with these labels")
    (_, _, step, arguments) = started[0]
    assert (step, arguments["mask_label"], arguments["grid"]) == ("preprocess", [2, 13], [8, 8, 8])
    options_from_record(STEPS["preprocess"], arguments)
