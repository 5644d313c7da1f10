"""Studies that the tests of the report read and never change."""

import pytest

from clam_core.report import build_report
from clam_core.study import Run
from tests.report import make


@pytest.fixture(scope="session")
def complete(tmp_path_factory):
    return make.complete(tmp_path_factory.mktemp("report") / "trial")


@pytest.fixture(scope="session")
def partial(tmp_path_factory):
    """A run of which nothing but the fit is there."""
    made = make.study(tmp_path_factory.mktemp("report") / "partial")
    make.run(made)
    return made


@pytest.fixture(scope="session")
def page(complete):
    """The report of the complete study, as text."""
    return build_report(Run(complete, "default")).decode()
