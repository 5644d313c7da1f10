"""Deletion, insertion, drop and increase against plain loops, and the badge on known cases."""

from dataclasses import replace

import numpy as np
import pytest

from clam_core.errors import AlignmentError
from clam_core.localization import (
    FaithfulnessSettings,
    make_maps,
    make_reference,
    measure_faithfulness,
    random_smooth_map,
    summarize,
)
from clam_core.localization.faithfulness import Faithfulness
from clam_core.settings import LocalizeSettings
from tests.localization.make import (
    Plain,
    corner_image,
    corner_model,
    draw_images,
    small_model,
    unit_scaled,
    zero_reference,
)

SETTINGS = FaithfulnessSettings(n_steps=7, n_random=2, smooth_voxels=1, seed=3)
GOOD = Faithfulness(0.9, 0.2, 0.8, 0.4, 0.6, 0.1, increased=True)


def maps_of(model, images, reference, **settings):
    return make_maps(model, images, LocalizeSettings(**settings), reference)


def without_ties(maps):
    """Upsampling repeats the outermost nodes; here every voxel has a value of its own."""
    noise = np.random.default_rng(0).normal(size=maps.raw.shape)
    return replace(maps, raw=(maps.raw + 0.01 * noise).astype(np.float32))


def curve_plainly(score, start, goal, values, n_steps, mask):
    """Voxels of `goal` take the place of those of `start`, highest values first."""
    places = sorted(zip(*np.nonzero(mask), strict=True), key=lambda at: -values[at])
    area, before = 0.0, score(start)
    for step in range(1, n_steps + 1):
        changed = start.copy()
        for at in places[: round(step / n_steps * len(places))]:
            changed[at] = goal[at]
        now = score(changed)
        area, before = area + (before + now) / 2 / n_steps, now
    return area


@pytest.mark.parametrize("target", ["own", 2, (3, 1)])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_plain_loops(target, masked):
    model, images = small_model(), draw_images(3, (9, 8))
    reference = make_reference(model, [images], 2)
    maps = without_ties(maps_of(model, images, reference, target=target))
    masks = np.random.default_rng(1).random((3, 9, 8)) < 0.6 if masked else None
    results = measure_faithfulness(model, images, maps, reference, SETTINGS, masks)
    plain, fill = Plain(model), np.median(images[:, 0].numpy(), axis=0)
    for row, found in enumerate(results):
        cluster, other = maps.cluster[row], maps.other[row]

        def score(image, cluster=cluster, other=other):
            q = plain.assign(image)
            return q[cluster] if other < 0 else q[cluster] / (q[cluster] + q[other])

        image, values = images[row, 0].numpy(), maps.raw[row]
        mask = np.ones((9, 8), dtype=bool) if masks is None else masks[row]
        empty = np.where(mask, fill, image)
        assert found.deletion_auc == pytest.approx(
            curve_plainly(score, image, fill, values, 7, mask), abs=1e-9
        )
        assert found.insertion_auc == pytest.approx(
            curve_plainly(score, empty, image, values, 7, mask), abs=1e-9
        )
        blind = [random_smooth_map((9, 8), 1, seed) for seed in (3, 4)]
        lowest = min(curve_plainly(score, image, fill, one, 7, mask) for one in blind)
        highest = max(curve_plainly(score, empty, image, one, 7, mask) for one in blind)
        assert found.random_deletion_auc == pytest.approx(lowest, abs=1e-9)
        assert found.random_insertion_auc == pytest.approx(highest, abs=1e-9)
        shown = unit_scaled(np.maximum(values, 0))
        kept = score(shown * image + (1 - shown) * fill)
        before = score(image)
        assert found.confidence == pytest.approx(before)
        assert found.drop == pytest.approx(max(0, before - kept) / before, abs=1e-6)
        assert found.increased == (kept > before)


def test_upside_down_the_two_curves_swap():
    model, images = small_model(), draw_images(4, (9, 8))
    reference = make_reference(model, [images], 2)
    maps = without_ties(maps_of(model, images, reference))
    one = measure_faithfulness(model, images, maps, reference, SETTINGS)
    turned = replace(maps, raw=-maps.raw)
    other = measure_faithfulness(model, images, turned, reference, SETTINGS)
    for up, down in zip(one, other, strict=True):
        assert up.deletion_auc == pytest.approx(down.insertion_auc)
        assert up.insertion_auc == pytest.approx(down.deletion_auc)


def test_badge_tells_the_true_corner_from_others():
    model, image = corner_model(), corner_image()
    reference = zero_reference(model, 1, (8, 8, 8))
    maps = maps_of(model, image, reference, layer=1, target=2)
    settings = FaithfulnessSettings(smooth_voxels=2)
    wrong = np.roll(maps.raw, (4, 4, 4), axis=(1, 2, 3))
    blind = random_smooth_map((8, 8, 8), 2, seed=99)[None].astype(np.float32)
    found = [
        measure_faithfulness(model, image, replace(maps, raw=raw), reference, settings)[0]
        for raw in (maps.raw, wrong, -maps.raw, blind)
    ]
    assert [one.moved_as_it_should for one in found] == [True, False, False, False]
    assert found[0].verdict == "This map moved the assignment as it should."
    assert found[1].verdict == "This map did not move the assignment as it should."
    # The corner is gone after the first of 20 steps: (2/3 + 1/3) / 2 / 20 + 19/20 / 3.
    assert found[0].deletion_auc == pytest.approx(0.025 + 0.95 / 3, abs=1e-9)
    assert found[0].insertion_auc == pytest.approx(0.025 + 0.95 * 2 / 3, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({}, True),
        ({"deletion_auc": 0.45}, False),
        ({"insertion_auc": 0.55}, False),
        ({"deletion_auc": 0.398, "insertion_auc": 0.603}, False),
        ({"insertion_auc": 0.1, "random_insertion_auc": 0.05}, False),
    ],
)
def test_badge_needs_both_curves_and_more_than_a_trifle(change, moved):
    assert replace(GOOD, **change).moved_as_it_should is moved


def test_summary_by_hand():
    results = [GOOD, replace(GOOD, deletion_auc=0.5, drop=0.3, increased=False)]
    assert summarize(results) == pytest.approx(
        {
            "n_scans": 2,
            "deletion_auc": 0.35,
            "insertion_auc": 0.8,
            "random_deletion_auc": 0.4,
            "random_insertion_auc": 0.6,
            "average_drop": 0.2,
            "increase_in_confidence": 0.5,
            "share_moved_as_it_should": 0.5,
        }
    )
    assert summarize([]) == {"n_scans": 0}


def test_scans_do_not_depend_on_each_other_and_equal_values_are_drawn():
    model, images = small_model(), draw_images(3, (9, 8))
    reference = make_reference(model, [images], 2)
    maps = maps_of(model, images, reference)
    every = measure_faithfulness(model, images, maps, reference, SETTINGS)
    alone = maps_of(model, images[2:], reference)
    assert measure_faithfulness(model, images[2:], alone, reference, SETTINGS) == every[2:]
    flat = replace(maps, raw=np.zeros_like(maps.raw))
    other_seed = FaithfulnessSettings(**{**dict(SETTINGS), "seed": 5})
    one, other = (
        measure_faithfulness(model, images, flat, reference, s) for s in (SETTINGS, other_seed)
    )
    assert one[0].deletion_auc != other[0].deletion_auc


def test_shapes_must_fit():
    model, images = small_model(), draw_images(2, (9, 8))
    reference = make_reference(model, [images], 2)
    maps = maps_of(model, images, reference)
    with pytest.raises(AlignmentError, match="do not fit maps of"):
        measure_faithfulness(model, images[:1], maps, reference, SETTINGS)
    with pytest.raises(AlignmentError, match="Masks of"):
        measure_faithfulness(
            model, images, maps, reference, SETTINGS, np.ones((1, 9, 8), dtype=bool)
        )
