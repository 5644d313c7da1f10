"""JSON files of a study that other versions have written: unknown names do no harm."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clam_core.errors import StudyError
from clam_core.study import atomic

Kinds = Mapping[str, type | tuple[type, ...]]


def read_object(path: Path, needed: Kinds, usual: Mapping[str, Any]) -> dict[str, Any]:
    """Content of a JSON file, with everything that its readers count on.

    Args:
        path: The file.
        needed: Names that it must have, and the kind of their values.
        usual: Names that it may lack, and what that means; a value must be of the same kind.

    Returns:
        The content with missing names filled in; unknown ones are kept.

    Raises:
        StudyError: If it is missing, cut off, or lacks what is needed.
    """
    # Copied deeply, as lists of the defaults would be shared by all who ask.
    values = {**copy.deepcopy(dict(usual)), **atomic.read_json(path)}
    kinds: dict[str, Any] = {**{name: type(value) for name, value in usual.items()}, **needed}
    for name, kind in kinds.items():
        if name not in values or not isinstance(values[name], kind):
            raise StudyError(
                f"{path.name!r} is damaged in this study ({name!r} is missing or of another kind); "
                "make it again, or put it back from a copy of the study."
            )
    return values
