"""What the server's log says of a fault: its kind and its place in the code, no values."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parents[2]


class _WithoutValues:
    """Makes records of the log; the text of an exception may name a path or a person.

    Args:
        make: Makes them otherwise.
    """

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *given: Any, **named: Any) -> logging.LogRecord:  # noqa: ANN401
        record = self._make(*given, **named)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg, record.args = f"{type(error).__name__} at {_place(error)}", ()
            record.exc_info = None
        return record


def scrub_log() -> None:
    """Keep the texts of exceptions out of every log of this process; once is enough."""
    st.set_option("logger.enableRich", value=False)  # prints past the log
    make = logging.getLogRecordFactory()
    if not isinstance(make, _WithoutValues):
        logging.setLogRecordFactory(_WithoutValues(make))


def _place(error: BaseException) -> str:
    """Where it happened: the innermost line of our own code, else the innermost of all."""
    frames = [
        (Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
    ]
    own = [
        (path.relative_to(_HERE), line)
        for path, line in frames
        if path.is_relative_to(_HERE) and "site-packages" not in path.parts
    ]
    file, line = (own or [(Path(path.name), line) for path, line in frames] or [(Path("?"), 0)])[-1]
    return f"{file.as_posix()}:{line}"
