"""Plain ways beside a fit: what they find, how far views are apart, and the words for it."""

import numpy as np
import pytest

from clam_core.errors import SettingsError
from clam_core.fitting.plain_rivals import in_own_units, look_plainly, share_between
from clam_core.settings.plain_look import DensityDifference, PlainLook, plain_sentences
from tests.fitting.test_simple_views import source

LABELS = np.repeat([0, 1], 12)


def lungs(zone=None, more=0, n=24, unit="HU", *, masked=True):
    """Scans of noise; those of the second half are denser in a zone (0: lowest), or everywhere."""
    rng = np.random.default_rng(3)
    volumes = rng.normal(-850, 30, (n, 8, 8, 9)).astype(np.int16)
    part = slice(None) if zone is None else slice(3 * zone, 3 * zone + 3)
    volumes[n // 2 :, :, :, part] += np.int16(more)
    return source(volumes, np.ones(volumes.shape, bool) if masked else None, unit)


def test_a_difference_in_density_everywhere_is_found_by_a_plain_histogram():
    found = look_plainly(lungs(more=80), LABELS, np.zeros((24, 2)), 0)
    assert found.agreement == {"histogram": 1.0, "density": 1.0, "pca": 1.0}
    assert found.stability == {"histogram": 1.0, "density": 1.0, "pca": 1.0}
    assert found.apart["density"] > 0.9
    assert found.apart["clustered"] == 0
    assert plain_sentences(found)[0] == (
        "A plain histogram of densities, a plain table of densities by zone and the principal "
        "components of a coarse picture find the same groups."
    )


@pytest.mark.parametrize(("zone", "name"), list(enumerate(("lower", "middle", "upper"))))
def test_the_zone_that_differs_is_named_with_its_medians(zone, name):
    found = look_plainly(lungs(zone, 100), LABELS, np.zeros((24, 2)), 0).density
    assert found.zone == name
    assert found.clusters == (1, 2)
    np.testing.assert_allclose(found.medians, [-850, -750], atol=4)
    assert found.share > 0.9


def test_groups_that_differ_in_nothing_are_not_said_to():
    found = look_plainly(lungs(), LABELS, np.zeros((24, 2)), 0)
    assert max(found.agreement.values()) < 0.5
    # Noise is cut by chance; histogram and density reach 0.8 and more: no sign of groups.
    assert found.stability["pca"] < 0.5
    assert max(found.apart.values()) < 0.1
    told = plain_sentences(found)
    assert told[0].startswith("No plain way finds the same groups; ")
    assert told[1] == "These groups hardly differ in density in any zone as a whole."


@pytest.mark.parametrize(("unit", "masked"), [("arbitrary", True), ("HU", False)])
def test_zones_are_not_spoken_of_where_they_need_not_be_zones_of_lungs(unit, masked):
    found = look_plainly(lungs(0, 100, unit=unit, masked=masked), LABELS, np.zeros((24, 2)), 0)
    assert found.density is None
    assert len(plain_sentences(found)) == 1


def test_a_rival_that_cannot_form_as_many_groups_has_no_agreement():
    flat = source(np.zeros((6, 4, 4, 4)))
    found = look_plainly(flat, np.repeat([0, 1], 3), np.zeros((6, 1)), 0)
    assert found.agreement == {"histogram": None, "density": None, "pca": None}
    assert found.stability == found.agreement
    assert plain_sentences(found) == []


@pytest.mark.parametrize("labels", [np.zeros(24, int), np.r_[np.zeros(23, int), 1]])
def test_one_group_or_a_group_of_one_scan_is_no_fault(labels):
    found = look_plainly(lungs(more=80), labels, np.zeros((24, 2)), 0)
    assert all(0 <= value <= 1 for value in found.apart.values())
    plain_sentences(found)


def test_the_share_is_epsilon_squared_of_one_way_analysis_of_variance():
    from scipy.stats import f_oneway

    rng = np.random.default_rng(4)
    values = rng.normal(size=(30, 1)) + np.repeat([0, 1, 3], 10)[:, None]
    labels = np.repeat([0, 1, 2], 10)
    f = f_oneway(*(values[labels == c, 0] for c in range(3))).statistic
    expected = 2 * (f - 1) / (2 * f + 27)
    assert share_between(values, labels) == pytest.approx(expected)
    assert share_between(7 * values + 3, labels) == pytest.approx(expected)


def test_groups_drawn_at_random_share_nothing_on_average():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(40, 200))
    assert share_between(values, rng.integers(0, 4, 40)) < 0.02


def test_a_constant_column_is_zeros_and_does_not_count():
    values = np.c_[np.full(6, 1e8) + 1e-9, [0, 0, 0, 1, 1, 1]]
    assert not in_own_units(values)[:, 0].any()
    assert share_between(in_own_units(values), np.repeat([0, 1], 3)) == 1


def test_words_of_negative_numbers_and_the_bounds():
    apart = {"density": 0.5}
    density = DensityDifference(zone="lower", share=0.25, clusters=(1, 3), medians=(-851.4, 12.2))
    look = PlainLook(agreement={"histogram": 0.8, "pca": 0.79}, apart=apart, density=density)
    assert plain_sentences(look) == [
        "A plain histogram of densities finds the same groups.",
        "These groups differ in density, most in the lower zones: the median is −851 HU in "
        "cluster 1 and 12 HU in cluster 3.",
    ]
    less = look.model_copy(update={"agreement": {"histogram": 0.79}})
    assert "agreement of 0.79" in plain_sentences(less)[0]
    with pytest.raises(SettingsError):
        PlainLook(agreement={"histogram": float("nan")}, apart=apart)
