"""What `preprocess` says of what it made: how many scans are ready, failed, or worth a look."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from clam_core.pipeline.summary import Summary
from clam_core.wording import plural


def summary_of_prepared(scans: pd.DataFrame, first: str, n_given_up: int = 0) -> Summary:
    """What there is now, from the scans table.

    Args:
        scans: The scans table.
        first: Sentence to begin with; empty: none.
        n_given_up: How many failed only because they might be given up.
    """
    ready = scans[scans["status"] == "ready"]
    failed = scans[scans["status"] == "failed"]
    warned = ready[ready["warnings"] != ""]
    sentences = [first] if first else []
    sentences.append(
        f"{plural(len(ready), 'scan')} ready, {len(failed)} failed, {len(warned)} with a warning."
    )
    if n_given_up:
        sentences.append(f"{plural(n_given_up, 'scan')} given up, as --forget-missing asks.")
    reasons = Counter(failed["reason"])
    sentences += [f"{plural(n, 'scan')} failed: {why}" for why, n in reasons.most_common(10)]
    values = {
        "n_ready": len(ready),
        "n_failed": len(failed),
        "n_warned": len(warned),
        "n_given_up": n_given_up,
        "failed": failed["reason"].to_dict(),
        "warnings": warned["warnings"].to_dict(),
    }
    return Summary(tuple(sentences), values)
