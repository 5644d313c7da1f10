"""Tickets: what a page hands to its browser, so that it may fetch the voxels of one scan.

The route that serves voxels lies beside Streamlit, past the check that guards every page. A
ticket opens one scan to one visitor for some hours, and says nothing to who reads it in a log.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass

from pages.voxels.visitor_names import visitor_of_session

SECONDS = 12 * 3600
_STEP = 3600
"""Expiry is rounded to it: a page that runs again has the same addresses, and nothing is
fetched twice."""
_MOST = 50_000


@dataclass(frozen=True)
class Ticket:
    """What a ticket opens.

    Attributes:
        user: Who may use it; empty where nobody logs in.
        study: Name of the study's folder.
        scan_id: The scan.
        expires: Seconds since 1970.
    """

    user: str
    study: str
    scan_id: str
    expires: int


class TicketOffice:
    """Makes and checks the tickets of one start of the server."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._made: dict[str, Ticket] = {}
        self._lock = threading.Lock()

    def make(self, user: str, study: str, scan_id: str, now: float) -> str:
        """A text for addresses, without a name in it.

        Args:
            user: Who may use it; empty where nobody logs in.
            study: Name of the study's folder.
            scan_id: One of its scans.
            now: Seconds since 1970.
        """
        expires = int(now) // _STEP * _STEP + _STEP + SECONDS
        ticket = Ticket(user, study, scan_id, expires)
        signed = self._sign(ticket)
        with self._lock:
            if signed not in self._made:
                self._forget(now)
                self._made[signed] = ticket
        return signed

    def check(self, given: str, now: float) -> Ticket | None:
        """What a ticket opens; None if it is none, or too old."""
        with self._lock:
            found = self._made.get(given)
        # As a whole and in constant time; what is in the table is only where to look.
        own = self._sign(found or Ticket("", "", "", 0))
        if not hmac.compare_digest(own.encode(), given.encode("utf-8", "replace")):
            return None
        return found if found is not None and now < found.expires else None

    def _sign(self, ticket: Ticket) -> str:
        # Lengths, so that no two tickets give the same bytes.
        parts = (ticket.user, ticket.study, ticket.scan_id, str(ticket.expires))
        said = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(
            self._key, said.encode("utf-8", "surrogateescape"), hashlib.sha256
        ).hexdigest()

    def _forget(self, now: float) -> None:
        """Drop what has expired, and the oldest where there are too many."""
        if len(self._made) < _MOST:
            return
        kept = [(signed, one) for signed, one in self._made.items() if now < one.expires]
        self._made = dict(kept[-_MOST // 2 :])


OFFICE = TicketOffice()


def make_ticket(user: str, study: str, scan_id: str, now: float) -> str:
    """A ticket of this start of the server, see `TicketOffice.make`."""
    return OFFICE.make(user, study, scan_id, now)


def ticket_of_session(study: str, scan_id: str) -> str:
    """A ticket for the visitor whose page is being made.

    Args:
        study: Name of the study's folder.
        scan_id: One of its scans.
    """
    return make_ticket(visitor_of_session(), study, scan_id, time.time())
