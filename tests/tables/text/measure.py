"""Read the files named as arguments; print message, CPU seconds and growth of memory of each.

Run as a process of its own, so that the peak of its memory is that of the reading.
"""

import json
import sys
import time
from pathlib import Path

from clam_core.errors import ClamError
from clam_core.sandbox.worker import limit_memory
from clam_core.tables.read_table import read_table
from tests.memory import peak_mb


def main() -> None:
    first, *others = map(Path, sys.argv[1:])
    read_table(first)  # imports what a workbook needs
    before = peak_mb()
    limit_memory(2 << 30)
    for path in others:
        start = time.process_time()
        try:
            message = f"read: {read_table(path).rows}"
        except ClamError as error:
            message = f"{type(error).__name__}: {error}"
        seconds = time.process_time() - start
        print(json.dumps([path.name, message, seconds, peak_mb() - before]))  # noqa: T201


if __name__ == "__main__":
    main()
