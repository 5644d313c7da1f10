"""The most memory that this process has used."""

import re
import sys
from pathlib import Path


def peak_mb():
    """In MB.

    Linux carries `ru_maxrss` over from the parent when a process is started, so that
    one started by a large test run would seem large itself; its own status does not.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024
    import resource

    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
