"""A project decides for nobody: what its `.env` and its `.aider.conf.yml` can say to aider is no.

Each run is the real aider in a repository, which reads all of these files.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.hosts.aider.settings import HOST, KEY, Said
from tests.conftest import ROOT, in_turn
from tests.hosts.aider import trial
from tests.hosts.aider.page import AT_ONCE, EVENTS_AT_ONCE, NOT_IN_SAMPLE, QUESTION, Reader
from tests.hosts.aider.person import Person
from tests.hosts.aider.wire import listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hosts.aider.conftest import StockAider


@pytest.fixture
def reader(stock_aider: StockAider, tmp_path: Path) -> Iterator[Reader]:
    person = Person(tmp_path / "reader", stock_aider)
    (person.repository / "sub").mkdir()
    with listener() as collector:
        person.sends_to(collector.url)
        yield Reader(person, collector)


@pytest.fixture
def hostile(reader: Reader) -> Reader:
    """A reader who works in the project of the shared cases, which decides for whoever does."""
    case = ROOT.parent / "shared" / "cases" / "env-repo"
    if not case.is_dir():
        pytest.skip("the project that decides is not beside this one (../shared/cases/env-repo)")
    for path in sorted(case.rglob("*")):
        copy = reader.person.repository / path.relative_to(case)
        copy.mkdir(exist_ok=True) if path.is_dir() else shutil.copyfile(path, copy)
    return reader


def kept_in(repository: Path) -> dict[str, bytes]:
    """Return what is of ours in a repository; aider itself writes there when its home is moved."""
    return {
        str(path.relative_to(repository)): path.read_bytes()
        for path in repository.rglob("*")
        if path.is_file() and not path.is_relative_to(repository / ".git")
        if "analytics" in path.name or path.suffix == ".jsonl" or path.name == "errand.json"
    } | {name: b"" for name in ("spool", "config", ".local") if (repository / name).exists()}


@pytest.mark.aider
class TestTheProjectOfTheCases:
    @pytest.mark.parametrize(
        "said", in_turn(["DO_NOT_TRACK", "no for good", "nothing"], ["nothing"])
    )
    def test_nothing_is_sent_asked_or_written(self, hostile: Reader, said: str) -> None:
        person = hostile.person
        if said == "DO_NOT_TRACK":
            person.agreed()
            person.environ["DO_NOT_TRACK"] = "1"
        elif said == "no for good":
            person.decided(uuid=NOT_IN_SAMPLE, permanently_disable=True, asked_opt_in=True)
        else:
            hostile.has_id(NOT_IN_SAMPLE)
        before, decision = kept_in(person.repository), person.decision()
        screen = hostile.runs()
        assert QUESTION not in screen
        assert hostile.is_off()
        assert kept_in(person.repository) == before
        assert person.decision() == decision

    @pytest.mark.thorough
    def test_who_is_asked_is_asked_at_home(self, hostile: Reader) -> None:
        before = kept_in(hostile.person.repository)
        assert QUESTION in hostile.runs("--analytics", answers=("n",))
        assert hostile.person.decision()["permanently_disable"] is True
        assert kept_in(hostile.person.repository) == before
        assert hostile.is_off()

    @pytest.mark.thorough
    def test_a_no_for_good_is_kept_at_home(self, hostile: Reader) -> None:
        hostile.person.agreed()
        before = kept_in(hostile.person.repository)
        hostile.runs("--analytics-disable")
        assert hostile.person.decision()["permanently_disable"] is True
        assert kept_in(hostile.person.repository) == before

    def test_who_agreed_sends_to_their_own_collector_and_by_their_own_way(
        self, hostile: Reader
    ) -> None:
        hostile.person.agreed()
        del hostile.person.environ["NO_PROXY"]  # the project's proxy would be used
        before = kept_in(hostile.person.repository)
        hostile.runs()
        assert hostile.sent() == EVENTS_AT_ONCE
        assert {key for _, key, _ in hostile.collector.requests} == {"Bearer pk_key"}
        assert kept_in(hostile.person.repository) == before


NOS = {
    ".env": ["AIDER_ANALYTICS_DISABLE=true", "AIDER_ANALYTICS=false", "DO_NOT_TRACK=1"],
    ".aider.conf.yml": ["analytics-disable: true", "analytics: false", "no-analytics: true"],
}
TRIED = None if os.environ.get("ABOVEBOARD_LONG") else 1
"""How many of each file: aider's own reading of all of them is in `test_any_project_narrows_…`."""


@pytest.mark.thorough
@pytest.mark.aider
class TestAProjectsFiles:
    @pytest.mark.parametrize(
        ("file", "no"), [(file, no) for file in NOS for no in NOS[file][:TRIED]]
    )
    def test_can_say_no_for_the_session_and_not_for_good(
        self, reader: Reader, file: str, no: str
    ) -> None:
        reader.person.agreed()
        decision = reader.person.decision()
        (reader.person.repository / file).write_text(f"{no}\n")
        screen = reader.runs("--analytics")
        assert "permanently" not in screen
        assert reader.is_off()
        assert reader.person.decision() == decision

    @pytest.mark.parametrize(
        ("file", "yes"), [(".env", "AIDER_ANALYTICS=true"), (".aider.conf.yml", "analytics: true")]
    )
    def test_say_yes_for_nobody(self, reader: Reader, file: str, yes: str) -> None:
        reader.has_id(NOT_IN_SAMPLE)
        (reader.person.repository / file).write_text(f"{yes}\n")
        assert QUESTION not in reader.runs()
        assert reader.is_off()

    def test_a_typed_name_makes_no_file_ones_own(self, reader: Reader) -> None:
        reader.has_id(NOT_IN_SAMPLE)
        (reader.person.repository / "team.yml").write_text("analytics: true\n")
        (reader.person.repository / "team.env").write_text("AIDER_ANALYTICS=true\n")
        assert QUESTION not in reader.runs("--config", "team.yml", "--env-file", "team.env")
        assert reader.is_off()

    def test_name_no_recipient(self, reader: Reader) -> None:
        reader.person.agreed()
        with listener() as unwanted:
            (reader.person.repository / ".aider.conf.yml").write_text(
                f"analytics-posthog-host: {unwanted.url}\n"
                "analytics-posthog-project-api-key: phc_theirs\n"
            )
            reader.runs()
            assert reader.sent() == EVENTS_AT_ONCE
            assert unwanted.requests == []

    @pytest.mark.parametrize("file", [".env", ".aider.conf.yml"])
    def test_have_nothing_appended_to_a_file_and_the_session_is_off(
        self, reader: Reader, file: str
    ) -> None:
        reader.person.agreed()
        victim = reader.person.home / ".profile"
        victim.write_text("# mine\n")
        (reader.person.repository / file).write_text(
            f"AIDER_ANALYTICS_LOG={victim}\n" if file == ".env" else f"analytics-log: {victim}\n"
        )
        screen = reader.runs()
        assert "the log that this project's files name is not written" in screen
        assert victim.read_text() == "# mine\n"
        assert reader.is_off()
        if file == ".env":
            reader.runs("--analytics-log", str(reader.person.log))
            assert reader.sent() == EVENTS_AT_ONCE, "a log of one's own is all that was wanted"
            assert victim.read_text() == "# mine\n"


@pytest.mark.thorough
@pytest.mark.aider
class TestOnesOwnFiles:
    @pytest.mark.parametrize(
        ("file", "yes", "where"),
        [
            (".env", "AIDER_ANALYTICS=true", "at home"),
            (".aider.conf.yml", "analytics: true", "in a project"),
        ],
    )
    def test_say_yes_as_the_flag_does(
        self, reader: Reader, file: str, yes: str, where: str
    ) -> None:
        person = reader.person
        reader.has_id(NOT_IN_SAMPLE)
        (person.home / file).write_text(f"{yes}\n")
        if where == "at home":
            (person.home / "sub").mkdir()
            person.repository = person.home
        assert QUESTION in reader.runs(answers=("n",))

    def test_say_where_to_send_and_what_to_log(self, reader: Reader) -> None:
        person = reader.person
        with listener() as posthog:
            person.agreed(f"posthog+{posthog.url}")
            (person.home / ".aider.conf.yml").write_text(
                f"analytics-posthog-host: {posthog.url}\nanalytics-log: {person.log}\n"
            )
            (person.home / ".env").write_text("AIDER_ANALYTICS_POSTHOG_PROJECT_API_KEY=phc_mine\n")
            reader.runs()
            person.has_sent()
            ((path, _, body),) = posthog.requests
        assert path == "/batch/"
        assert json.loads(body)["api_key"] == "phc_mine"
        assert len(person.logged()) == len(EVENTS_AT_ONCE)

    def test_say_no_for_good(self, reader: Reader) -> None:
        reader.person.agreed()
        (reader.person.home / ".aider.conf.yml").write_text("analytics-disable: true\n")
        assert "permanently disabled" in reader.runs()
        assert reader.person.decision()["permanently_disable"] is True


@pytest.mark.thorough
@pytest.mark.aider
class TestATypedNo:
    @pytest.mark.parametrize(
        "words",
        [
            ("--analytics-disable", "--version"),
            ("--help", "--analytics-disable"),
            ("a.py", "--model", "x", "--analytics-dis", "--help"),
            ("--analytics-disable", "--no-such-flag"),
        ],
    )
    def test_is_kept_whatever_ends_the_run(self, reader: Reader, words: tuple[str, ...]) -> None:
        person = reader.person
        person.agreed()
        ended = run(person, *words)
        assert person.decision()["permanently_disable"] is True
        assert ended.stderr.endswith("Analytics have been permanently disabled.\n")
        assert ended.returncode == (2 if "--no-such-flag" in words else 0)
        if "--version" in words:
            assert "permanently" not in run(person, *words).stderr, "it speaks the first time only"

    def test_is_told_once_where_aider_goes_on(self, reader: Reader) -> None:
        screen = reader.runs("--analytics-disable")
        assert screen.count("permanently disabled") == 1

    def test_that_cannot_be_kept_is_told(self, reader: Reader) -> None:
        reader.person.environ["HOME"] = "/dev/null/nobody"
        ended = run(reader.person, "--analytics-disable", "--version")
        assert "Analytics are off for this session only" in ended.stderr
        assert "permanently" not in ended.stderr


def run(person: Person, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        person.aboveboard(*words, *AT_ONCE[:2]),
        cwd=person.repository,
        env=person.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


WORDS = {
    "DO_NOT_TRACK": ("1", "0", "true"),
    "AIDER_ANALYTICS": ("true", "false"),
    "AIDER_ANALYTICS_DISABLE": ("true", "false"),
    "AIDER_ANALYTICS_LOG": ("a.jsonl", "b.jsonl"),
    "AIDER_ANALYTICS_POSTHOG_HOST": ("http://a", "http://b"),
    "http_proxy": ("http://c", "http://d"),
    "HOME": ("/tmp", "${PWD}"),
}
"""What may stand in a file of variables, and in the environment at the start."""

SETTINGS = {
    "analytics": ("true", "false"),
    "no-analytics": ("true",),
    "analytics-disable": ("true", "false"),
    "analytics-log": ("c.jsonl", "d.jsonl"),
    "analytics-posthog-host": ("http://e", "http://f"),
}
TYPED: tuple[list[str], ...] = (
    [], [], ["--analytics"], ["--no-analytics"], ["--analytics-disable"],
    ["--analytics-log", "typed.jsonl"], ["--analytics-posthog-host", "http://typed"],
)  # fmt: skip

Words = dict[str, str]


@dataclass
class Case:
    """Somebody, what they said and where, and the project that they work in."""

    start: Words
    typed: list[str]
    home: Words
    home_config: Words
    project: Words
    project_config: Words

    @classmethod
    def random(cls, chance: random.Random) -> Case:
        def some(of: dict[str, tuple[str, ...]]) -> Words:
            return {name: chance.choice(of[name]) for name in of if chance.random() < 0.15}

        start = some(WORDS)
        start.pop("HOME", None)
        return cls(
            start, chance.choice(TYPED), some(WORDS), some(SETTINGS), some(WORDS), some(SETTINGS)
        )

    def write(self, folder: Path) -> None:
        for place, variables, config in (
            ("home", self.home, self.home_config),
            ("project", self.project, self.project_config),
        ):
            (folder / place).mkdir(parents=True)
            for file, sign, said in ((".env", "=", variables), (".aider.conf.yml", ": ", config)):
                if said:
                    lines = [f"{name}{sign}{word}\n" for name, word in said.items()]
                    (folder / place / file).write_text("".join(lines))
        (folder / "case.json").write_text(json.dumps({"start": self.start, "typed": self.typed}))

    def model(self) -> dict[str, Any]:
        """Return what docs/consent.md and docs/aider.md make of it."""
        typed = " ".join(self.typed)
        variables = (self.start, self.home, self.project)
        configs = (self.home_config, self.project_config)
        own_log = (
            "typed.jsonl" if "log" in typed
            else self.home.get("AIDER_ANALYTICS_LOG") or self.start.get("AIDER_ANALYTICS_LOG")
            or self.home_config.get("analytics-log")
        )  # fmt: skip
        no = (
            any(said.get("DO_NOT_TRACK", "0") != "0" for said in variables)
            or any(said.get("AIDER_ANALYTICS") == "false" for said in variables)
            or any(said.get("AIDER_ANALYTICS_DISABLE") == "true" for said in (self.project,))
            or any(said.get("analytics") == "false" or "no-analytics" in said for said in configs)
            or self.project_config.get("analytics-disable") == "true"
            or "--no-analytics" in typed
        )
        theirs = {"AIDER_ANALYTICS_LOG", "analytics-log"}
        says_log = theirs & {*self.project, *self.project_config}
        yes = (
            typed == "--analytics"
            or "true" in (self.start.get("AIDER_ANALYTICS"), self.home.get("AIDER_ANALYTICS"))
            or self.home_config.get("analytics") == "true"
        )
        return {
            "off": bool(no or (says_log and not own_log)),
            "yes": yes,
            "forever": "--analytics-disable" in typed
            or self.start.get("AIDER_ANALYTICS_DISABLE") == "true"
            or self.home.get("AIDER_ANALYTICS_DISABLE") == "true"
            or self.home_config.get("analytics-disable") == "true",
            "log": own_log,
            "host": "http://typed" if "host" in typed
            else self.home.get("AIDER_ANALYTICS_POSTHOG_HOST")
            or self.start.get("AIDER_ANALYTICS_POSTHOG_HOST")
            or self.home_config.get("analytics-posthog-host"),
            "home": True,
            "proxy": self.start.get("http_proxy"),
        }  # fmt: skip


@pytest.mark.thorough
@pytest.mark.aider
@pytest.mark.parametrize("seed", range(2))
def test_any_project_narrows_and_nothing_else(
    stock_aider: StockAider, tmp_path: Path, seed: int
) -> None:
    """Aider's own parser and its own reading of `.env` files, against a model of the rule."""
    chance = random.Random(seed)
    cases = [Case.random(chance) for _ in range(150)]
    for number, case in enumerate(cases):
        case.write(tmp_path / "cases" / f"{number:03}")
    ended = subprocess.run(
        [str(stock_aider.python), trial.__file__, str(tmp_path / "cases")],
        env={
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert len(found) == len(cases)
    for case, seen in zip(cases, found, strict=True):
        expected = case.model()
        if expected["off"]:  # whether a yes stands beside a no is all the same
            seen["yes"] = expected["yes"]
        assert seen == expected, case


class Told:
    """A person whose variables and files say what a test has them say."""

    at_start: dict[str, object]
    dotenv: dict[str, object]

    def __init__(self, voices: list[dict[str, Any]]) -> None:
        self._voices = voices

    def voices(self) -> list[dict[str, Any]]:
        return self._voices


VALUES = st.sampled_from(["true", "false", "1", "0", "off", "perhaps", True, False])
VOICES = st.fixed_dictionaries(
    {},
    optional={
        "analytics": VALUES,
        "analytics_disable": VALUES,
        "no_analytics": VALUES,
        "analytics_log": st.sampled_from(["/a", "/b"]),
        HOST: st.sampled_from(["http://a", "http://b"]),
        KEY: st.sampled_from(["phc_a", "phc_b"]),
    },
)
YES = ("true", "1", True)
NO = ("false", "0", "off", False)


class TestTheRule:
    @given(VOICES, st.lists(VOICES, max_size=3), st.lists(VOICES, max_size=3))
    def test_a_project_narrows_and_nothing_else(
        self,
        typed: dict[str, Any],
        own: list[dict[str, Any]],
        project: list[dict[str, Any]],
    ) -> None:
        alone = Said(typed, Told(own), []).arguments  # type: ignore[arg-type]  # as a person is
        both = Said(typed, Told(own), project).arguments  # type: ignore[arg-type]
        assert {name: both[name] for name in (HOST, KEY, "analytics_log", "analytics_disable")} == {
            name: alone[name] for name in (HOST, KEY, "analytics_log", "analytics_disable")
        }
        says_no = any(
            voice.get("analytics", True) not in YES
            or voice.get("analytics_disable", False) not in NO
            or voice.get("no_analytics", False) not in NO
            or ("analytics_log" in voice and not alone["analytics_log"])
            for voice in project
        )
        assert both["analytics"] is (False if says_no else alone["analytics"])
