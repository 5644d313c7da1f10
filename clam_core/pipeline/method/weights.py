"""Weights of a run: the model and the scale of its input in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from clam_core.errors import NoNetworkError, StudyError
from clam_core.files.file_digest import digest_of_file
from clam_core.localization import Reference
from clam_core.models import ClusterModel, model_tensors, rebuild_model
from clam_core.models.brought.encoder import CalledEncoder
from clam_core.study import Run
from clam_core.study.seals import SEAL, BrokenSealError
from clam_core.training import InputScale

_SCALE, _BACKDROP = "scale.", "backdrop."


def pack(model: ClusterModel, scale: InputScale) -> bytes:
    """The content of a run's weights."""
    tensors = model_tensors(model)
    tensors |= {_SCALE + name: value.contiguous() for name, value in scale.tensors().items()}
    return sealed(tensors)


def pack_reference(reference: Reference) -> bytes:
    """The content of the file that keeps the cohort's medians."""
    return sealed(reference_tensors(reference))


def reference_tensors(reference: Reference) -> dict[str, Tensor]:
    """The cohort's medians as named tensors; the inverse of `reference_from`."""
    counts = torch.tensor([reference.layer, reference.n_scans, reference.n_used])
    parts = {"activation": reference.activation, "image": reference.image, "counts": counts}
    for (cluster, other), nodes in reference.backdrop.items():
        # safetensors has names only: the question is in the name, empty for "all others".
        parts[f"{_BACKDROP}{cluster}.{'' if other is None else other}"] = nodes
    return {name: value.detach().cpu().contiguous() for name, value in parts.items()}


def sealed(tensors: dict[str, Tensor]) -> bytes:
    """A safetensors file that carries the digest of itself without the digest.

    Args:
        tensors: By name, on the processor, contiguous.
    """
    return save(tensors, metadata={SEAL: hashlib.sha256(save(tensors)).hexdigest()})


def _seal_of(content: bytes) -> str | None:
    """The digest in the head of a safetensors file; None in one from before seals."""
    n_bytes = int.from_bytes(content[:8], "little")  # the format begins with the head's length
    found = json.loads(content[8 : 8 + n_bytes]).get("__metadata__", {}).get(SEAL)
    return None if found is None else str(found)


def load_reference(run: Run) -> Reference:
    """The cohort's medians that the stored maps were made against.

    Raises:
        MissingStepError: If no map has been made yet.
        StudyError: If the file is damaged.
    """
    return reference_from(_load(run.reference(), run))


def reference_from(parts: Mapping[str, Tensor]) -> Reference:
    """The cohort's medians of named tensors."""
    layer, n_scans, n_used = (int(value) for value in parts["counts"])
    backdrop = {}
    for name in (name for name in parts if name.startswith(_BACKDROP)):
        cluster, other = name.removeprefix(_BACKDROP).split(".")
        backdrop[int(cluster), int(other) if other else None] = parts[name]
    return Reference(layer, parts["activation"], parts["image"], n_scans, n_used, backdrop)


def load_model(run: Run) -> tuple[ClusterModel, InputScale]:
    """Model and scale of a run.

    Raises:
        NoNetworkError: If it groups numbers that were brought along.
        StudyError: If the weights are damaged, or do not belong to the run.
        AlignmentError: If a tensor has another shape than the run says.
    """
    if run.info().given is not None:
        raise NoNetworkError(f"The run {run.name!r} groups numbers of a table and has no network.")
    tensors = load_tensors(run)
    scale = {
        name.removeprefix(_SCALE): value
        for name, value in tensors.items()
        if name.startswith(_SCALE)
    }
    rest = {name: value for name, value in tensors.items() if not name.startswith(_SCALE)}
    model = rebuild_model(run.info().model, rest, _encoder(run))
    return model, InputScale.from_tensors(scale)


def _encoder(run: Run) -> CalledEncoder | None:
    """The encoder that was brought along, not yet started."""
    about = run.info().encoder
    if about is None:
        return None
    path = run.encoder()
    if digest_of_file(path) != about.digest:
        raise StudyError(f"The encoder of the run {run.name!r} is damaged; fit it again.")
    return CalledEncoder(path, tuple(run.info().model["grid"]), about.name, about.at_once)


def load_tensors(run: Run) -> dict[str, Tensor]:
    """The weights of a run by name.

    Raises:
        StudyError: If the file is damaged.
    """
    return _load(run.weights(), run)


def _load(path: Path, run: Run) -> dict[str, Tensor]:
    try:
        content = path.read_bytes()
        tensors, seal = load(content), _seal_of(content)
        if seal is not None and seal != hashlib.sha256(save(tensors)).hexdigest():
            raise BrokenSealError
        return tensors
    except (OSError, SafetensorError, ValueError) as error:
        raise StudyError(
            f"{path.name!r} of the run {run.name!r} is missing or damaged; fit it again."
        ) from error
