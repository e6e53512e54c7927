"""Segments: on disk at once, whole lines only, one writer each, bounded."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.client.recording import segment

LINE = b'{"event": "x"}\n'


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path / "app" / "segments")


class TestWriter:
    """One process's side."""

    def test_creates_nothing_before_the_first_line(self, directory: str) -> None:
        segment.Writer(directory)
        assert not os.path.exists(directory)

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
    def test_nobody_else_may_look_into_it_whatever_the_umask(self, directory: str) -> None:
        before = os.umask(0)
        try:
            writer = segment.Writer(directory)
            writer.write(LINE)
        finally:
            os.umask(before)
        (path,) = segment.listed(directory)
        assert [os.stat(each).st_mode & 0o777 for each in (directory, path)] == [0o700, 0o600]
        writer.close()

    def test_a_line_is_in_the_file_when_write_returns(self, directory: str) -> None:
        writer = segment.Writer(directory)
        writer.write(LINE)
        (path,) = segment.listed(directory)
        assert Path(path).read_bytes() == LINE
        writer.close()

    def test_starts_another_segment_when_one_is_full(self, directory: str) -> None:
        writer = segment.Writer(directory)
        line = b"x" * 99_999 + b"\n"
        for _ in range(5):
            writer.write(line)
        sizes = [os.path.getsize(path) for path in segment.listed(directory)]
        assert sum(sizes) == 500_000
        assert max(sizes) <= segment.SIZE_MAX
        writer.close()

    def test_a_host_that_never_ends_drops_its_own_oldest_and_counts(self, directory: str) -> None:
        writer = segment.Writer(directory)
        most = segment.OWN_BYTES_MAX // segment.SIZE_MAX
        line = b"x" * (segment.SIZE_MAX - 1) + b"\n"
        made: list[str] = []
        for _ in range(most + 3):
            writer.write(line)
            made += [path for path in segment.listed(directory) if path not in made]
        assert writer.dropped == 3
        assert sorted(segment.listed(directory)) == sorted(made[3:])
        writer.close()

    def test_a_host_that_closes_its_segment_each_hour_leaves_no_more_than_so_many(
        self, directory: str
    ) -> None:
        writer = segment.Writer(directory)
        for _ in range(segment.OWN_MAX + 3):
            writer.write(LINE)
            writer.close()
        assert writer.dropped == 3
        assert len(segment.listed(directory)) == segment.OWN_MAX

    def test_a_full_disk_leaves_no_half_line(
        self, directory: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = segment.Writer(directory)
        writer.write(LINE)
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:5]))
        with pytest.raises(OSError, match="No space left"):
            writer.write(LINE)
        monkeypatch.undo()
        writer.write(LINE)
        writer.close()
        (path,) = segment.listed(directory)
        assert Path(path).read_bytes() == LINE * 2

    def test_a_forked_child_writes_a_segment_of_its_own(self, directory: str) -> None:
        # In a process without threads, as a fork wants it; these tests may run beside some.
        told = subprocess.run(
            [sys.executable, "-W", "error", "-c", _FORK, directory],
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == f"{[LINE]!r}\n", "the child's; the parent's is still written"


_FORK = f"""
import os, sys
from aboveboard.client.recording import segment
writer = segment.Writer(sys.argv[1])
writer.write({LINE!r})
child = os.fork()
if child == 0:
    writer.write({LINE!r})
    os._exit(0)
os.waitpid(child, 0)
writer.write({LINE!r})
print([waiting.read() for waiting in segment.waiting(sys.argv[1])])
"""


class TestWaiting:
    """The sender's side."""

    def test_nobody_gets_a_segment_that_is_being_written(self, directory: str) -> None:
        writer = segment.Writer(directory)
        writer.write(LINE)
        assert list(segment.waiting(directory)) == []
        writer.close()
        (waiting,) = segment.waiting(directory)
        assert waiting.read() == LINE
        assert list(segment.waiting(directory)) == [], "held by one sender at a time"
        waiting.remove()
        assert segment.listed(directory) == []

    @pytest.mark.parametrize("which", [0, 1, 2])
    def test_one_that_vanishes_while_they_are_listed_takes_no_other_along(
        self, directory: str, monkeypatch: pytest.MonkeyPatch, which: int
    ) -> None:
        """Another process has sent it, between the folder's list and the look at the file."""
        for name in "abc":
            Path(directory).mkdir(parents=True, exist_ok=True)
            (Path(directory) / f"{name}.jsonl").write_bytes(LINE)
        scandir = os.scandir
        gone: list[str] = []

        @contextlib.contextmanager
        def vanishing(path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
            with scandir(path) as entries:
                found = list(entries)
            if not gone:
                gone.append(found[which].path)
                os.unlink(found[which].path)
            yield iter(found)

        monkeypatch.setattr(os, "scandir", vanishing)
        left = {f"{name}.jsonl" for name in "abc"}
        listed = segment.listed(directory)
        assert {os.path.basename(path) for path in listed} == left - {os.path.basename(gone[0])}

    def test_one_that_somebody_holds_leaves_no_file_open(self, directory: str) -> None:
        writer = segment.Writer(directory)
        writer.write(LINE)
        (path,) = segment.listed(directory)
        before = os.listdir("/dev/fd")
        for _ in range(3):
            assert segment.hold(path) is None
        assert os.listdir("/dev/fd") == before

    def test_an_empty_one_is_left_to_its_writer(self, directory: str) -> None:
        Path(directory).mkdir(parents=True)
        (Path(directory) / "new.jsonl").touch()
        assert list(segment.waiting(directory)) == []
        assert len(segment.listed(directory)) == 1

    def test_they_come_oldest_first(self, directory: str) -> None:
        Path(directory).mkdir(parents=True)
        now = time.time()
        for age, name in enumerate("cab"):
            path = Path(directory) / f"{name}.jsonl"
            path.write_bytes(name.encode())
            os.utime(path, (now - age, now - age))
        held = list(segment.waiting(directory))
        assert [waiting.read() for waiting in held] == [b"b", b"a", b"c"]
        for waiting in held:
            waiting.release()


class TestPrune:
    """What may wait is bounded; the oldest goes first."""

    def fill(self, directory: str, number: int, size: int, age: float = 0) -> None:
        Path(directory).mkdir(parents=True, exist_ok=True)
        for index in range(number):
            path = Path(directory) / f"{index:04}.jsonl"
            path.write_bytes(b"x" * size)
            moment = time.time() - age + index / 1000
            os.utime(path, (moment, moment))

    def test_in_number(self, directory: str) -> None:
        self.fill(directory, segment.WAITING_MAX + 2, 1)
        assert segment.prune(directory) == 2
        assert Path(segment.listed(directory)[0]).name == "0002.jsonl"

    def test_in_bytes(self, directory: str) -> None:
        self.fill(directory, 5, segment.WAITING_BYTES_MAX // 4)
        assert segment.prune(directory) == 1

    def test_in_age(self, directory: str) -> None:
        self.fill(directory, 2, 1, age=segment.WAITING_SECONDS_MAX + 60)
        assert segment.prune(directory) == 2

    def test_a_week_offline_loses_nothing(self, directory: str) -> None:
        self.fill(directory, 100, 1000, age=7 * 24 * 3600)
        assert segment.prune(directory) == 0

    def test_an_empty_one_is_gone_after_an_hour_and_no_loss(self, directory: str) -> None:
        for name, size, age in (("a", 0, 60), ("b", 0, -60), ("c", 1, 60)):
            self.fill(f"{directory}-{name}", 1, size, age=segment.EMPTY_SECONDS_MAX + age)
        found = [segment.prune(f"{directory}-{name}") for name in "abc"]
        left = [len(segment.listed(f"{directory}-{name}")) for name in "abc"]
        assert (found, left) == ([0, 0, 0], [0, 1, 1])

    def test_of_many_bytes_only_as_much_goes_as_is_too_much(self, directory: str) -> None:
        self.fill(directory, 7, segment.WAITING_BYTES_MAX // 4)
        assert segment.prune(directory) == 3
        names = [Path(path).name for path in segment.listed(directory)]
        assert names == ["0003.jsonl", "0004.jsonl", "0005.jsonl", "0006.jsonl"]

    def test_one_that_is_being_written_is_left_however_old(self, directory: str) -> None:
        writer = segment.Writer(directory)
        writer.write(LINE)
        (path,) = segment.listed(directory)
        moment = time.time() - segment.WAITING_SECONDS_MAX - 60
        os.utime(path, (moment, moment))
        assert segment.prune(directory) == 0
        assert Path(path).read_bytes() == LINE
        writer.close()


WRITER = """
import sys
from aboveboard.client.recording.segment import Writer
writer = Writer(sys.argv[1])
number = 0
while True:
    writer.write(b'{"n": %d}\\n' % number)
    print(number, flush=True)
    number += 1
"""


class TestCrashing:
    """Killed at any moment."""

    def test_every_line_that_was_written_is_there_once(self, directory: str) -> None:
        told = 0
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, directory], stdout=subprocess.PIPE, text=True
            )
            for _ in range(10)
        ]
        last = []
        for process in processes:
            assert process.stdout is not None
            for _ in range(50):
                process.stdout.readline()
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        for process in processes:
            rest, _ = process.communicate()
            whole = [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
            last.append(int(whole[-1]) if whole else 49)
            told += last[-1] + 1
        held = list(segment.waiting(directory))
        assert len(held) == 10
        written = 0
        for waiting in held:
            numbers = [json.loads(line)["n"] for line in waiting.read().splitlines()]
            assert numbers == list(range(len(numbers)))
            written += len(numbers)
            waiting.release()
        # A process may have died between the write and the telling of it.
        assert told <= written <= told + 10
