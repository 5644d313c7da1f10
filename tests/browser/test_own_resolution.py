"""Own resolution in a real browser: the voxels, the series' numbers, a file that goes."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from clam_core.files.file_ref import FileRef
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.dicom import read_series
from clam_core.read.nifti import write_nifti
from clam_core.settings import PreprocessSettings, ReadLimits
from clam_core.study import Study
from clam_core.volume import to_ras
from tests.browser.proxies import proxy
from tests.browser.serving import browser, free_port, served
from tests.pages.voxels.asking import WITH_TICKETS
from tests.read.dicom import make

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
SCRIPT = """
import streamlit as st
st.set_page_config(layout="wide")
from pages.shell.frame import page
from pages.viewer.viewer import show_scan
with page("Viewer", needs="study") as here:
    show_scan(here, here.study.ready()[0], "v")
"""
VOXELS = """root => {
  const { scan, at } = root.clamViewer.scenes[0];
  const name = root.clamViewer.scenes[0].name("axial");
  return { own: scan.isOwn, shape: scan.shape, at, name, voxels: Array.from(scan.voxels) };
}"""


def test_it_becomes_sharp_and_says_so_when_the_files_have_gone(tmp_path):
    series = tmp_path / "in" / "P1" / "CT"
    series.mkdir(parents=True)
    noise = np.random.default_rng(2).normal(400, 150, (9, 20, 24))
    numbers = make.each(range(40, 31, -1))
    make.series(series, np.clip(noise, 0, 2000).astype(np.uint16), InstanceNumber=numbers)
    root = tmp_path / "studies"
    create(root / "one", tmp_path / "in", None, CreateOptions(n_workers=1))
    preprocess(Study(root / "one"), PreprocessSettings(grid=(16, 16, 16), mask="none"), 1)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with served(root, app=WITH_TICKETS, CLAM_TEST_SCRIPT=str(script)) as address, browser() as page:
        page.goto(f"{address}/?study=one")
        page.locator(".pane[data-own=all]").wait_for()
        told = page.locator(".viewer").evaluate(VOXELS)
        refs = [FileRef(path) for path in sorted(series.iterdir())]
        volume = to_ras(read_series(refs, ReadLimits()).volume)
        assert told["own"] and tuple(told["shape"]) == volume.shape
        np.testing.assert_array_equal(told["voxels"], volume.array.ravel(order="F"))
        assert told["name"].startswith("Axial  Im ")
        assert 32 <= int(told["name"].split()[2]) <= 40
        i, j, k = told["at"]
        assert page.locator("output").first.text_content().startswith(f"{volume.array[i, j, k]} HU")
        assert page.locator(".trouble").text_content() == ""
        shutil.rmtree(series)
        page.reload()
        page.locator(".viewer[data-shown]").wait_for()
        page.get_by_text("no longer where they were found").wait_for()
        assert page.locator(".viewer").evaluate(VOXELS)["own"] is False


def test_a_picture_of_two_dimensions_is_sharp_and_has_no_planes(tmp_path):
    made = np.random.default_rng(4).integers(0, 256, (90, 120)).astype(np.uint8)
    (tmp_path / "in").mkdir()
    for n in range(2):
        Image.fromarray(made).save(tmp_path / "in" / f"P{n}.png")
    root = tmp_path / "studies"
    create(root / "one", tmp_path / "in", None, CreateOptions(n_workers=1))
    preprocess(Study(root / "one"), PreprocessSettings(grid=(16, 16), mask="none"), 1)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with served(root, app=WITH_TICKETS, CLAM_TEST_SCRIPT=str(script)) as address, browser() as page:
        page.goto(f"{address}/?study=one")
        page.locator(".pane[data-own=all]").wait_for()
        told = page.locator(".viewer").evaluate(VOXELS)
        assert told["own"] and told["shape"] == [120, 90, 1]
        voxels = np.reshape(told["voxels"], (90, 120))
        np.testing.assert_array_equal(voxels[::-1, ::-1], made)
        i, j, _ = told["at"]
        row, column = 90 - j, 120 - i
        seen = page.locator("output").first.text_content()
        assert seen == f"{made[row - 1, column - 1]} · column {column}, row {row}"
        assert page.locator("select[data-name=plane]").is_hidden()
        canvas = page.locator(".pane canvas").first
        canvas.click()
        page.keyboard.press("c")  # coronal: there is none
        zoom = "root => root.clamViewer.scenes[0].tiles.axial.zoom"
        before = page.locator(".viewer").evaluate(zoom)
        page.mouse.wheel(0, -100)
        page.wait_for_timeout(300)
        assert page.locator(".viewer").evaluate(zoom) > before
        assert page.locator(".viewer").evaluate("root => root.clamViewer.view.plane") == "all"


def test_behind_a_proxy_only_who_is_named_sees_the_scan_itself(tmp_path):
    (tmp_path / "in").mkdir()
    made = np.random.default_rng(4).normal(-700, 100, (12, 14, 10)).astype(np.int16)
    write_nifti(tmp_path / "in" / "a.nii", made, np.diag([2.0, 2.0, 2.0, 1.0]))
    root = tmp_path / "studies"
    create(root / "one", tmp_path / "in", None, CreateOptions(n_workers=1))
    preprocess(Study(root / "one"), PreprocessSettings(grid=(8, 8, 8), mask="none"), 1)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    port = free_port()
    trusted = ("--server.trustedUserHeaders", json.dumps({"X-User": "email"}))
    server = served(root, *trusted, port=port, app=WITH_TICKETS, CLAM_TEST_SCRIPT=str(script))
    with server as bare, proxy(port, X_User="a@b.org") as address, browser() as page:
        asked = []
        page.on("request", lambda one: asked.append(one.url) if "/voxels/" in one.url else None)
        page.goto(f"{address}/?study=one")
        page.locator(".pane[data-own=all]").wait_for()
        told = page.locator(".viewer").evaluate(VOXELS)
        np.testing.assert_array_equal(told["voxels"], made.ravel(order="F"))
        assert asked
        for url in asked:  # the same addresses, from somebody whom the proxy has not named
            assert page.request.get(url.replace(address, bare)).status == 403
