"""Step `reading-protocol`: what is read, by whom, and the maps that are rated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from clam_core.errors import SettingsError, StudyError
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.reading.rated_maps import make_rated_maps, mappable
from clam_core.pipeline.summary import Summary
from clam_core.reading_study.protocol import (
    CONTROL_KINDS,
    ControlKind,
    Item,
    Protocol,
    RatedMaps,
)
from clam_core.reading_study.ready_items import READY_ITEMS
from clam_core.study import Run, Study
from clam_core.study.readings.reading import create_reading
from clam_core.wording import plural


@dataclass(frozen=True)
class ProtocolWish:
    """What a person says of a reading study.

    Attributes:
        name: Name of the reading study.
        readers: Their names or initials.
        items: Name of a set of items, a JSON file with a list of them, or that list itself.
        scans: Ids; None are all that are ready.
        n_scans: So many of them, drawn at random; None are all.
        repeats: Share that comes twice.
        agreed: `mean`, `median` or the name of a reader.
        maps_of: Run whose maps are rated afterwards; empty for none.
        n_maps: So many maps at the most.
        controls: Kinds of control maps.
        title: What it is about.
        seed: Same seed, same order and same draw.
    """

    name: str
    readers: Sequence[str]
    items: str | Path | Sequence[Item] = "fibrosis"
    scans: Sequence[str] | None = None
    n_scans: int | None = None
    repeats: float = 0.1
    agreed: str = "mean"
    maps_of: str = ""
    n_maps: int = 40
    controls: Sequence[ControlKind] = CONTROL_KINDS
    title: str = ""
    seed: int = 0


def make_protocol(study: Study, wish: ProtocolWish, progress: Progress = silent) -> Summary:
    """Make a reading study; it can be made anew until the first answer.

    Args:
        study: A study with scans that are ready.
        wish: What is read.
        progress: Told what is going on.

    Returns:
        What was made, in sentences.

    Raises:
        SettingsError: If the wish makes no protocol.
        StudyError: If a scan is not ready, or answers have been given under this name.
    """
    rng = np.random.default_rng(wish.seed)
    scans = _scans(study, wish, rng)
    rated, maps = None, None
    if wish.maps_of:
        rated = _rated(study, wish, scans, rng)
        maps = make_rated_maps(study, rated, wish.seed, progress)
    protocol = Protocol(
        title=wish.title,
        items=_items(wish.items),
        readers=tuple(wish.readers),
        scans=tuple(scans),
        repeats=wish.repeats,
        seed=wish.seed,
        agreed=wish.agreed,
        maps=rated,
        made=datetime.now(UTC).date().isoformat(),
    )
    made = create_reading(study, wish.name, protocol, maps)
    n_cases = len(made.cases(protocol.readers[0]))
    sentences = [
        f"The reading study {wish.name!r} has {plural(len(scans), 'scan')} and "
        f"{plural(len(protocol.readers), 'reader')}; each reads {plural(n_cases, 'case')} of "
        f"{plural(len(protocol.questions), 'value')}."
    ]
    if rated is not None:
        sentences.append(
            f"Then {2 * len(rated.scans)} maps are rated; half of them are controls, unmarked."
        )
    values = {"name": wish.name, "n_scans": len(scans), "n_cases": n_cases,
              "readers": list(protocol.readers), "digest": protocol.digest}  # fmt: skip
    return Summary(tuple(sentences), values)


def _scans(study: Study, wish: ProtocolWish, rng: np.random.Generator) -> list[str]:
    ready = study.ready()
    wanted = ready if wish.scans is None else list(wish.scans)
    unknown = [scan_id for scan_id in wanted if scan_id not in set(ready)]
    if unknown:
        raise StudyError(f"Scan {unknown[0]!r} is not ready in the study {study.name!r}.")
    if wish.n_scans is not None and wish.n_scans > len(wanted):
        raise SettingsError(
            f"There are {len(wanted)} scans to draw from, not {wish.n_scans}; ask for fewer."
        )
    if wish.n_scans is not None and wish.n_scans < len(wanted):
        chosen = set(rng.choice(len(wanted), wish.n_scans, replace=False).tolist())
        wanted = [scan_id for place, scan_id in enumerate(wanted) if place in chosen]
    if len(wanted) < 2:
        raise SettingsError("A reading study needs at least two scans that are ready.")
    return wanted


def _rated(
    study: Study, wish: ProtocolWish, scans: list[str], rng: np.random.Generator
) -> RatedMaps:
    run = Run(study, wish.maps_of)
    usable = mappable(run, scans)
    if len(usable) < 2:
        raise SettingsError(
            f"The run {run.name!r} has stored maps of {plural(len(usable), 'scan')} of this "
            "reading study, and two are needed; run the step 'localize' first."
        )
    if not wish.n_maps >= 2:
        raise SettingsError("At least two maps have to be rated.")
    drawn = rng.permutation(usable)[: wish.n_maps].tolist()
    kinds = [kind for kind in CONTROL_KINDS if kind in set(wish.controls)]
    if not kinds or set(wish.controls) - set(CONTROL_KINDS):
        raise SettingsError(f"Controls are {', '.join(CONTROL_KINDS)}; name at least one.")
    return RatedMaps(
        run=wish.maps_of,
        scans=tuple(drawn),
        controls=tuple(kinds[place % len(kinds)] for place in range(len(drawn))),
    )


def _items(given: str | Path | Sequence[Item]) -> tuple[Item, ...]:
    if not isinstance(given, str | Path):
        return tuple(given)
    if str(given) in READY_ITEMS:
        return READY_ITEMS[str(given)]
    if str(given).lstrip().startswith("["):
        return _from_json(str(given), "The list of items")
    path = Path(given)
    if not path.is_file():
        raise SettingsError(
            f"There are no items {str(given)!r}; choose {', '.join(READY_ITEMS)}, or give a JSON "
            "file with a list of items."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path.name!r} cannot be read as text ({error}).") from error
    return _from_json(text, repr(path.name))


def _from_json(text: str, where: str) -> tuple[Item, ...]:
    try:
        values: Any = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{where} is no JSON ({error}).") from error
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise SettingsError(f"{where} must be a list of items, each with name and label.")
    return tuple(Item(**{str(key): value for key, value in one.items()}) for one in values)
