"""A site is replaced whole, or not at all."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from aboveboard.publishing import writing
from aboveboard.publishing.writing import WritingError

ONE = {"index.html": b"one", "v1/a.json": b"1"}
TWO = {"index.html": b"two", "v1/b.json": b"2"}


def content(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != Path(writing.MARK).name
    }


def test_a_new_site_takes_the_place_of_the_old_one_with_nothing_left(tmp_path: Path) -> None:
    out = tmp_path / "below" / "out"
    writing.write(out, ONE)
    assert content(out) == ONE
    writing.write(out, TWO)
    assert content(out) == TWO
    assert list(out.parent.iterdir()) == [out]
    assert out.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(("step", "there"), [("written", ONE), ("swapped", TWO)])
def test_killed_it_leaves_one_of_them_whole_and_the_next_one_cleans_up(
    tmp_path: Path, step: str, there: dict[str, bytes]
) -> None:
    out = tmp_path / "out"
    writing.write(out, ONE)
    child = os.fork()
    if not child:
        writing.write(
            out, TWO, lambda at: os.kill(os.getpid(), signal.SIGKILL) if at == step else None
        )
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert content(out) == there
    writing.write(out, TWO)
    assert content(out) == TWO
    assert list(tmp_path.iterdir()) == [out]


def test_where_a_system_has_no_exchange_it_is_replaced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_exchange", lambda one, other: False)
    out = tmp_path / "out"
    writing.write(out, ONE)
    writing.write(out, TWO)
    assert content(out) == TWO
    assert list(tmp_path.iterdir()) == [out]

    def refuse(_made: Path, _target: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(WritingError, match="Input/output error"):
        writing.write(out, ONE)
    assert content(out) == TWO
    assert list(tmp_path.iterdir()) == [out]


def test_what_is_not_of_a_site_is_never_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    writing.write(out, ONE)
    (out / "CNAME").write_text("example.org")
    with pytest.raises(WritingError, match=r"has what is not of a site \(CNAME\)"):
        writing.write(out, TWO)
    assert content(out) == {**ONE, "CNAME": b"example.org"}
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(WritingError, match="is no directory"):
        writing.write(file, TWO)
    with pytest.raises(WritingError, match="cannot be"):
        writing.write(file / "below", TWO)
    assert file.read_text() == "mine"


def test_what_is_beside_it_and_a_link_in_it_are_not_its_own(tmp_path: Path) -> None:
    out, theirs = tmp_path / "out", tmp_path / ".out.mine.part"
    (theirs / "below").mkdir(parents=True)
    writing.write(out, ONE)
    assert (theirs / "below").is_dir()
    (out / "linked").symlink_to(theirs)
    with pytest.raises(WritingError, match="linked"):
        writing.write(out, TWO)
    assert content(out) == ONE
    (out / "linked").unlink()
    (out / "index.html").rename(tmp_path / "moved.html")
    (out / "index.html").symlink_to(tmp_path / "moved.html")
    with pytest.raises(WritingError, match=r"index\.html"):
        writing.write(out, TWO)
    assert (out / "index.html").is_symlink()
