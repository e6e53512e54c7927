"""Whose word counts: the environment that a process was started with, and every no since."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision import environment, startup
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery.spawn import KEPT
from aboveboard.client.files.directories import expand, home
from tests.client import tool as example_tool
from tests.client.places import NOBODY
from tests.conftest import ROOT, examples

HOST = """
import json, os, sys
for name, value in json.loads(sys.argv[1]).items():  # a host reads a project's .env
    if value is None: os.environ.pop(name, None)
    else: os.environ[name] = value
from tests.client.tool import EVENTS
from aboveboard import Analytics, start_environment
sent = []
tool = Analytics(
    app="tool", version="1", catalog=EVENTS, key="key",
    endpoint=start_environment().get("TOOL_ENDPOINT", "http://127.0.0.1:9"),
    _start=lambda lock, variables, environ, **_: sent.append([variables, dict(environ)]),
)
tool.open(json.loads(sys.argv[2]))
enabled = tool.enabled
tool.close()
print(json.dumps([enabled, tool._install.state.path, tool._install.spool, sent]))
"""
"""A host that loads a project's variables before it ever imports us."""


def run(
    start: dict[str, str], dotenv: dict[str, str | None], flags: object = None, program: str = HOST
) -> Any:
    ended = subprocess.run(
        [sys.executable, "-c", program, json.dumps(dotenv), json.dumps(flags)],
        env=start | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return json.loads(ended.stdout)


def agree(directory: Path) -> Path:
    state = directory / ".config" / "tool" / "analytics.json"
    StateFile(str(state)).agree(Catalog.of("tool", example_tool.EVENTS).terms(), NOBODY)
    return state


def project(directory: Path) -> dict[str, str | None]:
    """Return the variables of a project that decides for whoever works in it."""
    folder = directory / "project"
    agree(folder)
    return {
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_STATE_HOME": str(folder / "spool"),
        "DO_NOT_TRACK": "0",
        "TOOL_ANALYTICS": "1",
        "TOOL_ENDPOINT": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "SSL_CERT_FILE": str(folder / "ca.pem"),
        "LD_LIBRARY_PATH": str(folder),
        "PATH": str(folder),
    }


def files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*"))


class TestAProject:
    """What its `.env` says, where the host has read it before it imported us."""

    def test_agrees_for_nobody_and_is_not_written_to(
        self, home: dict[str, str], tmp_path: Path
    ) -> None:
        dotenv = project(tmp_path)
        before = files(tmp_path)
        enabled, state, spool, sent = run(home, dotenv, {"analytics": True})
        assert (enabled, sent) == (False, [])
        assert state == f"{home['HOME']}/.config/tool/analytics.json"
        assert spool == f"{home['HOME']}/.local/state/tool"
        assert files(tmp_path) == before

    def test_takes_back_no_no(self, home: dict[str, str], tmp_path: Path) -> None:
        dotenv = project(tmp_path)
        agree(Path(home["HOME"]))
        for no in ({"DO_NOT_TRACK": "1"}, {"TOOL_ANALYTICS": "false"}):
            assert run(home | no, dotenv)[0] is False
            assert run(home | no, dict.fromkeys(no))[0] is False, "nor by taking it away"
        StateFile(f"{home['HOME']}/.config/tool/analytics.json").disable()
        assert run(home, dotenv)[0] is False

    def test_names_no_home_no_recipient_and_no_proxy(
        self, home: dict[str, str], tmp_path: Path
    ) -> None:
        dotenv = project(tmp_path)
        agree(Path(home["HOME"]))
        before = files(tmp_path / "project")
        enabled, _, _, sent = run(home, dotenv)
        ((variables, environ),) = sent
        assert enabled
        (target,) = map(json.loads, variables.values())
        assert target["endpoint"] == "http://127.0.0.1:9"
        assert target["directory"].startswith(home["HOME"])
        given = {name: environ[name] for name in KEPT if name in environ}
        assert given == {name: home[name] for name in KEPT if name in home}
        assert files(tmp_path / "project") == before

    @pytest.mark.parametrize(
        "no", [{"DO_NOT_TRACK": "1"}, {"TOOL_ANALYTICS": "0"}, {"TOOL_ANALYTICS": "perhaps"}]
    )
    def test_may_say_no(self, home: dict[str, str], no: dict[str, str | None]) -> None:
        agree(Path(home["HOME"]))
        assert run(home, {})[0] is True
        assert run(home, no, {"analytics": True})[0] is False

    def test_may_say_no_to_what_is_sent_after_the_session(self, home: dict[str, str]) -> None:
        agree(Path(home["HOME"]))
        late = HOST.replace("enabled =", "os.environ['DO_NOT_TRACK'] = '1'; enabled =")
        ((_, environ),) = run(home, {}, program=late)[3]
        assert environ["DO_NOT_TRACK"] == "1"

    def test_is_not_asked_for_the_home_of_who_has_none(
        self, home: dict[str, str], tmp_path: Path
    ) -> None:
        """Where HOME is not set, the system's list of accounts tells, not the project."""
        dotenv = project(tmp_path)
        del home["HOME"]
        assert not run(home, dotenv)[1].startswith(str(tmp_path))


WORDS = st.sampled_from(["", "0", "1", "false", "true", "no", "off", "yes", " 1 ", "x"])
CONSENT_WORDS = ("DO_NOT_TRACK", "TOOL_ANALYTICS", "CI", "GITHUB_ACTIONS")
OTHERS = ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "https_proxy", "SSL_CERT_FILE", "TOOL_KEY")
ENVIRONMENTS = st.dictionaries(st.sampled_from(CONSENT_WORDS), WORDS).flatmap(
    lambda words: st.dictionaries(st.sampled_from(OTHERS), st.sampled_from(["/a", "/b"])).map(
        lambda others: words | others
    )
)


def model(start: dict[str, str], now: dict[str, str]) -> dict[str, object]:
    """Return the facts that docs/consent.md makes of two environments, in words of its own."""

    def no_tracking(environ: dict[str, str]) -> bool:
        return environ.get("DO_NOT_TRACK", "").strip() not in ("0", "false") and bool(
            environ.get("DO_NOT_TRACK")
        )

    def machine(environ: dict[str, str]) -> bool:
        named = [environ.get(name, "").strip() for name in ("CI", "GITHUB_ACTIONS")]
        return any(word not in ("", "0", "false", "no", "off") for word in named)

    def answer(environ: dict[str, str]) -> str:
        word = environ.get("TOOL_ANALYTICS", "")
        if word == "":
            return "unset"
        return "yes" if word.strip() in ("1", "true", "yes", "on") else "no"

    said_no = "no" in (answer(start), answer(now))
    return {
        "do not track": no_tracking(start) or no_tracking(now),
        "machine": machine(start) or machine(now),
        "wanted": False if said_no else (True if answer(start) == "yes" else None),
        "others": {name: start.get(name) for name in OTHERS},
    }


class TestTheRule:
    @given(ENVIRONMENTS, ENVIRONMENTS)
    @example({"DO_NOT_TRACK": "1"}, {"DO_NOT_TRACK": "0"})
    def test_later_words_narrow_and_never_widen_redirect_or_move(
        self, start: dict[str, str], now: dict[str, str]
    ) -> None:
        counts = environment.narrowed("tool", start, now)
        assert {
            "do not track": environment.do_not_track(counts),
            "machine": environment.in_ci(counts),
            "wanted": environment.wanted("tool", counts),
            "others": {name: counts.get(name) for name in OTHERS},
        } == model(start, now)

    @settings(max_examples=examples(25))
    @given(
        start=ENVIRONMENTS,
        dotenv=st.dictionaries(
            st.sampled_from((*CONSENT_WORDS, *OTHERS)), st.one_of(st.none(), WORDS)
        ),
        agreed=st.booleans(),
    )
    def test_a_real_process_is_on_only_where_the_table_and_its_start_say_so(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        start: dict[str, str],
        dotenv: dict[str, str | None],
        agreed: bool,
    ) -> None:
        directory = tmp_path_factory.mktemp("person")
        start = {name: word for name, word in start.items() if name in CONSENT_WORDS}
        start |= {"HOME": str(directory), "PATH": os.environ["PATH"]}
        if agreed:
            agree(directory)
        now = {**start, **{name: word for name, word in dotenv.items() if word is not None}}
        now = {name: word for name, word in now.items() if dotenv.get(name, "") is not None}
        facts = model(start, now)
        no = facts["do not track"] or facts["wanted"] is False
        enabled, state, spool, _ = run(start, dotenv)
        assert enabled is (agreed and not no)
        assert state == str(directory / ".config/tool/analytics.json")
        assert spool == str(directory / ".local/state/tool")


class TestTheStart:
    """How it is known."""

    def test_an_environment_that_is_given_is_the_whole_truth(self) -> None:
        tool = example_tool.analytics(environ={"HOME": "/nowhere/at/all"})
        assert tool._install.state.path == "/nowhere/at/all/.config/tool/analytics.json"

    def test_a_host_that_hands_on_its_own_environment_says_nothing_by_it(
        self, home: dict[str, str], tmp_path: Path
    ) -> None:
        handing = HOST.replace("_start=", "environ=os.environ, _start=")
        assert run(home, project(tmp_path), program=handing)[1].startswith(home["HOME"])

    def test_bytes_that_are_no_text_come_through(self) -> None:
        word = b"/home/\xff\xfe\xe4"
        ended = subprocess.run(
            [sys.executable, "-c",
             ("import os, sys; os.environ['HOME'] = '/evil'\n"
             "from aboveboard import start_environment as start\n"
             "sys.stdout.buffer.write(os.fsencode(start()['HOME']))")],
            env={b"HOME": word}, capture_output=True, check=False,
        )  # fmt: skip
        assert ended.stdout == word, ended.stderr

    def test_an_empty_environment_is_one(self, tmp_path: Path) -> None:
        ended = subprocess.run(
            [sys.executable, "-c",
             ("import os; os.environ['HOME'] = '/evil'; import sys\n"
             f"sys.path.append({str(ROOT / 'src')!r})\n"
             "from aboveboard.client.decision import startup; print(dict(startup.environ()))")],
            env={}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.stdout == "{}\n", ended.stderr

    def test_a_child_by_fork_knows_its_parents_start(self, home: dict[str, str]) -> None:
        forking = (
            "import os, sys, json\nos.environ['HOME'] = '/evil'\n"
            "child = os.fork()\n"
            "if child: os.waitpid(child, 0); sys.exit()\n"
            "from aboveboard import start_environment\n"
            "print(json.dumps(start_environment()['HOME']), flush=True)"
        )
        assert run(home, {}, program=forking) == home["HOME"]

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
    @pytest.mark.parametrize("title", [b"", b"tool: working", b"tool: a=b"])
    def test_a_title_written_over_it_is_not_taken_for_it(
        self, home: dict[str, str], title: bytes
    ) -> None:
        """As setproctitle does it: the memory is overwritten, Python has its own copy."""
        titled = (
            "import os, json\n"
            "fields = open('/proc/self/stat').read().rpartition(') ')[2].split()\n"
            "begin, end = int(fields[47]), int(fields[48])\n"
            "with open('/proc/self/mem', 'r+b', buffering=0) as memory:\n"
            f"    memory.seek(begin); memory.write({title!r}.ljust(end - begin, b'\\0'))\n"
            "from aboveboard import start_environment\n"
            "print(json.dumps(start_environment().get('HOME')))"
        )
        assert run(home, {}, program=titled) == home["HOME"]

    @pytest.mark.parametrize(
        ("memory", "understood"),
        [
            (b"", {}),
            (b"A=1\0B=a=b\0C=\0", {"A": "1", "B": "a=b", "C": ""}),
            (b"A=1\0A=2\0", {"A": "1"}),
            (b"A=1\0B=2", None),
            (b"title\0B=2\0", None),
            (b"A=1\0\0B=2\0", None),
            (b"=x\0", None),
            (b"\0\0\0", None),
            (None, None),
        ],
    )
    def test_memory_is_understood_or_not_at_all(
        self, memory: bytes | None, understood: dict[str, str] | None
    ) -> None:
        assert startup._understood(memory) == understood


class TestTheHome:
    def test_of_a_log_is_the_one_that_counts(self, tmp_path: Path) -> None:
        assert expand("~/log.jsonl", {"HOME": str(tmp_path)}) == f"{tmp_path}/log.jsonl"
        assert expand("~root/log", {}) == os.path.expanduser("~root/log")

    def test_without_a_word_is_the_accounts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/evil")
        assert home({}) != "/evil"
