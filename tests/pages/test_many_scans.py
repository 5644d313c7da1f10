"""What pages say and propose where a study has thousands of scans."""

from types import SimpleNamespace

import pandas as pd
import pytest

from pages.reading_study.make_reading import usual_number
from pages.shell.status import status_line


@pytest.mark.parametrize(("n_ready", "proposed"), [(0, 2), (40, 40), (100, 100), (10_000, 100)])
def test_no_reader_is_asked_to_read_ten_thousand_scans(n_ready, proposed):
    assert usual_number(n_ready) == proposed


def test_large_numbers_can_be_read():
    states = ["ready"] * 12_000 + ["failed"] * 1_500 + ["found"] * 2_000
    study = SimpleNamespace(scans=lambda: pd.DataFrame({"status": states}), clinical=lambda: None)
    line = status_line(study, None)
    assert line.startswith("12,000 scans ready, 1,500 failed, 2,000 not prepared yet")
