"""Mutated files through create and preprocess: no file lost, no value of another file's making."""

import warnings

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from tests.bad_inputs import mutate
from tests.bad_inputs.steps import is_sentence

N_SCANS = 50
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SETTINGS = PreprocessSettings(grid=mutate.SHAPE, mask="none", crop="none")
"""With the shape of the scans and their whole field of view, no voxel is resized."""


def laid(root, damage, rng):
    for number in range(N_SCANS):
        folder = root / f"p{number:02d}"
        files = damage(mutate.sound(folder, rng), rng)
        folder.mkdir(exist_ok=True, parents=True)
        for path in folder.iterdir():
            path.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)


def read_elsewhere(path):
    """Voxels as (i, j, k) by nibabel, pynrrd or ITK; None where they refuse the file, too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if path.name.startswith("scan.nii"):
                image = nibabel.load(path)
                return np.asarray(image.dataobj), image.affine
            if path.name == "scan.nrrd":
                array, header = nrrd.read(str(path))
                return array, LPS @ affine_of(header)
            image = SimpleITK.ReadImage(str(path))
            affine = np.eye(4)
            affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
            return SimpleITK.GetArrayFromImage(image).T, LPS @ affine
    except Exception:  # whatever another library raises
        return None


def affine_of(header):
    affine = np.eye(4)
    affine[:3, :3] = header["space directions"].T
    return affine


def upright(array, affine):
    """In RAS+ order, as volumes of a study are."""
    image = nibabel.Nifti1Image(array.astype(np.float64), affine)
    return np.asarray(nibabel.as_closest_canonical(image).dataobj)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [mutate.by_bytes, mutate.by_fields])
@pytest.mark.parametrize("seed", range(4))
def test_mutated_scans(tmp_path, damage, seed):
    root = tmp_path / "in"
    laid(root, damage, np.random.default_rng(seed))
    create(tmp_path / "study", root, None, CreateOptions(ids="names"))
    study = Study(tmp_path / "study")
    preprocess(study, SETTINGS)
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert files == set(study.sources()["path"]) | set(study.skipped()["source"])
    scans = study.scans()
    assert all(is_sentence(why) for why in scans.loc[scans["status"] == "failed", "reason"])
    n_compared = 0
    for scan_id, row in scans[scans["status"] == "ready"].iterrows():
        path = root / row["source"]
        other = read_elsewhere(path) if path.is_file() else None
        expected = None if other is None else upright(*other).clip(-1024, 3071)
        if expected is not None and expected.shape == mutate.SHAPE:
            found = study.volume(str(scan_id)).array
            assert np.abs(found - expected).max() <= 0.5, (row["source"], row["notes"])
            n_compared += 1
    assert n_compared > 0
