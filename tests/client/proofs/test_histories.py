"""Random histories of an install: nothing is recorded without a yes that covers it, no no is lost.

A history is runs of a tool (flags, environment, answers, a catalog that grows and shrinks), each of
which may die between any two system calls or have one fail, and in between what may happen to a
home: a damaged state file, aider's own file, a file that was removed, the sending child.
An independent model (consent_model.py) says what each run may do.
"""

from __future__ import annotations

import gzip
import http.client
import itertools
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from aboveboard import Catalog, Event, choice, count, dollars, flag
from aboveboard.client.decision.environment import CI_VARIABLES
from aboveboard.client.delivery import upload
from aboveboard.client.recipients.target import Target
from aboveboard.client.recording import segment
from tests.client.places import NOBODY
from tests.client.proofs import consent_model as model
from tests.client.proofs.conftest import LONG
from tests.client.proofs.consent_model import DAMAGED, NO, NOTHING, YES, Facts, Standing
from tests.client.proofs.machine import FAILURES, Machine, Observed, System

HISTORIES = int(os.environ.get("ABOVEBOARD_HISTORIES", "100000" if LONG else "500"))
SHARES = 4 if HISTORIES < 10_000 else 8
"""Tests among which the histories are divided; the quick tier has the first of them."""


# One class an event and way of declaring it. Names a bit apart (cost_a, cost_c), so that damage to
# the file could make one from another.
class Alpha(Event, name="alpha"):
    """The first."""

    cost_a: float | None = dollars("A cost", default=None)


class AlphaGrown(Event, name="alpha"):
    """The first, with more."""

    cost_a: float | None = dollars("A cost", default=None)
    cost_c: float | None = dollars("Another cost", default=None)


class AlphaOther(Event, name="alpha"):
    """The first, with another kind."""

    cost_a: int | None = count("A number of costs", default=None)
    sure: bool | None = flag("Whether it is sure", default=None)


class Beta(Event, name="beta"):
    """The second."""

    how: str | None = choice("well", "badly", doc="How it went", default=None)


class BetaBare(Event, name="beta"):
    """The second, with nothing to say."""


class Gamma(Event, name="gamma"):
    """The third."""

    number: int | None = count("A number", default=None)


VARIANTS: tuple[tuple[type[Event] | None, ...], ...] = (
    (None, Alpha, AlphaGrown, AlphaOther),
    (None, Beta, BetaBare),
    (None, Gamma),
)
CATALOGS = [
    tuple(kind for kind in chosen if kind is not None) for chosen in itertools.product(*VARIANTS)
]
_catalogs: dict[int, tuple[Catalog, model.Terms]] = {}


def catalog(number: int) -> tuple[Catalog, model.Terms]:
    if number not in _catalogs:
        made = Catalog.of("tool", CATALOGS[number])
        _catalogs[number] = made, model.terms_of(made.as_json())
    return _catalogs[number]


def events(number: int) -> list[Event]:
    """Return two events of each class, one of them with values that do not fit."""
    recorded = []
    for kind in CATALOGS[number]:
        make: Any = kind
        recorded.append(make(cost_a=1, cost_c=0.5, sure=True, how="well", number=7))
        recorded.append(make(cost_a="text", number=-1))
    return recorded


@dataclass(frozen=True)
class Run:
    """The tool is run."""

    catalog: int
    flag: bool | None
    disable: bool
    variable: str | None
    do_not_track: str | None
    ci: str | None
    terminal: tuple[bool, bool, bool]
    percent: int
    answers: list[str]
    log: str | None
    trouble: tuple[int, int | None, float]
    closes: bool
    before: int | None
    """The catalog, if any, to which the host says that a yes without terms was given."""


@dataclass(frozen=True)
class Damage:
    """The state file is damaged: cut, a bit flipped, or replaced by other JSON."""

    how: str
    where: int


@dataclass(frozen=True)
class Aider:
    """aider itself writes the file, with its three keys."""

    asked: bool
    disabled: bool | None


@dataclass(frozen=True)
class Send:
    """The child runs, and the collector answers `status` (0: it cannot be reached)."""

    status: int
    do_not_track: bool


@dataclass(frozen=True)
class Reset:
    """The person takes back what was decided, by the one command for it."""

    trouble: tuple[int, int | None, float]


OTHER_JSON = (
    b"", b"null", b"[]", b"0", b'"yes"', b"[true]", b"true",
    b'{"asked_opt_in": "yes"}', b'{"asked_opt_in": true}', b'{"asked_opt_in": 1, "uuid": 2}',
    b'{"asked_opt_in": true, "permanently_disable": 0}', b'{"agreed": 1, "asked_opt_in": true}',
    b"\x00" * 64, b'\xff\xfe{"asked_opt_in": true}', b'{"permanently_disable": "no"}',
)  # fmt: skip

KEYS = frozenset(
    ("uuid", "asked_opt_in", "permanently_disable", "recipients", "agreed", "declined", "decided",
     "secret", "check")
)  # fmt: skip

mostly = st.sampled_from
ANSWERS = ("y", "n", "", "?", "yes", "NO", "what", "sure", model.END_OF_INPUT)
runs = st.builds(
    Run,
    catalog=st.integers(0, len(CATALOGS) - 1),
    flag=mostly((None, True, True, True, False)),
    disable=mostly((False,) * 11 + (True,)),
    variable=mostly((None,) * 8 + ("", "0", "1", "no", "nonsense", "yes")),
    do_not_track=mostly((None,) * 8 + ("", "0", "false", "1", "true", "yes")),
    ci=mostly((None,) * 9 + CI_VARIABLES),
    terminal=mostly(((True, True, True),) * 7 + tuple(itertools.product((True, False), repeat=3))),
    percent=mostly((0, 100, 50)),
    answers=st.lists(mostly(ANSWERS), max_size=4),
    log=mostly((None,) * 6 + ("good", "bad")),
    trouble=st.one_of(
        st.just((0, None, 0.0)),
        st.tuples(
            st.integers(1, 60), mostly((None, None, *FAILURES)), mostly((0.0, 0.5, 0.99, 1.0))
        ),
    ),
    closes=st.booleans(),
    before=mostly((None, *range(0, len(CATALOGS), 3))),
)
eager = st.builds(
    Run,
    catalog=st.integers(0, len(CATALOGS) - 1),
    flag=mostly((None, True)),
    disable=st.just(False),
    variable=st.none(),
    do_not_track=st.none(),
    ci=st.none(),
    terminal=mostly(((True, True, True), (True, True, True), (False, True, True))),
    percent=mostly((0, 100)),
    answers=mostly((["y"], ["?", ""], ["what", "yes"], ["n"])),
    log=mostly((None, None, None, "good")),
    trouble=mostly(((0, None, 0.0),)),
    closes=st.booleans(),
    before=mostly((None, *range(0, len(CATALOGS), 3))),
)
"""Runs of someone who says yes, mostly: without them little would ever be on."""

steps = st.one_of(
    runs,
    runs,
    eager,
    eager,
    st.builds(
        Damage, how=mostly(("cut", "flip", "flip", "other")), where=st.integers(0, 1_000_000)
    ),
    st.one_of(
        st.builds(Aider, asked=st.booleans(), disabled=mostly((None, False, True))),
        st.just("removed"),
        st.builds(Send, status=mostly((200, 200, 503, 400, 0)), do_not_track=st.booleans()),
        st.builds(Send, status=st.just(200), do_not_track=st.just(False)),
        st.builds(
            Reset,
            trouble=st.one_of(
                st.just((0, None, 0.0)),
                st.tuples(st.integers(1, 30), mostly((None, *FAILURES)), mostly((0.0, 0.5, 1.0))),
            ),
        ),
    ),
)


class History:
    """One install's life, checked step by step against the model."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.standing = Standing()
        self.theirs = False
        """Whether the file is aider's own, as aider wrote it."""
        self.intact: tuple[bytes, Standing] | None = None
        """The file as it was last written by a program, and what stood then."""
        self.allowed: set[bytes] = set()
        self.sent: dict[str, bytes] = {}
        self.yes_rows = 0

    def take(self, step: object) -> None:
        if not isinstance(step, (Run, Send, Reset)):
            self.machine.move_the_no()
        if isinstance(step, Run):
            self.run(step)
        elif isinstance(step, Damage):
            self.damage(step)
        elif isinstance(step, Aider):
            self.aider(step)
        elif isinstance(step, Send):
            self.send(step)
        elif isinstance(step, Reset):
            self.reset(step)
        elif os.path.exists(self.machine.state):
            os.unlink(self.machine.state)
            self.standing, self.theirs = Standing(), False

    # --- The tool is run.

    def run(self, step: Run) -> None:
        before = self.machine.state_bytes()
        seen, today = self._run(step)
        facts = Facts(
            today=today,
            before=None if step.before is None else catalog(step.before)[1],
            flag=step.flag,
            disable=step.disable,
            variable=step.variable,
            do_not_track=step.do_not_track,
            ci=step.ci is not None,
            terminal=all(step.terminal),
            in_sample=self._in_sample(step.percent),
            log_fails=step.log == "bad",
            answers=step.answers,
        )
        expected = model.outcome(self.standing, facts)
        troubled = seen.died or seen.failed
        self._check_recorded(seen, expected)
        found = self._standing_in_the_file()
        if troubled:
            self._check_after_trouble(seen, facts, expected, found, before)
        else:
            assert seen.enabled == expected.on, f"row {expected.row}"
            assert seen.asked == expected.asked, f"row {expected.row}"
            self._check_saved(expected, found, before)
            self._check_complete(step, seen, expected)
        if expected.on:
            self.yes_rows += 1
        assert seen.children == 0 or expected.on, "a child was started in a session that is off"

    def _run(self, step: Run) -> tuple[Observed, model.Terms]:
        declared, today = catalog(step.catalog)
        environ = {
            "TOOL_ANALYTICS": step.variable,
            "DO_NOT_TRACK": step.do_not_track,
            step.ci or "CI": "true" if step.ci else None,
        }
        logs = {"good": self.machine.log, "bad": os.path.join(self.machine.home, "none", "log")}
        at, failure, share = step.trouble
        seen = self.machine.run(
            declared,
            events(step.catalog),
            environ={name: value for name, value in environ.items() if value is not None},
            flags=SimpleNamespace(
                analytics=step.flag,
                analytics_disable=step.disable,
                analytics_log=logs[step.log] if step.log else None,
            ),
            terminal=step.terminal,
            answers=step.answers,
            percent=step.percent,
            system=System(at, failure, share),
            closes=step.closes,
            before=None if step.before is None else catalog(step.before)[0].terms(),
        )
        return seen, today

    def _in_sample(self, percent: int) -> bool:
        """The first six hex digits of the id against the share, as aider does it."""
        try:
            user_id = json.loads(self.machine.state_bytes() or b"{}")["uuid"]
            return percent > 0 and int(user_id[:6], 16) <= 0xFFFFFF * percent / 100
        except (ValueError, KeyError, TypeError):
            return False

    def _check_recorded(self, seen: Observed, expected: model.Outcome) -> None:
        """Nothing is ever recorded for sending without a standing yes that covers it."""
        for line in seen.lines:
            if not line.endswith(b"\n"):
                assert seen.died, "only a death may leave half a line"
                continue
            told = json.loads(line)
            terms = {(told["event"], "", "")}
            for name in told["properties"]:
                kinds = {kind for event, known, kind in expected.covered
                         if (event, known) == (told["event"], name)}  # fmt: skip
                assert len(kinds) == 1, f"{told['event']}.{name} in row {expected.row}"
            assert terms <= expected.covered, f"{told['event']} in row {expected.row}"
            self.allowed.add(line)

    def _check_after_trouble(
        self,
        seen: Observed,
        facts: Facts,
        expected: model.Outcome,
        found: Standing,
        before: bytes | None,
    ) -> None:
        """The old decision or the new one stands, and what was recorded has its yes on disk."""
        if self.standing.word == DAMAGED and self.machine.state_bytes() == before:
            # Damaged, and yet it may still say no: that no is as good as a new one.
            found = found if found == expected.then else self.standing
        assert found in (self.standing, expected.then), "neither the old state nor the new"
        if seen.enabled or seen.lines:
            assert found.word == YES, "recorded, and the yes is not on disk"
        said = seen.asked or facts.disable  # where nothing can be saved, nobody is asked
        if expected.saves_a_no and said and not seen.died and found.word != NO:
            assert seen.stderr, "a no that could not be saved, and nobody was told"
        self._stands(found, before)

    def _check_saved(self, expected: model.Outcome, found: Standing, before: bytes | None) -> None:
        if expected.then.word == DAMAGED:
            assert self.machine.state_bytes() == before, "a damaged file is left as it is"
            found = expected.then
        if self.standing.agreed is None and not expected.on:
            assert found in (self.standing, expected.then)
        else:
            assert found == expected.then, f"row {expected.row}"
        self._stands(found, before)

    def _stands(self, found: Standing, before: bytes | None) -> None:
        if self.machine.state_bytes() != before:
            self.theirs = False
        self.standing = found

    def _check_complete(self, step: Run, seen: Observed, expected: model.Outcome) -> None:
        """What was agreed to is there, and a log shows the very lines."""
        names = {json.loads(line)["event"] for line in seen.lines}
        may = {event for event, _, _ in expected.covered} - {"rejected_value", "dropped_events"}
        assert may <= names or not expected.on
        if step.log == "good":
            if expected.on:
                assert seen.logged == seen.lines
            else:
                logged = {json.loads(line)["event"] for line in seen.logged}
                assert logged >= {kind.event_name for kind in CATALOGS[step.catalog]}

    def _standing_in_the_file(self) -> Standing:
        """Read the file as anyone would who knows its keys."""
        data = self.machine.state_bytes()
        if self.machine.says_no_apart():
            return Standing(NO)
        if data is None:
            return Standing()
        try:
            document = json.loads(data)
            if document["permanently_disable"] is True:
                return Standing(NO)
            if not document["asked_opt_in"]:
                return Standing()
        except (ValueError, KeyError, TypeError):
            if self.standing.word == NOTHING and b"asked_opt_in" not in data:
                return Standing()  # an id, and nothing decided
            return Standing(DAMAGED)
        answer = document.get("recipients", {}).get(NOBODY, {})
        agreed, declined = answer.get("agreed"), answer.get("declined", {})
        return Standing(YES, None if agreed is None else _triples(agreed), _triples(declined))

    # --- What else may happen to a home.

    def damage(self, step: Damage) -> None:
        data = self.machine.state_bytes()
        if not data:
            return
        if self.standing.word != DAMAGED:
            self.intact = data, self.standing
        damaged = bytearray(data)
        if step.how == "cut":
            del damaged[step.where % len(data) :]
        elif step.how == "flip":
            bit = step.where % (len(data) * 8)
            damaged[bit // 8] ^= 1 << bit % 8
        else:
            damaged = bytearray(OTHER_JSON[step.where % len(OTHER_JSON)])
        self.machine.write_state(bytes(damaged))
        assert self.intact is not None
        whole, stood = self.intact
        # A second blow may undo the first.
        same = self._means_the_same(whole, bytes(damaged))
        self.standing = stood if same else Standing(DAMAGED)
        if not same and self._says_nothing(bytes(damaged)):
            self.standing = Standing()

    def _means_the_same(self, data: bytes, damaged: bytes) -> bool:
        try:
            was, now = json.loads(data), json.loads(damaged)
        except ValueError:
            return False
        if was == now:
            return True
        if not self.theirs or not isinstance(now, dict):
            return False
        # Nothing in aider's own file tells a damaged id from another id.
        return was.keys() == now.keys() and {**was, "uuid": ""} == {**now, "uuid": ""} and (
            len(now["uuid"]) == 36 and set(now["uuid"].lower()) <= set("0123456789abcdef-")
            and [len(group) for group in now["uuid"].split("-")] == [8, 4, 4, 4, 12]
        )  # fmt: skip

    def _says_nothing(self, data: bytes) -> bool:
        """An object with no key that anyone of us knows is another program's, if anyone's."""
        try:
            found = json.loads(data)
        except ValueError:
            return False
        return isinstance(found, dict) and KEYS.isdisjoint(found)

    def aider(self, step: Aider) -> None:
        document = {
            "uuid": "0f3ea7b4-5f5a-4d9c-8d0e-0c5a1b2c3d4e",
            "permanently_disable": step.disabled,
            "asked_opt_in": step.asked,
        }
        self.machine.write_state(json.dumps(document, indent=4).encode())
        word = NO if step.disabled else YES if step.asked else NOTHING
        self.standing = Standing(word, None if word == YES else frozenset())
        self.theirs = True

    def reset(self, step: Reset) -> None:
        """Afterwards nothing is decided and nothing waits, or all is as it was."""
        system = System(*step.trouble)
        done = self.machine.reset(system)
        if done:
            assert self._standing_in_the_file() == Standing()
            assert system.failed or not self.machine.waiting()
            self.standing, self.theirs = Standing(), False
            return
        data = self.machine.state_bytes()
        undone = self.standing.word == DAMAGED and self._standing_in_the_file() != Standing()
        found = self.standing if undone else self._standing_in_the_file()
        assert found in (self.standing, Standing()), "neither the old state nor nothing"
        if found != self.standing or (data and b'"check"' in data):
            self.theirs = False
        self.standing = found

    def send(self, step: Send) -> None:
        posted: dict[str, bytes] = {}

        class Collector:
            def __init__(self, endpoint: str, environ: Mapping[str, str]) -> None:
                if not step.status:
                    raise ConnectionRefusedError

            def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, None]:
                posted[headers["Idempotency-Key"]] = gzip.decompress(body)
                return step.status, None

            def answer(self) -> bytes:
                return b'{"rejected": []}'

            def close(self) -> None:
                pass

        target = Target(
            directory=self.machine.spool,
            state=self.machine.state,
            endpoint=NOBODY,
            key="key",
        )
        if os.path.exists(target.pause_file):
            os.unlink(target.pause_file)  # time has passed
        real, upload.Connection = upload.Connection, Collector  # type: ignore[assignment,attr-defined]
        try:
            upload.run(target, {"DO_NOT_TRACK": "1"} if step.do_not_track else {})
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError("the child died of its work") from error
        finally:
            upload.Connection = real  # type: ignore[attr-defined]
        known = self.standing.agreed is not None  # what the yes was given to
        may = self.standing.word == YES and known and not step.do_not_track
        assert may or not posted, f"sent while {self.standing}"
        for key, body in posted.items():
            whole = [line for line in body.splitlines(keepends=True) if line.endswith(b"\n")]
            assert set(whole) <= self.allowed, "sent, and never recorded with consent"
            assert self.sent.setdefault(key, body) == body, "another body by the same key"
        waiting = segment.listed(target.segments)
        if (may and step.status in (200, 400)) or (
            self.standing.word == NO and not step.do_not_track
        ):
            assert not any(os.path.getsize(path) for path in waiting)


def _triples(terms: Any) -> model.Terms:
    found = set()
    for event, properties in terms.items():
        found.add((event, "", ""))
        found.update((event, name, kind) for name, kind in properties.items())
    return frozenset(found)


class TestHistories:
    """Whatever happens to an install, and in whatever order."""

    @pytest.mark.parametrize(
        "share", [0, *(pytest.param(each, marks=pytest.mark.thorough) for each in range(1, SHARES))]
    )
    def test_nothing_is_recorded_without_a_yes_and_no_no_is_lost(
        self, share: int, tmp_path: Path, figure: Callable[[str], None]
    ) -> None:
        lived = ran = yes = 0

        @seed(share + int(os.environ.get("ABOVEBOARD_SEED", "0")))
        @settings(
            max_examples=-(-HISTORIES // SHARES),
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(steps, min_size=8, max_size=20))
        def live(history: list[object]) -> None:
            nonlocal lived, ran, yes
            lived += 1
            home = os.path.join(tmp_path, str(lived))
            os.mkdir(home)
            install = History(Machine(home))
            real, os.urandom = os.urandom, random.Random(7).randbytes
            try:
                for step in history:
                    install.take(step)
                    ran += isinstance(step, Run)
            finally:
                os.urandom = real
                yes += install.yes_rows
                shutil.rmtree(home)

        start = time.monotonic()
        try:
            live()
        finally:
            took = time.monotonic() - start
            figure(f"share {share}: {lived} histories, {ran} runs, {yes} on, {took:.0f} s")
        assert yes > lived / 8, "too few sessions were ever on for this to prove anything"
