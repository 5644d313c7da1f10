"""Drawings as files: what the PDF holds is what the SVG says, and is the same every time."""

import re
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from defusedxml import ElementTree

from clam_core.report.charts_clinical import levels, points, slopes, survival
from clam_core.report.charts_effects import evidence, forest
from clam_core.report.svg import drawing, label, line, mark
from clam_core.report.vector import file_stem, to_pdf, to_svg

EFFECTS = pd.DataFrame(
    {
        "label": ["FVC (% Soll) ≥ µ", "Age", "Sex"], "family": ["lung", "person", "person"],
        "strength": [0.5, 0.1, -0.2], "low": [0.25, 0.0, -0.4], "high": [0.75, 0.2, 0.1],
        "p_adjusted": [0.001, 0.5, 0.04],
    }
)  # fmt: skip
CURVE = pd.DataFrame(
    {"cluster": 1, "time": [0.0, 5, 10], "survival": [1.0, 0.5, 0.25],
     "ci_low": [1.0, 0.2, 0.1], "ci_high": [1.0, 0.8, 0.6]}
)  # fmt: skip
DRAWINGS = {
    "forest": forest(EFFECTS, "Strength", "forest", signed=True),
    "evidence": evidence(EFFECTS, "Strength", "evidence"),
    "points": points({1: np.array([1.0, 2, 3]), 2: np.array([2.5])}, "FVC (L)", "points"),
    "levels": levels(
        pd.DataFrame([[3, 1], [0, 4]], index=[1, 2], columns=["no", "yes"]), "Died", "levels",
        ordered=True,
    ),
    "survival": survival(
        CURVE, pd.DataFrame({"cluster": [1], "0": [4], "10": [1]}), "months", "curves"
    ),
    "slopes": slopes(
        [{"cluster": 1, "slope": -0.1, "ci_low": -0.2, "ci_high": 0.0, "n_subjects": 9}],
        "Change", "slopes",
    ),
}  # fmt: skip


def streams(content):
    """What the parts of a PDF say, unpacked."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    parts = []
    for one in found:
        try:
            parts.append(zlib.decompress(one))
        except zlib.error:
            parts.append(one)
    return parts


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_chart_becomes_a_page_of_its_own_size_with_its_letters_inside(name):
    picture = DRAWINGS[name]
    root = ElementTree.fromstring(str(picture))
    content = to_pdf(picture, "A <title> (with brackets)")
    wide, tall = (float(root.get(side)) * 0.75 for side in ("width", "height"))
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", content)
    assert [float(one) for one in box.groups()] == pytest.approx([wide, tall])
    assert b"/FontFile2" in content and b"/Type3" not in content
    assert b"CreationDate" not in content
    assert content == to_pdf(picture, "A <title> (with brackets)")


def test_an_svg_file_is_the_drawing_with_a_font():
    content = to_svg(DRAWINGS["forest"])
    root = ElementTree.fromstring(content)
    theirs = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    ours = ElementTree.fromstring(str(DRAWINGS["forest"]))
    assert theirs == [one.text for one in ours.iter("{http://www.w3.org/2000/svg}text")]
    assert "FVC (% Soll) ≥ µ" in theirs
    assert root.get("font-family").startswith("Helvetica")
    assert content.startswith(b"<?xml")


def test_places_and_colors_are_those_of_the_drawing():
    picture = drawing(
        200, 100, "alt", line(20, 10, 180, 10, stroke="#0072B2", stroke_width=2),
        mark(40, 60, "square", "#E69F00", 10), label(100, 90, "$x$ & <y>", "middle"),
    )  # fmt: skip
    page = next(one for one in streams(to_pdf(picture, "t")) if b" m\n" in one)
    text = page.decode("latin-1")
    # y counts from below, in points of 1/72 inch: pixel (20, 10) of 100 is (15, 67.5).
    assert re.search(r"\b15 67\.5 m\s+135 67\.5 l", text)
    # #0072B2 is (0, 114, 178) of 255, #E69F00 is (230, 159, 0).
    assert re.search(r"\b0 0\.44705\d* 0\.69803\d* RG", text)
    assert re.search(r"0\.90196\d*\s0\.62352\d* 0 rg", text)
    # The square is 18 pixels wide: 23.25 to 36.75 points.
    assert re.search(r"\b23\.25 36\.75 m", text)


def test_people_may_save_at_once():
    alone = to_pdf(DRAWINGS["forest"], "t")
    with ThreadPoolExecutor(4) as people:
        together = list(people.map(lambda _: to_pdf(DRAWINGS["forest"], "t"), range(8)))
    assert set(together) == {alone}


def test_names_lie_beside_their_points_and_cover_nothing():
    rng = np.random.default_rng(0)
    n = 60
    strength = rng.uniform(0.3, 1, n)
    effects = pd.DataFrame(
        {"label": [f"Variable {k}" for k in range(n)], "strength": strength,
         "p_adjusted": 10 ** (-10 * strength - rng.uniform(0, 2, n))}
    )  # fmt: skip
    root = ElementTree.fromstring(str(evidence(effects, "Strength", "alt")))
    ns = "{http://www.w3.org/2000/svg}"
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{ns}circle")]
    named = [t for t in root.iter(f"{ns}text") if (t.text or "").startswith("Variable")]
    assert len(dots) == n and 5 < len(named) < n
    for text in named:
        wide = 0.58 * 12 * len(text.text)
        shift = {"start": 0, "middle": wide / 2, "end": wide}[text.get("text-anchor")]
        x, y = float(text.get("x")) - shift, float(text.get("y"))
        assert not any(x < a < x + wide and y - 11 < b < y for a, b in dots)


def test_without_findings_there_are_points_and_no_names():
    root = ElementTree.fromstring(
        str(evidence(EFFECTS.assign(p_adjusted=[1.0, 0.9, 0.2]), "Strength", "alt"))
    )
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert [one.get("fill") for one in circles] == ["#ffffff"] * 3


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("variable_3 FVC (L)/x", "variable_3_FVC_L_x"),
        ("../..", "figure"),
        ("Größe", "Größe"),
        ("CON", "_CON-a3dbc4b6"),
    ],
)
def test_names_become_names_of_files(name, stem):
    assert file_stem(name) == stem


def test_letters_that_no_font_has_are_no_error():
    picture = drawing(100, 40, [label(10, 20, "肺活量 (L)")], "alt")
    assert "肺活量".encode() in to_svg(picture)
    assert to_pdf(picture, "x").startswith(b"%PDF")
