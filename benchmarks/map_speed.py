"""Speed and correctness of activation maps, beside torch-cam and the authors' procedure."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.map_peers import (
    Example,
    has_torch_cam,
    make_example,
    plain_integrated_map,
    plain_paper_map,
    published_map,
    torch_cam_map,
)
from benchmarks.table import Figure, reached
from clam_core.localization import Reference, make_maps, make_reference
from clam_core.settings import LocalizeSettings

GRID = (88, 88, 88)
LAYER = 2
STEPS = (16, 8)
EQUAL = 1e-4
SCAN = "one scan of 88 cubed, 64 channels"
NO_TORCH_CAM = "torch-cam is not installed; requirements-dev.txt has it"
Calls = dict[str, Callable[[], object]]
Seconds = dict[str, list[float]]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread, and give the number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def measure(n_runs: int) -> list[Figure]:
    """Seconds of each kind of map beside others', and the largest error of ours.

    Args:
        n_runs: Runs of everything in turn; medians are quoted.
    """
    with one_thread():
        example = make_example(GRID)
        reference = make_reference(example.model, [example.images], LAYER)
        seconds = interleave(calls(example, reference), n_runs)
        errors = largest_errors(example, reference)
    return [*_paper(seconds), *_integrated(seconds), *_errors(errors)]


def calls(example: Example, reference: Reference) -> Calls:
    """What is timed, by name."""
    makers: Calls = {
        "paper": lambda: make_maps(example.model, example.image, _paper_settings()),
        "published": lambda: published_map(example),
    }
    for n_steps in STEPS:
        settings = _integrated_settings(n_steps)
        makers[f"integrated {n_steps}"] = lambda settings=settings: make_maps(  # type: ignore[misc]
            example.model, example.image, settings, reference
        )
    if has_torch_cam():
        makers["torch-cam"] = lambda: torch_cam_map(example)
        makers["torch-cam, 2 at once"] = lambda: torch_cam_map(example, batch_size=2)
    return makers


def interleave(found: Calls, n_runs: int) -> Seconds:
    """Seconds of every call, one after the other, `n_runs` times, after one round to warm up."""
    seconds: Seconds = {name: [] for name in found}
    for run in range(n_runs + 1):
        for name, call in found.items():
            if run or name != "published":
                begun = time.perf_counter()
                call()
                seconds[name] += [time.perf_counter() - begun] if run else []
    return seconds


def largest_errors(example: Example, reference: Reference) -> dict[str, float]:
    """Largest difference of each map from the plain one, both scaled so that its peak is 1."""
    paper = make_maps(example.model, example.image, _paper_settings()).raw[0]
    integrated = make_maps(
        example.model, example.image, _integrated_settings(STEPS[0]), reference
    ).raw[0]
    return {
        "paper": _difference(paper, plain_paper_map(example)),
        "integrated": _difference(integrated, plain_integrated_map(example, LAYER, STEPS[0])),
    }


def _difference(found: NDArray[np.floating], plain: NDArray[np.floating]) -> float:
    return float(np.abs(found - plain).max() / np.abs(plain).max())


def _paper_settings() -> LocalizeSettings:
    return LocalizeSettings(variant="paper", target=1)


def _integrated_settings(n_steps: int) -> LocalizeSettings:
    return LocalizeSettings(layer=LAYER, target=1, n_steps=n_steps, max_steps=n_steps)


def _how(seconds: Seconds) -> str:
    return f"median of {len(seconds['paper'])}, one thread, all in turn"


def _time(seconds: Seconds, name: str, what: str, note: str = "") -> Figure:
    value = statistics.median(seconds[name])
    return Figure(what, f"{value:.3f} s", how=_how(seconds) + note)


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Median of the ratios, pair by pair."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def _ratio(
    seconds: Seconds, names: tuple[str, str], what: str, target: tuple[str, float]
) -> Figure:
    """A ratio beside its target, or why there is none."""
    ours, theirs = names
    words, at_most = target
    if theirs not in seconds:
        return Figure(what, "", words, "", NO_TORCH_CAM)
    value = ratio(seconds[ours], seconds[theirs])
    return Figure(
        what, f"1 / {1 / value:.1f}", words, reached(value, at_most), "median, pair by pair"
    )


def _paper(seconds: Seconds) -> list[Figure]:
    figures = [_time(seconds, "paper", f"Paper's map of {SCAN}")]
    if "torch-cam" in seconds:
        layer = "ScoreCAM of torch-cam, same network and layer"
        figures.append(_time(seconds, "torch-cam", layer, "; its own batch of 32"))
        figures.append(_time(seconds, "torch-cam, 2 at once", f"{layer}, 2 at once"))
    names = ("paper", "torch-cam")
    figures.append(_ratio(seconds, names, "Paper's map against torch-cam", ("<= 1 / 2", 1 / 2)))
    figures.append(
        _time(seconds, "published", "The authors' procedure: cubic zoom, one prediction a channel")
    )
    names = ("paper", "published")
    figures.append(
        _ratio(seconds, names, "Paper's map against the authors' procedure", ("<= 1 / 30", 1 / 30))
    )
    return figures


def _integrated(seconds: Seconds) -> list[Figure]:
    figures = []
    for n_steps in STEPS:
        name = f"integrated {n_steps}"
        what = f"Integrated map of {SCAN}, layer {LAYER}, {n_steps} steps"
        figures.append(_time(seconds, name, what))
        against = f"Integrated map, {n_steps} steps, against torch-cam"
        figures.append(_ratio(seconds, (name, "torch-cam"), against, ("<= 1 / 10", 1 / 10)))
    return figures


def _errors(errors: dict[str, float]) -> list[Figure]:
    return [
        Figure(
            f"Largest error of the {name} map",
            f"{error:.0e}",
            f"<= {EQUAL:.0e}",
            reached(error, EQUAL),
            "against a plain float64 reimplementation, peak of the map = 1",
        )
        for name, error in errors.items()
    ]
