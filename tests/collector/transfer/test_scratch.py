"""What is made on the way to something else is gone afterwards, whoever was killed in it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from aboveboard.collector.transfer.scratch import scratch


def abandoned(place: Path) -> Path:
    """Return the directory of a process that was killed while it had one, with events in it."""
    child = os.fork()
    if not child:
        with scratch(".import-", place) as mine:
            (mine / "lines.jsonl").write_text("{}")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (left,) = place.glob(".import-*")
    return left


def test_a_copy_of_events_that_a_killed_import_left_goes_with_the_next_one(tmp_path: Path) -> None:
    left = abandoned(tmp_path)
    assert (left / "lines.jsonl").exists()
    with scratch(".import-", tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
        assert mine.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_another_works_in_and_what_is_no_such_directory_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("")
    (tmp_path / ".import-link").symlink_to(elsewhere)
    (tmp_path / ".import-file").write_text("")
    with scratch(".import-", tmp_path) as first:
        (first / "lines.jsonl").write_text("{}")
        with scratch(".import-", tmp_path) as second:
            assert second != first
            assert (first / "lines.jsonl").exists()
        assert not second.exists()
    assert {path.name for path in tmp_path.iterdir()} == {
        "elsewhere", ".import-link", ".import-file",
    }  # fmt: skip
    assert (elsewhere / "mine").exists()


def test_a_directory_of_somebodys_that_is_called_alike_stays_with_what_is_in_it(
    tmp_path: Path,
) -> None:
    theirs = tmp_path / ".import-backup00"
    theirs.mkdir()
    (theirs / "inbox.sqlite").write_text("all that a collector has")
    with scratch(".import-", tmp_path):
        pass
    assert (theirs / "inbox.sqlite").read_text() == "all that a collector has"
