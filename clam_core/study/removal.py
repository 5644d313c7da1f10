"""Delete a study with everything that was made or uploaded for it."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from clam_core.errors import StudyError
from clam_core.study import atomic
from clam_core.study.json_files.study_info import STUDY
from clam_core.study.locking import hold
from clam_core.study.uploads import delete_uploads, uploads_of

TRUTH, JOBS = "truth.csv", ".jobs"
OWN_VOXELS = ".voxels"
"""Beside the studies: scans at their own resolution, a folder per study."""


def delete_study(root: Path, name: str) -> None:
    """Delete a study, its upload, and the synthetic scans of a demo study.

    Scans that lie in a folder of somebody's own are left where they are. A study that cannot
    be read is deleted as well; where it does not say where its scans lie, they stay.

    Args:
        root: The studies' root.
        name: Name of the study's folder.

    Raises:
        StudyError: If there is no such study, or it cannot be deleted.
        BusyError: If a step is working on it.
    """
    folder = root / name
    if folder.parent != root or name.startswith(".") or not (folder / STUDY).is_file():
        raise StudyError(f"There is no study {name!r} to delete.")
    upload = uploads_of(folder)
    synthetic = root / f"{name}-scans"
    is_demo = (synthetic / TRUTH).is_file() and _is_home(folder, synthetic)
    doomed = root / f".deleted-{secrets.token_hex(8)}"
    with hold(folder):
        try:
            # Gone at once, also if deleting its files is broken off.
            folder.rename(doomed)
        except OSError as error:
            raise StudyError(
                f"The study {name!r} could not be deleted ({error.strerror}); it is unchanged."
            ) from error
    shutil.rmtree(doomed, ignore_errors=True)
    shutil.rmtree(root / JOBS / name, ignore_errors=True)  # what its steps were started with
    shutil.rmtree(root / OWN_VOXELS / name, ignore_errors=True)
    if upload is not None:
        delete_uploads([upload])
    if is_demo:
        shutil.rmtree(synthetic, ignore_errors=True)


def _is_home(folder: Path, synthetic: Path) -> bool:
    """Whether a study was made from these synthetic scans."""
    try:
        home = atomic.read_json(folder / STUDY).get("scans_root", "")
    except StudyError:
        return False
    return Path(str(home)).resolve() == synthetic.resolve()
