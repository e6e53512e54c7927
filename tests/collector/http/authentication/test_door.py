"""The door: who is let in, what ends a session, and that nothing is told by time."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from litestar.exceptions import TooManyRequestsException

from aboveboard.collector.http.authentication import access, door
from aboveboard.collector.http.authentication.door import Door
from aboveboard.collector.people import passwords
from aboveboard.collector.people.accounts import Accounts
from aboveboard.collector.people.register import Register

SECRET = "Zc7-kk1Qp0_vN4sTz9"
PASSWORD = "blue-Otter-42-swims"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with closing(Register(tmp_path)) as opened:
        yield opened


def sign_in(door: Door, name: str, password: str) -> str | None:
    return asyncio.run(door.sign_in(name, password))


def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what passwords are compared with which hash, as it happens."""
    looked: list[tuple[str, str]] = []
    whole = passwords.matches

    def look(kept: str, told: str) -> bool:
        looked.append((kept, told))
        return whole(kept, told)

    monkeypatch.setattr(passwords, "matches", look)
    return looked


def test_it_is_open_until_there_is_a_secret_and_closed_from_then_on(register: Register) -> None:
    opened = Door(register)
    assert not opened.closed()
    register.set_secret(SECRET)
    assert opened.closed()
    register.set_secret(None)
    assert not opened.closed()
    assert Door(register, always_closed=True).closed()
    assert Door(register, SECRET).closed()


@pytest.mark.parametrize("of_run", [True, False])
@pytest.mark.parametrize("name", ["", "admin", " admin "])
def test_the_secret_signs_in_the_admin(register: Register, of_run: bool, name: str) -> None:
    if not of_run:
        register.set_secret(SECRET)
    opened = Door(register, SECRET if of_run else None)
    cookie = sign_in(opened, name, SECRET)
    visitor = opened.signed_in(cookie)
    assert visitor is not None
    assert visitor.is_admin
    assert sign_in(opened, name, SECRET + "x") is None
    assert opened.signed_in("") is None


def test_another_secret_ends_the_admin_s_sessions_at_once(register: Register) -> None:
    register.set_secret(SECRET)
    opened = Door(register)
    cookie = sign_in(opened, "", SECRET)
    register.set_secret(SECRET)
    assert opened.signed_in(cookie) is None, "set anew, though it is the same"
    assert sign_in(opened, "", SECRET) is not None
    register.set_secret("another-" + SECRET)
    assert sign_in(opened, "", SECRET) is None, "what was right before is remembered no more"


def test_a_session_outlives_a_restart_with_the_same_secret_and_no_other(
    register: Register,
) -> None:
    cookie = sign_in(Door(register, SECRET), "", SECRET)
    assert Door(register, SECRET).signed_in(cookie) is not None
    assert Door(register, SECRET + "x").signed_in(cookie) is None
    register.set_secret(SECRET)
    assert Door(register).signed_in(cookie) is None


def test_a_person_s_session_ends_when_they_are_removed(register: Register) -> None:
    people, opened = Accounts(register), Door(register, SECRET)
    people.add("ana", PASSWORD)
    cookie = sign_in(opened, "ana", PASSWORD)
    visitor = opened.signed_in(cookie)
    assert visitor is not None
    assert (visitor.name, visitor.is_admin) == ("ana", False)
    people.remove("ana")
    assert opened.signed_in(cookie) is None
    people.add("ana", PASSWORD)
    assert opened.signed_in(cookie) is None, "she who is added again signs in again"


def test_who_was_invited_has_no_password_yet(register: Register) -> None:
    Accounts(register).invite("ana")
    for tried in ("", passwords.of_nobody()):
        assert sign_in(Door(register, SECRET), "ana", tried) is None


def test_a_sign_out_ends_the_session_and_not_the_cookie_alone(register: Register) -> None:
    opened = Door(register, SECRET)
    cookie = sign_in(opened, "", SECRET)
    asyncio.run(opened.sign_out(cookie))
    assert opened.signed_in(cookie) is None


def test_a_name_that_is_not_there_costs_as_much_as_one_that_is(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    Accounts(register).add("ana", PASSWORD)
    looked = looks(monkeypatch)
    for name in ("ana", "bo"):
        assert sign_in(Door(register, SECRET), name, "wrong") is None
    assert len(looked) == 2
    assert {each.rpartition("$")[0].rpartition("$")[0] for each, _ in looked} == {
        "$argon2id$v=19$m=19456,t=2,p=1"
    }


def test_the_secret_is_compared_in_constant_time(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    whole = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return whole(one, other)

    opened = Door(register, SECRET)
    monkeypatch.setattr(hmac, "compare_digest", compare)
    for told in (SECRET[:3], SECRET, "x" * 500):
        sign_in(opened, "", told)
    assert compared == [(32, 32)] * 3, "digests, so that not even the length shows"


def test_a_right_secret_is_looked_at_once_and_a_wrong_one_each_time(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register.set_secret(SECRET)
    opened = Door(register)
    looked = looks(monkeypatch)
    for told in (SECRET, SECRET, "wrong", "wrong", SECRET):
        sign_in(opened, "", told)
    assert [told for _, told in looked] == [SECRET, "wrong", "wrong"]


def test_a_flood_of_guesses_is_told_to_come_again_and_costs_no_more(register: Register) -> None:
    register.set_secret(SECRET)
    opened = Door(register)

    async def flood() -> list[object]:
        tries = [asyncio.create_task(opened.sign_in("", "wrong")) for _ in range(100)]
        refused, _ = await asyncio.wait(tries, timeout=0.1)
        for each in tries:
            each.cancel()
        return [each.exception() for each in refused if not each.cancelled()]

    told = [each for each in asyncio.run(flood()) if isinstance(each, TooManyRequestsException)]
    assert len(told) == 100 - door.WAITING_MAX
    assert told[0].headers == {"Retry-After": "5"}


def test_failures_are_logged_a_line_a_minute_without_what_was_tried(
    register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    Accounts(register).add("ana", PASSWORD)
    opened = Door(register, SECRET)
    for _ in range(4):
        sign_in(opened, "Nam3d", "Tr1ed")
    sign_in(opened, "ana", PASSWORD)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["sign-ins that failed since the last line: 1", "ana signed in"]


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://a.example"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://a.example"}, True),
        ({"origin": "https://a.example"}, True),
        ({"origin": "https://a.example:444"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({}, False),
    ],
)
def test_a_form_is_taken_from_our_own_pages_only(headers: dict[str, str], ours: bool) -> None:
    assert access.came_from_here({"host": "a.example", **headers}) is ours
