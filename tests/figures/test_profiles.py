"""Profiles of clusters: means, differences and shares, against cases worked by hand."""

import re

import numpy as np
import pandas as pd
import pytest

from clam_core.figures.cluster_portrait import (
    cluster_shares,
    difference,
    difference_picture,
    inside_window,
    likeness,
    mean_of_others,
    mean_picture,
    mean_volume,
    mosaic,
    usual_limit,
)
from clam_core.figures.shares import density_bars, has_sides, zone_drawing
from clam_core.figures.slice_style import Look
from clam_core.volume import Volume

LOOK = Look(window=(0.0, 100.0), threshold=0.25)
AXIAL = ("axial", 2)


def flat(value, shape=(6, 6, 5)):
    return Volume(np.full(shape, value, np.float32), np.eye(4), "HU")


def maps(rows, **shares):
    return pd.DataFrame({"done": True, **shares}, index=rows)


def test_shares_are_means_over_the_members_that_have_a_map():
    table = maps(list("abcd"), **{"zones: right upper": [0.2, 0.4, 0.9, 0.6], "peak": 1})
    table["zones: outside the mask"] = [0.8, 0.6, 0.1, 0.4]
    table.loc["c", "done"] = False
    found = cluster_shares(table, pd.Series([1, 1, 1, 2], list("abcd")), "zones")
    assert found.index.tolist() == ["right upper", "outside the mask"]
    assert found.loc["right upper", 1] == pytest.approx(0.3)
    assert found.loc["outside the mask", 2] == pytest.approx(0.4)


def test_shares_without_masks_are_empty_and_a_missing_zone_counts_as_none():
    clusters = pd.Series([1, 1], ["a", "b"])
    assert cluster_shares(maps(["a", "b"]), clusters, "bands").empty
    assert cluster_shares(maps(["a", "b"], **{"bands: x": [np.nan] * 2}), clusters, "bands").empty
    part = maps(["a", "b"], **{"bands: x": [1.0, 0.5], "bands: y": [np.nan, 0.5]})
    assert cluster_shares(part, clusters, "bands")[1].to_dict() == {"x": 0.75, "y": 0.25}


def test_the_mean_of_the_others_weighs_clusters_by_their_scans():
    means = np.array([[1.0], [5.0], [np.nan], [9.0]])
    sizes = np.array([10, 3, 0, 1])
    assert mean_of_others(means, sizes, 0)[0] == pytest.approx((3 * 5 + 9) / 4)
    assert mean_of_others(means, sizes, 3)[0] == pytest.approx((10 + 15) / 13)
    assert np.isnan(mean_of_others(means[:1], sizes[:1], 0)[0])


def test_a_difference_counts_only_where_most_of_both_have_lung():
    first, second = np.full(4, 5.0), np.full(4, 2.0)
    masks = np.array([1, 1, 0.4, 0.5]), np.array([0.5, 0.2, 1, 1])
    assert difference(first, second, masks).tolist() == [3, 0, 0, 3]
    none = np.full(4, np.nan)
    assert difference(first, second, (none, none)).tolist() == [3, 3, 3, 3]
    assert difference(second, first, masks).tolist() == [-3, 0, 0, -3]


def test_the_strongest_colour_is_not_left_to_one_voxel():
    values = np.zeros(1000)
    values[:400] = -10
    values[0] = 1e6
    assert usual_limit(values) == pytest.approx(10)
    assert usual_limit(np.zeros(8)) == 1


def test_the_grey_scale_comes_from_inside_the_masks():
    pictures = np.array([0.0, 1000, 20, 30]), np.array([0.0, -1000, 40, 50])
    masks = np.array([0, 0, 1, 1.0]), np.array([0, 0, 0.5, 1])
    low, high = inside_window(pictures, masks)
    assert (low, high) == pytest.approx((20.3, 49.7))  # 1st and 99th percentile of 20..50
    flat_one = np.zeros(4), np.zeros(4)
    assert inside_window(flat_one, masks)[1] > inside_window(flat_one, masks)[0]


def test_a_mean_map_colours_only_what_is_strong_in_all_clusters_together():
    overlay = np.zeros((6, 6, 5), np.float32)
    overlay[:, :3, 2] = 0.4
    strong = mean_picture(flat(50), overlay, LOOK, AXIAL, strongest=0.4)
    weak = mean_picture(flat(50), overlay, LOOK, AXIAL, strongest=4.0)
    plain = mean_picture(flat(50), None, LOOK, AXIAL, strongest=0.4)
    assert (weak == plain).all()  # a tenth of the strongest lies below the threshold
    assert (plain[..., 0] == plain[..., 2]).all()  # grey
    lower, upper = strong[-100:], strong[:100]  # posterior (small j) is at the bottom
    assert (lower[..., 0].astype(int) > lower[..., 2]).all()
    assert (upper == plain[:100]).all()


def test_a_difference_has_two_colours():
    signed = np.zeros((6, 6, 5), np.float32)
    signed[:3], signed[3:] = 1, -1
    picture = difference_picture(flat(50), signed, LOOK, AXIAL).astype(int)
    middle = picture.shape[1] // 2
    # Small i is the patient's left, which is on the right of the picture.
    left, right = picture[:, : middle - 60], picture[:, middle + 60 :]
    assert (right[..., 0] > right[..., 2]).all()  # orange: more
    assert (left[..., 2] > left[..., 0]).all()  # blue: less


def test_an_empty_cluster_draws_a_picture_all_the_same():
    empty = mean_volume(np.full((6, 6, 5), np.nan), flat(0))
    assert empty.array.dtype == np.float32
    assert (mean_picture(empty, None, LOOK, AXIAL, 0.0) == 0).all()


def six(values):
    names = [
        f"{side} {third}" for side in ("left", "right") for third in ("lower", "middle", "upper")
    ]
    return pd.Series([*values, 0.1], [*names, "outside the mask"])


def test_the_drawing_has_the_right_lung_on_the_left_and_upper_zones_on_top():
    shares = six([0.01, 0.02, 0.03, 0.04, 0.05, 0.85])
    drawn = zone_drawing(shares, 2, darkest=0.85)
    zones = {trace.text: trace for trace in drawn.figure.data}
    assert len(zones) == 6
    top = zones["right upper: 85.0%"]
    assert max(top.x) < 0
    assert min(top.y) > max(zones["right lower: 4.0%"].y) - 1e-9
    assert min(zones["left lower: 1.0%"].x) > 0
    assert top.fillcolor == "rgb(217, 95, 14)"  # the largest share has the full colour
    assert drawn.sentence.startswith("Maps of cluster 2 by zone: most in right upper")
    assert has_sides(shares.to_frame())
    assert not has_sides(pd.DataFrame(index=["lower", "middle", "upper"]))


def test_shares_are_read_on_every_strength_of_the_colour():
    """WCAG 2.2, 1.4.3: a contrast of 4.5 at least, whatever the page is like behind it."""
    drawn = zone_drawing(six([0.0, 0.1, 0.3, 0.5, 0.7, 1.0]), 1, darkest=1.0)
    ink = drawn.figure.layout.annotations[0].font.color
    letters = [int(ink[place : place + 2], 16) for place in (1, 3, 5)]
    for trace, written in zip(drawn.figure.data, drawn.figure.layout.annotations, strict=False):
        fill = [int(part) for part in re.findall(r"\d+", trace.fillcolor)]
        assert trace.fillcolor.startswith("rgb(")
        assert written.font.color == ink
        assert (luminance(fill) + 0.05) / (luminance(letters) + 0.05) >= 4.5


def luminance(color):
    parts = np.array(color) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_bars_say_their_density_and_leave_out_what_lies_outside():
    shares = pd.Series({"normal lung": 0.5, "ground glass": 0.3, "outside the mask": 0.2})
    drawn = density_bars(shares, 1, longest=0.5)
    (bars,) = drawn.figure.data
    assert list(bars.x) == [0.5, 0.3]
    assert list(bars.text) == ["50 %", "30 %"]
    assert "−700 to −500" in bars.y[1]
    assert "outside" not in drawn.sentence


def test_maps_that_see_nothing_are_said_to():
    assert "nothing inside the mask" in zone_drawing(six([0] * 6), 1, 0.0).sentence


def test_a_mosaic_goes_row_by_row_and_stays_black_where_nothing_is():
    sheet = mosaic([np.full((2, 3, 3), n, np.uint8) for n in (10, 20, 30)], 2, gap=1)
    assert sheet.shape == (5, 7, 3)
    assert sheet[0, 0, 0] == 10 and sheet[1, 4, 0] == 20 and sheet[3, 2, 0] == 30
    assert not sheet[2].any() and not sheet[:, 3].any() and not sheet[3:, 4:].any()


def test_likeness_is_the_correlation_inside_the_mask_and_ignores_an_offset():
    generator = np.random.default_rng(0)
    mean = generator.normal(size=(4, 4, 4)).astype(np.float32)
    mask = np.zeros_like(mean)
    mask[:2] = 1
    picture = 0.5 * mean + 700
    picture[2:] = generator.normal(size=(2, 4, 4))
    assert likeness(picture, mean, mask) == pytest.approx(1, abs=1e-6)
    assert likeness(-picture, mean, mask) == pytest.approx(-1, abs=1e-6)
    everywhere = np.corrcoef(picture.ravel(), mean.ravel())[0, 1]
    for without in (np.full_like(mask, np.nan), np.zeros_like(mask)):
        assert likeness(picture, mean, without) == pytest.approx(everywhere, abs=1e-6)


def test_what_does_not_vary_or_is_not_known_is_like_nothing():
    mean = np.arange(8.0).reshape(2, 2, 2)
    mask = np.ones_like(mean)
    assert likeness(np.full_like(mean, 3), mean, mask) == 0
    assert likeness(mean, np.full_like(mean, np.nan), mask) == 0
