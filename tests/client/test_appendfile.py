from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aboveboard.client.files.appendfile import AppendFile, AuditLog, LostError
from aboveboard.client.recording.segment import Writer, listed


def closed_by_the_host(path: Path) -> int:
    """Close every descriptor that is open on `path`, as a daemon does with all; return one."""
    status, found = path.stat(), -1
    for name in os.listdir("/proc/self/fd"):
        try:
            other = os.fstat(int(name))
        except OSError:
            continue
        if (other.st_dev, other.st_ino) == (status.st_dev, status.st_ino):
            os.close(int(name))
            found = int(name)
    assert found >= 0
    return found


def in_its_place(path: Path, descriptor: int) -> None:
    """Open a file of the host's own under `descriptor`."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT)
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)


class TestAHostThatClosesEverything:
    """A daemon does, and opens its own files under the numbers that were ours."""

    def test_no_line_gets_into_its_files_and_none_is_lost(self, tmp_path: Path) -> None:
        writer = Writer(str(tmp_path / "segments"))
        log = AuditLog(str(tmp_path / "log"))
        for append in (writer.write, log.append):
            append(b"first\n")
        (first,) = listed(str(tmp_path / "segments"))
        theirs: list[Path] = []
        for ours in (Path(first), tmp_path / "log"):
            theirs.append(tmp_path / f"database{len(theirs)}")
            in_its_place(theirs[-1], closed_by_the_host(ours))
        for append in (writer.write, log.append):
            append(b"second\n")
        assert [path.read_bytes() for path in theirs] == [b"", b""]
        segments = [Path(path).read_bytes() for path in listed(str(tmp_path / "segments"))]
        assert sorted(segments) == [b"first\n", b"second\n"]
        assert (tmp_path / "log").read_bytes() == b"first\nsecond\n"
        writer.close()
        log.close()

    def test_its_descriptor_is_not_closed(self, tmp_path: Path) -> None:
        writer = Writer(str(tmp_path))
        writer.write(b"first\n")
        descriptor = closed_by_the_host(Path(listed(str(tmp_path))[0]))
        in_its_place(tmp_path / "database", descriptor)
        writer.close()
        assert os.write(descriptor, b"still open") == 10
        os.close(descriptor)

    def test_a_file_that_is_closed_says_so(self, tmp_path: Path) -> None:
        file = AppendFile(os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT))
        closed_by_the_host(tmp_path / "file")
        with pytest.raises(LostError):
            file.append(b"line\n")


class TestAuditLog:
    def test_a_line_that_the_disk_takes_in_part_is_taken_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half a line would swallow the next session's first."""
        log = AuditLog(str(tmp_path / "log"))
        log.append(b"first\n")
        write = os.write
        monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
        with pytest.raises(OSError, match="No space left"):
            log.append(b"second\n")
        monkeypatch.undo()
        assert (tmp_path / "log").read_bytes() == b"first\n"
        log.close()

    def test_a_pipe_that_nobody_reads_is_an_error_at_once(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OSError) as caught:  # noqa: PT011  # which one is what is asked below
            AuditLog(str(tmp_path / "pipe"))
        assert caught.value.errno == errno.ENXIO

    def test_a_pipe_that_is_read_is_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        program = (
            "import sys, time\nfile = open(sys.argv[1], 'rb')\n"
            "time.sleep(0.5)\nprint(len(file.read()))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "pipe")], stdout=subprocess.PIPE
        ) as reader:
            while True:
                try:
                    log = AuditLog(str(tmp_path / "pipe"))
                    break
                except OSError:
                    assert reader.poll() is None
            for _ in range(300):  # more than a pipe holds
                log.append(b"x" * 999 + b"\n")
            log.close()
            assert reader.stdout is not None
            assert int(reader.stdout.read()) == 300_000
