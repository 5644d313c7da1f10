"""The Cohort page in Chromium: studies made, joined, corrected and deleted through the page."""

import csv
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from clam_core.read.nifti import write_nifti
from clam_core.study import Study
from tests.browser.serving import CHROMIUM, browser, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here"),
]
SHOTS = os.environ.get("CLAM_SCREENSHOTS")
LONG = 240_000


def shot(page, name):
    """Keep a picture of the page where somebody wants to look at it."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"cohort-{name}.png", full_page=True)


def make(page, name):
    """Give the study its name, make it, and wait until all scans are prepared."""
    page.get_by_label("Name of the new study").fill(name)
    page.get_by_label("Name of the new study").press("Enter")
    page.get_by_role("button", name="Make the study").click()
    page.get_by_role("tab", name="Scans").wait_for(timeout=LONG)


def choose(page, label, value):
    """Pick from a selector by typing."""
    page.get_by_label(label, exact=True).click()
    page.keyboard.type(value)
    page.keyboard.press("Enter")


def wait_ready(page, address, name, n_ready):
    """Look again until the pictures are there, as somebody who comes back would."""
    for _ in range(60):
        page.goto(f"{address}/?study={name}")
        page.get_by_text(f"Ready ({n_ready})", exact=True).or_(
            page.get_by_text("Ready (0)", exact=True)
        ).wait_for()
        if page.get_by_text(f"Ready ({n_ready})", exact=True).count():
            return
        page.wait_for_timeout(2000)
    raise AssertionError(f"{n_ready} scans did not become ready")


@pytest.fixture(scope="module")
def nodules(shared_data, tmp_path_factory):
    """A folder with some nodules of LIDC, their masks, their table and clinical values."""
    source = shared_data / "lidc_voi3d_dev"
    if not (source / "scans.csv").is_file():
        pytest.skip("the nodules (lidc_voi3d_dev) are not here")
    home = tmp_path_factory.mktemp("lidc")
    with (source / "scans.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))[::28]
    for row in rows:
        for path in (row["path"], row["mask"]):
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, home / path)
    with (home / "scans.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    clinical = "".join(f"{row['scan_id']},{n},{n % 3}\n" for n, row in enumerate(rows, 20))
    (home.parent / "clinical.csv").write_text(f"scan_id,age,grade\n{clinical}")
    return home, rows


def test_nodules_become_a_study_with_their_table(nodules, tmp_path):
    home, rows = nodules
    with served(tmp_path, CLAM_SCANS=str(home.parent)) as address, browser() as page:
        page.goto(address)
        page.get_by_role("button", name="Open my scans").click()
        choose(page, "in it", home.name)
        page.get_by_text("Table that names the scans").wait_for()
        shot(page, "open")
        make(page, "lidc")
        assert "study=lidc" in page.url
        wait_ready(page, address, "lidc", len(rows))
        assert Study(tmp_path / "lidc").scans()["mask_source"].eq("given").all()
        page.locator("img[alt^='Quality picture']").nth(len(rows) - 1).wait_for()
        assert page.locator("img[alt^='Quality picture']").count() == len(rows)
        shot(page, "sheet")

        page.get_by_role("tab", name="Clinical table").click()
        page.locator("input[type=file]").last.set_input_files(home.parent / "clinical.csv")
        page.get_by_role("button", name="Import the table").click()
        page.get_by_text(f"{len(rows)} of {len(rows)}", exact=True).wait_for()
        shot(page, "clinical")
        assert len(Study(tmp_path / "lidc").clinical()[0]) == len(rows)


def test_a_folder_of_pictures_is_a_study_of_two_dimensions(tmp_path):
    from PIL import Image

    scans = tmp_path / "pictures"
    scans.mkdir()
    for seed in range(4):
        noise = np.random.default_rng(seed).integers(0, 255, (32, 40), np.uint8)
        Image.fromarray(noise).save(scans / f"hand-{seed}.png")
    studies = tmp_path / "studies"
    studies.mkdir()
    with served(studies, CLAM_SCANS=str(scans)) as address, browser() as page:
        page.goto(address)
        page.get_by_role("button", name="Open my scans").click()
        make(page, "hands")
        wait_ready(page, address, "hands", 4)
        shot(page, "pictures")
    assert Study(studies / "hands").info.spatial_dims == 2


def test_an_uploaded_zip_with_failed_scans_is_told_and_deleted(tmp_path):
    packed = tmp_path / "Smith_John.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for seed in range(3):
            array = np.random.default_rng(seed).normal(-700, 100, (12, 12, 12)).astype(np.int16)
            write_nifti(tmp_path / "one.nii.gz", array, np.eye(4))
            content = (tmp_path / "one.nii.gz").read_bytes()
            archive.writestr(f"c0{seed}.nii.gz", content[: 300 if seed == 2 else None])
    studies = tmp_path / "studies"
    studies.mkdir()
    with served(studies) as address, browser() as page:
        page.goto(address)
        page.get_by_role("button", name="Open my scans").click()
        page.get_by_text("Upload files", exact=True).click()
        page.locator("input[type=file]").first.set_input_files(packed)
        page.get_by_text("How they are named and prepared").click()
        page.get_by_text("No mask: look at the whole picture").click()
        make(page, "sent")
        wait_ready(page, address, "sent", 2)
        page.get_by_text("1 scan could not be used").wait_for()
        page.get_by_text("is cut off").locator("visible=true").first.wait_for()
        shot(page, "failed")
        kept = [str(path) for path in studies.rglob("*")]
        assert not any("smith" in path.lower() for path in kept)
        assert any(path.endswith("part-00001.zip") for path in kept)

        page.get_by_role("tab", name="New study, delete").click()
        page.get_by_label("Type the name of the study").fill("sent")
        page.get_by_label("Type the name of the study").press("Enter")
        page.get_by_role("button", name="Delete the study").click()
        page.get_by_text("finds groups of scans that look alike").wait_for()  # as at the start
    left = [path for path in studies.rglob("*") if path.is_file() and ".jobs" not in str(path)]
    assert left == []
