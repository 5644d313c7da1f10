"""Delete a study with everything that was made or uploaded for it."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from clam_core.errors import StudyError
from clam_core.study.folder import STUDY, Study
from clam_core.study.uploads import delete_uploads, uploads_of

TRUTH, JOBS = "truth.csv", ".jobs"


def delete_study(root: Path, name: str) -> None:
    """Delete a study, its upload, and the synthetic scans of a demo study.

    Scans that lie in a folder of somebody's own are left where they are.

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
    study, upload = Study(folder), uploads_of(folder)
    synthetic = root / f"{name}-scans"
    is_demo = (synthetic / TRUTH).is_file() and _is_home(study, synthetic)
    doomed = root / f".deleted-{secrets.token_hex(8)}"
    with study.lock():
        try:
            folder.rename(doomed)
        except OSError as error:
            raise StudyError(
                f"The study {name!r} could not be deleted ({error.strerror}); it is unchanged."
            ) from error
    shutil.rmtree(doomed, ignore_errors=True)
    shutil.rmtree(root / JOBS / name, ignore_errors=True)  # what its steps were started with
    if upload is not None:
        delete_uploads([upload])
    if is_demo:
        shutil.rmtree(synthetic, ignore_errors=True)


def _is_home(study: Study, folder: Path) -> bool:
    return Path(study.info.scans_root).resolve() == folder.resolve()
