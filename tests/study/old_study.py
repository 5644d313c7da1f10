"""The study that version 0.1.0 wrote, see before_migration.md."""

import json
import tarfile
from pathlib import Path

from clam_core.files.file_ref import FileRef
from clam_core.pipeline.scans.sources import Source
from clam_core.settings import FitSettings, NetworkSettings, PreprocessSettings, TrainSettings
from clam_core.study import Study

PACKED = Path(__file__).parent / "before_migration.tar.xz"
PREPARED = PreprocessSettings(grid=(12, 12, 12))
FITTED = FitSettings(
    network=NetworkSettings(channels=(4, 8), n_latent=4),
    train=TrainSettings(epochs=4),
    n_features=3,
    seed=1,
)


def unpack(root):
    """The study, in a folder of its own below `root`."""
    with tarfile.open(PACKED) as packed:
        packed.extractall(root, filter="data")
    return Study(root / "before")


def sources(root):
    """Its scans as `preprocess` found them then, without the files."""
    stamps = json.loads((root / "stamps.json").read_text())
    return {
        scan_id: Source(
            files=(FileRef(Path(scan[0])),),
            masks=(FileRef(Path(mask[0])),),
            mask_format="nifti",
            private=frozenset(),
            stamps=(tuple(scan), tuple(mask)),
            missing=frozenset(),
        )
        for scan_id, (scan, mask) in stamps.items()
    }


def edit(path, change):
    """Let a function change the content of a JSON file."""
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
