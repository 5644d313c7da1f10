"""The benchmark of the app: its studies are whole, its sessions hear errors, its browser looks."""

import asyncio

import numpy as np
import pytest

from benchmarks.app import browser, interface, own_resolution, sessions
from benchmarks.app.series import make_series_study
from benchmarks.app.server import served
from benchmarks.app.sessions import Session
from benchmarks.app.studies import GRID, RUN, make_study
from clam_core.errors import SettingsError
from clam_core.pipeline.own_resolution.early_slice import geometry_of
from clam_core.study import Run, Study
from tests.pages.opening import at_page
from tests.pages.test_cohort import show


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="module")
def shown(root):
    return make_study(root, "few", 60, n_real=2)


def test_the_study_is_whole(root, shown):
    study = Study(root / "few")
    run = Run(study, RUN)
    table = run.scans()
    assert len(table) == 60 and study.ready() == table.index.tolist()
    assert set(table["cluster"]) == {1, 2, 3}
    assert len(study.clinical()[0]) == 60
    for scan_id, place in zip(shown.scan_ids, shown.places, strict=True):
        assert tuple(table.loc[scan_id, ["x", "y"]]) == place
        volume, found = study.volume(scan_id), run.activation_map(scan_id)
        assert volume.shape == found.shape == GRID
        assert found.max() == 1 and found[~study.mask(scan_id)].max() == 0
        assert -900 < np.median(volume.array[study.mask(scan_id)]) < -800


def test_scans_with_voxels_stand_apart(root, shown):
    table = Run(Study(root / "few"), RUN).scans()
    others = table.drop(index=list(shown.scan_ids))[["x", "y"]].to_numpy()
    for place in shown.places:
        assert np.hypot(*(others - place).T).min() > 1


@pytest.mark.parametrize("page", ["explore", "clusters"])
def test_pages_show_it(root, shown, page, monkeypatch):
    found = show(monkeypatch, root, study="few", run=RUN, scan=shown.scan_ids[0])
    at_page(found, page).run()
    assert not found.exception and not found.error


@pytest.mark.parametrize("packed", [False, True])
def test_series_are_read_at_their_own_resolution(tmp_path, packed):
    root = tmp_path / "studies"
    root.mkdir()
    shown = make_series_study(root, "own", (2, 9), packed=packed)
    study = Study(root / "own")
    assert study.ready() == list(shown.scan_ids) and shown.n_scans == 2
    assert Run(study, RUN).activation_map(shown.scan_ids[1]).max() == 1
    for scan_id in shown.scan_ids:
        assert geometry_of(study.scans().loc[scan_id])["shape"] == [512, 512, 9]


def test_a_ticket_is_found_in_what_a_page_sends():
    sent = rb'..\\"voxels\\": {\\"ticket\\": \\"' + b"0a" * 32 + rb'\\"}'
    assert own_resolution._TICKET.search(sent).group(1) == b"0a" * 32


class Wire:
    """A connection that answers with what it is given."""

    def __init__(self, *answers):
        self.sent, self.answers = [], [answer.SerializeToString() for answer in answers]

    async def send(self, content):
        self.sent.append(content)

    async def recv(self):
        return self.answers.pop(0)


def told(**fields):
    message = sessions.protocol()["ForwardMsg"]()
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def test_a_session_waits_for_the_end_and_hears_errors():
    messages = sessions.protocol()
    again = messages["ForwardMsg"].FINISHED_EARLY_FOR_RERUN
    broken = messages["ForwardMsg"]()
    broken.delta.new_element.exception.message = "no"
    wire = Wire(told(script_finished=again), broken, told(script_finished=0))
    session = Session(wire, messages)
    assert asyncio.run(session.open("explore", "study=few")) is False
    assert not wire.answers
    asked = messages["BackMsg"].FromString(wire.sent[0]).rerun_script
    assert (asked.page_name, asked.query_string) == ("explore", "study=few")
    wire.answers = [told(script_finished=0).SerializeToString()]
    assert asyncio.run(session.open("explore", "study=few")) is True


def test_a_click_names_the_chart_and_its_part():
    messages = sessions.protocol()
    chart = messages["ForwardMsg"]()
    chart.delta.new_element.plotly_chart.id = "map-7"
    chart.delta.fragment_id = "part-3"
    wire = Wire(chart, told(script_finished=0), told(script_finished=0))
    session = Session(wire, messages)
    assert asyncio.run(session.open("explore", ""))
    assert asyncio.run(session.click("", "SCAN-00001"))
    asked = messages["BackMsg"].FromString(wire.sent[1]).rerun_script
    assert asked.fragment_id == "part-3"
    (widget,) = asked.widget_states.widgets
    assert widget.id == "map-7" and "SCAN-00001" in widget.string_value


def test_without_playwright_it_says_so(monkeypatch):
    monkeypatch.setattr(interface, "has_playwright", lambda: False)
    with pytest.raises(SettingsError, match="install playwright"):
        interface.measure(interface.Plan(), lambda *_: None)


def test_figures_quote_median_and_slowest():
    figure = interface._seconds("Click", [1.0, 3.0, 2.0], 1.5, "here")
    assert (figure.value, figure.target, figure.reached) == ("2.00 s", "<= 1.5 s", "no")
    assert "slowest 3.00 s" in figure.how
    figure = interface._milliseconds("Wheel", [0.05, 0.2, 0.08], 100, "here")
    assert (figure.value, figure.reached) == ("80 ms", "yes")


@pytest.mark.slow
def test_sessions_click_scans_on_a_real_server(root, shown, monkeypatch):
    monkeypatch.setattr(sessions, "PAUSE", (0.1, 0.2))
    with served(root) as server:
        address, cookie = server.address.replace("http", "ws", 1), "=".join(server.cookie)
        query = f"study=few&run={RUN}"
        visit = sessions.Visit(address, cookie, query, shown.scan_ids, 2, 1)
        load = asyncio.run(sessions.visit(visit))
    assert load.errors == 0 and len(load.seconds) == 8


@pytest.mark.browser
@pytest.mark.skipif(not browser.CHROMIUM.is_file(), reason="Chromium is not here")
def test_the_browser_sees_what_it_times(root, shown):
    with served(root) as server, browser.chromium() as page:
        visitor = browser.Visitor(page, server)
        assert visitor.first_page() > 0.5
        visitor.open("explore", shown)
        assert visitor.switch("Clusters") > 0
        visitor.open("explore", shown)
        for number in (0, 1):
            named, seen = visitor.click_scan(shown, number)
            assert 0 < named <= seen
        seconds, n_told = visitor.wheel()
        assert len(seconds) == 12 and n_told == 0
        assert len(visitor.slide("opacity")) == 6
        assert visitor.box_select() > 0
