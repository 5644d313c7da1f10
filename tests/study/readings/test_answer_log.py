"""The log of a reader: it only grows, survives a kill, and shows whoever changed it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from clam_core.errors import BusyError, StudyError
from clam_core.study.readings.answer_log import AnswerLog


def log(folder, ident="protocol|1"):
    return AnswerLog(folder / "reader-1.jsonl", ident)


def filled(folder, n=3):
    made = log(folder)
    for number in range(n):
        made.append({"case": number, "values": {"x": number}, "word": "Größe"}, number)
    return made


def test_what_is_written_is_read_back_in_order(tmp_path):
    made = filled(tmp_path)
    assert [entry["case"] for entry in made.entries()] == [0, 1, 2]
    assert made.entries()[0]["word"] == "Größe"
    lines = made.path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert all(len(json.loads(line)["digest"]) == 64 for line in lines)
    assert log(tmp_path / "none").entries() == []


def test_older_lines_are_never_touched(tmp_path):
    made = filled(tmp_path)
    before = made.path.read_bytes()
    made.append({"case": 0, "values": None}, 3)
    assert made.path.read_bytes().startswith(before)
    assert len(made.entries()) == 4


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_was_cut_off_does_not_count(tmp_path, cut):
    made = filled(tmp_path)
    content = made.path.read_bytes()
    made.path.write_bytes(content[:-cut])
    n = 3 if cut == 1 else 2  # only the end of the line is gone, and nothing of what it says
    assert len(made.entries()) == n
    made.append({"case": 9}, n)
    assert [entry["case"] for entry in made.entries()][-1] == 9
    assert len(made.entries()) == n + 1
    assert made.path.read_bytes().startswith(content[:-cut])


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace(b'"x": 0', b'"x": 4'), *lines[1:]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [*lines[:2], lines[2].replace(b"{", b"[", 1)],
        lambda lines: [*lines, lines[2]],
        lambda lines: [lines[0], lines[1].replace(b"digest", b"digset"), lines[2]],
    ],
)
def test_whoever_changes_a_line_is_seen(tmp_path, change):
    made = filled(tmp_path)
    lines = made.path.read_bytes().splitlines()
    made.path.write_bytes(b"\n".join(change(lines)) + b"\n")
    with pytest.raises(StudyError, match="not as it was written"):
        made.entries()
    with pytest.raises(StudyError):
        made.append({"case": 5}, 3)


def test_the_log_of_another_reader_or_protocol_is_refused(tmp_path):
    filled(tmp_path)
    for ident in ("protocol|2", "other|1"):
        with pytest.raises(StudyError, match="Line 1"):
            log(tmp_path, ident).entries()


def test_two_windows_do_not_answer_over_each_other(tmp_path):
    made = filled(tmp_path)
    for after in (2, 4):
        with pytest.raises(BusyError, match="another window"):
            made.append({"case": 3}, after)
    assert len(made.entries()) == 3


def test_a_full_disk_is_a_sentence_and_what_was_there_is_kept(tmp_path, monkeypatch):
    made = filled(tmp_path)

    def full(number, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StudyError, match=r"could not be saved \(No space left on device\)"):
        made.append({"case": 3}, 3)
    monkeypatch.undo()
    real = os.write
    monkeypatch.setattr(os, "write", lambda number, content: real(number, content[:17]))
    with pytest.raises(StudyError, match="the disk is full"):
        made.append({"case": 3}, 3)
    monkeypatch.undo()
    assert len(made.entries()) == 3
    made.append({"case": 3}, 3)
    assert len(made.entries()) == 4


def test_a_link_in_its_place_is_not_followed(tmp_path):
    target = tmp_path / "elsewhere"
    target.write_bytes(b"")
    (tmp_path / "reader-1.jsonl").symlink_to(target)
    with pytest.raises(StudyError):
        log(tmp_path).append({"case": 1}, 0)
    assert target.read_bytes() == b""


WRITER = """
import sys
from pathlib import Path
from clam_core.study.readings.answer_log import AnswerLog
log = AnswerLog(Path(sys.argv[1]) / "reader-1.jsonl", "protocol|1")
n = len(log.entries())
while True:
    log.append({"case": n, "values": {"x": "y" * 500}}, n)
    n += 1
    print(n, flush=True)
"""


def test_what_was_confirmed_is_there_after_a_kill(tmp_path):
    confirmed = 0
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(15):
            confirmed = int(child.stdout.readline())
        time.sleep(0.003)
        os.kill(child.pid, signal.SIGKILL)
        more = child.stdout.read().split()
        confirmed = int(more[-1]) if more else confirmed
        child.wait()
        child.stdout.close()
        cases = [entry["case"] for entry in log(tmp_path).entries()]
        assert cases == list(range(len(cases)))
        assert len(cases) >= confirmed


def test_an_answer_has_reached_the_disk_before_it_is_confirmed(tmp_path, monkeypatch):
    steps = []
    write, sync = os.write, os.fsync
    monkeypatch.setattr(os, "write", lambda *given: steps.append("write") or write(*given))
    monkeypatch.setattr(os, "fsync", lambda number: steps.append("sync") or sync(number))
    filled(tmp_path, 2)
    assert [one for one in steps if one in {"write", "sync"}][-2:] == ["write", "sync"]
    assert steps.count("sync") >= steps.count("write") >= 2
