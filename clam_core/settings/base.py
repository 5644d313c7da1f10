"""Settings: immutable, validated, one sentence on a bad value."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from clam_core.errors import SettingsError

Unit = Literal["HU", "arbitrary"]

HU_MIN, HU_MAX = -1024, 3071
"""The range that a 12-bit CT scanner stores; voxels beyond it are metal or faults."""


def _plain(message: str) -> str:
    """Pydantic's words without its own prefix."""
    return message.removeprefix("Value error, ")


class Settings(BaseModel):
    """Base of all settings: immutable, no unknown names, one sentence on a bad value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or type(self).__name__
            message = f"Setting {where!r} cannot be used: {_plain(first['msg'])}."
            if first["loc"]:
                message = f"{message[:-1]} (it was {first['input']!r})."
            raise SettingsError(message) from None
