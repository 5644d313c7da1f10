"""What the browser samples and measures, run by Node and held against numpy and the export."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from clam_core.pipeline.output.export import on_own_grid

ASSETS = Path(__file__).resolve().parents[3] / "assets"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")
CUTS = {"axial": (2, 0, 1), "coronal": (1, 0, 2), "sagittal": (0, 1, 2)}


def run(script, given):
    """What a script with our modules prints; `given` is what it calls `g`."""
    load = "; ".join(
        f'const {name} = await import("{(ASSETS / f"reading_{name}.js").as_uri()}")'
        for name in ("geometry", "colors", "marks", "loader", "scan", "tools")
    )
    text = f"{load}; const g = {json.dumps(given)}; console.log(JSON.stringify({script}))"
    command = [NODE, "--experimental-default-type=module", "--input-type=module", "-e", text]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(told.stdout)


def affine(spacing, degrees, origin):
    made = np.eye(4)
    made[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() @ np.diag(spacing)
    made[:3, 3] = origin
    return made


def flat(matrix):
    return matrix[:3].ravel().tolist()


def drawn(values, plane, index):
    """A slice as it is drawn: the patient's right on the left, the top above."""
    cut, across, up = CUTS[plane]
    picture = np.take(values, index, axis=cut)
    return (picture.T if across < up else picture)[::-1, ::-1]


@pytest.mark.parametrize("plane", CUTS)
@pytest.mark.parametrize("outside", [0, -32768])
@pytest.mark.parametrize(
    ("degrees", "of_scan_degrees"),
    [((0, 0, 0), (4, 3, -6)), ((17, -11, 5), (4, 3, -6)), ((0, 0, 0),) * 2, ((9, 5, -7),) * 2],
)
def test_a_map_is_sampled_through_both_affines(plane, degrees, of_scan_degrees, outside):
    """Voxel by voxel where the axes differ, axis by axis where they agree."""
    rng = np.random.default_rng(3)
    grid, shape = rng.integers(-127, 128, (9, 8, 7)), (12, 15, 10)
    of_grid = affine((3.0, 3.5, 4.0), degrees, (-10, -12, -9))
    of_scan = affine((1.7, 1.6, 2.5), of_scan_degrees, (-14, -9, -7))
    to_grid = np.linalg.inv(of_grid) @ of_scan
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij")).reshape(3, -1)
    at = to_grid[:3, :3] @ places + to_grid[:3, 3:]
    if outside:  # the outermost voxels reach half a voxel beyond their centers
        expected = map_coordinates(grid.astype(float), at, order=1, mode="nearest")
        is_in = np.all((at > -0.5) & (at < np.array(grid.shape)[:, None] - 0.5), axis=0)
        expected = np.where(is_in, expected, outside).reshape(shape)
    else:
        expected = map_coordinates(grid.astype(float), at, order=1, mode="grid-constant")
        expected = expected.reshape(shape)
    cut = CUTS[plane][0]
    n_seen = 0
    for index in (1, shape[cut] // 2):
        values = run(
            "Array.from(geometry.sampled({array: g.grid, shape: g.gridShape}, geometry.times("
            "geometry.inverse(g.ofGrid), g.ofScan), g.shape, g.plane, g.index, "
            "new Float64Array(g.n), g.outside))",
            {
                "grid": grid.ravel(order="F").tolist(),
                "gridShape": grid.shape,
                "ofGrid": flat(of_grid),
                "ofScan": flat(of_scan),
                "shape": shape,
                "plane": plane,
                "index": index,
                "outside": outside,
                "n": int(np.prod(shape) // shape[cut]),
            },
        )
        wanted = drawn(expected, plane, index)
        n_seen += np.count_nonzero(wanted != outside)
        np.testing.assert_allclose(np.reshape(values, wanted.shape), wanted, atol=1e-9)
    assert n_seen > 50


@pytest.mark.parametrize("plane", CUTS)
@pytest.mark.parametrize("degrees", [(0, 0, 0), (17, -11, 5)])
def test_a_map_on_the_voxels_of_the_scan_is_that_of_the_export(plane, degrees):
    """What is drawn in the app and what `export` writes for other programs are the same map."""
    rng = np.random.default_rng(4)
    grid, shape = rng.integers(0, 128, (9, 8, 7)).astype(np.float32), (14, 13, 11)
    of_grid = affine((3.0, 3.5, 4.0), (0, 0, 0), (-10, -12, -9))
    of_scan = affine((1.7, 1.6, 2.5), degrees, (-8, -9, -7))
    exported = on_own_grid(grid, of_grid, shape, of_scan)
    index = shape[CUTS[plane][0]] // 2
    values = run(
        "Array.from(geometry.sampled({array: g.grid, shape: g.gridShape}, geometry.times("
        "geometry.inverse(g.ofGrid), g.ofScan), g.shape, g.plane, g.index, "
        "new Float64Array(g.n), 0))",
        {
            "grid": grid.ravel(order="F").tolist(),
            "gridShape": grid.shape,
            "ofGrid": flat(of_grid),
            "ofScan": flat(of_scan),
            "shape": shape,
            "plane": plane,
            "index": index,
            "n": int(np.prod(shape) // shape[CUTS[plane][0]]),
        },
    )
    wanted = drawn(np.asarray(exported, dtype=float), plane, index)
    assert np.count_nonzero(wanted) > 30
    np.testing.assert_allclose(np.reshape(values, wanted.shape), wanted, atol=1e-3)


def test_a_length_is_that_of_the_patient():
    turned = affine((0.7, 0.9, 2.5), (12, -20, 33), (5, 6, 7))
    ends = [[1.5, 2, 3], [9, 14.25, 3]]
    found = run(
        "geometry.distance(geometry.moved(g.m, g.a), geometry.moved(g.m, g.b))",
        {"m": flat(turned), "a": ends[0], "b": ends[1]},
    )
    apart = turned[:3, :3] @ np.subtract(*ends)
    assert found == pytest.approx(float(np.linalg.norm(apart)), rel=1e-12)


@pytest.mark.parametrize(("is_sized", "said"), [(True, ["5.0 mm", "cm"]), (False, ["5 px", "px"])])
def test_a_picture_whose_size_is_not_known_is_measured_in_pixels(is_sized, said):
    marks = [{"tool": tool, "plane": "axial", "from": [2, 2, 0]} for tool in ("length", "ellipse")]
    notes = [mark | {"to": to} for mark, to in zip(marks, ([5, 6, 0], [8, 8, 0]), strict=True)]
    found = run(
        "g.notes.map((note) => marks.measured(note, { w: 12, h: 12, values: g.values, isSharp: 1 },"
        " { fromMm: g.m, affine: g.m, isSized: g.sized, value: (v) => v }, '').said)",
        {"m": flat(np.eye(4)), "sized": is_sized, "notes": notes, "values": [7] * 144},
    )
    assert found[0] == said[0]
    assert found[1].startswith("7 \u00b1 0, ") and said[1] in found[1]


def test_the_help_of_a_2d_scan_has_nothing_of_slices_and_planes():
    volume, flat_one = run("[tools.helpRows(true, ['a']), tools.helpRows(true, ['a'], true)]", {})
    assert ["Wheel", "Next slice"] in volume and ["Wheel", "Zoom about the pointer"] in flat_one
    assert [row for row in flat_one if row not in volume] == [["Wheel", "Zoom about the pointer"]]
    gone = {words for _, words in volume} - {words for _, words in flat_one}
    assert "Axial large" in gone and "Next layout" in gone and "Measure a length" not in gone


def test_an_ellipse_has_the_mean_sd_and_area_of_numpy():
    values = np.random.default_rng(5).integers(-1000, 400, (30, 40))
    (x0, y0), (x1, y1) = (6.3, 4.2), (27.9, 21.4)
    x, y = np.meshgrid(np.arange(40), np.arange(30))
    far = ((x - (x0 + x1) / 2) / ((x1 - x0) / 2)) ** 2
    inside = values[far + ((y - (y0 + y1) / 2) / ((y1 - y0) / 2)) ** 2 <= 1]
    found = run(
        "geometry.inEllipse(g.values, 40, 30, g.b, g.a, (v) => 2 * v + 1)",
        {"values": values.ravel().tolist(), "a": [x0, y0], "b": [x1, y1]},
    )
    assert found["count"] == inside.size
    assert found["mean"] == pytest.approx(2 * inside.mean() + 1)
    assert found["sd"] == pytest.approx(2 * inside.std(ddof=1))
    turned = affine((0.7, 0.9, 2.5), (12, -20, 33), (5, 6, 7))
    areas = run(
        "['axial', 'coronal', 'sagittal'].map((p) => geometry.pixelArea(g, p))", flat(turned)
    )
    assert areas == pytest.approx([0.7 * 0.9, 0.7 * 2.5, 0.9 * 2.5])


def test_a_window_and_the_colors_of_a_map():
    table = run("Array.from(colors.greys([-1350, 150], 2, 100))", {})
    grey = [table[raw & 65535] & 255 for raw in (-2000, -725, -350, 25, 3000)]
    assert grey == [0, 0, 128, 255, 255]
    assert table[-32768 & 65535] == 0  # beyond the grid nothing is drawn
    tables = {"for": [[255, 0, 0]] * 2, "against": [[0, 0, 255]] * 2}
    for has_against in (True, False):
        colors = run(
            f"Array.from(colors.mapColors(g, 0.5, 0.2, {str(has_against).lower()}))", tables
        )
        assert colors[60] == 0
        assert colors[70] == (51 << 24) | 255
        assert (colors[-70 & 255] == 0) is not has_against


def test_a_slab_shows_the_brightest_or_darkest_of_its_slices():
    values = np.random.default_rng(6).integers(-900, 900, (5, 6, 9)).astype(np.int16)
    given = {"values": values.ravel(order="F").tolist(), "affine": np.diag([1, 1, 2.0, 1]).tolist()}
    make = (
        "(() => { const bytes = new Uint8Array(352 + 2 * g.values.length);"
        "new Int16Array(bytes.buffer, 352).set(g.values);"
        "const s = new scan.Scan({scan: {bytes}, shape: [5, 6, 9], affine: g.affine});"
        "return ['MIP', 'MinIP'].map((kind) => Array.from(s.slice('axial', 4, 4, kind))); })()"
    )
    most, least = run(make, given)
    slab = values[:, :, 3:6]
    np.testing.assert_array_equal(np.reshape(most, (6, 5)), slab.max(axis=2).T[::-1, ::-1])
    np.testing.assert_array_equal(np.reshape(least, (6, 5)), slab.min(axis=2).T[::-1, ::-1])


def test_chunks_come_nearest_first_and_a_short_one_is_refused():
    fetches = """await (async () => {
      const asked = [], said = [];
      let put = 0;
      globalThis.fetch = async (address) => {
        asked.push(address);
        if (address.endsWith("info")) return {ok: true, json: async () => g.infos.shift()};
        return {ok: true, arrayBuffer: async () => new ArrayBuffer(g.bytes)};
      };
      console.warn = () => {};
      await loader.fetchOwn("v", {isCurrent: () => true, near: () => 6,
        begin: () => said.push("begin"), leave: () => said.push("leave"),
        put: () => { put += 1; }, say: (text, isTrouble) => said.push([text, isTrouble ?? false])});
      return {asked, said, put};
    })()"""
    info = {"state": "ready", "shape": [2, 3, 9], "digest": "d", "slices_per_chunk": 1}
    whole = run(fetches, {"infos": [info], "bytes": 12})
    assert whole["asked"][:4] == ["v/info", "v/d/6", "v/d/5", "v/d/7"]
    assert whole["put"] == 9
    assert whole["said"][-1] == ["", False]
    short = run(fetches, {"infos": [info], "bytes": 10})
    assert short["put"] == 0
    assert short["said"][-1][1] is True
    gone = run(fetches, {"infos": [{"state": "gone", "sentence": "Gone."}], "bytes": 0})
    assert gone["said"] == ["leave", ["Gone.", True]]
    reading = {"state": "reading", "shape": [2, 3, 9]}
    early = run(fetches, {"infos": [reading, reading, info], "bytes": 12})
    assert early["asked"][:5] == ["v/info", "v/early/6", "v/info", "v/info", "v/d/6"]
    assert early["said"].count("begin") == 2
    assert early["put"] == 10


def test_a_slice_that_came_early_stays_and_the_copy_comes_back():
    """The grid in the voxels of the scan, one slice of it, all of it, and the grid again."""
    given = {"grid": list(range(8)), "info": {"shape": [2, 2, 2], "slope": 1, "intercept": 0}}
    given |= {"affine": np.eye(4).tolist(), "slice": [50, 51, 52, 53]}
    told = run(
        """(() => {
      const bytes = new Uint8Array(352 + 16);
      new Int16Array(bytes.buffer, 352).set(g.grid);
      const s = new scan.Scan({scan: {bytes}, shape: [2, 2, 2], affine: g.affine});
      const info = {...g.info, affine: g.affine, numbers: null};
      const seen = [];
      const look = () => seen.push([s.isOwn, s.nArrived, s.at([0, 0, 1]).scan, s.numbers]);
      s.becomeOwn(info); look();
      s.put(new Int16Array(g.slice), 1); look();
      s.becomeOwn({...info, numbers: [7, 6]}); look();
      s.becomeGrid(); look();
      return seen;
    })()""",
        given,
    )
    assert told == [
        [True, 0, 4, None],
        [True, 1, 50, None],
        [True, 1, 50, [7, 6]],
        [False, 2, 4, None],
    ]
