"""Colors of clusters as people with and without all cones see them, in CIEDE2000 units."""

from itertools import combinations

import numpy as np
import pytest

from clam_core.figures.palette import (
    CLUSTER_COLORS,
    CLUSTER_SYMBOLS,
    UNSELECTED,
    channels,
    cluster_color,
    cluster_symbol,
    greyed,
)

LIGHT, DARK = "#FFFFFF", "#171614"  # the pages of the app, measured in a browser
# IEC 61966-2-1 (sRGB, D65); Machado, Oliveira & Fernandes (2009), severity 1.0.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
SEEN_BY = {
    "all cones": np.eye(3),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "no blue cones": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip


def linear(color):
    values = np.array(channels(color)) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(color, cones):
    seen = np.clip(cones @ linear(color), 0, 1)
    x, y, z = (
        np.cbrt(v) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116
        for v in TO_XYZ @ seen / [0.95047, 1, 1.08883]
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(one, other):
    """Sharma, Wu & Dalal (2005), equations 2 to 22."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean_c7 / (mean_c7 + 25.0**7))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    gap = abs(h1 - h2)
    mean_h = h1 + h2 if c1 * c2 == 0 else (h1 + h2) / 2
    if c1 * c2 and gap > 180:
        mean_h += 180 if h1 + h2 < 360 else -180
    mean_l, mean_c = (l1 + l2) / 2 - 50, (c1 + c2) / 2
    wave = (
        1 - 0.17 * cos(mean_h - 30) + 0.24 * cos(2 * mean_h)
        + 0.32 * cos(3 * mean_h + 6) - 0.20 * cos(4 * mean_h - 63)
    )  # fmt: skip
    light = (l2 - l1) / (1 + 0.015 * mean_l**2 / np.sqrt(20 + mean_l**2))
    chroma = (c2 - c1) / (1 + 0.045 * mean_c)
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2) / (1 + 0.015 * mean_c * wave)
    around = np.exp(-(((mean_h - 275) / 25) ** 2))
    mixed = -np.sin(np.radians(60 * around)) * 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    return np.sqrt(light**2 + chroma**2 + hue**2 + mixed * chroma * hue)


def cos(degrees):
    return np.cos(np.radians(degrees))


def contrast(one, other):
    """WCAG 2.2, contrast ratio."""
    low, high = sorted(float(TO_XYZ[1] @ linear(color)) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


# Sharma, Wu & Dalal (2005), "The CIEDE2000 color-difference formula", Table 1, four pairs.
@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
        ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
        ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ],
)
def test_the_yardstick_gives_published_numbers(one, other, published):
    assert ciede2000(one, other) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize(
    ("cones", "least"),
    [("all cones", 15), ("no green cones", 10), ("no red cones", 10), ("no blue cones", 8)],
)
def test_every_two_colors_can_be_told_apart(cones, least):
    assert len(CLUSTER_COLORS) <= 12
    seen = [lab(color, SEEN_BY[cones]) for color in CLUSTER_COLORS]
    assert min(ciede2000(one, other) for one, other in combinations(seen, 2)) >= least


@pytest.mark.parametrize(
    ("cones", "least"),
    [("all cones", 15), ("no green cones", 7), ("no red cones", 7), ("no blue cones", 7)],
)
def test_no_color_looks_like_the_grey_of_what_is_not_selected(cones, least):
    grey = lab(UNSELECTED, SEEN_BY[cones])
    assert min(ciede2000(lab(c, SEEN_BY[cones]), grey) for c in CLUSTER_COLORS) >= least


@pytest.mark.parametrize("cones", list(SEEN_BY))
def test_the_first_six_are_told_apart_as_well_as_those_of_okabe_and_ito(cones):
    okabe = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
    least = []
    for colors in (CLUSTER_COLORS[:6], okabe):
        seen = [lab(color, SEEN_BY[cones]) for color in colors]
        least.append(min(ciede2000(one, other) for one, other in combinations(seen, 2)))
    assert least[0] >= min(least[1], 12)


def test_colors_are_seen_on_light_and_dark_pages():
    for color in CLUSTER_COLORS:  # WCAG 2.2, 1.4.11: at least 3 to 1
        assert min(contrast(color, LIGHT), contrast(color, DARK)) >= 3
    assert min(contrast(UNSELECTED, LIGHT), contrast(UNSELECTED, DARK)) >= 2.5


def test_color_and_symbol_together_are_unique_up_to_24_clusters():
    marks = {(cluster_color(number), cluster_symbol(number)) for number in range(1, 25)}
    assert len(marks) == 24
    assert (cluster_color(1), cluster_symbol(1)) == (CLUSTER_COLORS[0], CLUSTER_SYMBOLS[0])
    assert cluster_color(13) == CLUSTER_COLORS[0]


def test_greyed_lies_between_the_color_and_grey():
    assert greyed("#0072B2", 0.0) == "#0072B2"
    assert greyed("#0072B2", 1.0) == UNSELECTED
    for color in CLUSTER_COLORS:
        own, grey, mixed = (np.array(channels(c)) for c in (color, UNSELECTED, greyed(color)))
        assert (np.minimum(own, grey) <= mixed).all()
        assert (mixed <= np.maximum(own, grey)).all()
