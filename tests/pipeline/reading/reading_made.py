"""A reading study of a small study, and readers who answer it."""

import numpy as np

from clam_core.pipeline.reading.make_protocol import ProtocolWish, make_protocol
from clam_core.reading_study.answers import MISSED, RATING, Given
from clam_core.reading_study.protocol import Item
from clam_core.study.readings.reading import Reading
from tests.report import make

ITEMS = (
    Item(name="ground_glass", label="Ground glass", words=("none", "a", "b", "c", "all")),
    Item(name="extent", label="Extent of fibrosis", kind="percent"),
    Item(name="nodes", label="Enlarged nodes", kind="yes_no"),
    Item(name="pattern", label="Main pattern", kind="choice", words=("none", "central", "rim")),
    Item(name="remark", label="Remark", kind="text", needed=False),
)
CLUSTERS = {f"S{n:02d}": int(one) for n, one in enumerate(make.clusters())}


def made(study, name="reading", **more):
    wish = {"readers": ("KB", "SM"), "items": ITEMS, **more}
    make_protocol(study, ProtocolWish(name, **wish))
    return Reading(study, name)


def says(scan_id, reader, rng):
    """Scores that follow the cluster, with a little of the reader in them."""
    grade = CLUSTERS[scan_id] + int(rng.integers(-1, 2)) * (reader == "SM")
    return {
        "ground_glass": int(np.clip(grade, 0, 4)),
        "extent": int(np.clip(20 * CLUSTERS[scan_id] + 5 * (reader == "SM"), 0, 100)),
        "nodes": int(CLUSTERS[scan_id] == 1),
        "pattern": ("central", "rim", "none")[CLUSTERS[scan_id] - 1],
        "remark": f"Zanzibarova {scan_id}",
    }


def read(reading, reader, *, n=None, lock=True, seed=0):
    """Answer the first n cases; lock where all have an answer."""
    rng = np.random.default_rng(seed)
    start = len(reading.log(reader).entries())
    for place, case in enumerate(reading.cases(reader)[:n]):
        values = says(case.scan_id, reader, rng)
        reading.save(reader, "scores", Given(case.number, values, start + place, seconds=12.0))
    if lock:
        reading.lock(reader, "scores")


def rate(reading, reader, rating, *, lock=True):
    """Rate all maps: `rating` gets the case."""
    start = len(reading.log(reader).entries())
    for place, case in enumerate(reading.cases(reader, "maps")):
        values = {RATING: rating(case), MISSED: ""}
        reading.save(reader, "maps", Given(case.number, values, start + place))
    if lock:
        reading.lock(reader, "maps")
