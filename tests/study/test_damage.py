"""A file of an array that is missing, cut or changed is an error, never other values."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import zarr

from clam_core.errors import AlignmentError, StudyError
from clam_core.study import Run, RunInfo, RunWriter, ScanWriter, Study, arrays, atomic
from clam_core.study.arrays import ScanArrays
from tests.study import make

CLUSTERS = 2
PLAIN = ("latent", "features", "soft_assignment", "cluster_maps")
NAMES = ("volumes", "masks", *PLAIN, "maps")


def values_of(name):
    """Values as they are in a study: one mask and one map are zero everywhere."""
    rng = np.random.default_rng(NAMES.index(name))
    drawn = {
        "volumes": lambda: rng.integers(-1000, 400, (3, *make.GRID)).astype(np.int16),
        "masks": lambda: rng.random((3, *make.GRID)) < 0.5,
        "maps": lambda: rng.random((3, *make.GRID)).astype(np.float16),
        "cluster_maps": lambda: rng.random((CLUSTERS, *make.GRID)).astype(np.float32),
    }
    values = drawn.get(name, lambda: rng.normal(size=(3, 4)).astype(np.float32))()
    if name in {"masks", "maps"}:
        values[1] = 0
    return values


def write_scans(study, rows=(0, 1, 2), commit=True):
    """Volumes and masks of some rows."""
    with study.lock(), ScanWriter(study, make.GRID) as writer:
        known = writer.start("f")
        for row in rows:
            given = {"volume": values_of("volumes")[row], "mask": values_of("masks")[row]}
            line = {**make.lines(row), "mask_source": "given"}
            writer.write(row, {**make.arrays(row), **given}, line)
        if commit:
            table = make.ready_table(study).assign(mask_source="given")
            writer.commit(table, make.prepared())
    return known


def write_maps(run, rows=(0, 1, 2), commit=True):
    """Maps of some rows, each with a line."""
    with run.lock(), RunWriter(run, "localize") as writer:
        known = writer.start("f")
        writer.create("maps", 3, make.GRID, "float16")
        for row in rows:
            writer.write_row("maps", row, values_of("maps")[row])
            writer.note({"scan_id": f"s{row}"})
        if commit:
            found = [writer.read_row("maps", row) for row in range(3)]
            np.testing.assert_array_equal(found, values_of("maps"))
            writer.write_array("cluster_maps", values_of("cluster_maps"))
            writer.write_table("maps.parquet", pd.DataFrame({"done": True}, run.scans().index))
            names = ("arrays.zarr/maps", "arrays.zarr/cluster_maps", "maps.parquet")
            writer.commit(run.info(), list(names))
    return known


def write_fit(study):
    run = Run(study, "r")
    info = RunInfo(
        name="r", libraries={}, device="cpu", settings={}, method="kmeans", model={},
        plane="pca", inputs="", n_clusters=CLUSTERS,
    )  # fmt: skip
    with run.lock(), RunWriter(run, "fit") as writer:
        writer.start("f")
        for name in PLAIN[:3]:
            writer.write_array(name, values_of(name))
        index = pd.Index(["s0", "s1", "s2"], name="scan_id")
        writer.write_table("scans.parquet", pd.DataFrame({"cluster": [1, 1, 2]}, index))
        writer.commit(info, ["arrays.zarr", "scans.parquet"])
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study with every kind of array."""
    folder = tmp_path_factory.mktemp("whole") / "s"
    study = make.empty(folder)
    write_scans(study)
    write_maps(write_fit(study))
    return folder


@pytest.fixture
def study(whole, tmp_path):
    return Study(shutil.copytree(whole, tmp_path / "s"))


def read(study, name):
    """All values of an array, read as everybody reads them."""
    arrays._opened.cache_clear()
    run, scan_ids = Run(study, "r"), ("s0", "s1", "s2")
    if name == "volumes":
        return np.stack([study.volume(scan_id).array for scan_id in scan_ids])
    if name == "masks":
        position = study.reader(scan_ids)
        return np.stack([position(row)[1] for row in range(3)])
    if name == "maps":
        found = np.stack([run.activation_map(scan_id) for scan_id in scan_ids])
        return found.astype(np.float16)
    whole = run.array(name)
    rows = np.stack([run.array_row(name, row) for row in range(len(whole))])
    np.testing.assert_array_equal(rows, whole)
    return whole


def place(study, name):
    parent = study.folder if name in {"volumes", "masks"} else Run(study, "r").folder
    return parent / "arrays.zarr" / name


def damages(path):
    """Every way in which a file may be damaged, and what it then holds (None: nothing)."""
    content = path.read_bytes()
    rng = np.random.default_rng(len(content))
    yield "removed", None
    yield "cut in half", content[: len(content) // 2]
    yield "one byte short", content[:-1]
    yield "emptied", b""
    yield "zeros", bytes(len(content))
    for _ in range(25):
        at, bit = int(rng.integers(len(content))), int(rng.integers(8))
        yield (
            f"bit {bit} of byte {at}",
            b"".join((content[:at], bytes([content[at] ^ 1 << bit]), content[at + 1 :])),
        )


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_damaged_is_an_error_and_never_other_values(study, name):
    expected = values_of(name)
    found = read(study, name)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    files = sorted(path for path in place(study, name).rglob("*") if path.is_file())
    assert len(files) == {"volumes": 4, "masks": 4, "maps": 4}.get(name, 2)
    for path in files:
        kept = path.read_bytes()
        for how, content in damages(path):
            path.unlink()
            if content is not None:
                path.write_bytes(content)
            try:
                values = read(study, name)
            except StudyError as error:
                assert repr(path.relative_to(place(study, name).parent).as_posix()) in str(error)
            else:
                assert "bit" in how and path.name == "zarr.json", (path, how)
                np.testing.assert_array_equal(values, expected, err_msg=how)
            path.write_bytes(kept)
    np.testing.assert_array_equal(read(study, name), expected)


@pytest.mark.parametrize("name", ["volumes", "soft_assignment"])
def test_no_byte_of_a_description_can_change_values(study, name):
    path = place(study, name) / "zarr.json"
    content, expected = path.read_bytes(), values_of(name)
    n_refused = 0
    with path.open("r+b", buffering=0) as file:
        for at, byte in enumerate(content):
            put(file, at, byte ^ 1)
            try:
                np.testing.assert_array_equal(read(study, name), expected, err_msg=str(at))
            except StudyError:
                n_refused += 1
            put(file, at, byte)
    assert path.read_bytes() == content
    assert n_refused > len(content) / 3


def put(file, at, byte):
    """One byte of an open file; opening it again each time would take most of the time."""
    file.seek(at)
    file.write(bytes([byte]))


def test_a_description_that_says_something_else_is_refused(study):
    """Fewer rows in a description that is sound JSON: the values would all be right."""
    path = place(study, "latent") / "zarr.json"
    description = json.loads(path.read_text())
    description["shape"][0] = 2
    for attributes in (description["attributes"], {}):
        path.write_text(json.dumps({**description, "attributes": attributes}))
        with pytest.raises(StudyError, match=r"'latent/zarr.json' is damaged"):
            read(study, "latent")


def test_the_sentence_names_scan_row_file_and_step(study):
    run = Run(study, "r")
    (place(study, "volumes") / "c/1/0/0/0").unlink()
    (place(study, "maps") / "c/2/0/0/0").write_bytes(b"")
    (place(study, "features") / "c/0/0").unlink()
    (place(study, "cluster_maps") / "zarr.json").unlink()
    for ask, sentence in (
        (lambda: study.volume("s1"),
         "The array 'volumes' cannot be used at scan 's1' (row 1): the file 'volumes/c/1/0/0/0' is "
         "missing; run the step 'preprocess' again, or put the file back from a copy of the "
         "study."),
        (lambda: run.activation_map("s2"),
         "The array 'maps' cannot be used at scan 's2' (row 2): the file 'maps/c/2/0/0/0' is "
         "damaged; run the step 'localize' again, or put the file back from a copy of the study."),
        (lambda: run.array("features"),
         "The array 'features' cannot be used at rows 0 to 2: the file 'features/c/0/0' is "
         "missing; fit the scans again under another name, or put the file back from a copy of "
         "the study."),
        (lambda: run.array_row("cluster_maps", 0),
         "The array 'cluster_maps' cannot be used: the file 'cluster_maps/zarr.json' is missing; "
         "run the step 'localize' again, or put the file back from a copy of the study."),
    ):  # fmt: skip
        with pytest.raises(StudyError) as caught:
            ask()
        assert str(caught.value) == sentence
    assert not study.is_whole()
    np.testing.assert_array_equal(study.volume("s2").array, values_of("volumes")[2])


def test_a_file_that_may_not_be_read_is_said_so(study, monkeypatch):
    from clam_core.study import chunks

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(chunks, "_there", refused)
    with pytest.raises(StudyError, match=r"is not readable \(Permission denied\); run the step"):
        read(study, "volumes")


def test_all_rows_of_many_chunks_are_checked(tmp_path):
    found = ScanArrays(tmp_path / "arrays.zarr")
    values = np.random.default_rng(0).normal(size=(5, 40, 40, 40))  # two rows to a chunk
    found.put("large", values)
    np.testing.assert_array_equal(found.read_all("large"), values)
    for chunk, rows in ((2, "at row 4:"), (1, "at rows 2 to 3:")):
        path = tmp_path / f"arrays.zarr/large/c/{chunk}/0/0/0"
        content = bytearray(path.read_bytes())
        content[1000] ^= 4
        path.write_bytes(content)
        with pytest.raises(StudyError, match=rows):
            found.read_all("large")
        with pytest.raises(StudyError, match=rows):
            found.read("large", 2 * chunk)


def test_zeros_are_written_and_read_as_zeros(study, tmp_path):
    assert not study.mask("s1").any()
    assert not Run(study, "r").activation_map("s1").any()
    for name in ("masks", "maps"):
        (place(study, name) / "c/1/0/0/0").unlink()
        with pytest.raises(StudyError, match="'s1' .row 1.: .* is missing"):
            read(study, name)
    found = ScanArrays(tmp_path / "arrays.zarr")
    found.put("zeros", np.zeros((4, 3), np.float32))
    assert found.read_all("zeros").tolist() == [[0, 0, 0]] * 4
    (tmp_path / "arrays.zarr/zeros/c/0/0").unlink()
    with pytest.raises(StudyError, match="at rows 0 to 3"):
        found.read_all("zeros")


def test_a_row_that_nobody_wrote_is_an_error(tmp_path):
    found = ScanArrays(tmp_path / "arrays.zarr")
    found.create("maps", 3, make.GRID, "float16")
    found.write("maps", 1, values_of("maps")[0])
    assert [found.holds("maps", row) for row in range(3)] == [False, True, False]
    with pytest.raises(StudyError, match="at row 0: .* is missing; start the step again"):
        found.read_all("maps")


def test_arrays_without_a_checksum_read_the_same(study):
    """The layout before: no checksum, no digest, no chunks of zeros."""
    for name in NAMES:
        values = values_of(name)
        shutil.rmtree(place(study, name))
        group = zarr.open_group(place(study, name).parent, mode="a")
        chunks = values.shape if name in PLAIN else (1, *values.shape[1:])
        group.create_array(name, shape=values.shape, chunks=chunks, dtype=values.dtype)[:] = values
        if name in {"masks", "maps"}:
            with pytest.raises(StudyError, match="'s1' .row 1.: .* is missing; run the step"):
                read(study, name)
            values[1, 0, 0, 0] = 1
            group[name][1] = values[1]
        found = read(study, name)
        np.testing.assert_array_equal(found, values)
        assert found.dtype == values.dtype
        for path in sorted(place(study, name).rglob("*")):
            if path.is_file():
                kept = path.read_bytes()
                for content in (None, b"", kept[: len(kept) // 2]):
                    path.unlink(missing_ok=True)
                    if content is not None:
                        path.write_bytes(content)
                    with pytest.raises(StudyError):
                        read(study, name)
                path.write_bytes(kept)


def test_a_description_of_the_group_says_nothing(study):
    for folder in (study.folder, Run(study, "r").folder):
        (folder / "arrays.zarr/zarr.json").write_bytes(b"\0" * 40)
    for name in NAMES:
        np.testing.assert_array_equal(read(study, name), values_of(name))


# A step that goes on after a power failure


def preprocess_of(tmp_path):
    """A step that was stopped after all three rows, and what the finished study holds."""
    study = make.empty(tmp_path / "s")
    write_scans(study, commit=False)
    staged = study.folder / "preprocess.partial"
    return study, staged


@pytest.mark.parametrize("damage", ["volumes", "masks", "pictures", "cut", "unsynced"])
def test_a_line_is_believed_only_if_its_files_are_there(tmp_path, damage):
    study, staged = preprocess_of(tmp_path)
    file = staged / "arrays.zarr" / ("masks" if damage == "masks" else "volumes") / "c/1/0/0/0"
    if damage == "pictures":
        (staged / "pictures/000001.png").unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:50])
    elif damage == "unsynced":
        file.write_bytes(bytes(file.stat().st_size))
    else:
        file.unlink()
    assert [line["scan_id"] for line in write_scans(study, (), commit=False)] == ["s0", "s2"]
    journal = (staged / "journal.jsonl").read_bytes()
    assert journal.count(b"\n") == 2 and b'"s1"' not in journal
    known = write_scans(study, (1,))
    assert [set(line) for line in known] == [{"scan_id", "status", "mask_source"}] * 2
    for name in ("volumes", "masks"):
        np.testing.assert_array_equal(read_scans(study, name), values_of(name))


def read_scans(study, name):
    found = ScanArrays(study.folder / "arrays.zarr")
    return found.read_all(name)


@pytest.mark.parametrize("damage", ["volumes/zarr.json", "zarr.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"\0" * 30])
def test_a_step_goes_on_without_a_sound_description(tmp_path, damage, content):
    study, staged = preprocess_of(tmp_path)
    path = staged / "arrays.zarr" / damage
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    known = {int(line["scan_id"][1:]) for line in write_scans(study, (), commit=False)}
    assert known == (set() if "volumes" in damage else {0, 1, 2})
    write_scans(study, {0, 1, 2} - known)
    np.testing.assert_array_equal(read_scans(study, "volumes"), values_of("volumes"))


def test_lines_that_never_reached_the_disk_are_struck_out(tmp_path):
    study, staged = preprocess_of(tmp_path)
    journal = staged / "journal.jsonl"
    first, second, third = journal.read_bytes().splitlines(keepends=True)
    old = b'{"scan_id": "s2", "status": "ready", "mask_source": "none"}\n'
    journal.write_bytes(first + bytes(len(second)) + b"\n" + old + third[:-1])
    assert [line["scan_id"] for line in write_scans(study, (), commit=False)] == ["s0"]
    assert journal.read_bytes() == first
    (staged / "fingerprint.json").write_bytes(bytes(20))
    assert write_scans(study) == []
    np.testing.assert_array_equal(read_scans(study, "volumes"), values_of("volumes"))


def test_a_failed_scan_needs_no_files(tmp_path):
    study = make.empty(tmp_path / "s")
    with ScanWriter(study, make.GRID) as writer:
        writer.start("f")
        writer.write(0, {}, {"scan_id": "s0", "status": "failed"})
    with ScanWriter(study, make.GRID) as writer:
        assert writer.start("f") == [{"scan_id": "s0", "status": "failed"}]


@pytest.mark.parametrize("content", [None, b"", b"\0" * 90])
def test_maps_that_cannot_be_read_back_are_made_again(study, content):
    run = Run(study, "r")
    write_maps(run, commit=False)
    path = run.folder / "localize.partial/arrays.zarr/maps/c/0/0/0/0"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    known = write_maps(run, rows=(0,))
    assert known == [{"scan_id": "s1"}, {"scan_id": "s2"}]
    np.testing.assert_array_equal(read(study, "maps"), values_of("maps"))


def test_an_array_of_another_shape_is_still_refused(tmp_path):
    found = ScanArrays(tmp_path / "arrays.zarr")
    found.create("maps", 3, (2, 2), "float16")
    found.create("maps", 3, (2, 2), "float16")
    with pytest.raises(AlignmentError, match=r"\(3, 2, 2\), but \(4, 2, 2\)"):
        found.create("maps", 4, (2, 2), "float16")


@pytest.mark.parametrize("system", ["linux", "win32"])
def test_all_files_reach_the_disk_before_the_commit(tmp_path, monkeypatch, system):
    study, staged = preprocess_of(tmp_path)
    n_files = sum(path.is_file() for path in staged.rglob("*"))
    calls, n_before = [], []
    write_json = atomic.write_json

    def noted(path, value):
        if path.name == "commit.json":
            n_before.append(list(calls))
        write_json(path, value)

    monkeypatch.setattr(atomic, "write_json", noted)
    monkeypatch.setattr(atomic, "sys", SimpleNamespace(platform=system))
    monkeypatch.setattr(atomic.os, "sync", lambda: calls.append("sync"))
    monkeypatch.setattr(atomic.os, "fsync", lambda _: calls.append("fsync"))
    write_scans(study, ())
    (before,) = n_before
    assert before.count("sync") == (system == "linux")
    if system != "linux":
        assert before.count("fsync") >= n_files
