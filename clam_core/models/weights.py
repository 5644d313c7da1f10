"""Models as named tensors and plain values, for a file without pickles, and back."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

import torch
from torch import Tensor

from clam_core.errors import AlignmentError, StudyError
from clam_core.models.autoencoder import Autoencoder
from clam_core.models.brought.encoder import BroughtFeatures, CalledEncoder
from clam_core.models.cluster_model import ClusterModel
from clam_core.models.features import Features, LatentFeatures
from clam_core.models.heads import GaussianHead, Head, MixtureHead, StudentHead
from clam_core.models.profile_features import ProfileFeatures, ProfileKind
from clam_core.models.zonal_features import ZonalFeatures, ZonalKind
from clam_core.settings import NetworkSettings
from clam_core.settings.on_disk import read_stored


def describe_model(model: ClusterModel) -> dict[str, Any]:
    """Everything about a model that is not a tensor, as JSON values."""
    features = model.features
    if isinstance(features, BroughtFeatures):
        grid = list(model.autoencoder.grid)
        return {"grid": grid, "features": features.kind, "head": model.head.kind}
    return {
        "grid": list(model.autoencoder.grid),
        "network": model.autoencoder.settings.model_dump(),
        "features": features.kind,
        "profiles": asdict(features.how) if isinstance(features, ProfileFeatures) else None,
        "zonal": asdict(features.how) if isinstance(features, ZonalFeatures) else None,
        "head": model.head.kind,
    }


def model_tensors(model: ClusterModel) -> dict[str, Tensor]:
    """All parameters and buffers by name, on the processor, contiguous."""
    state = model.state_dict()
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}


def rebuild_model(
    description: dict[str, Any], tensors: dict[str, Tensor], encoder: CalledEncoder | None = None
) -> ClusterModel:
    """A model from its description and its tensors.

    Args:
        description: What `describe_model` gave.
        tensors: What `model_tensors` gave.
        encoder: The encoder that was brought along, where the description names one.

    Returns:
        The model in evaluation mode.

    Raises:
        StudyError: If the description names a kind that this version does not know, or
            a tensor is missing.
        AlignmentError: If a tensor has another shape than the description says.
    """
    try:
        autoencoder = encoder or Autoencoder(
            tuple(description["grid"]),
            read_stored(NetworkSettings, description["network"], "The description of the network"),
        )
        features = _features(description, tensors)
        model = ClusterModel(autoencoder, features, _head(description["head"], tensors))
    except KeyError as error:
        raise StudyError(
            f"The weights of this run lack {error.args[0]!r}; they are damaged or of another "
            "version. Fit the run again."
        ) from None
    _check(model.state_dict(), tensors)
    with torch.no_grad():
        model.load_state_dict(tensors)
    return model.eval()


def _features(description: dict[str, Any], tensors: dict[str, Tensor]) -> Features:
    if description["features"] == ProfileFeatures.kind:
        names = ("reference", "readout", "mean", "components")
        profiles = ProfileKind(**_known(ProfileKind, description["profiles"]))
        return ProfileFeatures(profiles, *(tensors[f"features.{name}"] for name in names))
    if description["features"] == ZonalFeatures.kind:
        names = ("floor", "knots", "mean", "components")
        zonal = ZonalKind(**_known(ZonalKind, description["zonal"]))
        # A list in the file.
        zonal = replace(zonal, edges=tuple(zonal.edges))
        return ZonalFeatures(zonal, *(tensors[f"features.{name}"] for name in names))
    if description["features"] == BroughtFeatures.kind:
        return BroughtFeatures(
            *(tensors[f"features.{name}"] for name in ("mean", "sd", "components"))
        )
    if description["features"] == LatentFeatures.kind:
        return LatentFeatures(tensors.get("features.mean"), tensors.get("features.directions"))
    raise KeyError(description["features"])


def _known(kind: type[ProfileKind | ZonalKind], stored: dict[str, Any]) -> dict[str, Any]:
    """Stored values that this version knows; missing ones take the default."""
    known = {field.name for field in fields(kind)}
    return {name: stored[name] for name in known & stored.keys()}


def _head(kind: str, tensors: dict[str, Tensor]) -> Head:
    if kind == StudentHead.kind:
        return StudentHead(tensors["head.centers"], float(tensors["head.scale"]))
    if kind == MixtureHead.kind:
        names = ("centers", "variances", "weights")
        return MixtureHead(*(tensors[f"head.{name}"] for name in names))
    if kind == GaussianHead.kind:
        names = ("centers", "whitening", "log_weights")
        return GaussianHead(*(tensors[f"head.{name}"] for name in names))
    raise KeyError(kind)


def _check(own: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    for name, value in own.items():
        if given[name].shape != value.shape:
            raise AlignmentError(
                f"The weights {name!r} have the shape {tuple(given[name].shape)}, but this run's "
                f"network needs {tuple(value.shape)}; they belong to another run."
            )
