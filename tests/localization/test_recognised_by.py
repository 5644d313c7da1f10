"""What a cluster is recognised by, on means whose weighted averages are worked out by hand."""

import numpy as np
import pytest

from clam_core.localization.recognised_by import recognised_by

MAP = np.array([[1.0, 3.0], [0.0, np.nan]])
OWN = np.array([[-900.0, -820.0], [0.0, 0.0]])


def test_normal_lung_where_others_are_denser_is_absence():
    others = np.array([[-700.0, -620.0], [500.0, 500.0]])
    found = recognised_by(MAP, OWN, others, "HU")
    assert (found.own, found.others) == (
        pytest.approx(-840),
        pytest.approx(-640),
    )  # (1 a + 3 b) / 4
    assert found.is_absence
    assert "normally aerated (−840 HU)" in found.sentence
    assert "200 HU denser" in found.sentence


@pytest.mark.parametrize(
    ("own", "others", "words"),
    [
        (-500.0, -840.0, "340 HU denser than the others (−500 against −840 HU)"),
        (-970.0, -840.0, "130 HU less dense than the others"),  # emphysema is not normal
        (-600.0, -500.0, "100 HU less dense"),
        (-840.0, -820.0, "about as dense"),
        (-840.0, -864.0, "about as dense"),
    ],
)
def test_what_is_not_absence(own, others, words):
    found = recognised_by(MAP, np.full((2, 2), own), np.full((2, 2), others), "HU")
    assert not found.is_absence
    assert words in found.sentence


def test_other_units_know_no_air():
    found = recognised_by(MAP, np.full((2, 2), -840.0), np.full((2, 2), -500.0), "arbitrary")
    assert not found.is_absence
    assert "340 darker" in found.sentence


def test_what_speaks_against_does_not_count():
    others = np.array([[-700.0, -620.0], [9e6, 9e6]])
    weights = np.array([[1.0, 3.0], [-50.0, np.nan]])
    assert recognised_by(weights, OWN, others, "HU").own == pytest.approx(-840)


def test_nothing_is_said_without_a_map_or_others():
    assert recognised_by(np.zeros((2, 2)), OWN, OWN, "HU") is None
    assert recognised_by(np.full((2, 2), np.nan), OWN, OWN, "HU") is None
    assert recognised_by(MAP, OWN, np.full((2, 2), np.nan), "HU") is None
