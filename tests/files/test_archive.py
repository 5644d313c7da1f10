"""Archives are refused whole when one member is not what an archive of scans holds."""

import io
import stat
import warnings
import zipfile

import pytest

from clam_core.errors import ReadError, UnsafeFileError
from clam_core.files.archive import list_archive
from clam_core.settings import ArchiveLimits
from tests.read.made_files import saved, zip_of_empty_files

LIMITS = ArchiveLimits()


def make(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def inner_zip():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", "b")
    return stream.getvalue()


def test_a_plain_archive_is_listed_sorted_without_folders(tmp_path):
    path = make(tmp_path / "a.zip", {"b/2.dcm": b"22", "b/": b"", "a.dcm": b"1"})
    assert list_archive(path, LIMITS) == [("a.dcm", 1), ("b/2.dcm", 2)]


@pytest.mark.parametrize(
    "name", ["../a.dcm", "a/../../b", "/etc/passwd", "C:/a.dcm", "C:\\a", "a\\b", "a\x07b"]
)
def test_a_member_that_points_elsewhere_refuses_the_archive(tmp_path, name):
    path = make(tmp_path / "a.zip", {"good.dcm": b"1", "x" * len(name): b"2"})
    raw = path.read_bytes().replace(b"x" * len(name), name.encode())
    path.write_bytes(raw)
    with pytest.raises(UnsafeFileError, match="refused whole"):
        list_archive(path, LIMITS)


def test_a_link_refuses_the_archive(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeFileError, match="a link or a device"):
        list_archive(path, LIMITS)


def test_an_archive_in_an_archive_is_refused_whatever_it_is_called(tmp_path):
    path = make(tmp_path / "a.zip", {"scan.dcm": inner_zip()})
    with pytest.raises(UnsafeFileError, match="holds another archive"):
        list_archive(path, LIMITS)


def test_a_bomb_is_refused_by_its_ratio(tmp_path):
    path = make(tmp_path / "a.zip", {"zeros.dcm": bytes(40 << 20)})
    assert path.stat().st_size < 1 << 17
    with pytest.raises(UnsafeFileError, match="times when unpacked"):
        list_archive(path, LIMITS)


def test_a_real_scan_with_much_air_is_no_bomb(tmp_path):
    path = make(
        tmp_path / "a.zip", {f"{n}.dcm": bytes(200_000) + bytes(range(256)) for n in range(9)}
    )
    assert len(list_archive(path, LIMITS)) == 9


def test_members_are_counted_and_their_sizes_added(tmp_path):
    path = make(tmp_path / "a.zip", {str(n): b"abc" for n in range(11)})
    with pytest.raises(UnsafeFileError, match="11 members; at most 10"):
        list_archive(path, ArchiveLimits(max_members=10))
    with pytest.raises(UnsafeFileError, match="unpack to 0.1 MB"):
        list_archive(path, ArchiveLimits(max_total_bytes=32))


def test_a_hundred_thousand_members_are_refused(tmp_path):
    path = saved(tmp_path, "a.zip", zip_of_empty_files(100_001))
    with pytest.raises(UnsafeFileError, match="100,001 members"):
        list_archive(path, LIMITS)


def test_two_members_of_one_name_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr("a", "1")
        archive.writestr("a", "2")
    with pytest.raises(UnsafeFileError, match="two members of one name"):
        list_archive(path, LIMITS)


def test_overlapping_members_are_refused(tmp_path):
    path = make(tmp_path / "a.zip", {"a.dcm": b"a" * 50, "b.dcm": b"b" * 50})
    raw = bytearray(path.read_bytes())
    second = raw.rindex(b"PK\x01\x02")
    raw[second + 42 : second + 46] = (0).to_bytes(4, "little")  # both now start at the first
    path.write_bytes(raw)
    with pytest.raises((UnsafeFileError, ReadError), match="overlap|damaged"):
        list_archive(path, LIMITS)


@pytest.mark.parametrize("keep", [10, 60, -30])
def test_a_damaged_archive_is_a_sentence(tmp_path, keep):
    path = make(tmp_path / "a.zip", {"a.dcm": bytes(range(256)) * 20})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ReadError, match=r"'a\.zip' is damaged or encrypted"):
        list_archive(path, LIMITS)


def test_an_encrypted_archive_is_a_sentence(tmp_path):
    path = make(tmp_path / "a.zip", {"a.dcm": b"1"})
    raw = bytearray(path.read_bytes())
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    raw[6] |= 1
    path.write_bytes(raw)
    with pytest.raises(ReadError, match="encrypted"):
        list_archive(path, LIMITS)


def test_an_empty_archive_is_a_sentence(tmp_path):
    with pytest.raises(ReadError, match="holds no file"):
        list_archive(make(tmp_path / "a.zip", {}), LIMITS)
