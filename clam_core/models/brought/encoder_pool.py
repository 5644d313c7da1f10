"""EncoderPool: the child process that calls an encoder, and what its end says."""

from __future__ import annotations

from clam_core import errors
from clam_core.errors import ClamError, EncoderError
from clam_core.sandbox.engine import Reply
from clam_core.sandbox.pool import ENDED, Failure, ReaderPool
from clam_core.settings.encoder_limits import EncoderLimits

CHILD = "clam_core.models.brought.child"


class EncoderPool(ReaderPool):
    """One process with limits that loads an encoder once and calls it.

    Args:
        name: What the encoder is called in messages.
        limits: What it may cost.
    """

    _asks_again = False

    def __init__(self, name: str, limits: EncoderLimits) -> None:
        super().__init__(1, limits.of_process, (CHILD,))
        self._name, self._gib = name, limits.memory_bytes / (1 << 30)

    def _judge(self, failure: Failure) -> Reply:
        """What a failure says about the encoder."""
        known = getattr(errors, failure.kind, None)
        if isinstance(known, type) and issubclass(known, ClamError):
            return Reply(error=known(failure.message))
        said = {
            "MemoryError": f"needs more than the {self._gib:.0f} GiB of memory that it may use; "
            "take a smaller grid (preprocess --grid) or a smaller encoder",
            "overtime": f"took more than the {failure.seconds:.0f} s of processor time that these "
            "scans may take; it hangs, or is too large for this computer",
            "stalled": "stood still and hardly used the processor; start the step again",
            "died": f"made its process stop (code {failure.message}); it may need more memory "
            "than there is, or be damaged",
        }
        rest = said.get(failure.kind, f"cannot be used ({failure.message}); export it again")
        crashed = failure.kind in ENDED
        return Reply(error=EncoderError(f"The encoder {self._name} {rest}."), crashed=crashed)
