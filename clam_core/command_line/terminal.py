"""Run a step from the command line: its progress, its sentences, its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Protocol

import typer

from clam_core.errors import ClamError

Progress = Callable[[str, int, int], None]


class Outcome(Protocol):
    """What a step ends with: sentences for people, plain values for programs."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was done and what to know."""

    @property
    def values(self) -> dict[str, Any]:
        """The same as plain JSON values."""

    @property
    def has_failures(self) -> bool:
        """Whether a part of what was asked for failed."""


Step = Callable[[Progress], Outcome]


def run_step(step: Step, *, as_json: bool) -> None:
    """Run a step; print its summary; a mistake of the user is one sentence and exit code 2."""
    meter = _Meter(quiet=as_json)
    try:
        summary = step(meter)
    except ClamError as error:
        meter.close()
        _fail(str(error), 2, as_json=as_json)
    except KeyboardInterrupt:
        meter.close()
        _fail("Stopped. Start the same command again: it goes on from here.", 130, as_json=as_json)
    except Exception as error:
        meter.close()
        if os.environ.get("CLAM_DEBUG"):
            raise
        from clam_core.files.system_errors import as_sentence

        known = as_sentence(error)
        if known is not None:
            _fail(str(known), 2, as_json=as_json)
        text = (
            f"This is a fault of the software ({type(error).__name__}), not of your data; nothing "
            "stored was lost. Set CLAM_DEBUG=1 to see where it happened, and report it."
        )
        _fail(text, 1, as_json=as_json)
    meter.close()
    # A process that only helped another one, under torchrun, has nothing to say.
    if as_json and (summary.values or summary.sentences):
        typer.echo(_dump({**summary.values, "sentences": list(summary.sentences)}))
    else:
        for sentence in summary.sentences:
            typer.echo(sentence)
    if summary.has_failures:
        raise typer.Exit(2)


def _fail(sentence: str, code: int, *, as_json: bool) -> None:
    if as_json:
        typer.echo(_dump({"error": sentence}))
    else:
        typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(code)


def _dump(values: dict[str, Any]) -> str:
    import json

    return json.dumps(values, ensure_ascii=False)


class _Meter:
    """Progress: a bar on a terminal, otherwise one line per stage."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._quiet:
            return
        if stage != self._stage:
            self._begin(stage, total)
        if self._bar is not None:
            self._bar.n = done
            self._bar.refresh()

    def _begin(self, stage: str, total: int) -> None:
        self.close()
        self._stage = stage
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, desc=stage)
        else:
            typer.echo(f"{stage} ({total:,})", err=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
