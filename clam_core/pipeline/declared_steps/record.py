"""Options of a step from the JSON values in the record of a job."""

from __future__ import annotations

from typing import Any

from clam_core.errors import SettingsError
from clam_core.pipeline.declared_steps.declaration import REQUIRED, Parameter, Step


def options_from_record(step: Step, record: object) -> dict[str, Any]:
    """Check the values of a record and give them the types that the step takes.

    A value may also be written as on the command line: `"64,64,48"` for `[64, 64, 48]`.

    Args:
        step: The step.
        record: Values by name of the option; those that are left out are not in the result.

    Returns:
        Options to call the step with.

    Raises:
        SettingsError: If an option is not known, missing, of the wrong kind or out of range.
    """
    if not isinstance(record, dict):
        raise SettingsError(f"The options of {step.name!r} are no names with values: {record!r}.")
    known = {parameter.name: parameter for parameter in step.parameters}
    unknown = [name for name in record if name not in known]
    if unknown:
        raise SettingsError(
            f"The step {step.name!r} has no option {unknown[0]!r}; it has {', '.join(known)}."
        )
    given = {**step.in_app, **record}
    missing = [one.name for one in known.values() if one.default is REQUIRED]
    missing = [name for name in missing if name not in given]
    if missing:
        raise SettingsError(f"The step {step.name!r} needs the option {missing[0]!r}.")
    return _checked([known[name] for name in given], given)


def _checked(parameters: list[Parameter], given: dict[str, Any]) -> dict[str, Any]:
    """The values, checked as all settings are."""
    from pydantic import Field, create_model

    from clam_core.settings import Settings

    fields: dict[str, Any] = {
        one.name: (one.kind, Field(ge=one.option.lowest, le=one.option.highest))
        for one in parameters
    }
    model = create_model("Options", __base__=Settings, **fields)
    values = model(**{one.name: _read(one, given[one.name]) for one in parameters})
    return {one.name: getattr(values, one.name) for one in parameters}


def _read(parameter: Parameter, value: Any) -> Any:  # noqa: ANN401
    """What is written as on the command line is read as there."""
    written = parameter.option.written
    is_typed = isinstance(value, str | int) and not isinstance(value, bool)
    if written is None or written.is_repeated or not is_typed:
        return value
    return written.read(str(value))
