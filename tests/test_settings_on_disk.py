"""Settings of another version: what is filled in, what is left out, what a fingerprint holds."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from clam_core.errors import SettingsError, StudyError
from clam_core.settings import (
    FitSettings,
    LocalizeSettings,
    NetworkSettings,
    PreprocessSettings,
    RefineSettings,
    ScaleSettings,
    TrainSettings,
)
from clam_core.settings.on_disk import BEFORE, FIRST_FIELDS, canonical, is_same, read_stored


class WiderScale(ScaleSettings):
    gamma: float = 1.0


class Wider(FitSettings):
    scale: WiderScale = WiderScale()
    rounds: int = 3


class Changed(FitSettings):
    rounds: int = Field(default=5, json_schema_extra={BEFORE: 3})


def digest(settings):
    return hashlib.sha256(canonical(settings).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (PreprocessSettings(), "5603c09c39f71299"),
        (FitSettings(), "b337245de57fcb39"),
        (LocalizeSettings(), "6fcf4c79afb31cde"),
    ],
)
def test_text_of_fingerprints_is_that_of_the_first_version(settings, expected):
    """Digests of `model_dump_json()` with the code of 0.1.0."""
    assert digest(settings) == expected


@given(
    lr=st.floats(1e-9, 1), window=st.none() | st.just((-1000.0, 4e17)), layer=st.none() | st.just(2)
)
def test_every_value_is_written_as_pydantic_did(lr, window, layer):
    settings = FitSettings(
        network=NetworkSettings(channels=(4, 8)),
        scale=ScaleSettings(window=window, align_brightness=layer is None),
        train=TrainSettings(learning_rate=lr),
        refine=RefineSettings(tolerance=lr / 2),
        feature_layer=layer,
    )
    assert canonical(settings) == settings.model_dump_json(exclude={"given", "harmonise"})
    for target in ("own", 2, (2, 1)):
        one = LocalizeSettings(target=target, channels=(1, 0))
        assert canonical(one) == one.model_dump_json()


def test_a_new_setting_changes_a_fingerprint_only_where_it_does_something():
    assert canonical(Wider()) == canonical(FitSettings())
    assert canonical(Wider(rounds=4)) != canonical(FitSettings())
    assert canonical(Wider(scale=WiderScale(gamma=2))) != canonical(FitSettings())
    assert canonical(Wider(rounds=4)) != canonical(Wider(rounds=5))


def test_a_default_that_was_changed_does_not_change_what_was_stored():
    assert canonical(Changed(rounds=3)) == canonical(FitSettings())
    assert canonical(Changed()) != canonical(FitSettings())
    stored = FitSettings().model_dump(mode="json")
    assert read_stored(Changed, stored, "it").rounds == 3
    assert is_same(stored, Changed(rounds=3))
    assert not is_same(stored, Changed())


def test_no_field_of_the_first_version_has_gone():
    for kind in (FitSettings, ScaleSettings, NetworkSettings, TrainSettings, RefineSettings,
                 PreprocessSettings, LocalizeSettings):  # fmt: skip
        assert set(FIRST_FIELDS[kind.__name__]) <= set(kind.model_fields)


def test_stored_settings_are_filled_in_and_unknown_names_left_out():
    stored = FitSettings(n_clusters=4).model_dump(mode="json")
    stored["train"]["momentum"] = 0.9
    del stored["train"]["patience"], stored["plane"], stored["refine"]
    stored["optimizer"] = {"name": "adam"}
    assert read_stored(FitSettings, stored, "it") == FitSettings(n_clusters=4)
    assert is_same(stored, FitSettings(n_clusters=4))
    assert is_same(stored, Wider(n_clusters=4))
    assert not is_same(stored, FitSettings(n_clusters=5))
    with pytest.raises(SettingsError, match="momentum"):
        FitSettings(**stored)  # what a person types is read strictly


@pytest.mark.parametrize("values", [None, [], "x", {"n_clusters": "many"}, {"train": 3}])
def test_damaged_settings_are_a_sentence(values):
    with pytest.raises(StudyError, match=r"^'run.json' is damaged; put it back from a copy"):
        read_stored(FitSettings, values, "'run.json'")
    assert not is_same(values, FitSettings())
