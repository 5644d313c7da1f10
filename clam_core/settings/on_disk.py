"""Settings that were stored by this or another version: how they are read and compared.

What a person types is read strictly (`Settings`). What was stored is read kindly: an unknown
name is left out, a missing one is filled in. Two settings are compared after that, never as
the text that was stored. Fingerprints are made of `canonical`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic.fields import FieldInfo
from pydantic_core import to_json

from clam_core.errors import StudyError
from clam_core.settings.base import Settings

S = TypeVar("S", bound=Settings)

BEFORE = "before"
"""In a field's `json_schema_extra`: the value that does what was done before there was such a
field. It is needed only where that is not the field's default."""

FIRST_FIELDS: dict[str, tuple[str, ...]] = {
    "PreprocessSettings": (
        *("grid", "spacing_mm", "mask", "crop", "margin_mm", "intensity_factor"),
    ),
    "ScaleSettings": ("window", "background", "align_brightness", "trim_rim"),
    "NetworkSettings": ("channels", "n_latent", "slope", "output"),
    "TrainSettings": (
        *("epochs", "batch_size", "learning_rate", "weight_decay", "schedule", "noise_sd"),
        *("shift_voxels", "patience", "seed"),
    ),
    "RefineSettings": (
        *("epochs", "clustering_weight", "refresh_every", "learning_rate", "batch_size"),
        *("tolerance", "seed"),
    ),
    "FitSettings": (
        *("method", "n_clusters", "network", "scale", "train", "refine", "kernel"),
        *("n_features", "feature_layer", "smooth", "mirror", "plane", "seed"),
    ),
    "LocalizeSettings": (
        *("variant", "layer", "target", "n_steps", "max_steps", "channels", "chunk"),
        *("occlusion_voxels", "seed"),
    ),
}
"""What fingerprints of version 0.1.0 hold, in the order of that time. Never changed: a field
that is added later is not added here."""


def read_stored(kind: type[S], values: object, where: str) -> S:
    """Settings from what was stored of them.

    Args:
        kind: Their class.
        values: Names and values as they come out of a JSON file.
        where: What holds them, for the message, such as `'run.json' of the run 'r'`.

    Returns:
        The settings: unknown names are left out. A missing field gets the value that does
        what was done before there was such a field.

    Raises:
        StudyError: If they are damaged.
    """
    try:
        return kind(**_known(kind, values))
    except (TypeError, ValueError) as error:
        raise StudyError(f"{where} is damaged; put it back from a copy of the study.") from error


def is_same(stored: object, settings: Settings) -> bool:
    """Whether stored values mean these settings; damaged ones mean none."""
    try:
        return read_stored(type(settings), stored, "") == settings
    except StudyError:
        return False


def canonical(settings: Settings) -> str:
    """The text of settings that a fingerprint is made of.

    Fields of version 0.1.0 are always in it, as that version wrote them. A later field is
    left out where it does what was done before it came, so that it changes no fingerprint.
    """
    return to_json(_told(settings)).decode()


def _told(settings: Settings) -> dict[str, object]:
    values = {name: getattr(settings, name) for name in _told_fields(settings)}
    return {
        name: _told(value) if isinstance(value, Settings) else value
        for name, value in values.items()
    }


def _told_fields(settings: Settings) -> Iterator[str]:
    """Names in the order in which a fingerprint holds them."""
    fields = type(settings).model_fields
    first = _first_fields(type(settings))
    yield from first
    for name in sorted(fields.keys() - set(first)):
        if getattr(settings, name) != _before(fields[name]):
            yield name


def _first_fields(kind: type[Settings]) -> tuple[str, ...]:
    named = (FIRST_FIELDS[one.__name__] for one in kind.__mro__ if one.__name__ in FIRST_FIELDS)
    return next(named, ())


def _known(kind: type[Settings], values: object) -> dict[str, Any]:
    """The values whose names a class knows, those of settings within it as well."""
    if not isinstance(values, Mapping):
        raise TypeError
    found = {}
    for name, field in kind.model_fields.items():
        if name in values:
            inner = _settings_in(field.annotation)
            nested = inner is not None and isinstance(values[name], Mapping)
            found[name] = _known(inner, values[name]) if inner and nested else values[name]
        elif BEFORE in _extra(field):
            found[name] = _before(field)
    return found


def _settings_in(annotation: object) -> type[Settings] | None:
    """The class of settings that a field holds, such as that of `PreprocessSettings | None`."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, Settings):
            return one
    return None


def _before(field: FieldInfo) -> object:
    return _extra(field).get(BEFORE, field.get_default(call_default_factory=True))


def _extra(field: FieldInfo) -> Mapping[str, Any]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, Mapping) else {}
