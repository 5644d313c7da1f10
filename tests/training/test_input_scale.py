"""The scale of the input against plain numpy in float64."""

import numpy as np
import pytest
from safetensors.torch import load, save

from clam_core.errors import AlignmentError, StudyError
from clam_core.settings import ScaleSettings
from clam_core.training import InputScale, fit_input_scale, input_scale
from tests.training.make import GRID, masks, source, volumes

WINDOW = (-900.0, -100.0)


def plain(scans, given, background):
    """Clip, fill, standardise; everything at once in memory."""
    found = [np.clip(scan.astype(np.float64), *WINDOW) for scan in scans]
    if given is not None and background != "keep":
        inside = np.concatenate([x[m] for x, m in zip(found, given, strict=True)])
        value = WINDOW[0] if background == "air" else inside.mean()
        found = [np.where(m, x, value) for x, m in zip(found, given, strict=True)]
    return np.stack(found)


@pytest.mark.parametrize("background", ["mean", "air", "keep"])
@pytest.mark.parametrize("with_masks", [True, False])
def test_the_scale_equals_plain_numpy(background, with_masks):
    scans, given = volumes(7), masks(7) if with_masks else None
    made = source(scans, given)
    settings = ScaleSettings(
        window=WINDOW, background=background, align_brightness=False, trim_rim=False
    )
    scale = fit_input_scale(made, settings)
    expected = plain(scans, given, background)
    assert scale.mean == pytest.approx(expected.mean(), rel=1e-12)
    assert scale.sd == pytest.approx(expected.std(), rel=1e-12)
    found = np.stack([scale.apply(*made.read(row)) for row in range(7)])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, (expected - expected.mean()) / expected.std(), atol=2e-6)


def test_some_scans_may_lack_a_mask():
    scans, given = volumes(4), [*masks(3), None]
    settings = ScaleSettings(window=WINDOW, trim_rim=False)
    scale = fit_input_scale(source(scans, given), settings)
    first = plain(scans[:3], given[:3], "mean")
    expected = np.concatenate([first, plain(scans[3:], None, "keep")])
    assert scale.mean == pytest.approx(expected.mean(), rel=1e-12)


def test_the_order_of_the_scans_changes_nothing():
    scans, given = volumes(9), masks(9)
    forward = fit_input_scale(source(scans, given), ScaleSettings())
    backward = fit_input_scale(source(scans[::-1], given[::-1]), ScaleSettings())
    assert (forward.mean, forward.sd, forward.background) == (
        backward.mean,
        backward.sd,
        backward.background,
    )


def test_hu_have_a_fixed_window_and_other_units_their_percentiles():
    scans = volumes(5)
    assert fit_input_scale(source(scans), ScaleSettings()).low == -1000
    assert fit_input_scale(source(scans), ScaleSettings()).high == 400
    scale = fit_input_scale(source(scans, unit="arbitrary"), ScaleSettings())
    expected = np.percentile(np.stack(scans), [0.5, 99.5], method="inverted_cdf")
    assert [scale.low, scale.high] == expected.tolist()


def test_almost_empty_pictures_take_their_extremes_as_the_window():
    picture = np.zeros((40, 40), np.int16)
    picture[3, 4] = 200
    scale = fit_input_scale(source([picture], unit="arbitrary"), ScaleSettings())
    assert (scale.low, scale.high) == (0, 200)


def test_alignment_follows_the_recipe():
    scans = [scan + np.int16(30 * (row % 3)) for row, scan in enumerate(volumes(9))]
    settings = ScaleSettings(window=(-1000, 400), align_brightness=True)
    made = source(scans)
    scale = fit_input_scale(made, settings)
    stack = np.stack(scans).clip(-1000, 400).astype(np.float64)
    median = np.median(stack, axis=0)
    varies = stack.std(axis=0) > 1e-4 * 1400
    aligned = np.stack([x - np.median((x - median)[varies]) for x in stack])
    expected = (aligned - aligned.mean()) / aligned.std()
    found = np.stack([scale.apply(*made.read(row)) for row in range(9)])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_brighter_copy_of_a_scan_is_aligned_away():
    made = source(volumes(6))
    scale = fit_input_scale(made, ScaleSettings(align_brightness=True))
    scan, _ = made.read(2)
    brighter = scale.apply(scan + np.int16(40), None)
    np.testing.assert_allclose(brighter, scale.apply(scan, None), atol=1e-5)
    unaligned = fit_input_scale(made, ScaleSettings())
    assert (unaligned.apply(scan + np.int16(40), None) - unaligned.apply(scan, None)).min() > 0.1


def test_a_large_cohort_takes_a_seeded_part_for_the_reference(monkeypatch):
    monkeypatch.setattr(input_scale, "MAX_REFERENCE_SCANS", 4)
    made = source(volumes(9))
    settings = ScaleSettings(align_brightness=True)
    first, same, other = (fit_input_scale(made, settings, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.reference, same.reference)
    assert (first.reference != other.reference).any()


@pytest.mark.parametrize("aligned", [True, False])
def test_a_stored_scale_comes_back_bit_for_bit(aligned):
    made = source(volumes(5), masks(5))
    scale = fit_input_scale(made, ScaleSettings(align_brightness=aligned))
    again = InputScale.from_tensors(load(save(scale.tensors())))
    assert (scale.shared is not None) == aligned
    if aligned:
        np.testing.assert_array_equal(scale.shared, again.shared)
    np.testing.assert_array_equal(scale.apply(*made.read(1)), again.apply(*made.read(1)))
    assert (scale.mean, scale.sd, scale.background) == (again.mean, again.sd, again.background)


def test_a_background_that_is_kept_stays_kept_when_stored():
    scale = fit_input_scale(source(volumes(2), masks(2)), ScaleSettings(background="keep"))
    assert InputScale.from_tensors(scale.tensors()).background is None


def refused(scans, given=None, **values):
    fit_input_scale(source(scans, given, **values), ScaleSettings())


def test_what_cannot_be_used_is_refused_in_a_sentence():
    scans, given = volumes(3), masks(3)
    with pytest.raises(StudyError, match="scan 'b' holds float32 instead of int16"):
        refused([scans[0], scans[1].astype(np.float32)], names=("a", "b"))
    given[2][:] = False
    with pytest.raises(StudyError, match="mask of scan number 3 is empty"):
        refused(scans, given)
    with pytest.raises(StudyError, match="mask of scan number 1 holds uint8"):
        refused(scans, [mask.astype(np.uint8) for mask in given])
    with pytest.raises(AlignmentError, match=r"\(16, 16, 15\), but the grid of the study is"):
        refused([scans[0], scans[1][..., :15]])
    with pytest.raises(AlignmentError, match="The mask of scan number 1 has the shape"):
        refused(scans, [mask[1:] for mask in given])
    with pytest.raises(StudyError, match="All voxels of the 2 scans are equal between -1000 and"):
        refused([np.zeros(GRID, np.int16)] * 2)
    with pytest.raises(StudyError, match="lacks high, is_masked, is_relative, rim, sd"):
        tensors = fit_input_scale(source(scans), ScaleSettings()).tensors()
        InputScale.from_tensors({name: tensors[name] for name in ("low", "mean")})
