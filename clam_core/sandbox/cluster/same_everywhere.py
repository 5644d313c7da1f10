"""Whether a worker would compute what this computer computes: software, and files under paths."""

from __future__ import annotations

import platform
import socket
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from clam_core import __version__

_PACKAGES = (
    "imagecodecs",
    "nibabel",
    "numpy",
    "pillow",
    "pydicom",
    "SimpleITK",
    "scipy",
    "tifffile",
    "torch",
    "zarr",
)
"""Those that read voxels or compute with them; `torch` also tells a build for processors."""


@dataclass(frozen=True)
class Expected:
    """What a worker must have.

    Attributes:
        software: Name to version.
        files: Paths with their size in bytes; None for a folder.
    """

    software: dict[str, str]
    files: list[list[Any]]

    def plain(self) -> dict[str, Any]:
        """As a value of JSON."""
        return asdict(self)


def software_here() -> dict[str, str]:
    """Versions of what results depend on."""
    found = {"clam-explorer": __version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def expected_here(paths: tuple[Path, ...]) -> Expected:
    """What this computer has: its software, and what it sees under some paths."""
    return Expected(software_here(), [[str(path), _size(path)] for path in paths])


def difference(expected: Expected) -> str:
    """How this computer differs, as a sentence; empty if it does not."""
    own = software_here()
    where = f"The worker on {socket.gethostname()}"
    for name, wanted in expected.software.items():
        if own.get(name, "none") != wanted:
            return (
                f"{where} has {name} {own.get(name, 'none')}, and the computer that asks has "
                f"{wanted}: results could differ. Install the same versions on both."
            )
    for path, size in expected.files:
        try:
            is_same = _size(Path(path)) == size
        except OSError:
            is_same = False
        if not is_same:
            return (
                f"{where} does not see {path} as the computer that asks does; mount the folder "
                "there under the same path, or leave this worker out."
            )
    return ""


def _size(path: Path) -> int | None:
    """Raises OSError where there is nothing."""
    stat = path.stat()
    return None if path.is_dir() else stat.st_size
