"""A bar below the cell while a step runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from clam_core.pipeline.progress import Progress, silent


@contextmanager
def told(progress: Progress | bool) -> Iterator[Progress]:  # noqa: FBT001
    """Whom a step tells how far it is: a bar, nobody, or a function of the caller's.

    Args:
        progress: True shows a bar that goes when the step ends.
    """
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield silent
        return
    with tqdm(leave=False) as bar:

        def tell(stage: str, done: int, total: int) -> None:
            bar.set_description(stage, refresh=False)
            bar.n, bar.total = done, total
            bar.refresh()

        yield tell
