"""Names that people give to clusters, beside the numbers that a run gives them."""

from __future__ import annotations

from collections.abc import Mapping

from clam_core.errors import StudyError
from clam_core.study import atomic
from clam_core.study.runs import Run

NAMES = "names.json"
MOST_LETTERS = 60


def read_names(run: Run) -> dict[int, str]:
    """Name of each cluster (from 1) that has been given one."""
    path = run.folder / NAMES
    if not path.is_file():
        return {}
    names = atomic.read_json(path).items()
    return {int(number): str(name) for number, name in names if number.isdecimal()}


def write_names(run: Run, names: Mapping[int, str]) -> None:
    """Replace the names of a run's clusters.

    Args:
        run: A fitted run.
        names: Cluster (from 1) to its name; an empty one takes the name away.

    Raises:
        StudyError: If there is no such cluster, a name is too long, or two clusters
            would have the same one.
        BusyError: If another process works on the run.
    """
    given = {number: " ".join(name.split()) for number, name in names.items() if name.strip()}
    n_clusters = run.info().n_clusters
    unknown = [number for number in given if not 1 <= number <= n_clusters]
    if unknown:
        raise StudyError(
            f"The run {run.name!r} has clusters 1 to {n_clusters}; there is no cluster "
            f"{unknown[0]} to name."
        )
    for number, name in given.items():
        if len(name) > MOST_LETTERS or not name.isprintable():
            raise StudyError(
                f"The name of cluster {number} cannot be used; give plain text of at most "
                f"{MOST_LETTERS} letters."
            )
    if len({name.casefold() for name in given.values()}) < len(given):
        raise StudyError("Two clusters would have the same name; choose another for one of them.")
    with run.lock():
        atomic.write_json(run.folder / NAMES, {str(n): given[n] for n in sorted(given)})


def cluster_label(number: int, names: Mapping[int, str]) -> str:
    """How a cluster is called on a page: its number, and its name where it has one."""
    name = names.get(number, "")
    return f"{number}: {name}" if name else f"Cluster {number}"
