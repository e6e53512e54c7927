"""How each tool of `examples/hosts/` is run, and what becomes of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.recipients import recipient
from aboveboard.integrations.flags import FLAGS
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples" / "hosts"
CANARY = "canary"
"""Stands in whatever is typed, piped or read from a file."""
AS_IT_IS, NOT_ASKED, AGREED = MODES = ("as it is", "not asked", "agreed")
COUNT = 25


@dataclass(frozen=True)
class Run:
    """A way to run a tool: its words, and what is done with it.

    Attributes:
        piped: What stands on its stdin; None is an empty one.
        end: `closed` takes its stdout away before it writes; a signal is sent to it while it waits
            for the rest of what is piped.
    """

    words: str
    piped: str | None = None
    end: str = ""


@dataclass(frozen=True)
class Host:
    """A tool.

    Attributes:
        example: The module that adds analytics to it.
        console: What its own console script calls.
        files: What stands in the folder in which it is run.
        commands: Which commands its events name.
        helps: In how many of the runs the tool lists its options, so ours too.
    """

    example: str
    console: str
    files: dict[str, str]
    commands: set[str]
    helps: int
    runs: list[Run]


SQL = f"select {CANARY}, b from t where a = 1"
TABLE = f"name age\n{CANARY} 37\nGrace 45\n"
ENV = f"NAME={CANARY}\nEMPTY=\nQUOTED='a b'\n"
TOML = f'title = "{CANARY}"\n[owner]\nnames = ["Ada", "Grace"]\nage = 37\n'
PYPROJECT = f"""[project]
name = "{CANARY}"
version = "1.2.0"
description = "A project"
requires-python = ">=3.10"
dependencies = []
[project.scripts]
{CANARY} = "{CANARY}:main"
[build-system]
requires = ["poetry-core>=2.0"]
build-backend = "poetry.core.masonry.api"
"""
CLOSED = "closed"
INTERRUPTED = (signal.SIGINT.name, signal.SIGTERM.name)

HOSTS = {
    "sqlformat": Host(
        "argparse_sqlformat",
        "sqlparse.__main__:main",
        {"a.sql": SQL, "b.sql": "drop table x", "bad.sql": "select 'é"},
        {"(none)"},
        1,
        [
            Run("--help"),
            Run("--version"),
            Run(""),
            Run(f"--{CANARY}"),
            Run(f"-k {CANARY} a.sql"),
            Run("a.sql --indent_width many"),
            Run("a.sql"),
            Run("-k upper a.sql"),
            Run("-k lower -i upper a.sql"),
            Run("-r a.sql"),
            Run("-a a.sql"),
            Run("-s -r --comma_first 1 a.sql"),
            Run("-l python a.sql"),
            Run("-r --wrap_after 0 --indent_width 0 a.sql"),
            Run(f"no-{CANARY}.sql"),
            Run("a.sql b.sql"),
            Run("--in-place -k upper a.sql b.sql"),
            Run("-o out.sql a.sql"),
            Run("-o no/out.sql a.sql"),
            Run("--encoding nonsense a.sql"),
            Run("-k upper -", SQL),
            Run("--in-place -", SQL),
            Run("-r a.sql", end=CLOSED),
            *(Run("-r -", SQL, end) for end in INTERRUPTED),
        ],
    ),
    "dotenv": Host(
        "click_dotenv",
        "dotenv.__main__:cli",
        {".env": ENV, "other.env": f"OTHER={CANARY}\n"},
        {"list", "set", "get", "unset", "run"},
        2,
        [
            Run("--help"),
            Run("--version"),
            Run(""),
            Run(f"--{CANARY}"),
            Run(CANARY),
            Run("get --help"),
            Run("get"),
            Run("list --format nonsense"),
            Run("list"),
            Run("list --format json"),
            Run("list --format export"),
            Run("-f other.env list"),
            Run(f"-f {CANARY}.env list"),
            Run("get NAME"),
            Run(f"get {CANARY}"),
            Run("set NEW value"),
            Run("-q never -f other.env set NEW a"),
            Run("unset NAME"),
            Run(f"unset {CANARY}"),
            Run("run env"),
            Run(f"run no-{CANARY}"),
            Run("run --no-override sh -c exit\\ 7"),
            Run("list", end=CLOSED),
            *(Run("-f /dev/stdin list", ENV, end) for end in INTERRUPTED),
        ],
    ),
    "toml": Host(
        "typer_toml",
        "toml_cli:main",
        {"config.toml": TOML},
        {"get", "set", "add_section", "unset", "search"},
        2,
        [
            Run("--help"),
            Run(""),
            Run(f"--{CANARY}"),
            Run(CANARY),
            Run("get --help"),
            Run("set one"),
            Run("set owner.age many --to-int"),
            Run("get title"),
            Run("get"),
            Run("get owner.names[1]"),
            Run("get owner.names[7]"),
            Run(f"get {CANARY}"),
            Run(f"get {CANARY} --default none"),
            Run(f"get title --toml-path {CANARY}.toml"),
            Run(f"set title {CANARY}"),
            Run(f"set {CANARY}.deep 1"),
            Run("set owner.age 38 --to-int"),
            Run("add_section owner.address"),
            Run("unset owner.age"),
            Run(f"unset {CANARY}"),
            Run("search owner.names"),
            Run("search !!"),
            Run("get title", end=CLOSED),
            *(Run("get title --toml-path /dev/stdin", TOML, end) for end in INTERRUPTED),
        ],
    ),
    "tabulate": Host(
        "plain_tabulate",
        "tabulate:_main",
        {"a.txt": TABLE, "b.csv": TABLE.replace(" ", ",")},
        {"(none)"},
        0,
        [
            Run("--help"),
            Run("-h"),
            Run(f"--{CANARY}"),
            Run("-z"),
            Run("-f nonsense a.txt"),
            Run("a.txt"),
            Run("-1 a.txt"),
            Run("--header --format grid a.txt"),
            Run("-1 -f pipe a.txt"),
            Run("-1 -f html a.txt"),
            Run("-1 -f latex a.txt"),
            Run("-1 -s , b.csv"),
            Run("--sep=, -1 -f tsv b.csv"),
            Run("-1 -F .2f a.txt"),
            Run("-1 -o out.txt a.txt"),
            Run("-o no/out.txt a.txt"),
            Run(f"no-{CANARY}.txt"),
            Run("-1 a.txt b.csv"),
            Run("-s ( a.txt"),
            Run("-1", TABLE),
            Run("-1 -f rst -", TABLE),
            Run("-1 -f grid", ""),
            Run("-1 a.txt", end=CLOSED),
            *(Run("-1", TABLE, end) for end in INTERRUPTED),
        ],
    ),
    "poetry": Host(
        "cleo_poetry",
        "poetry.console.application:main",
        {"pyproject.toml": PYPROJECT, "empty/file": ""},
        {"about", "check", "version", "config", "show", "new", "init", "env info"},
        0,
        [
            Run("--help"),
            Run("--version"),
            Run("list"),
            Run(f"--{CANARY}"),
            Run(CANARY),
            Run("env"),
            Run("check --help"),
            Run("check --nonsense"),
            Run("new"),
            Run("about"),
            Run("check"),
            Run("check --lock"),
            Run("version"),
            Run("run env"),
            Run("version minor --dry-run"),
            Run("version a b c"),
            Run("-C no-such-folder version"),
            Run("config --list"),
            Run("env info"),
            Run(f"config {CANARY}"),
            Run("show"),
            Run("new --no-interaction project"),
            Run("config --list", end=CLOSED),
            *(Run("-C empty init", "project\n", end) for end in INTERRUPTED),
        ],
    ),
}


@dataclass(frozen=True)
class Seen:
    """All that a person, a shell or a pipe sees of a run, and the files that it left."""

    code: int
    stdout: str
    stderr: str
    files: dict[str, bytes]


class Trial:
    """Runs a tool in each mode, each time in a home of its own.

    The homes' names are of one length, since what is wrapped to a terminal's width would differ.
    """

    def __init__(self, name: str, python: Path, folder: Path, endpoint: str) -> None:
        self.name = name
        self.host = HOSTS[name]
        self.endpoint = endpoint
        self._python = python
        self._folder = folder
        self.places = [f".config/{name}/analytics.json", f".local/state/{name}"]
        self._terms = json.loads(
            subprocess.run(
                [python, "-c", TERMS.format(self.host.example)],
                env=self._environ(folder),
                capture_output=True,
                check=True,
            ).stdout
        )

    def home(self, mode: str, number: int) -> Path:
        return self._folder / f"{MODES.index(mode)}{number:02}"

    def waiting(self, home: Path) -> list[Path]:
        """Return what waits in a home to be sent."""
        return [*(home / ".local/state" / self.name).rglob("segments/*.jsonl")]

    def run(self, mode: str, number: int) -> Seen:
        """Run the tool once, and say what was to be seen."""
        run, home = self.host.runs[number], self.home(mode, number)
        work = home / "work"
        home.mkdir()
        for file, text in self.host.files.items():
            (work / file).parent.mkdir(exist_ok=True)
            (work / file).write_text(text)
        if mode == AGREED:
            state = StateFile(str(home / ".config" / self.name / "analytics.json"))
            state.agree(self._terms, recipient.of(self.endpoint))
        place = self.host.console if mode == AS_IT_IS else f"{self.host.example}:main"
        script = home / self.name
        script.write_text(SCRIPT.format(*place.split(":")))
        command = [str(self._python), str(script), *shlex.split(run.words)]
        code, stdout, stderr = _ended(command, run, work, self._environ(home))
        files = {
            str(path.relative_to(work)): path.read_bytes()
            for path in sorted(work.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        here = (str(home), str(self.home(AS_IT_IS, number)))
        shown = [_unframed(text.decode().replace(*here)) for text in (stdout, stderr)]
        return Seen(code, shown[0], shown[1], files)

    def _environ(self, home: Path) -> dict[str, str]:
        return {
            "HOME": str(home),
            "PATH": f"{self._python.parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "COLUMNS": "80",
            "PYTHONPATH": f"{ROOT / 'src'}:{EXAMPLES}",
            "no_proxy": "127.0.0.1",
            "POETRY_VIRTUALENVS_CREATE": "false",  # named by a hash of the folder
            "GALLERY_COLLECTOR": self.endpoint,
        }


def _ended(
    command: list[str], run: Run, work: Path, environ: dict[str, str]
) -> tuple[int, bytes, bytes]:
    """Run a command to its end; return its exit code, stdout and stderr."""
    out = subprocess.PIPE
    if run.end == CLOSED:
        left, out = os.pipe()
        os.close(left)
    with subprocess.Popen(
        command,
        cwd=work,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
    ) as process:
        if run.end == CLOSED:
            os.close(out)
        assert process.stdin is not None
        if run.end in INTERRUPTED:
            process.stdin.write((run.piped or "").encode())
            process.stdin.flush()
            _until_it_reads_on(process)
            process.send_signal(getattr(signal, run.end))
            stdout, stderr = process.communicate(timeout=60)
        else:
            stdout, stderr = process.communicate((run.piped or "").encode(), timeout=60)
    return process.returncode, stdout or b"", stderr


def _until_it_reads_on(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has read what there is on its stdin, and waits for more."""
    deadline = time.monotonic() + 40
    while not _reads_its_stdin(Path(f"/proc/{process.pid}")):
        assert time.monotonic() < deadline, "it never read"
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def _reads_its_stdin(process: Path) -> bool:
    """Return whether a process waits in a read of its stdin, and of no pipe of a child's."""
    try:
        if "pipe_read" not in (process / "wchan").read_text():
            return False
        of = int((process / "syscall").read_text().split()[1], 16)
        return os.readlink(process / "fd" / str(of)) == os.readlink(process / "fd" / "0")
    except (OSError, IndexError, ValueError):  # it has gone on meanwhile, or it runs
        return False


def unlisted(text: str) -> str:
    """Return a help without our flags, and without what lays it out, which hangs on them."""
    words = LAYOUT.sub("", text)
    for flag in FLAGS:
        told = LAYOUT.sub("", flag.help)
        words = re.sub(rf"{flag.spelling}(?:FILE|<\w+>)*{re.escape(told)}", "", words)
    return re.sub("Analytics|analytics:", "", words)


def _unframed(text: str) -> str:
    """Return a text in which tracebacks have no frame of who stands between.

    Nor one of Python's decoder, which is there or not by chance where Ctrl-C ends a read.
    """
    return FRAME.sub("", text)


TERMS = "import json, {0}; print(json.dumps({0}.analytics.catalog.terms()))"
SCRIPT = """import sys
from {0} import {1} as main
sys.exit(main())
"""
FRAME = re.compile(
    rf'  File "(?:{ROOT}/(?:src|examples)/[^"]*|<frozen codecs>)", line \d+, in .*\n(?:    .*\n)*',
    re.MULTILINE,
)
LAYOUT = re.compile(r"[\s│╭╮╰╯─]")
