"""Named selections of a run's scans."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from clam_core.errors import StudyError
from clam_core.study import atomic
from clam_core.study.runs import Run

SELECTIONS = "selections.json"
MOST_LETTERS, MOST_SELECTIONS = 60, 200


def read_selections(run: Run) -> dict[str, tuple[str, ...]]:
    """Ids of each selection by its name, in the order in which they were made."""
    path = run.folder / SELECTIONS
    if not path.is_file():
        return {}
    return {
        str(name): tuple(str(one) for one in ids) for name, ids in atomic.read_json(path).items()
    }


def keep_selection(run: Run, name: str, scan_ids: Iterable[str]) -> None:
    """Keep a selection under a name; one of that name is replaced.

    Args:
        run: A fitted run.
        name: At most 60 letters.
        scan_ids: Scans of the run, one at least.

    Raises:
        StudyError: If the name or an id cannot be used, or there are too many selections.
        BusyError: If another process works on the run.
    """
    called = " ".join(name.split())
    ids = list(dict.fromkeys(scan_ids))
    unknown = [one for one in ids if one not in run.scans().index]
    if not called or len(called) > MOST_LETTERS or not called.isprintable():
        raise StudyError(f"Give the selection a name of at most {MOST_LETTERS} letters.")
    if unknown:
        raise StudyError(f"The run {run.name!r} has no scan {unknown[0]!r}.")
    if not ids:
        raise StudyError("Nothing is selected, so there is nothing to keep.")
    with run.lock():
        kept = {one: list(them) for one, them in read_selections(run).items()}
        if called not in kept and len(kept) >= MOST_SELECTIONS:
            raise StudyError(f"There are {MOST_SELECTIONS} selections already; remove one first.")
        atomic.write_json(run.folder / SELECTIONS, kept | {called: ids})


def forget_selection(run: Run, name: str) -> None:
    """Remove a selection; nothing happens where there is none of that name."""
    with run.lock():
        kept = {one: list(them) for one, them in read_selections(run).items() if one != name}
        atomic.write_json(run.folder / SELECTIONS, kept)


def selections_table(run: Run) -> pd.DataFrame:
    """One row per scan of the run, a column of yes and no for each selection.

    Imported as a clinical table, or joined to one, every selection is a variable.
    """
    index = pd.Index(run.scans().index, name="scan_id")
    kept = read_selections(run)
    columns = {
        name: ["yes" if one in set(ids) else "no" for one in index] for name, ids in kept.items()
    }
    return pd.DataFrame(columns, index=index).reset_index()
