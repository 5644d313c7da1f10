"""Weights of a run: the model and the scale of its input in one safetensors file."""

from __future__ import annotations

from safetensors import SafetensorError
from safetensors.torch import load, save

from clam_core.errors import StudyError
from clam_core.models import ClusterModel, model_tensors, rebuild_model
from clam_core.study import Run
from clam_core.training import InputScale

_SCALE = "scale."


def pack(model: ClusterModel, scale: InputScale) -> bytes:
    """The content of a run's weights."""
    tensors = model_tensors(model)
    tensors |= {_SCALE + name: value.contiguous() for name, value in scale.tensors().items()}
    return save(tensors)


def load_model(run: Run) -> tuple[ClusterModel, InputScale]:
    """Model and scale of a run.

    Raises:
        StudyError: If the weights are damaged, or do not belong to the run.
        AlignmentError: If a tensor has another shape than the run says.
    """
    try:
        tensors = load(run.weights().read_bytes())
    except (OSError, SafetensorError) as error:
        raise StudyError(
            f"The weights of the run {run.name!r} are missing or damaged; fit it again."
        ) from error
    scale = {
        name.removeprefix(_SCALE): value
        for name, value in tensors.items()
        if name.startswith(_SCALE)
    }
    rest = {name: value for name, value in tensors.items() if not name.startswith(_SCALE)}
    return rebuild_model(run.info().model, rest), InputScale.from_tensors(scale)
