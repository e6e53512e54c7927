"""The state file: whole or not at all, aider's own kept, a no for good."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog.digest import sha256
from aboveboard.client.decision import consent, statefile
from aboveboard.client.decision.identity import id_of, is_id, new_id
from aboveboard.client.decision.state import State, checksum, understood
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.files import locks

HERE = "https://analytics.example.org"
TERMS = {"launched": {}, "message_send": {"cost": "amount"}}
AIDERS_YES = {"uuid": new_id(), "permanently_disable": False, "asked_opt_in": True}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dir" / "analytics.json"


class TestToward:
    """What a file says as far as one recipient is concerned."""

    ELSEWHERE, NEVER = "https://b.example.org", "https://c.example.org"

    def test_a_yes_holds_for_its_recipient_and_any_other_is_told_of_it(self) -> None:
        answers: dict[str, dict[str, object]] = {
            HERE: {"agreed": TERMS, "declined": {"gone": {}}},
            self.ELSEWHERE: {"refused": True},
            self.NEVER: {"agreed": {}},
        }
        state = State(consent.CONSENTED, "id", None, None, 7, "secret", answers)
        here, refused = state.toward(HERE), state.toward(self.ELSEWHERE)

        assert (here.standing, here.agreed, here.declined) == (
            consent.CONSENTED, TERMS, {"gone": {}},
        )  # fmt: skip
        assert (here.refused, here.elsewhere) == (False, ())
        assert (refused.standing, refused.refused, refused.agreed) == (
            consent.NOT_ASKED, True, None,
        )  # fmt: skip
        assert refused.elsewhere == (HERE, self.NEVER)
        for each in (here, refused):
            told = (each.user_id, each.decided, each.secret, each.recipients)
            assert told == ("id", 7, "secret", answers)

    def test_a_yes_that_names_nobody_holds_for_whom_it_was_given_to(self) -> None:
        state = State(consent.CONSENTED, "id", TERMS, {"gone": {}})
        here, other, unknown = (state.toward(HERE, to) for to in (HERE, self.ELSEWHERE, ""))

        assert (here.standing, here.agreed, here.declined) == (
            consent.CONSENTED, TERMS, {"gone": {}},
        )  # fmt: skip
        for each, elsewhere in ((other, (self.ELSEWHERE,)), (unknown, ())):
            assert (each.standing, each.agreed, each.declined) == (consent.NOT_ASKED, None, None)
            assert (each.elsewhere, each.refused) == (elsewhere, False)

    def test_an_unnamed_yes_stands_beside_those_with_a_name(self) -> None:
        answers = {self.ELSEWHERE: {"agreed": TERMS}}
        state = State(consent.CONSENTED, "id", TERMS, recipients=answers)
        assert state.toward(self.NEVER, HERE).elsewhere == (HERE, self.ELSEWHERE)

    def test_a_named_yes_makes_nobody_else_a_recipient(self) -> None:
        state = State(consent.CONSENTED, "id", recipients={self.ELSEWHERE: {"agreed": TERMS}})
        to = state.toward(HERE, HERE)
        assert (to.standing, to.elsewhere) == (consent.NOT_ASKED, (self.ELSEWHERE,))


class TestReading:
    """What a file says."""

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("uuid", "nobody"), ("uuid", 3), ("permanently_disable", "no"), ("asked_opt_in", "yes"),
            ("asked_opt_in", 1), ("agreed", []), ("agreed", {"launched": 1}), ("declined", "all"),
            ("recipients", []), ("recipients", {HERE: "yes"}),
            ("recipients", {HERE: {"agreed": 1}}),
            ("recipients", {HERE: {"agreed": {}, "declined": {"launched": []}}}),
        ],
    )  # fmt: skip
    def test_a_value_that_cannot_be_makes_it_unreadable_though_its_checksum_fits(
        self, path: Path, key: str, value: object
    ) -> None:
        path.parent.mkdir()
        good: dict[str, object] = {**AIDERS_YES, "agreed": TERMS, "declined": {}, "recipients": {}}
        for document, standing in (
            (good, consent.CONSENTED), ({**good, key: value}, consent.UNREADABLE),
        ):  # fmt: skip
            path.write_text(json.dumps({**document, "check": checksum(document)}))
            assert StateFile(str(path)).read().standing == standing

    def test_all_that_was_written_is_read_again(self) -> None:
        secret = "5" * 64
        document: dict[str, object] = {
            "uuid": id_of(secret), "permanently_disable": False, "asked_opt_in": True,
            "agreed": TERMS, "declined": {"gone": {}}, "decided": 7, "secret": secret,
            "recipients": {HERE: {"refused": True}},
        }  # fmt: skip
        told = understood(document)
        assert (told.standing, told.user_id, told.secret) == (
            consent.CONSENTED, id_of(secret), secret,
        )  # fmt: skip
        assert (told.agreed, told.declined, told.decided) == (TERMS, {"gone": {}}, 7)
        assert told.recipients == {HERE: {"refused": True}}
        assert understood(document | {"uuid": id_of(secret).upper(), "secret": ""}).user_id == (
            id_of(secret)
        )
        nothing = understood({})
        assert (nothing.user_id, nothing.secret, nothing.agreed, nothing.decided) == (
            "", "", None, None,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("decided", "read"),
        [(0, 0), (2**33 - 1, 2**33 - 1), (2**33, None), (-1, None), (True, None), ("7", None)],
    )
    def test_a_time_that_is_none_is_not_told(self, decided: object, read: int | None) -> None:
        assert understood({"decided": decided}).decided == read

    @pytest.mark.parametrize("secret", ["6" * 64, "5" * 63, 5, None])
    def test_a_secret_of_another_id_is_none_of_this_install(self, secret: object) -> None:
        told = understood({"uuid": id_of("5" * 64), "secret": secret})
        assert told.secret == ""

    def test_a_check_is_of_all_that_stands_in_the_file_and_of_nothing_else(self) -> None:
        document: dict[str, object] = {"b": {"y": 1, "x": [True]}, "a": "ä"}
        assert checksum(document) == "40058844"  # as it is in the files of every install
        assert checksum({**dict(reversed(document.items())), "check": "whatever"}) == "40058844"
        others: tuple[dict[str, object], ...] = ({"a": "a"}, {"b": {}}, {"c": None})
        for other in others:
            assert checksum(document | other) != "40058844"

    def test_no_file_means_not_asked(self, path: Path) -> None:
        assert StateFile(str(path)).read().standing == consent.NOT_ASKED
        assert not path.parent.exists()

    @pytest.mark.parametrize(
        ("document", "standing"),
        [
            ({"uuid": new_id(), "permanently_disable": None, "asked_opt_in": False}, "not asked"),
            (AIDERS_YES, "consented"),
            (AIDERS_YES | {"permanently_disable": True}, "disabled"),
            ({}, "not asked"),
        ],
    )
    def test_aiders_own_file_is_honoured(
        self, path: Path, document: dict[str, object], standing: str
    ) -> None:
        path.parent.mkdir()
        path.write_text(json.dumps(document))
        assert StateFile(str(path)).read().standing == standing

    @pytest.mark.parametrize(
        "text",
        [
            "", "{", "null", "[]", "[" * 100_000, "\x00" * 50, '{"permanently_disable": "yes"}',
            '{"asked_opt_in": 1}', '{"uuid": "me"}', '{"agreed": {"x": 1}, "asked_opt_in": true}',
        ],
    )  # fmt: skip
    def test_a_file_that_makes_no_sense_is_unreadable_and_stays_as_it_is(
        self, path: Path, text: str
    ) -> None:
        path.parent.mkdir()
        path.write_text(text)
        file = StateFile(str(path))
        assert file.read().standing == consent.UNREADABLE
        assert file.identify().standing == consent.UNREADABLE
        assert file.agree(TERMS, HERE).standing == consent.UNREADABLE
        assert path.read_text() == text

    @given(st.integers(min_value=0, max_value=400))
    def test_a_no_cut_short_anywhere_is_never_a_yes(self, path: Path, length: int) -> None:
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        file = StateFile(str(path))
        file.agree(TERMS, HERE)
        file.disable()
        whole = path.read_bytes()
        path.write_bytes(whole[:length])
        standing = file.read().standing
        assert standing == (consent.DISABLED if length >= len(whole) - 1 else consent.UNREADABLE)


class TestChanging:
    """What is written, and what wins."""

    def test_a_yes_keeps_its_terms_and_every_key_that_is_not_ours(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_text(json.dumps(AIDERS_YES | {"asked_opt_in": False, "theirs": [1]}))
        state = StateFile(str(path)).agree(TERMS, HERE).toward(HERE)
        assert (state.standing, state.agreed) == (consent.CONSENTED, TERMS)
        kept = json.loads(path.read_text())
        assert kept.pop("decided") == state.decided
        assert len(kept.pop("check")) == 8
        assert kept == AIDERS_YES | {"theirs": [1], "recipients": {HERE: {"agreed": TERMS}}}

    def test_a_yes_that_comes_after_a_no_changes_nothing(self, path: Path) -> None:
        file = StateFile(str(path))
        file.disable()
        before = path.read_text()
        assert file.agree(TERMS, HERE).standing == consent.DISABLED
        assert file.decline(TERMS, TERMS, HERE).standing == consent.DISABLED
        assert path.read_text() == before

    def test_a_no_replaces_even_what_cannot_be_read(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_text("{")
        assert StateFile(str(path)).disable().standing == consent.DISABLED
        assert StateFile(str(path)).read().standing == consent.DISABLED

    def test_an_install_has_one_id_however_many_processes_start_at_once(self, path: Path) -> None:
        ids: list[str] = []
        threads = [
            threading.Thread(target=lambda: ids.append(StateFile(str(path)).identify().user_id))
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 50
        assert len(set(ids)) == 1
        assert is_id(ids[0])

    def test_a_link_stays_a_link(self, path: Path, tmp_path: Path) -> None:
        real = tmp_path / "dotfiles.json"
        real.write_text(json.dumps(AIDERS_YES))
        path.parent.mkdir()
        path.symlink_to(real)
        StateFile(str(path)).disable()
        assert path.is_symlink()
        assert json.loads(real.read_text())["permanently_disable"] is True

    def test_only_the_user_may_read_it(self, path: Path) -> None:
        StateFile(str(path)).identify()
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0


FLIPPER = """
import sys
from aboveboard.client.decision.statefile import StateFile
file = StateFile(sys.argv[1])
print("ready", flush=True)
while True:
    file.agree({"launched": {}}, HERE)
"""


class TestCrashing:
    """Killed at any moment, the file is the old one or the new one."""

    def test_a_kill_while_writing_leaves_a_whole_file(self, path: Path) -> None:
        for _ in range(20):
            process = subprocess.Popen(
                [sys.executable, "-c", FLIPPER, str(path)], stdout=subprocess.PIPE
            )
            assert process.stdout is not None
            process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            standing = StateFile(str(path)).read().standing
            assert standing in (consent.NOT_ASKED, consent.CONSENTED)
        StateFile(str(path)).disable()  # no lock was left behind by the dead
        assert StateFile(str(path)).read().standing == consent.DISABLED

    def test_where_nothing_can_be_kept_it_raises(self, tmp_path: Path) -> None:
        (tmp_path / "home").touch()
        with pytest.raises(OSError, match=r"exists|Not a directory"):
            StateFile(str(tmp_path / "home" / "analytics.json")).identify()


def test_a_no_that_lies_beside_the_file_is_as_good_as_one_in_it(path: Path) -> None:
    file = StateFile(str(path))
    file.agree(TERMS, HERE)
    path.with_name("analytics.json.no").touch()
    assert file.agree(TERMS, HERE).standing == file.read().standing == consent.DISABLED
    path.write_text("{")
    assert file.read().standing == consent.DISABLED


class TestWithoutTheLock:
    """Somebody holds it and hangs, or the file system has none."""

    @pytest.fixture(params=["held", "none"])
    def file(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> Iterator[StateFile]:
        file = StateFile(str(path))
        file.agree(TERMS, HERE)
        if request.param == "none":

            def no_locks(*_args: object, **_options: object) -> bool:
                raise OSError(errno.ENOLCK, "No locks available")

            monkeypatch.setattr(locks, "acquire", no_locks)
            yield file
            return
        monkeypatch.setattr(statefile, "_LOCK_SECONDS", 0.1)
        with open(f"{path}.lock", "rb") as held:
            assert locks.acquire(held.fileno())
            yield file

    def test_a_no_is_kept_all_the_same(self, file: StateFile) -> None:
        assert file.disable().standing == consent.DISABLED
        assert file.read().standing == consent.DISABLED

    def test_it_stands_when_whoever_held_the_lock_goes_on(
        self, path: Path, file: StateFile
    ) -> None:
        """And writes what it had in hand: a yes."""
        in_hand = path.read_bytes()
        file.disable()
        path.write_bytes(in_hand)
        assert StateFile(str(path)).read().standing == consent.DISABLED

    def test_anything_else_says_that_it_could_not_be(self, file: StateFile) -> None:
        with pytest.raises(OSError, match="lock"):
            file.agree({"more": {}}, HERE)
        assert file.read().toward(HERE).agreed == TERMS


def asks(file: StateFile, terms: consent.Terms) -> bool:
    now = file.read().toward(HERE)
    return consent.decide(
        consent.Facts(
            standing=now.standing, agreed=now.agreed, declined=now.declined, terms=terms,
            can_ask=True, in_sample=True,
        )
    ).ask  # fmt: skip


@pytest.mark.parametrize("answer", [True, False])
def test_two_versions_with_other_packages_ask_once_each(path: Path, *, answer: bool) -> None:
    """And the one that tells of fewer has nothing to ask."""

    def version(*packages: str) -> consent.Terms:
        return {"launched": {}, "exception": {"error": " ".join(["exception", *packages])}}

    file = StateFile(str(path))
    agreed = file.agree({"launched": {}}, HERE).toward(HERE).agreed
    assert agreed is not None
    asked = []
    for terms in (version("tool"), version("plugin", "tool"), version("tool"), version("plugin")):
        asked.append(asks(file, terms))
        if asked[-1] and answer:
            file.agree(terms, HERE)
        elif asked[-1]:
            file.decline(terms, agreed, HERE)
    assert asked == [True, True, False, False]


OLD: consent.Terms = {"launched": {}, "old": {}}
NEW: consent.Terms = {"launched": {"new": "count"}}


class TestTwoVersions:
    """Of one tool, run in turn, each with something that the other has not."""

    def test_each_asks_about_its_own_once(self, path: Path) -> None:
        file = StateFile(str(path))
        agreed = file.agree({"launched": {}}, HERE).toward(HERE).agreed
        assert agreed is not None
        for terms in (OLD, NEW):
            assert asks(file, terms)
            file.decline(terms, agreed, HERE)
        assert not asks(file, OLD)
        assert not asks(file, NEW)

    def test_a_yes_to_one_leaves_what_was_said_of_the_other(self, path: Path) -> None:
        file = StateFile(str(path))
        file.agree({"launched": {}}, HERE)
        file.decline(OLD, {"launched": {}}, HERE)
        now = file.agree(NEW, HERE).toward(HERE)
        assert (now.agreed, now.declined) == (NEW, {"old": {}})
        assert not asks(file, OLD)
        now = file.agree(OLD, HERE).toward(HERE)
        assert (now.agreed, now.declined) == ({**OLD, **NEW}, None)
        assert not asks(file, NEW)


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_however_deep_a_file_is_nested_it_is_read_or_it_is_not(path: Path, depth: int) -> None:
    path.parent.mkdir()
    file = AIDERS_YES | {"check": "0", "deep": 0}
    path.write_text(json.dumps(file).replace(" 0}", "[" * depth + "]" * depth + "}"))
    assert StateFile(str(path)).read().standing == consent.UNREADABLE


def test_a_directory_that_may_not_be_listed_keeps_a_no(path: Path) -> None:
    file = StateFile(str(path))
    file.agree(TERMS, HERE)
    real = os.open

    def refusing(name: str, flags: int, *mode: int) -> int:
        if flags & os.O_DIRECTORY:  # for the root user, who may do anything, this stands for it
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(name, flags, *mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", refusing)
        file.disable()
    assert file.read().standing == consent.DISABLED


def test_a_no_in_a_file_that_is_damaged_otherwise_says_nothing_else(path: Path) -> None:
    path.parent.mkdir()
    for key, value in (("recipients", {"a": 5}), ("agreed", {"a": 5}), ("declined", 3)):
        path.write_text(json.dumps(AIDERS_YES | {"permanently_disable": True, key: value}))
        state = StateFile(str(path)).read()
        assert state.standing == consent.DISABLED
        assert (state.recipients, state.agreed, state.declined) == ({}, None, None)


def test_a_no_to_a_recipient_outlasts_a_yes_that_turns_out_to_have_been_for_it(path: Path) -> None:
    file = StateFile(str(path))
    file.agree(TERMS, "https://other.example")
    file.refuse(HERE)
    file._change(lambda _now: {"agreed": TERMS})  # as 0.1.0 kept a yes, and named nobody
    file.name(HERE, TERMS)
    file.decline(TERMS, TERMS, HERE)
    state = file.read()
    assert state.toward(HERE).refused
    assert not state.is_unnamed
    assert state.toward("https://other.example").standing == consent.CONSENTED


def test_the_digest_is_sha_256() -> None:
    for data in (b"", b"abc", bytes(range(256)) * 5):
        assert sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()
