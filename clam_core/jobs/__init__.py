"""Steps in child processes: start, watch, cancel; their state is on disk."""

from clam_core.jobs.control import cancel, forget, start, state
from clam_core.jobs.record import JobState, Status

__all__ = ["JobState", "Status", "cancel", "forget", "start", "state"]
