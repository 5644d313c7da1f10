"""Hospital numbers of a table, which the study knows only as codes: what makes these codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from clam_core.errors import MissingKeyError
from clam_core.files.personal_names import SUBJECT_CODE, code
from clam_core.study import Study
from clam_core.tables.near_misses import IdHash

_WITHOUT = (
    "hospital numbers of a table cannot be recognised (ids as the study spells them are matched)"
)


@dataclass(frozen=True)
class NumberCodes:
    """How hospital numbers become the ids of subjects.

    Attributes:
        id_hash: From a number to its code; None where the key is not on this machine.
        missing: That it is not, and how to bring it; empty where nothing is missed.
    """

    id_hash: IdHash | None
    missing: str = ""

    def check(self, n_matched: int, n_scans: int, *, is_named: bool) -> tuple[str, ...]:
        """What to add to the result of a join that could not use the key.

        Args:
            n_matched: Scans that have a row.
            n_scans: All scans.
            is_named: Whether a person has named the column with the ids.

        Raises:
            MissingKeyError: If so few scans have a row that the ids were hardly recognised.
        """
        if self.missing and 2 * n_matched < n_scans and not is_named:
            raise MissingKeyError(self.missing)
        return (self.missing,) if self.missing else ()


def number_codes(study: Study) -> NumberCodes:
    """What makes the codes of this study; only one that holds such codes misses a key."""
    try:
        return NumberCodes(partial(code, study.key(_WITHOUT), prefix="sub-"))
    except MissingKeyError as error:
        has_codes = study.scans()["subject_id"].astype(str).str.fullmatch(SUBJECT_CODE).any()
        return NumberCodes(None, str(error) if has_codes else "")
