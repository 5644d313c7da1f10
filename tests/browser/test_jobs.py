"""A training that outlives the server, is killed, and is gone on with from the page."""

import os
import signal
import time
from pathlib import Path

import pytest

from clam_core import jobs
from clam_core.jobs.record import Record
from clam_core.study import Run, Study
from tests.browser.serving import CHROMIUM, browser, served
from tests.pipeline.simulated import cohort, study_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here"),
]
SHOTS = os.environ.get("CLAM_SCREENSHOTS")
LONG = 240_000
EPOCHS = 400


@pytest.fixture
def root(tmp_path):
    study_of(tmp_path / "one", cohort(), failed=0)
    yield tmp_path
    jobs.cancel(tmp_path, "one")


def shot(page, name):
    """Keep a picture of the page where somebody wants to look at it."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"jobs-{name}.png", full_page=True)


def trained(root):
    """Wait until some passes are over; the training log so far."""
    run = Run(Study(root / "one"), "default")
    deadline = time.monotonic() + LONG / 1000
    while len(run.history()) < 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    return run.history()


def test_server_and_training_killed_and_gone_on_with(root):
    with browser() as page:
        with served(root) as address:
            page.goto(f"{address}/training?study=one")
            page.get_by_text("Details").click()
            epochs = page.get_by_label("Passes over the scans")
            epochs.fill(str(EPOCHS))
            epochs.press("Enter")
            page.get_by_role("button", name="Find clusters").click()
            page.get_by_text("Training now").wait_for(timeout=LONG)
            trained(root)
            page.locator(".js-plotly-plot").first.wait_for()
            shot(page, "running")
        assert jobs.state(root, "one").status == "running"  # without the server
        with served(root) as address:
            page.goto(f"{address}/training?study=one")
            page.get_by_role("button", name="Cancel").wait_for()
            before = trained(root)
            os.killpg(Record(root, "one").read("process.json")["pid"], signal.SIGKILL)
            page.get_by_text("was interrupted").wait_for()
            shot(page, "interrupted")
            page.get_by_role("button", name="Go on").click()
            page.get_by_text("Finding clusters and making maps: done").wait_for(timeout=LONG)
            page.get_by_text("How many clusters?").wait_for()
            shot(page, "done")
    run = Run(Study(root / "one"), "default")
    rows = run.history()
    losses = [row["reconstruction"] for row in rows]
    assert losses[: len(before)] == [row["reconstruction"] for row in before]
    assert [row["epoch"] for row in rows if row["phase"] == "pretrain"] == [*range(1, EPOCHS + 1)]
    assert run.info().localized is not None
