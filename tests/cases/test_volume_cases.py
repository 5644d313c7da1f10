"""Pairs of files, TIFF and PNG of unusual kinds, through `create` and `preprocess`."""

import shutil

import numpy as np
import pytest
import SimpleITK
import tifffile

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.pictures import read_picture
from clam_core.settings import PreprocessSettings, ReadLimits
from clam_core.study import Study

ONE = CreateOptions(n_workers=1)


def made(tmp_path, root, table=None, options=ONE):
    create(tmp_path / "study", root, table, options)
    return Study(tmp_path / "study")


def prepared(tmp_path, root, grid=(16, 16, 16), table=None):
    study = made(tmp_path, root, table)
    preprocess(study, PreprocessSettings(grid=grid, mask="none"), 1)
    return Study(tmp_path / "study")


def test_headers_with_voxels_beside_them(shared_cases, tmp_path):
    shutil.copytree(shared_cases / "mhd_pair" / "luna_mhd", tmp_path / "in")
    study = prepared(tmp_path, tmp_path / "in")
    scans = study.scans()
    assert scans["status"].tolist() == ["ready", "ready"]
    assert scans["n_files"].tolist() == [2, 2]
    assert study.skipped().empty
    for header, scan_id in zip(sorted((tmp_path / "in").glob("*.mhd")), scans.index, strict=True):
        by_itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(header))).T
        expected = np.clip(by_itk[::-1, ::-1], -1024, 3071)
        np.testing.assert_array_equal(study.volume(scan_id).array, expected)


def test_a_pair_named_in_a_table_and_as_a_mask(tmp_path):
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(0).normal(-500, 200, (12, 14, 16)).astype(np.int16)
    mask = np.zeros(noise.shape, np.uint8)
    mask[3:9, 4:10, 5:11] = 1
    for name, array in (("a", noise), ("m", mask), ("other", noise)):
        image = SimpleITK.GetImageFromArray(array)
        SimpleITK.WriteImage(
            image, str(tmp_path / "in" / f"{name}.mhd"), useCompression=name == "m"
        )
    (tmp_path / "t.csv").write_text("scan_id,path,mask\nA1,a.mhd,m.mhd\n")
    study = made(tmp_path, tmp_path / "in", tmp_path / "t.csv")
    assert study.scans()["status"].tolist() == ["found"]
    assert sorted(study.sources()["path"]) == ["a.mhd", "a.raw", "m.mhd", "m.zraw"]
    assert sorted(study.skipped()["source"]) == ["other.mhd", "other.raw"]
    preprocess(study, PreprocessSettings(grid=(8, 8, 8)), 1)
    row = Study(tmp_path / "study").scans().loc["A1"]
    assert (row["status"], row["mask_source"]) == ("ready", "given")


def test_voxels_that_are_missing(tmp_path):
    (tmp_path / "in").mkdir()
    array = np.arange(512, dtype=np.int16).reshape(8, 8, 8) - 900
    for name in ("a", "b"):
        path = tmp_path / "in" / f"{name}.mhd"
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(path))
    (tmp_path / "in" / "b.raw").unlink()
    scans = made(tmp_path, tmp_path / "in").scans()
    assert scans["status"].to_dict() == {"a": "found", "b": "failed"}
    assert "that is not there; put it into the same folder" in scans.loc["b", "reason"]


def test_folders_of_tiff_with_pages_are_volumes(shared_cases, tmp_path):
    shutil.copytree(shared_cases / "tiff_pages_only_dims" / "pages_only", tmp_path / "in")
    study = prepared(tmp_path, tmp_path / "in", (32, 32, 16))
    assert study.info.spatial_dims == 3
    assert study.scans()["status"].tolist() == ["ready"] * 3
    for name in study.scans().index:
        pages = tifffile.imread(tmp_path / "in" / f"{name}.tif")
        expected = pages.T[::-1, ::-1, ::-1]
        np.testing.assert_array_equal(study.volume(name).array, expected)


def test_few_pages_among_many_planes_stay_two_dimensional(tmp_path):
    (tmp_path / "in").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (4, 9, 8)).astype(np.uint8)
    for number, plane in enumerate(pixels):
        tifffile.imwrite(tmp_path / "in" / f"p{number}.tif", plane)
    tifffile.imwrite(tmp_path / "in" / "deep.tif", pixels, photometric="minisblack")
    study = made(tmp_path, tmp_path / "in")
    assert study.info.spatial_dims == 2
    assert study.scans()["status"].value_counts().to_dict() == {"found": 4, "failed": 1}
    for number in range(4):
        shutil.copy(tmp_path / "in" / "deep.tif", tmp_path / "in" / f"deep{number}.tif")
    (tmp_path / "in" / "broken.tif").write_bytes((tmp_path / "in" / "p0.tif").read_bytes()[:150])
    create(tmp_path / "deep", tmp_path / "in", None, ONE)
    study = Study(tmp_path / "deep")
    assert study.info.spatial_dims == 3
    assert (study.scans()["status"] == "found").sum() == 5
    assert study.skipped()["reason"].str.contains("A picture beside volumes").all()


def test_a_broken_volume_beside_sound_ones_is_told(tmp_path):
    (tmp_path / "in").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (2, 4, 9, 8)).astype(np.uint8)
    for name in ("a", "b"):
        tifffile.imwrite(tmp_path / "in" / f"{name}.tif", pixels[0], photometric="minisblack")
    tifffile.imwrite(tmp_path / "in" / "c.ome.tif", pixels, metadata={"axes": "CZYX"})
    scans = made(tmp_path, tmp_path / "in").scans()
    assert sorted(scans["status"]) == ["failed", "found", "found"]
    assert "holds 2 channels of 4 slices" in scans["reason"].max()


def test_stacks_of_imagej(shared_cases, tmp_path):
    shutil.copytree(shared_cases / "tiff_imagej_single_ifd" / "imagej", tmp_path / "in")
    study = made(tmp_path, tmp_path / "in")
    scans = study.scans()
    assert scans["status"].tolist() == ["found", "found", "failed"]
    assert "holds 2 channels of 20 slices; need one volume" in scans["reason"].iloc[2]


@pytest.mark.parametrize("case", ["tiff_values/tiff_kinds", "png_16bit_lost/png_kinds"])
def test_values_as_they_are_meant(case, shared_cases):
    """All kinds hold one picture; those of eight bits its upper half."""
    home = shared_cases / case
    true = tifffile.imread(shared_cases / "tiff_values" / "tiff_kinds" / "t1_u16.tif")
    for path in sorted(home.iterdir()):
        found = read_picture(path, ReadLimits()).volume.array.T
        expected = {
            "t13_i16.tif": true.astype(int) - 30_000,
            "t16_f16.tif": (true / 65_535).astype(np.float16),
            "t3_minwhite8.tif": true >> 8,
            "t6_u32.tif": true * 60_000.0,
            "t7_i8.tif": (true >> 8).astype(int) - 128,
            "p5_gray8.png": true >> 8,
        }.get(path.name, true)
        np.testing.assert_array_equal(found, expected, err_msg=path.name)
