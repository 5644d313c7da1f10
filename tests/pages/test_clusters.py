"""The Clusters page on an unfitted study, on one without maps, and on a complete one."""

import shutil

import numpy as np
import pandas as pd
import pytest
import streamlit as st
import zarr
from streamlit.testing.v1 import AppTest

from clam_core.figures.cluster_portrait import cluster_shares
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study, read_names
from clam_core.study.arrays import ScanArrays
from clam_core.study.associations import inputs_digest
from clam_core.study.atomic import read_json, write_json
from tests.pages.opening import at_page
from tests.pages.test_cohort import APP
from tests.pipeline.simulated import QUICK, cohort, study_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three studies: scans only, a run without maps, and a run with maps."""
    root = tmp_path_factory.mktemp("studies")
    study = study_of(root / "done", cohort(), failed=0)
    shutil.copytree(study.folder, root / "unfitted")
    fit(study, "r", QUICK)
    shutil.copytree(study.folder, root / "unmapped")
    localize(study, "r", LocalizeSettings(variant="grad_cam"))
    # As after a long training: the decoder draws the mean scan of each cluster.
    arrays = pictures_of(root)
    arrays["archetypes"][:] = np.nan_to_num(arrays["cluster_means"][:])
    return root


def pictures_of(root):
    return zarr.open_group(root / "done" / "runs" / "r" / "arrays.zarr", mode="a")


@pytest.fixture
def root(made, tmp_path):
    """A copy of the finished study, to be changed."""
    shutil.copytree(made / "done", tmp_path / "done")
    return tmp_path


def show(monkeypatch, root, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=60)
    at_page(page, "clusters")
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def words(page):
    parts = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error)
    return " ".join(element.value for element in parts).replace("\\", "")


def test_without_a_study_it_leads_to_the_cohort(monkeypatch, tmp_path):
    assert "no study yet" in words(show(monkeypatch, tmp_path))


@pytest.mark.parametrize(("name", "step"), [("unfitted", "fit"), ("unmapped", "localize")])
def test_the_missing_step_is_said(monkeypatch, made, name, step):
    page = show(monkeypatch, made, study=name)
    said = words(page).lower()
    assert {"fit": "clusters", "localize": "maps"}[step] in said
    assert not page.get("image")


def test_a_complete_study_has_a_column_per_cluster(monkeypatch, made):
    page = show(monkeypatch, made, study="done")
    run = Run(Study(made / "done"), "r")
    sizes = run.scans()["cluster"].value_counts()
    for number in (1, 2):
        assert f"{sizes[number]} scans, mean confidence" in words(page)
    assert "not been compared with the clinical table" in words(page)
    assert "Typical" in words(page)
    zones = cluster_shares(run.maps(), run.scans()["cluster"], "zones")
    (table,) = [one.value for one in page.dataframe]
    first = table.iloc[0]
    assert first.tolist() == [f"{100 * share:.1f} %" for share in zones.iloc[0]]
    assert "the mean latent code of its scans" in words(page)  # clusters live in profiles
    alts = [image.proto.imgs[0].alt for image in page.get("image")]
    assert len(alts) > 20
    assert all(alts)


def test_one_slider_moves_all_pictures(monkeypatch, made):
    page = show(monkeypatch, made, study="done", level="the same in all")
    sliders = {slider.label: slider for slider in page.slider}
    before = pictures(page)
    page.slider(key=sliders["Slice of all pictures"].key).set_value(2).run()
    assert not page.exception
    after = pictures(page)
    assert len(after) == len(before)
    assert sum(a != b for a, b in zip(after, before, strict=True)) >= 4


def alts(page):
    return [image.proto.imgs[0].alt for image in page.get("image")]


def test_each_cluster_opens_at_the_peak_of_its_mean_map(monkeypatch, made):
    page = show(monkeypatch, made, study="done")
    maps = np.nan_to_num(Run(Study(made / "done"), "r").array("cluster_maps"))
    for number, one in enumerate(maps, start=1):
        peak = int(one.clip(min=0).sum(axis=(0, 1)).argmax())
        said = [alt for alt in alts(page) if f"scans of cluster {number}, axial" in alt]
        assert len(said) == 2
        assert all(f"axial slice {peak + 1}" in alt for alt in said)
    slider = next(one for one in page.slider if one.label == "Slices away from the peak, in all")
    page.slider(key=slider.key).set_value(1).run()
    last = maps.shape[3]
    for number, one in enumerate(maps, start=1):
        peak = int(one.clip(min=0).sum(axis=(0, 1)).argmax())
        wanted = f"axial slice {min(peak + 2, last)}"
        assert any(f"cluster {number}, {wanted}" in alt for alt in alts(page))


def test_one_bright_voxel_is_not_where_most_of_a_map_lies(monkeypatch, root):
    run = Run(Study(root / "done"), "r")
    maps = np.zeros_like(run.array("cluster_maps"))
    maps[:, 3:9, 3:9, 11] = 0.5
    maps[:, 8, 8, 4] = 1
    ScanArrays(run.folder / "arrays.zarr").put("cluster_maps", maps)
    said = alts(show(monkeypatch, root, study="done"))
    assert sum("axial slice 12" in alt for alt in said) == 4


def test_a_mosaic_shows_the_same_levels_of_all(monkeypatch, made):
    page = show(monkeypatch, made, study="done", level="mosaic of levels")
    said = [alt for alt in alts(page) if alt.startswith("Means of cluster")]
    assert len(said) == 2
    first, second = (alt.split(", axial slices ")[1] for alt in said)
    assert first == second
    assert first.count(",") >= 4


def test_what_a_cluster_is_recognised_by_is_said(monkeypatch, made):
    assert "here its maps lie, its" in words(show(monkeypatch, made, study="done"))


def test_a_cluster_whose_maps_peak_at_the_border_is_a_warning(monkeypatch, root):
    def warned():
        return [one.value for one in show(monkeypatch, root, study="done").warning]

    assert not any("border of the mask" in one for one in warned())
    run = Run(Study(root / "done"), "r")
    table = run.maps()
    own = run.scans()["cluster"].loc[table.index] == 2
    table = table.assign(peak_depth=own.map({True: 1.0, False: 9.0}), border_share=0.1)
    table.to_parquet(run.folder / "maps.parquet")
    said = [one for one in warned() if "border of the mask" in one]
    assert len(said) == 1 and "of cluster 2," in said[0]


def test_the_clusters_can_be_kept_as_tables(monkeypatch, made):
    page = show(monkeypatch, made, study="done")
    labels = [button.label for button in page.get("download_button")]
    assert labels[:2] == ["Download CSV", "Download XLSX"]


def test_typical_scans_stand_in_a_row(monkeypatch, made):
    page = show(monkeypatch, made, study="done", row="true")
    packed = [one for one in page.get("bidi_component") if "typical" in one.proto.id]
    assert packed
    page.selectbox(key="typical-of").set_value(2).run()
    assert not page.exception
    assert page.query_params["typical"] in ("2", ["2"])


def pictures(page):
    return [image.proto.imgs[0].url for image in page.get("image")]


def test_a_name_is_stored_with_the_run_and_shown_letter_by_letter(monkeypatch, root):
    page = show(monkeypatch, root, study="done")
    field = next(one for one in page.text_input if one.label == "Name of cluster 2")
    field.set_value("[upper](x) *zone*").run()
    assert not page.exception
    run = Run(Study(root / "done"), "r")
    assert read_names(run) == {2: "[upper](x) *zone*"}
    assert read_json(run.folder / "names.json") == {"2": "[upper](x) *zone*"}
    assert any(r"\[upper\]\(x\) \*zone\*" in one.value for one in page.markdown)
    field = next(one for one in page.text_input if one.label == "Name of cluster 1")
    field.set_value("[Upper](x) *zone*").run()
    assert "same name" in words(page)
    assert read_names(run) == {2: "[upper](x) *zone*"}


def test_pictures_that_are_near_noise_are_not_shown(monkeypatch, root):
    arrays = pictures_of(root)
    noise = np.random.default_rng(0).normal(size=arrays["archetypes"].shape)
    arrays["archetypes"][:] = noise
    page = show(monkeypatch, root, study="done", a="1", b="2")
    assert "has not learned to draw these scans" in words(page)
    assert "Middle of A" not in str([image.captions for image in page.get("image")])
    # One middle that is a picture does not make a way.
    arrays["archetypes"][0] = arrays["cluster_means"][0]
    st.cache_data.clear()
    page = show(monkeypatch, root, study="done", a="1", b="2")
    assert "has not learned to draw these scans" in words(page)


def test_a_against_b_walks_from_one_center_to_the_other(monkeypatch, made):
    page = show(monkeypatch, made, study="done", a="2", b="1", way="10")
    assert [image.captions for image in page.get("image")[-3:]][:2] == [
        ["Middle of A"],
        ["Middle of B"],
    ]
    assert "Difference of the mean scans" in words(page)
    chosen = {box.label: box.value for box in page.selectbox}
    assert (chosen["A"], chosen["B"]) == (2, 1)
    page.selectbox(key="side_b").set_value(0).run()
    assert not page.exception
    assert "Choose a single cluster as B" in words(page)


def test_a_run_from_before_there_were_decoded_pictures_says_what_to_do(monkeypatch, root):
    path = root / "done" / "runs" / "r" / "run.json"
    values = read_json(path)
    del values["localized"]["archetypes"]
    write_json(path, values)
    assert "run 'localize' again" in words(show(monkeypatch, root, study="done"))


def test_groups_by_density_have_no_pictures_between_them(monkeypatch, root):
    path = root / "done" / "runs" / "r" / "run.json"
    values = read_json(path)
    values["method"], values["localized"]["archetypes"] = "density", None
    write_json(path, values)
    said = words(show(monkeypatch, root, study="done"))
    assert "no pictures between A and B" in said
    assert "run 'localize' again" not in said


def test_no_scan_is_both_typical_and_borderline(monkeypatch, made):
    said = [alt.split(":")[0] for alt in alts(show(monkeypatch, made, study="done"))]
    typical, borderline = (
        {alt.removeprefix(f"{kind} scan ") for alt in said if alt.startswith(f"{kind} scan ")}
        for kind in ("typical", "borderline")
    )
    assert len(typical) == len(borderline) == 6
    assert not typical & borderline


def test_differences_follow_from_what_is_stored(made):
    from clam_core.figures.cluster_portrait import mean_of_others

    run = Run(Study(made / "done"), "r")
    scans = run.scans()["cluster"]
    expected = np.mean(
        [run.study.volume(scan).array for scan in scans.index[scans != 1]], axis=0, dtype=float
    )
    sizes = scans.value_counts().sort_index().to_numpy()
    found = mean_of_others(run.array("cluster_means"), sizes, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-2)
    assert isinstance(scans, pd.Series)


@pytest.mark.slow
def test_pictures_of_two_dimensions_have_no_slices(monkeypatch, tmp_path):
    from PIL import Image

    from clam_core.pipeline.scans.create import CreateOptions, create
    from clam_core.pipeline.scans.preprocess import preprocess
    from clam_core.settings import PreprocessSettings

    (tmp_path / "in").mkdir()
    for seed in range(12):
        noise = np.random.default_rng(seed).integers(0, 90, (20, 20), np.uint8)
        noise[: 10 if seed % 2 else 20, :10] += 150
        Image.fromarray(noise).save(tmp_path / "in" / f"p{seed:02d}.png")
    create(tmp_path / "studies" / "flat", tmp_path / "in", None, CreateOptions(n_workers=1))
    study = Study(tmp_path / "studies" / "flat")
    preprocess(study, PreprocessSettings(grid=(16, 16)), 1)
    fit(study, "r", QUICK.model_copy(update={"method": "kmeans"}))
    localize(study, "r", LocalizeSettings(variant="grad_cam"))
    page = show(monkeypatch, tmp_path / "studies", study="flat")
    assert [slider.label for slider in page.slider] == ["From A to B"]
    assert "The scans have no masks" in words(page)
    assert "its center in the latent space" in words(page)
    assert len(page.get("image")) >= 2 * 2 + 2 * 2 + 2 + 3


@pytest.mark.parametrize("of_first", [0.45, 0.7, 0.9])
def test_a_cluster_that_is_not_found_again_says_so_beside_its_confidence(
    monkeypatch, root, of_first
):
    run = Run(Study(root / "done"), "r")
    about = {
        **{"settings": {}, "clusters": [1, 2], "sizes": [4, 4], "n_tests": 0, "headline": ""},
        **{"stability": {"jaccard_of": [of_first, None]}, "inputs": inputs_digest(run)},
    }
    (run.folder / "associations").mkdir()
    write_json(run.folder / "associations" / "about.json", about)
    first = str(run.scans().query("cluster == 1").index[0])
    for page in (show(monkeypatch, root), opened(monkeypatch, root, first)):
        said = words(page)
        assert ("is hardly found again" in said) == (of_first < 0.6)
        assert ("not whether the cluster is there" in said) == (of_first < 0.6)
        assert ("only partly found again (0.70)" in said) == (of_first == 0.7)
    write_json(run.folder / "associations" / "about.json", {**about, "inputs": "of another table"})
    assert "found again" not in words(show(monkeypatch, root))


def opened(monkeypatch, root, scan_id):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=60)
    at_page(page, "explore")
    page.query_params["scan"] = scan_id
    page.run()
    assert not page.exception
    return page
