"""What is said of a run that was fitted, now or before."""

from __future__ import annotations

from clam_core.errors import StudyError
from clam_core.pipeline.summary import Summary
from clam_core.settings import FitSettings
from clam_core.settings.on_disk import is_same
from clam_core.settings.plain_look import plain_sentences
from clam_core.settings.views import view_of
from clam_core.study import Run
from clam_core.wording import plural

LIBRARIES = ("torch", "numpy", "scikit-learn", "umap-learn", "pandas", "zarr")


def known_summary(run: Run, settings: FitSettings, digest: str) -> Summary:
    """What to say of a run that is there already.

    Args:
        run: A fitted run.
        settings: Those that are asked for now.
        digest: Of the volumes that would be fitted now.

    Raises:
        StudyError: If it was fitted with other settings, or on other scans.
    """
    info = run.info()
    if is_same(info.settings, settings) and info.inputs == digest:
        return run_summary(run, ("Nothing to do: this run was fitted with these settings before.",))
    what = "settings" if info.inputs == digest else "scans"
    if info.inputs == digest and settings.given != info.settings.get("given", ""):
        what = "numbers"
    raise StudyError(
        f"There is already a run {run.name!r} with other {what}; choose another name for this one."
    )


def library_versions() -> dict[str, str]:
    """Versions of what computes the numbers of a run."""
    from importlib.metadata import version

    return {name: version(name) for name in LIBRARIES}


def run_summary(run: Run, notes: tuple[str, ...]) -> Summary:
    """Sizes of the clusters of a run, how sure they are, and notes; in words and as values."""
    scans, info = run.scans(), run.info()
    sizes = scans["cluster"].value_counts().sort_index()
    counts = ", ".join(str(int(sizes.get(c, 0))) for c in range(1, info.n_clusters + 1))
    first = (
        f"{plural(len(scans), 'scan')} in {plural(info.n_clusters, 'cluster')} of {counts} "
        f"(method {info.method}, mean confidence {scans['confidence'].mean():.2f})."
    )
    told = plain_sentences(info.plain) if info.plain else []
    values = {
        "run": run.name,
        "method": info.method,
        "view": view_of(info.method),
        "n_clusters": info.n_clusters,
        "sizes": [int(sizes.get(c, 0)) for c in range(1, info.n_clusters + 1)],
        "mean_confidence": float(scans["confidence"].mean()),
        "plain": info.plain.model_dump(mode="json") if info.plain else None,
        "notes": list(notes),
    }
    return Summary((first, *notes, *told), values)
