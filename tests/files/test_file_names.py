"""Whatever a scan is called, its file lies in the folder and takes no other scan's place."""

import itertools
import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clam_core.errors import ClamError
from clam_core.files.file_names import file_name, file_names, inside, is_harmless, known_ending

HARMLESS = [
    "SARC-001", "a b", "Ünï", "=1+1", "-x", "_x", "x_", "1.2.840.113", "a.b", "~x", "console",
    "com10", "CON1", "aCON", "(1)", "o'neil", "#3", "50%", "肺", "🫁", "x" * 100, "é" * 50,
]  # fmt: skip
HARMFUL = [
    "", ".", "..", "...", " ", "../overwrite/f3", "/etc/passwd", "..\\x", "A/B", "A:4", "a\x00b",
    "a\nb", ".hidden", "x.", "x ", " x", "\u00a0x", "<b>", 'a"b', "a|b", "a?b", "a*b", "a\u202eb",
    "a\u200bb", "a\ufe0f", "\ud800", "x" * 101, "é" * 51, "x" * 300, "CON", "con", "nul.txt",
    "AUX .x", "COM1", "lpt\u00b2", "CONIN$", ".CON", "/con/", "con." + "x" * 300,
]  # fmt: skip


def plain_rule(stem):
    """What Windows, macOS and Linux ask for, written down once more."""
    assert 0 < len(stem.encode()) <= 100
    assert not set('<>:"/\\|?*') & set(stem)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", stem)
    assert stem.strip(" .") == stem
    device = stem.split(".")[0].rstrip(" ").upper()
    assert device not in {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    assert not re.fullmatch("(COM|LPT)[0-9\u00b9\u00b2\u00b3]", device)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_name_is_kept(name):
    assert is_harmless(name)
    assert file_name(name) == name


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_name_is_replaced_and_stays_in_the_folder(name, tmp_path):
    assert not is_harmless(name)
    stem = file_name(name)
    plain_rule(stem)
    assert is_harmless(stem)
    assert re.search("-[0-9a-f]{8}$", stem)
    assert inside(tmp_path, f"{stem}.nii.gz").parent == tmp_path


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("../overwrite/f3", "overwrite_f3"), ("A/B", "A_B"), ("A:4", "A_4"), ("CON", "_CON"),
        ("..", "unnamed"), ("x" * 300, "x" * 91), ("肺" * 60, "肺" * 30), ("./ a . / b", "a_b"),
    ],
)  # fmt: skip
def test_the_id_can_be_read_in_the_name(name, start):
    assert file_name(name)[:-9] == start


def test_the_digest_is_that_of_other_programs():
    assert file_name("A/B") == "A_B-998d3ed8"  # printf A/B | sha256sum


@pytest.mark.parametrize(
    "twins",
    [
        ["a", "A"], ["straße", "STRASSE"], ["A/B", "a/b"], ["a/b", "a:b"], ["..", "."],
        [unicodedata.normalize(form, "Müller-é") for form in ("NFC", "NFD")],
        ["x" * 300, "x" * 299 + "y"], ["CON", "con"], ["❤", "❤\ufe0f"],
    ],
)  # fmt: skip
def test_twins_get_two_names_in_any_order(twins):
    one, other = file_names(twins), file_names(twins[::-1])
    assert one == other
    assert list(one) == twins
    plain, blind = set(one.values()), {folded(stem) for stem in one.values()}
    assert len(plain) == len(blind) == 2


def test_only_those_that_collide_are_marked():
    found = file_names(["a", "b", "A"])
    assert found["b"] == "b"
    assert {stem[:2] for one, stem in found.items() if one != "b"} == {"a-", "A-"}
    assert found["A"] == file_names(["A", "a"])["A"]


def test_an_id_that_is_the_name_of_another_keeps_it():
    first = file_name("A/B")
    found = file_names(["A/B", first])
    assert found[first] == first
    assert found["A/B"].startswith("A_B-")
    second = found["A/B"]
    found = file_names(["A/B", first, second.upper()])
    assert len({stem.casefold() for stem in found.values()}) == 3
    assert found[second.upper()] == second.upper()


def blind_to_both(name):
    return folded(unicodedata.normalize("NFD", name))


def folded(name):
    return unicodedata.normalize("NFC", name.casefold())


letters = st.text(st.sampled_from("aAbé\u0301eE./\\: \x00ßsN🫁"), max_size=6)


@given(st.lists(st.one_of(st.text(), letters, st.sampled_from(HARMFUL)), unique=True, max_size=12))
@example(["A/B", "A_B-998d3ed8", "a_b-998d3ed8"])
@example(["\u03b1\u0345\u0301", "\u1fb4"])
def test_stems_differ_for_every_file_system_and_never_leave_the_folder(tmp_path_factory, ids):
    folder = tmp_path_factory.getbasetemp()
    found = file_names(ids)
    assert list(found) == ids
    assert found == {one: file_names(ids[::-1])[one] for one in ids}
    for blind in (folded, lambda name: unicodedata.normalize("NFC", name).casefold()):
        assert len({blind(stem) for stem in found.values()}) == len(ids)
    harmless = Counter(blind_to_both(one) for one in ids if is_harmless(one))
    for one, stem in found.items():
        plain_rule(stem)
        place = inside(folder, f"{stem}.nii.gz")
        assert place.resolve().parent == folder.resolve()
        if is_harmless(one) and harmless[blind_to_both(one)] == 1:
            assert stem == one


@given(st.one_of(st.text(), letters))
def test_inside_refuses_or_stays(tmp_path_factory, name):
    folder = tmp_path_factory.getbasetemp()
    try:
        place = inside(folder, name)
    except ClamError:
        return
    assert place.parent.resolve() == folder.resolve()
    assert place.name == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/x", "a\\b", "C:x", "x\x00", "CON"]
)
def test_inside_refuses_other_places(tmp_path, name):
    with pytest.raises(ClamError, match="nothing is written outside it"):
        inside(tmp_path, name)


def test_inside_refuses_links_that_lead_out_or_nowhere(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "own").write_bytes(b"own")
    for name, target in (("a", tmp_path / "own"), ("b", tmp_path / "new"), ("c", folder / "d")):
        (folder / name).symlink_to(target)
        with pytest.raises(ClamError, match="nothing is written through a link"):
            inside(folder, name)
    (folder / "e").write_bytes(b"old")
    assert inside(folder, "e") == folder / "e"


@pytest.mark.parametrize(
    ("name", "ending"),
    [("X.NII.GZ", ".nii.gz"), ("x.nii", ".nii"), ("x.csv/..", ""), ("x.nii:y", ""), ("x", "")],
)
def test_only_known_endings_are_taken_over(name, ending):
    assert known_ending(name, (".gz", ".nii", ".nii.gz")) == ending


def test_the_order_does_not_matter_where_digests_are_equal(monkeypatch):
    monkeypatch.setattr("clam_core.files.file_names._N_DIGITS", 2)
    ids = ["".join(one) for one in itertools.product("/:\\|?*", repeat=2)]
    first = {file_name(one) for one in ids}
    assert len(first) < len(ids)  # some have the same digest now
    found = file_names(ids)
    assert len(set(found.values())) == len(ids)
    assert found == {one: file_names(ids[::-1])[one] for one in ids}


def test_a_thousand_names_that_differ_only_in_what_is_replaced():
    ids = ["".join(one) for one in itertools.product('/:\\|?*<>"\x00', repeat=3)]
    assert len(set(file_names(ids).values())) == len(ids) == 1000
