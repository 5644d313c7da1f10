"""Maps as NIfTI files in a folder that the user named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import StudyError
from clam_core.files.file_names import file_names, inside
from clam_core.files.personal_names import stem
from clam_core.read.nifti import write_nifti


def write_map(
    to: Path, name: str, array: NDArray[np.floating], affine: NDArray[np.float64]
) -> Path:
    """Write one map directly into a folder, which is made if it is not there.

    Args:
        to: The folder.
        name: Name of the file without its ending.
        array: The map, shape of its grid, in [0, 1].
        affine: Of the grid, 4 x 4, mm.

    Returns:
        The file.

    Raises:
        StudyError: If it would lie elsewhere, or cannot be written.
    """
    path = inside(to, f"{name}.nii.gz")
    try:
        to.mkdir(parents=True, exist_ok=True)
        write_nifti(path, array, affine)
    except OSError as error:
        raise StudyError(
            f"{path.name!r} could not be written ({error.strerror}); free some space or choose "
            "another folder."
        ) from error
    return path


def names_of_new(paths: Sequence[Path]) -> dict[Path, str]:
    """A stem for what is written of each new scan: its name, up to the first dot.

    Scans whose names are equal up to there, or that lie in different folders under one name,
    are told apart by the whole name, the folder, or the whole path.

    Args:
        paths: A file, folder or archive per scan.
    """
    labels: dict[Path, str] = {}
    for label in (_to_first_dot, _without_ending, _with_folder, Path.as_posix):
        waiting = {path: label(path) for path in paths if path not in labels}
        times = Counter(waiting.values())
        labels |= {path: text for path, text in waiting.items() if times[text] == 1}
    stems = file_names(list(labels.values()))
    return {path: stems[text] for path, text in labels.items()}


def _to_first_dot(path: Path) -> str:
    return path.name.split(".")[0]


def _without_ending(path: Path) -> str:
    return stem(path.name)


def _with_folder(path: Path) -> str:
    return f"{path.parent.name}/{stem(path.name)}"
