"""Settings refuse what cannot work, in one sentence with the value."""

import pytest

from clam_core.errors import SettingsError
from clam_core.settings import PreprocessSettings, ReadLimits


def test_defaults_are_the_papers_grid():
    assert PreprocessSettings().grid == (88, 88, 88)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"mask": "heart"}, r"'mask'.*\(it was 'heart'\)"),
        ({"spacing_mm": -1}, r"'spacing_mm'.*greater than 0.*\(it was -1\)"),
        ({"grid": (88,)}, "2 or 3 numbers between 8 and 512"),
        ({"grid": (4, 88, 88)}, "2 or 3 numbers between 8 and 512"),
        ({"crop": "mask", "mask": "none"}, "crop 'mask' needs a mask"),
        ({"colour": "red"}, "'colour'"),
    ],
)
def test_a_bad_value_is_one_sentence(values, text):
    with pytest.raises(SettingsError, match=text) as caught:
        PreprocessSettings(**values)
    assert "\n" not in str(caught.value)


def test_settings_cannot_be_changed():
    with pytest.raises(Exception, match="frozen"):
        PreprocessSettings().grid = (8, 8, 8)


def test_time_grows_with_size():
    limits = ReadLimits(base_seconds=8, bytes_per_second=1e6)
    assert limits.seconds_for(0) == 8
    assert limits.seconds_for(50_000_000) == 58
