"""Deletion, insertion, drop and increase against plain loops, and the badge on known cases."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from clam_core.errors import AlignmentError
from clam_core.localization import (
    FaithfulnessSettings,
    hold_against,
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


def blind_to_the_last_corner():
    """The corner model and its image, with as bright a corner that has no part in the clusters."""
    model, image = corner_model(), corner_image()
    with torch.no_grad():
        model.autoencoder.to_latent.weight[0, 4**3 - 1] = 0
    image[0, 0, 6:, 6:, 6:] = 1.1
    return model, image


def test_badge_tells_the_true_corner_from_others():
    model, image = blind_to_the_last_corner()
    reference = zero_reference(model, 1, (8, 8, 8))
    maps = maps_of(model, image, reference, layer=1, target=2)
    settings = FaithfulnessSettings(smooth_voxels=2)
    wrong = np.roll(maps.raw, (4, 4, 4), axis=(1, 2, 3))
    blind = random_smooth_map((8, 8, 8), 2, seed=99)[None].astype(np.float32)
    found = [
        measure_faithfulness(model, image, replace(maps, raw=raw), reference, settings)[0]
        for raw in (maps.raw, wrong, -maps.raw, blind, image[0].numpy().astype(np.float32))
    ]
    assert [one.moved_as_it_should for one in found] == [True, False, False, False, False]
    assert found[0].verdict == "This map moved the assignment as it should."
    assert found[1].verdict == "This map did not move the assignment as it should."
    # The corner is gone after the first of 20 steps: (2/3 + 1/3) / 2 / 20 + 19/20 / 3.
    assert found[0].deletion_auc == pytest.approx(0.025 + 0.95 / 3, abs=1e-9)
    assert found[0].insertion_auc == pytest.approx(0.025 + 0.95 * 2 / 3, abs=1e-9)


def test_a_picture_of_what_differs_is_no_map_of_the_model():
    model, image = blind_to_the_last_corner()
    reference = zero_reference(model, 1, (8, 8, 8))
    maps = maps_of(model, image, reference, layer=1, target=2)
    settings = FaithfulnessSettings(smooth_voxels=2)
    plain = replace(maps, raw=image[0].numpy().astype(np.float32))
    true, model_free = (
        measure_faithfulness(model, image, one, reference, settings)[0] for one in (maps, plain)
    )
    assert model_free.beats_random and not model_free.beats_plain
    assert model_free.selectivity == pytest.approx(model_free.plain_selectivity)
    # The true corner holds 1 of 1 + 1.21 parts of what differs; the other one comes first.
    assert true.beats_plain and true.selectivity > 0.1 > model_free.selectivity


def test_where_only_the_lesion_differs_a_plain_picture_does_as_well():
    model, image = corner_model(), corner_image()
    reference = zero_reference(model, 1, (8, 8, 8))
    maps = maps_of(model, image, reference, layer=1, target=2)
    found = measure_faithfulness(
        model, image, maps, reference, FaithfulnessSettings(smooth_voxels=2)
    )[0]
    assert found.beats_random and found.beats_reversed and not found.moved_as_it_should


def test_maps_of_the_same_scan_are_held_against_each_other():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(2, 6, 6, 6)).astype(np.float32)
    masks = np.zeros((2, 6, 6, 6), bool)
    masks[:, :3] = True
    other = np.where(masks, maps, rng.normal(size=maps.shape)).astype(np.float32)  # same inside
    same, apart = (
        hold_against([GOOD, GOOD], maps, inside, other=other, random=-maps)
        for inside in (masks, None)
    )
    assert same[0].other_likeness == pytest.approx(1) and not same[0].moved_as_it_should
    assert apart[1].other_likeness < 0.9 and apart[1].moved_as_it_should
    expected = np.corrcoef(maps[0].clip(0).ravel(), (-maps[0]).clip(0).ravel())[0, 1]
    assert apart[0].random_likeness == pytest.approx(expected)
    flat = hold_against([GOOD], maps[:1], other=np.zeros_like(maps[:1]))[0]
    assert np.isnan(flat.other_likeness) and flat.moved_as_it_should


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({}, True),
        ({"selectivity": 0.3, "plain_selectivity": 0.2}, True),
        ({"selectivity": 0.3, "plain_selectivity": 0.26}, False),
        ({"other_likeness": 0.89, "random_likeness": 0.89}, True),
        ({"other_likeness": 0.91}, False),
        ({"random_likeness": 0.91}, False),
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
