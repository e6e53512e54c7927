"""People, tokens and sessions, as they are kept: hashed, ended at once, and never a second time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.people import accounts, sessions
from aboveboard.collector.people.accounts import Accounts
from aboveboard.collector.people.register import Register, RegisterError
from aboveboard.collector.people.sessions import Sessions
from aboveboard.collector.people.tokens import Tokens
from aboveboard.collector.projects import migrations
from tests.collector.tool import add_project

PASSWORD = "blue-Otter-42-swims"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    add_project(tmp_path)
    with closing(Register(tmp_path)) as opened:
        yield opened


def kept(directory: Path) -> bytes:
    return b"".join(each.read_bytes() for each in directory.glob(f"{migrations.FILE}*"))


def test_nothing_that_opens_anything_is_in_the_file(register: Register, tmp_path: Path) -> None:
    people, tokens = Accounts(register), Tokens(register)
    register.set_secret("Zc7-kk1Qp0_vN4sTz9")
    code, token = people.invite("ana"), tokens.add("reports")
    people.add("bo", PASSWORD)
    cookie = Sessions(register).start("bo", b"credential")
    for secret in ("Zc7-kk1Qp0_vN4sTz9", code, token, PASSWORD, cookie, cookie.split(".")[0]):
        assert secret.encode() not in kept(tmp_path), secret


class TestInvitations:
    def test_a_code_gives_one_password_once(self, register: Register) -> None:
        people = Accounts(register)
        code = people.invite("ana")
        assert people.is_invited("ana", code)
        assert not people.is_invited("ana", code + "x")
        assert not people.is_invited("bo", code)
        assert people.accept("ana", code, PASSWORD)
        assert not people.accept("ana", code, PASSWORD + "!")
        assert not people.is_invited("ana", code)

    def test_a_code_is_over_after_a_week(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        people = Accounts(register)
        code = people.invite("ana")
        later = time.time() + accounts.INVITED_SECONDS + 1
        monkeypatch.setattr(time, "time", lambda: later)
        assert not people.is_invited("ana", code)
        assert not people.accept("ana", code, PASSWORD)

    def test_a_password_that_can_be_guessed_leaves_the_code_as_it_was(
        self, register: Register
    ) -> None:
        people = Accounts(register)
        code = people.invite("ana")
        with pytest.raises(RegisterError, match="12 characters"):
            people.accept("ana", code, "password")
        assert people.is_invited("ana", code)

    @pytest.mark.parametrize("name", ["admin", " admin ", "", "a\nb", "x" * 61])
    def test_some_names_cannot_be(self, register: Register, name: str) -> None:
        with pytest.raises(RegisterError):
            Accounts(register).invite(name)

    def test_a_name_is_one_person_s(self, register: Register) -> None:
        Accounts(register).invite("ana")
        with pytest.raises(RegisterError, match="somebody of the name 'ana'"):
            Accounts(register).add("ana", PASSWORD)

    def test_only_a_project_that_is_there_can_be_shown(self, register: Register) -> None:
        Accounts(register).invite("ana", "tool")
        with pytest.raises(RegisterError, match=r"no project 'tol' \(there is: tool\)"):
            Accounts(register).invite("bo", "tol")


class TestTokens:
    def test_a_revoked_one_is_none_and_the_others_go_on(self, register: Register) -> None:
        tokens = Tokens(register)
        first, second = tokens.add("first", "tool"), tokens.add("second")
        found = tokens.find(first)
        assert found is not None
        assert (found.name, found.project) == ("first", "tool")
        tokens.revoke("first")
        assert tokens.find(first) is None
        assert tokens.find(second) is not None
        assert [each.name for each in tokens.all() if each.revoked is not None] == ["first"]
        with pytest.raises(RegisterError, match="no token 'first' in use"):
            tokens.revoke("first")
        with pytest.raises(RegisterError, match="choose another name"):
            tokens.add("first")


class TestSessions:
    def test_a_session_is_its_cookie_s_until_it_is_ended(self, register: Register) -> None:
        kept = Sessions(register)
        cookie, other = kept.start("ana", b"one"), kept.start("ana", b"one")
        found = kept.whose(cookie)
        assert found is not None
        assert found[0] == "ana"
        assert sessions.is_of(found[1], b"one")
        assert not sessions.is_of(found[1], b"two")
        kept.end(cookie)
        assert kept.whose(cookie) is None
        assert kept.whose(other) is not None

    def test_a_cookie_that_was_changed_or_made_up_is_nobody_s(self, register: Register) -> None:
        kept = Sessions(register)
        cookie = kept.start("ana", b"one")
        for wrong in ("", "x", cookie + "x", cookie[:-2], cookie.replace(".", "x", 1), "a.b.c"):
            assert kept.whose(wrong) is None, wrong

    def test_another_directory_s_cookie_is_nobody_s(
        self, register: Register, tmp_path: Path
    ) -> None:
        with closing(Register(tmp_path / "other")) as other:
            cookie = Sessions(other).start("ana", b"one")
        assert Sessions(register).whose(cookie) is None

    def test_a_session_is_over_after_a_week(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = Sessions(register)
        cookie = kept.start("ana", b"one")
        later = time.time() + sessions.LASTS + 1
        monkeypatch.setattr(time, "time", lambda: later)
        assert kept.whose(cookie) is None
        kept.start("bo", b"two")
        assert register.select("SELECT name FROM session") == [("bo",)]

    def test_so_many_at_once_and_the_oldest_goes(
        self, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sessions, "MOST", 3)
        kept = Sessions(register)
        first, *others = [kept.start("ana", b"one") for _ in range(4)]
        assert kept.whose(first) is None
        assert all(map(kept.whose, others))
