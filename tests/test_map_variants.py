from typing import get_args

from clam_core.localization import VARIANTS
from clam_core.settings.map_variants import MAP_WORDS, map_description
from clam_core.settings.results import LocalizeVariant


def test_every_kind_that_can_be_made_has_words_of_its_own():
    assert set(MAP_WORDS) == set(get_args(LocalizeVariant)) == set(VARIANTS)
    for words in ("name", "choice", "description"):
        assert len({getattr(one, words) for one in MAP_WORDS.values()}) == len(MAP_WORDS)
    assert list(MAP_WORDS)[:2] == ["integrated", "paper"]


def test_only_what_takes_long_says_so():
    slow = [one.choice for one in MAP_WORDS.values() if one.choice != one.name]
    assert slow == ["Occlusion (slow)"]


def test_a_kind_of_another_version_is_called_by_its_name():
    assert map_description("difference").startswith("the difference from the cohort's median scan")
    assert map_description("from_the_future") == "from_the_future"
