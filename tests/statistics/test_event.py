"""Which answer is the event: known words and 0/1 are taken, everything else is asked for."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg

from clam_core.errors import TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics import Cohort, event_of, survival_of
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.time.event import guess_event
from clam_core.tables.column_info import ColumnInfo


@pytest.mark.parametrize(
    ("name", "levels", "event"),
    [
        ("status", "0 1", "1"),
        ("status", "0.0 1.0", None),  # levels are written without a point; anything else is asked
        ("died", "no yes", "yes"),
        ("died", "Nein Ja", "Ja"),
        ("died", "FALSE TRUE", "TRUE"),
        ("status", "alive dead", "dead"),
        ("status", "Alive DECEASED", "DECEASED"),
        ("Status", "lebt verstorben", "verstorben"),
        ("\xe9tat", "vivant d\xe9c\xe9d\xe9", "d\xe9c\xe9d\xe9"),
        ("status", "censored event", "event"),
        ("outcome", "alive transplanted", "transplanted"),
        ("censored", "event censored", "event"),
        ("status", "dead", "dead"),
        # Asked for
        ("status", "1 2", None),
        ("status", "0 2", None),
        ("status", "-1 0", None),
        ("status", "1", None),
        ("status", "0 1 2", None),
        ("status", "0 1 9", None),
        ("censored", "0 1", None),
        ("is_censored", "no yes", None),
        ("isCensored", "FALSE TRUE", None),
        ("right-censoring", "0 1", None),
        ("cens", "0 1", None),
        ("zensiert", "nein ja", None),
        ("alive", "no yes", None),
        ("survived", "0 1", None),
        ("event_free", "0 1", None),
        ("status", "dead transplanted", None),
        ("status", "alive dead transplanted", None),
        ("status", "alive dead lost", None),
        ("status", "dead hospice", None),
        ("sex", "female male", None),
        ("status", "A B", None),
        ("status", "dead Dead", None),
    ],
)
def test_what_can_mean_both_is_asked_for(name, levels, event):
    assert guess_event((name, name), levels.split()) == event


def test_the_label_counts_too():
    assert guess_event(("v17", "Right censored"), ["0", "1"]) is None


def cohort(n=60, levels=("1", "2"), name="status", late=2):
    """Two clusters; the event (the second level) comes sooner in the first."""
    rng = np.random.default_rng(3)
    labels = np.repeat([1, 2], n // 2)
    time = rng.exponential(np.where(labels == 1, 1.0, 8.0)).round(3) + 0.001
    seen = time < late
    answers = pd.Categorical(np.where(seen, levels[1], levels[0]), categories=list(levels))
    frame = pd.DataFrame({"time": np.minimum(time, late), name: answers})
    infos = {
        "time": ColumnInfo("time", "Time", "continuous"),
        name: ColumnInfo(name, name, "binary", levels=levels),
    }
    return Cohort(frame, infos, labels, None, None, ()), seen.astype(float)


def settings(name="status", level=None):
    return AssociateSettings(survival_time="time", survival_event=name, event_level=level)


def theirs(found, seen):
    fitted = PHReg(
        found.frame["time"].to_numpy(), (found.labels == 1)[:, None].astype(float), status=seen,
        ties="efron",
    ).fit(disp=0)  # fmt: skip
    return float(np.exp(fitted.params[0]))


def test_the_coding_of_r_is_asked_for_and_then_right():
    found, seen = cohort()
    with pytest.raises(TableError, match=r"'1' \(\d+ rows\), '2' \(\d+ rows\); state which one"):
        event_of(found, settings())
    event = event_of(found, settings(level="2"))
    ratio = survival_of(found, event, settings(level="2")).cox["hazard_ratio"].iloc[0]
    assert ratio == pytest.approx(theirs(found, seen), rel=1e-6) and ratio > 2
    n = [int(seen[found.labels == c].sum()) for c in (1, 2)]
    assert event.level == "2"
    assert event.sentence == (
        f"The event is the answer '2' in column 'status' (as stated): seen in {sum(n)} of 60 rows "
        f"(cluster 1: {n[0]} of 30, cluster 2: {n[1]} of 30); '1' counts as not seen."
    )


def test_a_number_and_a_word_can_be_stated_in_another_spelling():
    found, seen = cohort()
    assert event_of(found, settings(level="2.0")).seen.tolist() == seen.tolist()
    found, seen = cohort(levels=("Censored", "Event"))
    assert event_of(found, settings(level="event")).seen.tolist() == seen.tolist()
    with pytest.raises(TableError, match="no answer 'death', which was stated .* it has 'Cens"):
        event_of(found, settings(level="death"))


def test_a_column_called_censored_says_why_it_is_asked_for():
    found, seen = cohort(levels=("1", "0"), name="censored")
    with pytest.raises(TableError, match="'censored' may say that it was not; state which"):
        event_of(found, settings("censored"))
    assert event_of(found, settings("censored", "0")).seen.tolist() == seen.tolist()


def test_what_was_taken_is_said_and_rows_without_a_time_are_not_counted():
    found, seen = cohort(levels=("alive", "dead"))
    found.frame.loc[[0, 1], "time"] = np.nan
    event = event_of(found, settings())
    known = int(seen[2:].sum())
    assert f"(its usual meaning; state another answer if that is wrong): seen in {known} of 58" in (
        event.sentence
    )
    assert "(cluster 1: " in event.sentence and " of 28, cluster 2: " in event.sentence


def test_other_answers_count_as_not_seen_and_that_is_said():
    found, seen = cohort(levels=("0", "1"))
    column = found.frame["status"].cat.add_categories(["2"])
    column[(seen == 0) & (found.labels == 2)] = "2"
    found.frame["status"] = column
    with pytest.raises(TableError, match="A code that stands for a missing value can be declared"):
        event_of(found, settings())
    event = event_of(found, settings(level="1"))
    assert event.seen.tolist() == seen.tolist()
    assert "'0', '2' count as not seen" in event.sentence


def test_a_time_that_is_no_number_is_not_testable():
    found, _ = cohort(levels=("no", "yes"))
    found.columns["time"] = ColumnInfo("time", "Time", "date")
    with pytest.raises(NotTestableError, match="holds no numbers"):
        event_of(found, settings())
