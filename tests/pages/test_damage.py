"""A study with a damaged array: a sentence where it is shown, not a fault of the software."""

import shutil

import numpy as np
import pytest

from pages.viewer.map_worker import in_worker
from tests.pages.opening import at_page
from tests.pages.test_clusters import words
from tests.pages.test_cohort import APP
from tests.report import make

SCAN = "S00"
SHOWN = {
    "volumes": ("explore", "clusters"),
    "masks": ("explore",),
    "maps": ("explore", "clusters"),
    "cluster_maps": ("clusters",),
    "cluster_means": ("clusters",),
    "soft_assignment": ("explore", "clusters"),
    "features": ("explore", "clusters"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A complete study; its maps have a chunk per scan, as the step writes them."""
    root = tmp_path_factory.mktemp("studies")
    made = make.study(root / "one")
    make.localize(make.run(made))
    return root


@pytest.fixture
def root(made, tmp_path):
    shutil.copytree(made / "one", tmp_path / "one")
    return tmp_path


def show(monkeypatch, root, name, **query):
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=60)
    at_page(page, name)
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def damage(root, name, how):
    """Delete the first chunk of an array, flip a bit in it, or delete the description."""
    (folder,) = (path for path in (root / "one").rglob(name) if path.parent.name == "arrays.zarr")
    path = folder / "zarr.json"
    if how != "description":
        path = min(p for p in (folder / "c").rglob("*") if p.is_file())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink() if how != "flip" else path.write_bytes(content)


@pytest.mark.parametrize("how", ["delete", "flip", "description"])
@pytest.mark.parametrize(("name", "pages"), SHOWN.items())
def test_damage_is_a_sentence(monkeypatch, root, name, pages, how):
    damage(root, name, how)
    for where in pages:
        page = show(monkeypatch, root, where, **({"scan": SCAN} if where == "explore" else {}))
        if where == "explore" and name == "soft_assignment":  # it offers typical scans
            page = show(monkeypatch, root, where)
        assert not page.exception
        said = " ".join(error.value for error in page.error).replace("\\", "")
        state = "damaged" if how == "flip" else "missing"
        assert f"The array '{name}' cannot be used" in said and f"is {state}; " in said
        assert "Traceback" not in words(page)
        assert "Research use only" in words(page)


def test_the_process_that_makes_maps_says_it_too(root):
    from clam_core.errors import StudyError

    damage(root, "volumes", "delete")
    arguments = {"folder": str(root / "one"), "scan_id": SCAN}
    with pytest.raises(StudyError, match="'volumes' cannot be used at scan 'S00'"):
        in_worker("tests.pages.test_damage:volume_task", arguments)


def volume_task(folder, scan_id):
    """What the process does first: read the volume."""
    from clam_core.study import Study

    return {}, {"volume": np.asarray(Study(folder).volume(scan_id).array)}
