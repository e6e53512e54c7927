"""Canaries: words that must not get out, put wherever a program finds something that is private.

The host (spillhost/) hands every one of them to every kind, by hand and by failing. Then every byte
that was kept or sent is searched, also for the words in base64 and hexadecimal.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.recipients import recipient
from tests.client.places import place
from tests.client.proofs import spillhost

Until = Callable[[Callable[[], bool]], None]

# Every canary is zq…zq, so that one search finds one that was forgotten here.
WORDS = (
    "zqargvzq", "zqenvzq", "zqkeyzq", "zqcwdzq", "zqfilezq", "zqhomezq", "zqmessagezq", "zqcausezq",
    "zqcontextzq", "zqmemberzq", "zqnotezq", "zqlocalzq", "zqsourcezq", "zqmodelzq", "zqcommandzq",
    "zqthreadzq", "zqhostzq", "zqdictkeyzq", "zqpropertyzq", "zqclasszq", "zqqualzq", "zqmodulezq",
    "zqfunctionzq", "zqconfigzq", "zqscriptzq", "zqeventzq", "zquserzq", "zqversionzq",
    "zqstderrzq", "zqmetazq", "zqreprzq", "zqplacezq",
)  # fmt: skip

SCRIPT = Path(spillhost.__file__).with_name("script.txt").read_text()

SHELL = 'hostname zqhostzq; exec "$@"'


class Spill:
    """The host, installed in a place full of canaries."""

    def __init__(self, tmp_path: Path, endpoint: str) -> None:
        self.home = tmp_path / "zqhomezq"
        work = self.home / "zqcwdzq"
        work.mkdir(parents=True)
        (work / "zqfilezq.txt").write_text("zqfilezq")
        package = Path(spillhost.__file__).parent
        shutil.copytree(package, work / "spillhost", ignore=shutil.ignore_patterns("__pycache__"))
        self.work = work
        self.script = work / "zqscriptzq.py"
        self.script.write_text(SCRIPT)
        self.log = tmp_path / "log.jsonl"
        self.state = self.home / ".config" / "spillhost" / "analytics.json"
        self.spool = self.home / ".local" / "state" / "spillhost"
        self.place = place(self.spool, endpoint)
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "no_proxy": "127.0.0.1",
            "SPILL": "zqenvzq",
            "OPENAI_API_KEY": "zqkeyzq",
            "USER": "zquserzq",
            "LOGNAME": "zquserzq",
            "SPILL_ENDPOINT": endpoint,
        }
        terms = Catalog.of("spillhost", [spillhost.Everything], packages=["spillhost"]).terms()
        StateFile(str(self.state)).agree(terms, recipient.of(endpoint))

    def run(self) -> subprocess.CompletedProcess[bytes]:
        """Run it; on a host with a telling name where the system lets us have one."""
        command = [sys.executable, str(self.script), str(self.log), "--password", "zqargvzq"]
        if _can_name_hosts():
            command = ["unshare", "--uts", "sh", "-c", SHELL, "sh", *command]
        return subprocess.run(
            command,
            cwd=self.work,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def kept(self) -> Iterator[tuple[str, bytes]]:
        """Yield the content of every file that the client keeps: its state and its spool."""
        for folder in (self.state.parent, self.spool):
            for path in folder.rglob("*"):
                if path.is_file():
                    yield path.name, path.read_bytes()


@pytest.fixture(scope="module")
def names() -> tuple[str, ...]:
    """The machine's own name, where no other could be given to it."""
    own = os.uname().nodename
    return () if _can_name_hosts() or len(own) < 5 else (own,)


class TestCanaries:
    """What a host knows, and what leaves it."""

    def test_none_gets_into_what_is_kept_or_sent(
        self, tmp_path: Path, recorder: Any, until: Until, names: tuple[str, ...]
    ) -> None:
        recorder.statuses = [503]
        spill = Spill(tmp_path, recorder.url)
        ended = spill.run()
        assert ended.stdout.startswith(b"on\n"), ended.stderr
        assert ended.stderr.endswith(b"zqqualzq: zqmessagezq\n"), ended.stderr[-3000:]
        until(lambda: not recorder.statuses)
        pause = spill.place / "pause"
        until(pause.exists)
        kept = dict(spill.kept())
        assert sum(name.endswith(".jsonl") for name in kept) >= 1
        for name, data in kept.items():
            # The target says where files are, in the home; it is for this machine, and stays here.
            allowed = ("zqhomezq",) if name == "errand.json" else ()
            assert _canaries(data, names) <= set(allowed), f"in {name}"

        until(lambda: not _locked(spill.spool / "upload.lock"))
        pause.unlink()  # time has passed
        spill.run()
        until(lambda: len(recorder.lines()) == len(spill.log.read_bytes().splitlines()))
        for request in recorder.requests:
            head = json.dumps([request.path, request.headers]).encode()
            assert _canaries(head + request.body, names) == set()
        assert _canaries(spill.log.read_bytes(), names) == set(), "nor in the log"
        self._was_worth_it(recorder.lines())

    def _was_worth_it(self, lines: list[bytes]) -> None:
        """What is meant to get out did: the canaries were all passed by, not left unsaid."""
        told = [json.loads(line) for line in lines]
        errors = [line["properties"]["an_error"] for line in told if line["event"] == "everything"]
        errors += [line["properties"]["error"] for line in told if line["event"] == "exception"]
        types = {error["type"] for error in errors if error}
        assert {"spillhost.HostError", "KeyError", "other"} <= types
        places = {
            frame.rpartition(":")[0] for error in errors if error for frame in error["frames"]
        }
        assert places == {"spillhost.core:failing", "spillhost.core:call_back"}
        handled = [line["properties"]["handled"] for line in told if line["event"] == "exception"]
        assert handled.count(False) >= 3 * 2, "a thread's, a loop's and the last one, in two runs"
        rejected = [line["properties"] for line in told if line["event"] == "rejected_value"]
        assert {"(unknown)", *spillhost.KINDS} <= {one["in_property"] for one in rejected}
        models = {line["properties"]["a_model"] for line in told if line["event"] == "everything"}
        assert {"gpt-4o", "openai/REDACTED", None} <= models

    def test_the_search_finds_one_that_got_out(self) -> None:
        for data in (
            b"..zqargvzq", b"ZQArgvZQ", base64.b64encode(b"xyzqargvzq"), b"zqargvzq".hex().encode(),
        ):  # fmt: skip
            assert _canaries(data, ()) == {"zqargvzq"}
        assert all(
            word in SCRIPT + Path(__file__).read_text().partition("\n)")[2] for word in WORDS
        )


def _canaries(data: bytes, names: tuple[str, ...]) -> set[str]:
    """Return the canaries in `data`, whichever way they are written."""
    lower = data.lower()
    found = set()
    for word in (*WORDS, *names):
        plain = word.lower().encode()
        encoded = {plain, plain.hex().encode()}
        # In base64 a word looks in one of three ways, but for the first and last letters.
        spelled = {base64.b64encode(b"x" * shift + word.encode())[4:-4] for shift in range(3)}
        if any(form in lower for form in encoded) or any(form in data for form in spelled):
            found.add(word)
    return found


def _can_name_hosts() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        ["unshare", "--uts", "hostname", "zqhostzq"], capture_output=True, check=False
    )
    return tried.returncode == 0


def _locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
