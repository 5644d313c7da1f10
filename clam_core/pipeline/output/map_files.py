"""Maps as NIfTI files in a folder that the user named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clam_core.files.file_names import file_names
from clam_core.files.personal_names import looks_private, stem
from clam_core.read.nifti import write_nifti_to
from clam_core.study.atomic import replaced


def map_name(stem: str) -> str:
    """Name of the file of a map."""
    return f"{stem}.nii.gz"


def write_map(path: Path, array: NDArray[np.floating], affine: NDArray[np.float64]) -> None:
    """Write one map; a killed process leaves no half of it.

    Args:
        path: The file, as `Destination` gave it.
        array: The map, shape of its grid, in [0, 1].
        affine: Of the grid, 4 x 4, mm.

    Raises:
        StudyError: If it cannot be written.
    """
    with replaced(path) as stream:
        write_nifti_to(stream, array, affine, packed=True)


def names_of_new(paths: Sequence[Path]) -> dict[Path, str]:
    """A stem for what is written of each new scan: its name, up to the first dot.

    Scans whose names are equal up to there, or that lie in different folders under one name,
    are told apart by the whole name, the folder, or the whole path. What may be the name of a
    person is replaced by the number of the scan.

    Args:
        paths: A file, folder or archive per scan.
    """
    labels: dict[Path, str] = {}
    for label in (_to_first_dot, _without_ending, _with_folder, Path.as_posix):
        waiting = {path: label(path) for path in paths if path not in labels}
        times = Counter(waiting.values())
        labels |= {path: text for path, text in waiting.items() if times[text] == 1}
    for number, path in enumerate(dict.fromkeys(paths), start=1):
        if any(looks_private(part) for part in labels[path].split("/")):
            labels[path] = f"scan-{number}"
    stems = file_names(list(labels.values()))
    return {path: stems[text] for path, text in labels.items()}


def _to_first_dot(path: Path) -> str:
    return path.name.split(".")[0]


def _without_ending(path: Path) -> str:
    return stem(path.name)


def _with_folder(path: Path) -> str:
    return f"{path.parent.name}/{stem(path.name)}"
