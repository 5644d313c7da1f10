"""StudyInfo: what study.json says, whichever version has written it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from clam_core import __version__
from clam_core.errors import StudyError
from clam_core.settings import PreprocessSettings, Settings, Unit
from clam_core.settings.on_disk import read_stored
from clam_core.study import atomic
from clam_core.study.json_files.migrate import STUDIES

STUDY = "study.json"
SCHEMA_VERSION = STUDIES.present


class Prepared(Settings):
    """What `preprocess` made.

    Attributes:
        settings: The grid, the mask and the crop.
        fingerprint: Names the volumes; the digest of settings and files that they were first
            made of. Runs know their volumes by it.
        n_ready: Number of scans that have a volume.
        files: Digest of settings and files as they lie now, where these were moved or copied
            and gave the same volumes; empty where it is the fingerprint.
    """

    settings: PreprocessSettings
    fingerprint: str
    n_ready: int
    files: str = ""


class StudyInfo(Settings):
    """Content of study.json.

    Attributes:
        schema_version: Version of the layout of the folder.
        version: Version of this software that made the study.
        spatial_dims: 2 or 3 axes per scan.
        modality: `CT`, `MR`, `picture`, ...
        unit: `HU` or `arbitrary`.
        scans_root: Folder (or parent of the archive) below which the sources lie.
        key_id: Names the key by which names and hospital numbers became codes (`key_files`).
        key: The key itself, where an older version left it in the study; never written.
        prepared: What preprocessing made; None before it.
        found: What the layout of the scans' folder told, one sentence each.
    """

    schema_version: int = SCHEMA_VERSION
    version: str = __version__
    spatial_dims: int
    modality: str
    unit: Unit
    scans_root: str
    key_id: str
    key: str = Field(default="", exclude=True, repr=False)
    prepared: Prepared | None = None
    found: tuple[str, ...] = ()


def read_info(folder: Path) -> StudyInfo:
    """Content of the study.json in a folder.

    Raises:
        StudyError: If it is damaged, or was made by a newer version.
    """
    values = STUDIES.read(atomic.read_json(folder / STUDY), folder.name)
    return read_stored(StudyInfo, values, f"{STUDY!r} of the study {folder.name!r}")


def refuse_newer(folder: Path) -> None:
    """Leave the files of a newer version as they are, also those that wait for their places.

    Raises:
        StudyError: If there are any.
    """
    for path in (folder / STUDY, *folder.glob(f"*.partial/{STUDY}")):
        try:
            values = atomic.read_json(path)
        except StudyError:  # what waits may replace it
            continue
        STUDIES.refuse_newer(values, folder.name)
