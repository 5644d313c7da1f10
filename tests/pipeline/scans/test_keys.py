"""The key of the pseudonyms lies outside the study: made, found, moved, missed and brought."""

import hashlib
import hmac
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from clam_core.errors import ClamError, MissingKeyError, StudyError, TableError
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.clinical.visits import VisitOptions, import_visits
from clam_core.pipeline.declared_steps import step_named
from clam_core.pipeline.scans.create import create
from clam_core.pipeline.scans.list_files import list_files
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Run, Study
from clam_core.study.keys import key_files as keys
from clam_core.tables.import_table import ClinicalOptions
from tests.pipeline.scans.test_create import ONE, dicom
from tests.study import old_study

NUMBERS = ("4711", "0815", "2222")
SMALL = PreprocessSettings(grid=(8, 8, 8), mask="none")
CLINICAL, VISITS = "MRN,age\n4711,50\n0815,60\n2222,70\n", "MRN,years,FVC\n4711,0,3\n4711,1,2\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Folder of keys of this account."""
    monkeypatch.setenv("CLAM_KEYS", str(tmp_path / "account" / "keys"))
    return tmp_path / "account" / "keys"


@pytest.fixture
def study(tmp_path, home):
    """Three patients with hospital numbers, in folders of their names."""
    people = [("Garcia_Maria", 0.0), ("Nowak_Jan", 0.1), ("Smith_John", 0.2)]
    for (name, _), number in zip(people, NUMBERS, strict=True):
        uid = {"SeriesInstanceUID": f"1.2.{int(number)}", "StudyInstanceUID": f"1.3.{int(number)}"}
        tags = {"PatientID": number, "PatientName": name.replace("_", "^"), **uid}
        dicom(tmp_path / "in" / name, **tags)
    said = create(tmp_path / "study", tmp_path / "in", None, ONE).sentences[-1]
    made = Study(tmp_path / "study")
    assert f"is the key {home}/{made.info.key_id}.key: keep a copy" in said
    return made


def table(folder, text, name="table.csv"):
    (folder / name).write_text(text)
    return folder / name


def content(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def key_in(home):
    (file,) = home.iterdir()
    return file, json.loads(file.read_text())["key"]


def elsewhere(study, monkeypatch, tmp_path):
    """The study on a machine that does not have its key."""
    monkeypatch.setenv("CLAM_KEYS", str(tmp_path / "other" / "keys"))
    return Study(study.folder)


def test_a_new_study_holds_no_key_and_its_account_holds_one(study, home):
    file, key = key_in(home)
    assert file.name == f"{study.info.key_id}.key"
    assert len(key) == 32 and key.encode() not in content(study.folder)
    assert "key" not in json.loads((study.folder / "study.json").read_text())
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
    digest = hmac.new(key.encode(), b"4711", hashlib.sha256).hexdigest()
    assert f"sub-{digest[:12]}" in set(study.scans()["subject_id"])
    assert key not in repr(study.info)


def test_without_the_key_no_number_leads_to_a_code(study, home):
    """Whoever has the study alone tries every number with everything that the study holds."""
    key_in(home)[0].unlink()
    info = json.loads((study.folder / "study.json").read_text())
    known = set(study.scans()["subject_id"])
    for guess in (info["key_id"], info["key_id"] * 2, json.dumps(info), ""):
        for number in NUMBERS:
            digest = hmac.new(str(guess).encode(), number.encode(), hashlib.sha256).hexdigest()
            assert f"sub-{digest[:12]}" not in known


def test_every_study_has_a_key_of_its_own(study, home, tmp_path):
    create(tmp_path / "second", tmp_path / "in", None, ONE)
    second = Study(tmp_path / "second")
    assert second.info.key_id != study.info.key_id
    assert not set(second.scans()["subject_id"]) & set(study.scans()["subject_id"])
    assert {file.stem for file in home.iterdir()} == {study.info.key_id, second.info.key_id}


def test_without_the_key_everything_but_names_and_numbers_works(study, monkeypatch, tmp_path):
    preprocess(study, SMALL, 1)
    here = elsewhere(study, monkeypatch, tmp_path)
    assert here.ready() and here.volume(here.ready()[0]).array.shape == (8, 8, 8)
    ids = here.scans()["subject_id"].tolist()
    known = table(tmp_path, "subject,age\n" + "".join(f"{one},5{n}\n" for n, one in enumerate(ids)))
    said = " ".join(import_table(here, known).sentences)
    assert "3 of 3 scans have a row" in said
    assert "is not on this machine" in said and "hospital numbers" in said


@pytest.mark.parametrize("options", [None, ClinicalOptions(id_column="MRN")])
def test_hospital_numbers_without_the_key_are_refused_with_the_way_out(
    study, monkeypatch, tmp_path, options
):
    here = elsewhere(study, monkeypatch, tmp_path)
    with pytest.raises(ClamError) as refused:
        import_table(here, table(tmp_path, CLINICAL), options)
    said = str(refused.value)
    assert f"'{study.info.key_id}.key'" in said and "CLAM_KEYS" in said and "other/keys" in said
    with pytest.raises(TableError, match="is not on this machine"):
        import_visits(here, table(tmp_path, VISITS, "v.csv"))
    assert here.clinical() is None


def test_a_few_plain_ids_are_not_taken_for_all(study, monkeypatch, tmp_path):
    """Half of the table matches by chance: hospital numbers would have matched better."""
    one = study.scans()["subject_id"].iloc[0]
    rows = f"MRN,partner,age\n4711,{one},50\n0815,x,60\n2222,y,70\n"
    assert "3 of 3" in import_table(study, table(tmp_path, rows)).sentences[0]
    here = elsewhere(study, monkeypatch, tmp_path)
    with pytest.raises(MissingKeyError, match="hospital numbers"):
        import_table(here, table(tmp_path, rows))
    assert "3 of 3" in here.clinical()[1]["notices"][0]  # the table of before stays
    named = import_table(here, table(tmp_path, rows), ClinicalOptions(id_column="partner"))
    assert "1 of 3" in named.sentences[0]


def test_files_with_hidden_names_are_not_said_to_be_missing(study, monkeypatch, tmp_path):
    here = elsewhere(study, monkeypatch, tmp_path)
    with pytest.raises(MissingKeyError, match="files whose names it hides cannot be found") as said:
        preprocess(here, SMALL, 1)
    assert "mount" not in str(said.value)
    listed = list_files(here, everything=True)
    assert "names that it hides are shown as codes" in listed.sentences[0]
    assert "Garcia" not in str(listed) and "~" in listed.values["files"][0]["where"]


def test_brought_to_the_other_machine_all_goes_on(study, home, monkeypatch, tmp_path):
    file = key_in(home)[0]
    here = elsewhere(study, monkeypatch, tmp_path)
    (tmp_path / "other" / "keys").mkdir(parents=True)
    shutil.copy(file, tmp_path / "other" / "keys")
    assert "3 of 3" in import_table(here, table(tmp_path, CLINICAL)).sentences[0]
    preprocess(here, SMALL, 1)
    assert "Garcia_Maria" in str(list_files(here, everything=True))
    visits = import_visits(here, table(tmp_path, VISITS, "v.csv"), VisitOptions(id_column="MRN"))
    assert "2 visits of 1 subject" in visits.sentences[0]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": "another"}', '{"key": 3}', "\udc80"])
def test_a_damaged_key_is_never_used(study, home, tmp_path, damage):
    key_in(home)[0].write_text(damage, errors="surrogateescape")
    with pytest.raises(StudyError, match="is damaged, or holds the key of another study"):
        import_table(study, table(tmp_path, CLINICAL))
    assert study.clinical() is None


def test_a_key_that_may_not_be_read_is_a_sentence(study, home, tmp_path):
    file = key_in(home)[0]
    file.unlink()
    file.mkdir()  # as nobody can read it, root included
    with pytest.raises(StudyError, match="cannot be read .* ask its owner for a copy"):
        import_table(study, table(tmp_path, CLINICAL))


def test_copies_of_a_study_share_its_key(study, home, tmp_path):
    copy = Study(shutil.copytree(study.folder, tmp_path / "copy"))
    for one in (study, copy):
        assert "3 of 3" in import_table(one, table(tmp_path, CLINICAL)).sentences[0]
    assert len(list(home.iterdir())) == 1
    keys.keep_key(key_in(home)[1])  # a second time
    assert len(list(home.iterdir())) == 1


def test_nothing_is_made_where_no_key_can_be_stored(tmp_path, monkeypatch):
    dicom(tmp_path / "in")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLAM_KEYS", str(tmp_path / "file" / "keys"))
    with pytest.raises(StudyError, match="cannot be stored in .* name a folder of your own"):
        create(tmp_path / "study", tmp_path / "in", None, ONE)
    assert not (tmp_path / "study").exists()


def test_a_key_may_not_lie_in_its_study(tmp_path, monkeypatch):
    dicom(tmp_path / "in")
    for place in ("study", "study/keys", "x/../study/deep/keys"):
        monkeypatch.setenv("CLAM_KEYS", str(tmp_path / place))
        with pytest.raises(StudyError, match="must not lie within it"):
            create(tmp_path / "study", tmp_path / "in", None, ONE)
    assert not (tmp_path / "study").exists()


def test_without_the_variable_keys_lie_in_the_folder_of_the_account(monkeypatch, tmp_path):
    monkeypatch.delenv("CLAM_KEYS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert keys.keys_folder() == tmp_path / "data" / "clam-explorer" / "keys"
    assert keys.shown(tmp_path / "a" / "b") == "~/a/b"
    assert keys.shown(Path("/elsewhere/a")) == "/elsewhere/a"


# Studies of before


@pytest.fixture
def old(tmp_path, home):
    return old_study.unpack(tmp_path).folder


def stored(folder):
    return json.loads((folder / "study.json").read_text())


def test_an_old_study_opens_untouched_and_its_codes_are_the_same(old, home):
    before = stored(old)
    study = Study(old)
    assert study.key("x") == before["key"]
    assert study.info.key_id and "key" not in study.info.model_dump()
    assert before["key"] not in repr(study.info)
    assert stored(old) == before and not home.exists()


@pytest.mark.parametrize("step", ["files", "clinical", "export"])
def test_any_step_moves_the_key_of_an_old_study(old, home, tmp_path, step):
    before = stored(old)
    options = {"files": {}, "clinical": {"table": table(tmp_path, "scan,a\n")}, "export": {
        "run": "default", "to": tmp_path / "out", "what": "tables"}}[step]  # fmt: skip
    try:
        done = step_named(step)(old, lambda *_: None, options)
        assert "lies now in" in done.sentences[-1] and "keep a copy" in done.sentences[-1]
    except TableError:
        assert step == "clinical"
    file, key = key_in(home)
    assert key == before["key"]
    assert before["key"].encode() not in content(old)
    after = stored(old)
    assert after == {
        **after,
        **{n: v for n, v in before.items() if n not in {"key", "schema_version"}},
    }
    assert (after["schema_version"], after["key_id"]) == (2, file.stem)
    assert Study(old).key("x") == before["key"]
    again = step_named("files")(old, lambda *_: None, {})
    assert "lies now in" not in str(again)


def test_whoever_writes_to_an_old_study_moves_its_key(old, home):
    with Study(old).lock():
        assert "key" not in stored(old)
    assert key_in(home)[1]
    assert Run(Study(old), "default").scans() is not None


def test_an_old_study_keeps_its_key_where_it_cannot_be_stored(old, tmp_path, monkeypatch):
    before = stored(old)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLAM_KEYS", str(tmp_path / "file" / "keys"))
    done = step_named("files")(old, lambda *_: None, {})
    assert "cannot be stored" in done.sentences[-1]
    assert "do not give it away" in done.sentences[-1]
    assert stored(old) == before
    with Study(old).lock():
        assert stored(old) == before


def test_volumes_are_not_written_before_the_key_is_safe(old, tmp_path, monkeypatch):
    """The commit of `preprocess` replaces study.json: the only copy of the key would be gone."""
    from clam_core.study import ScanWriter

    before = stored(old)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLAM_KEYS", str(tmp_path / "file" / "keys"))
    study = Study(old)
    with (
        study.lock(),
        ScanWriter(study, (12, 12, 12)) as writer,
        pytest.raises(StudyError, match="cannot be stored"),
    ):
        writer.start("f")
    assert stored(old) == before


def test_the_key_leaves_the_study_only_when_it_can_be_read_back(old, home, monkeypatch):
    before = stored(old)
    monkeypatch.setattr(keys, "find_key", lambda _: None)
    with pytest.raises(StudyError, match="could not be read back"):
        keys.move_key(old)
    assert stored(old) == before


def test_the_key_of_somebody_elses_study_is_left_to_them(old, home, monkeypatch):
    before = stored(old)
    monkeypatch.setattr(keys, "_is_mine", lambda _: False)
    with Study(old).lock():
        assert stored(old) == before
    assert not home.exists()
    assert "lies now in" in keys.move_key(old, only_mine=False)


def test_a_key_that_came_back_into_a_study_is_taken_out_again(study, home):
    """As when somebody puts an old description back."""
    key = key_in(home)[1]
    values = stored(study.folder)
    values.pop("sha256", None)
    (study.folder / "study.json").write_text(json.dumps({**values, "key": key}))
    with Study(study.folder).lock():
        assert "key" not in stored(study.folder)
    assert Study(study.folder).key("x") == key


def test_a_damaged_description_is_told_by_the_step_alone(old, home):
    (old / "study.json").write_text("{")
    with pytest.raises(StudyError, match="'study.json' is missing or damaged"):
        step_named("files")(old, lambda *_: None, {})
    assert not home.exists()


def test_a_study_that_nobody_may_write_is_opened_and_read(old, home, monkeypatch):
    monkeypatch.setattr(keys.os, "access", lambda *_: False)
    monkeypatch.setattr(
        keys.atomic, "write_json", lambda *_: (_ for _ in ()).throw(StudyError("read only"))
    )
    assert Study(old).ready()
    assert "lies" not in str(step_named("files")(old, lambda *_: None, {}))
    assert "key" in stored(old)
