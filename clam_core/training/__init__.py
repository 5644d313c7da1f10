"""Training: the cohort as network input, the two loops, checkpoints, encoding."""

from clam_core.training.checkpoint import CheckpointFile
from clam_core.training.context import Context, EpochReport, Trained
from clam_core.training.distributed import Sync, check_device, open_sync
from clam_core.training.encode import Encoded, encode, encode_with
from clam_core.training.images import CohortImages
from clam_core.training.input_scale import InputScale, fit_input_scale
from clam_core.training.pretrain import pretrain
from clam_core.training.refine import refine
from clam_core.training.source import ScanSource

__all__ = [
    "CheckpointFile",
    "CohortImages",
    "Context",
    "Encoded",
    "EpochReport",
    "InputScale",
    "ScanSource",
    "Sync",
    "Trained",
    "check_device",
    "encode",
    "encode_with",
    "fit_input_scale",
    "open_sync",
    "pretrain",
    "refine",
]
