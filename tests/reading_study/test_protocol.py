"""Protocol, blind order, answers and agreed values."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import SettingsError
from clam_core.reading_study.answers import checked_values, last_answers, questions_for
from clam_core.reading_study.blind_order import cases_of
from clam_core.reading_study.consensus import agreed_values, column_of
from clam_core.reading_study.protocol import Item, Protocol, Question, RatedMaps
from clam_core.reading_study.ready_items import READY_ITEMS

SCANS = tuple(f"S{n:02d}" for n in range(40))


def protocol(**more):
    values = {"items": READY_ITEMS["fibrosis"], "readers": ("KB", "SM"), "scans": SCANS}
    return Protocol(**{**values, **more})


def test_every_reader_sees_every_scan_and_a_tenth_of_them_twice():
    made = protocol()
    for reader in made.readers:
        cases = cases_of(made, reader)
        assert [case.number for case in cases] == list(range(1, 45))
        assert {case.scan_id for case in cases if not case.is_repeat} == set(SCANS)
        first = {case.scan_id: case.number for case in cases if not case.is_repeat}
        again = {case.scan_id: case.number for case in cases if case.is_repeat}
        assert len(again) == 4
        assert all(again[scan] - first[scan] >= 10 for scan in again)


def test_orders_differ_between_readers_and_seeds_and_are_drawn_again_alike():
    made = protocol()
    orders = {
        tuple(case.scan_id for case in cases_of(one, reader))
        for one in (made, protocol(seed=1), protocol(title="Another"))
        for reader in ("KB", "SM")
    }
    assert len(orders) == 6
    again = Protocol(**json.loads(made.model_dump_json()))
    assert cases_of(again, "KB") == cases_of(made, "KB")
    assert again.digest == made.digest
    assert protocol(version="9.9", made="2031-01-01").digest == made.digest


def test_the_order_does_not_follow_the_list():
    places = np.array([[c.number for c in sorted(cases_of(protocol(seed=s, repeats=0), "KB"),
                       key=lambda c: c.scan_id)] for s in range(200)])  # fmt: skip
    # Every scan is as likely early as late: mean 20.5, standard error 0.82.
    away = (places.mean(axis=0) - 20.5) / 0.82
    assert np.mean(away**2) < 1.7
    assert np.abs(away).max() < 4.5


def test_without_repeats_nothing_comes_twice():
    assert len(cases_of(protocol(repeats=0), "KB")) == 40
    assert len(cases_of(protocol(scans=SCANS[:3], repeats=0.1), "KB")) == 4
    assert len(cases_of(protocol(scans=SCANS[:2], repeats=0.5), "KB")) == 3


def test_half_of_the_maps_are_controls_and_every_scan_has_both():
    maps = RatedMaps(run="default", scans=SCANS[:11], controls=("shuffled",) * 11)
    made = protocol(maps=maps)
    cases = cases_of(made, "SM", "maps")
    assert len(cases) == 22
    assert sum(case.is_control for case in cases) == 11
    assert Counter((case.scan_id, case.is_control) for case in cases).most_common(1)[0][1] == 1
    halves = [{case.scan_id for case in half} for half in (cases[:11], cases[11:])]
    assert halves[0] == halves[1] == set(SCANS[:11])
    assert abs(sum(case.is_control for case in cases[:11]) - 5.5) <= 0.5
    assert cases_of(protocol(), "SM", "maps") == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"readers": ("KB", "kb")}, "two readers have the same name"),
        ({"readers": ("mean",)}, "not 'mean' or 'median'"),
        ({"readers": ()}, "readers"),
        ({"scans": ("S1",)}, "scans"),
        ({"scans": ("S1", "S1")}, "stands in the list twice"),
        ({"repeats": 0.9}, "repeats"),
        ({"agreed": "XY"}, "the name of a reader"),
        ({"items": (Item(name="a", label="A"),) * 2}, "two items have the same name"),
        ({"items": ()}, "items"),
    ],
)
def test_what_is_no_protocol_is_a_sentence(wrong, said):
    with pytest.raises(SettingsError, match=said):
        protocol(**wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "Ground glass"}, "small letters"),
        ({"kind": "choice", "words": ("one",)}, "two to nine words"),
        ({"words": ("a", "b")}, "5 grades, but 2 words"),
        ({"kind": "choice", "words": ("one", "One")}, "occurs twice"),
        ({"highest": 12}, "highest"),
        ({"kind": "stars"}, "kind"),
    ],
)
def test_what_is_no_item_is_a_sentence(wrong, said):
    with pytest.raises(SettingsError, match=said):
        Item(**{"name": "x", "label": "X", **wrong})


def test_six_zones_are_six_questions():
    made = protocol(items=(Item(name="emphysema", label="Emphysema", zones=True),))
    names = [one.name for one in made.questions]
    assert len(names) == 6
    assert names[0] == "emphysema_right_upper"
    assert made.questions[4].label == "Emphysema, left mid"
    with pytest.raises(SettingsError, match="more than 60"):
        protocol(items=[Item(name=f"i{n}", label="I", zones=True) for n in range(11)])


def test_ready_items_can_be_read_by_anybody():
    for items in READY_ITEMS.values():
        assert protocol(items=items).questions
    labels = [one.label for items in READY_ITEMS.values() for one in items]
    assert all("surrogate" in one for one in labels if "Scadding" in one)


GIVEN = {"ground_glass": 2, "reticulation": 0, "honeycombing": 4, "traction_bronchiectasis": 3,
         "fibrosis_extent": 100, "quality": 3}  # fmt: skip


def test_values_on_their_scales_are_kept_as_whole_numbers():
    questions = questions_for(protocol(), "scores")
    kept = checked_values(questions, {**GIVEN, "fibrosis_extent": 15.0, "remark": " old scar "})
    assert kept["fibrosis_extent"] == 15
    assert isinstance(kept["fibrosis_extent"], int)
    assert kept["remark"] == "old scar"
    assert "confidence" not in kept


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ground_glass", 5, "from 0 to 4; not 5"),
        ("ground_glass", -1, "from 0 to 4"),
        ("ground_glass", 1.5, "a whole number"),
        ("ground_glass", float("nan"), "a whole number"),
        ("ground_glass", True, "a whole number"),
        ("ground_glass", "2", "a whole number"),
        ("fibrosis_extent", 101, "from 0 to 100"),
        ("quality", 0, "from 1 to 3"),
        ("quality", None, "has no value yet"),
        ("cluster", 1, "does not ask for 'cluster'"),
    ],
)
def test_values_off_their_scales_are_refused(name, value, said):
    with pytest.raises(SettingsError, match=said):
        checked_values(questions_for(protocol(), "scores"), {**GIVEN, name: value})


def entry(case, values, part="scores"):
    return {"case": case, "values": values, "part": part, "seconds": 3, "time": "2026"}


def test_the_last_answer_of_a_case_counts():
    lines = [entry(1, {"x": 1}), entry(2, {"x": 2}), entry(1, {"x": 4}), entry(2, None),
             entry(3, {"x": 3}, "maps")]  # fmt: skip
    found = last_answers(lines, "scores")
    assert {case: one.values for case, one in found.items()} == {1: {"x": 4}}
    assert list(last_answers(lines, "maps")) == [3]


def question(kind, **more):
    return Question("x", "X", Item(name="x", label="X", kind=kind, **more))


def test_readers_become_one_value():
    table = pd.DataFrame({"KB": [0, 2, None, 4], "SM": [1, 2, 3, None], "TZ": [4, 2, 2, None]})
    grades = question("grades")
    assert agreed_values(grades, table, "median").tolist() == [1, 2, 2.5, 4]
    mean = agreed_values(grades, table, "mean")
    assert mean.round(3).tolist() == [1.667, 2, 2.5, 4]
    named = agreed_values(grades, table, "SM")
    assert named[:3].tolist() == [1, 2, 3]
    assert np.isnan(named[3])
    cells, info = column_of(grades, mean, "mean", "x", 3)
    assert (info.kind, info.levels, info.family) == (
        "ordinal",
        ("1.67", "2", "2.5", "4"),
        "reading",
    )
    assert cells.tolist() == ["1.67", "2", "2.5", "4"]
    assert cells.cat.ordered


def test_most_readers_decide_on_words():
    words = question("choice", words=("none", "central", "rim"))
    table = pd.DataFrame(
        {"A": ["rim", "none", None], "B": ["rim", "central", None], "C": ["none", "rim", "rim"]}
    )
    found = agreed_values(words, table, "mean")
    assert found[0] == 2
    assert np.isnan(found[1])
    cells, info = column_of(words, found, "mean", "x", 3)
    assert info.kind == "nominal"
    assert cells.tolist()[0] == "rim"
    assert (info.n, info.n_missing) == (2, 1)
    tied = pd.DataFrame({"A": [1, 0], "B": [0, 0]})
    votes = agreed_values(question("yes_no"), tied, "median")
    assert np.isnan(votes[0])
    assert column_of(question("yes_no"), votes, "mean", "x", 2)[0].tolist()[1] == "no"


def test_percent_stays_a_number():
    table = pd.DataFrame({"A": [10, 20], "B": [20, 25]})
    cells, info = column_of(question("percent"), agreed_values(question("percent"), table, "mean"),
                            "mean", "x", 2)  # fmt: skip
    assert cells.tolist() == [15, 22.5]
    assert (info.kind, info.unit) == ("continuous", "%")
    assert "mean of 2 readers" in info.reason
