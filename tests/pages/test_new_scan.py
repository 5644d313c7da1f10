"""The page New scan: an uploaded scan gets its cluster, and nothing of it is kept."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.read.nifti import write_nifti
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study
from clam_core.study.atomic import read_json, write_json
from tests.pages.opening import at_page
from tests.pipeline.simulated import GRID, QUICK, cohort, study_of

APP = str(Path(__file__).resolve().parents[2] / "pages" / "shell" / "start.py")
AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """A study whose scans came with masks and were not cropped."""
    root = tmp_path_factory.mktemp("studies")
    made = study_of(root / "one", cohort())
    fit(made, "r", QUICK)
    localize(made, "r", LocalizeSettings())
    path = root / "one" / "study.json"
    values = read_json(path)
    values["prepared"]["settings"] |= {"crop": "none", "mask": "given"}
    write_json(path, values)
    scans = pd.read_parquet(root / "one" / "scans.parquet")
    scans.assign(mask_source="given").to_parquet(root / "one" / "scans.parquet")
    return root


def packed(array, folder):
    write_nifti(folder / "a.nii.gz", array, AFFINE)
    content = (folder / "a.nii.gz").read_bytes()
    assert gzip.decompress(content)
    return content


def show(monkeypatch, root):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = at_page(AppTest.from_file(APP, default_timeout=120), "assign")
    page.run()
    assert not page.exception
    return page


def words(page):
    found = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.header)
    return " ".join(element.value for element in found).replace("\\", "")


def give(page, scan, mask):
    """Upload a scan and perhaps a mask, under names that nobody may see again."""
    upload(page, scan, mask).run()
    upload(page, scan, mask)  # AppTest forgets files with every run
    next(one for one in page.button if one.label == "Find its cluster").click().run()
    assert not page.exception
    return page


def upload(page, scan, mask):
    page.file_uploader[0].set_value(("DOE^JANE.nii.gz", scan, "application/gzip"))
    if mask is not None:
        page.file_uploader[1].set_value(("DOE^JANE-mask.nii.gz", mask, "application/gzip"))
    return page


def test_before_an_upload_it_says_what_to_give(monkeypatch, studies):
    page = show(monkeypatch, studies)
    assert [one.label for one in page.file_uploader][
        1
    ] == "Its mask (the study's scans came with masks)"
    assert "nothing of it is stored" in words(page)
    assert not [one for one in page.button if one.label == "Find its cluster"]


def test_without_a_run_the_missing_step_is_said(monkeypatch, tmp_path):
    study_of(tmp_path / "one", cohort(n_per_group=2))
    page = show(monkeypatch, tmp_path)
    assert not page.file_uploader


def test_a_scan_of_the_cohort_gets_its_own_cluster(monkeypatch, studies, tmp_path):
    study = Study(studies / "one")
    before = sorted((path, path.stat().st_mtime_ns) for path in study.folder.rglob("*"))
    scan = packed(study.volume("s04").array, tmp_path)
    mask = packed(study.mask("s04").astype(np.uint8), tmp_path)
    page = give(show(monkeypatch, studies), scan, mask)
    row = Run(study, "r").scans().loc["s04"]
    said = words(page)
    assert f"Cluster {row['cluster']}" in said
    assert f"confidence {row['confidence']:.2f}" in said
    assert "unlike the scans of the study" not in said
    nearest = page.get("image")[0].proto.imgs[0].alt
    assert nearest.startswith("Scan s04 of cluster")
    assert len(page.get("image")) == 5  # its nearest scans
    assert "Most similar scans" in said
    # the viewer's map of the other cluster
    page.button_group[0].set_value(3 - int(row["cluster"])).run()
    assert not page.exception
    assert "DOE" not in said + str(page.session_state["new-scan"]["record"]) + str(
        page.query_params
    )
    assert sorted((path, path.stat().st_mtime_ns) for path in study.folder.rglob("*")) == before


def test_noise_is_called_unlike_and_no_confidence_is_claimed(monkeypatch, studies, tmp_path):
    noise = np.random.default_rng(0).normal(300, 400, GRID).astype(np.int16)
    mask = packed(Study(studies / "one").mask("s04").astype(np.uint8), tmp_path)
    said = words(give(show(monkeypatch, studies), packed(noise, tmp_path), mask))
    assert "unlike the scans of the study" in said
    assert "do not trust it" in said
    assert "clearly belongs" not in said


def test_what_is_no_scan_is_a_sentence(monkeypatch, studies):
    page = give(show(monkeypatch, studies), b"no scan at all", b"no mask either")
    assert "There is no scan in" in page.error[0].value.replace("\\", "")
    assert "DOE" not in page.error[0].value
    assert not page.header


def test_a_missing_mask_is_asked_for(monkeypatch, studies, tmp_path):
    scan = packed(Study(studies / "one").volume("s04").array, tmp_path)
    page = give(show(monkeypatch, studies), scan, None)
    assert "give this scan's mask as well" in page.error[0].value.replace("\\", "")
