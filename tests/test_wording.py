import pytest

from clam_core.wording import plural


@pytest.mark.parametrize(
    ("n", "noun", "many", "written"),
    [
        (0, "scan", "", "0 scans"), (1, "scan", "", "1 scan"), (2, "scan", "", "2 scans"),
        (1024, "file", "", "1,024 files"), (3, "series", "", "3 series"), (1, "gas", "", "1 gas"),
        (2, "copy", "", "2 copies"), (1, "copy", "", "1 copy"), (2, "day", "", "2 days"),
        (1, "subject has", "subjects have", "1 subject has"),
        (2000, "subject has", "subjects have", "2,000 subjects have"),
    ],
)  # fmt: skip
def test_a_number_with_its_noun(n, noun, many, written):
    assert plural(n, noun, many) == written
