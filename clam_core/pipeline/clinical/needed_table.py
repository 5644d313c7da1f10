"""The clinical table for a step that cannot do without one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.errors import MissingStepError
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo


def needed_table(study: Study) -> tuple[pd.DataFrame, list[ColumnInfo], dict[str, Any]]:
    """Clinical table (indexed by scan or subject id), what its columns are, and its description.

    Raises:
        MissingStepError: If none has been imported.
    """
    stored = study.clinical()
    if stored is None:
        raise MissingStepError(
            f"The study {study.name!r} has no clinical table; import one with the step 'clinical' "
            "first."
        )
    frame, description = stored
    columns = [ColumnInfo.from_json(one) for one in description["columns"]]
    return frame, columns, description
