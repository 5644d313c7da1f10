"""Slices as pictures, against pixels worked out by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from clam_core.errors import AlignmentError, SettingsError
from clam_core.figures.slice_style import (
    AGAINST_STOPS,
    FOR_STOPS,
    MASK_COLOR,
    Look,
    color_table,
)
from clam_core.figures.slices import (
    Layers,
    draw_slice,
    outline,
    peak_index,
    thumbnail,
    to_png,
)
from clam_core.figures.windows import PRESETS_HU, usual_window, window_limits
from clam_core.volume import Volume

LUNG = (-1350.0, 150.0)
N = 16


def volume(array, spacing=(1, 1, 1), unit="HU"):
    return Volume(np.asarray(array, np.int16), np.diag([*spacing, 1.0]), unit)


def rgb(stop):
    return np.array([int(stop[n : n + 2], 16) for n in (1, 3, 5)])


@pytest.mark.parametrize(
    ("plane", "index", "hidden"),
    [("axial", N - 1, 0), ("coronal", N - 1, 0), ("sagittal", N - 1, 0)],
)
def test_right_anterior_and_superior_are_where_a_radiologist_looks_for_them(plane, index, hidden):
    array = np.full((N, N, N), -1000)
    array[-1, -1, -1] = 1000  # RAS+: the patient's right, front and top
    scan = Layers(volume(array))
    picture = draw_slice(scan, Look(window=LUNG), plane, index, N)
    # axial: right on the left, front on top; coronal: right on the left, top on top;
    # sagittal: front on the left, top on top. So the corner is always the upper left one.
    assert np.argwhere(picture[..., 0] == 255).tolist() == [[0, 0]]
    assert not (draw_slice(scan, Look(window=LUNG), plane, hidden, N) == 255).any()


def test_the_letters_name_the_sides(monkeypatch):
    written = []
    from PIL import ImageDraw

    draw = ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        ImageDraw.ImageDraw,
        "text",
        lambda self, xy, text, *a, **k: (written.append((text, xy)), draw(self, xy, text, *a, **k)),
    )
    scan = Layers(volume(np.zeros((N, N, N))))
    draw_slice(scan, Look(window=LUNG, letters=True), "axial", 0, 100)
    places = dict(written)
    assert places["R"][0] < places["L"][0]
    assert places["A"][1] < places["P"][1]


@pytest.mark.parametrize(("level", "width"), PRESETS_HU.values())
def test_grey_values_follow_the_window(level, width):
    values = np.random.default_rng(0).integers(-1024, 3000, (N, N, N))
    picture = draw_slice(
        Layers(volume(values)), Look(window=window_limits(level, width)), "axial", 5, N
    )
    shares = (values[:, :, 5] - (level - width / 2)) / width
    expected = np.floor(255 * np.clip(shares, 0, 1))[::-1, ::-1].T
    for channel in range(3):
        assert np.abs(picture[..., channel].astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("plane", "rows", "columns"), [("axial", 50, 100), ("coronal", 100, 80), ("sagittal", 100, 40)]
)
def test_pixels_are_square_whatever_the_voxels_are(plane, rows, columns):
    scan = volume(np.zeros((10, 4, 25)), spacing=(2, 2.5, 1))  # 20 x 10 x 25 mm
    assert draw_slice(Layers(scan), Look(window=LUNG), plane, 0, 100).shape == (rows, columns, 3)


def test_an_overlay_is_blended_with_one_opacity_above_the_threshold():
    array = np.full((N, N, N), -600)
    overlay = np.zeros((N, N, N), np.float32)
    overlay[:8] = 0.5
    overlay[8:] = 0.2
    look = Look(window=LUNG, opacity=0.6, threshold=0.25, smooth=False)
    picture = draw_slice(Layers(volume(array), overlay), look, "axial", 0, N)
    middle = 0.4 * 127 + 0.6 * rgb(FOR_STOPS[2])  # half way between five stops is the third
    assert np.abs(picture[:, 8:] - middle).max() <= 1.5  # i below 8 is the patient's left
    assert (picture[:, :8] == 127).all()


def test_what_speaks_against_is_blue_and_only_drawn_when_asked_for():
    overlay = np.full((N, N, N), -1, np.float32)
    layers = Layers(volume(np.zeros((N, N, N))), overlay)
    alone = draw_slice(layers, Look(window=LUNG), "axial", 0, N)
    np.testing.assert_array_equal(
        alone, draw_slice(Layers(layers.volume), Look(window=LUNG), "axial", 0, N)
    )
    both = draw_slice(layers, Look(window=LUNG, colors="diverging", opacity=1), "axial", 0, N)
    assert (both == rgb(AGAINST_STOPS[-1])).all()


@pytest.mark.parametrize("stops", [FOR_STOPS, AGAINST_STOPS])
def test_colors_get_lighter_so_that_they_are_told_apart_without_hue(stops):
    light = color_table(stops) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > -1e-9).all()
    assert light[-1] - light[0] > 120


def test_off_shows_the_scan_alone_and_outline_only_an_edge():
    overlay = np.zeros((N, N, N), np.float32)
    overlay[4:12, 4:12] = 1
    layers = Layers(volume(np.zeros((N, N, N))), overlay)
    bare = draw_slice(Layers(layers.volume), Look(window=LUNG), "axial", 3, N)
    off = draw_slice(layers, Look(window=LUNG, style="off"), "axial", 3, N)
    np.testing.assert_array_equal(off, bare)
    look = Look(window=LUNG, style="outline", smooth=False)
    changed = (draw_slice(layers, look, "axial", 3, N) != bare).any(axis=-1)
    assert changed.sum() == 4 * 8 - 4  # the rim of a square of 8


def test_the_outline_of_the_mask_is_drawn_in_its_color():
    mask = np.zeros((N, N, N), bool)
    mask[4:12, 4:12] = True
    layers = Layers(volume(np.zeros((N, N, N))), mask=mask)
    picture = draw_slice(layers, Look(window=LUNG, mask_outline=True), "axial", 3, N)
    assert (picture == MASK_COLOR).all(axis=-1).sum() == 4 * 8 - 4


def test_an_outline_is_where_a_neighbor_is_outside():
    inside = np.random.default_rng(1).random((12, 9)) > 0.4
    expected = np.zeros_like(inside)
    for row, column in np.argwhere(inside):
        around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        there = [inside[r, c] for r, c in around if 0 <= r < 12 and 0 <= c < 9]
        expected[row, column] = not all(there)
    np.testing.assert_array_equal(outline(inside), expected)


def test_without_smoothing_each_voxel_is_a_block():
    overlay = np.random.default_rng(0).random((4, 4, 4)).astype(np.float32)
    layers = Layers(volume(np.full((4, 4, 4), 150)), overlay)
    look = Look(window=LUNG, opacity=1, threshold=0, smooth=False)
    picture = draw_slice(layers, look, "axial", 2, 40)
    blocks = picture.reshape(4, 10, 4, 10, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    smooth = draw_slice(layers, look.model_copy(update={"smooth": True}), "axial", 2, 40)
    assert not (smooth.reshape(4, 10, 4, 10, 3) == blocks[:, :1, :, :1]).all()


def test_a_2d_scan_is_drawn_whole():
    array = np.zeros((6, 4))
    array[-1, -1] = 1000
    picture = draw_slice(
        Layers(Volume(array.astype(np.int16), np.eye(4))), Look(window=LUNG), "axial"
    )
    assert picture.shape == (341, 512, 3)
    assert picture[0, 0, 0] == 255


def test_a_thumbnail_is_the_slice_at_the_peak():
    scan = volume(np.random.default_rng(0).integers(-1000, 100, (N, N, N)))
    overlay = np.zeros((N, N, N), np.float32)
    overlay[3, 4, 11] = 1
    assert peak_index(overlay) == (3, 4, 11)
    look = Look(window=LUNG)
    np.testing.assert_array_equal(
        thumbnail(Layers(scan, overlay), look, N),
        draw_slice(Layers(scan, overlay), look, "axial", 11, N),
    )
    png = Image.open(io.BytesIO(to_png(thumbnail(Layers(scan), look, 32))))
    assert png.size == (32, 32)


def test_the_usual_window_of_other_units_spans_their_values():
    values = np.arange(1000).reshape(10, 10, 10)
    low, high = usual_window(volume(values, unit="arbitrary"))
    assert (low, high) == pytest.approx((10, 989), abs=1)
    assert usual_window(volume(values)) == LUNG


def test_what_does_not_fit_is_refused():
    with pytest.raises(AlignmentError, match=r"A map of shape \(2, 2, 2\)"):
        Layers(volume(np.zeros((3, 3, 3))), np.zeros((2, 2, 2)))
    with pytest.raises(SettingsError, match="a window ends above its start"):
        Look(window=(3, 3))
