"""Two tools that nobody here wrote, and all that it takes to give them analytics.

Each is a copy of the package as its index has it, a module of events, and a few lines put into the
tool's own file. A line that is not there any more, in another version, is an error that says so.
"""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

FACTS = """
    about={
        "purpose": "decide what to work on",
        "issues": "https://tool.example/issues",
        "source": {"": "https://tool.example/source/{file}#L{line}"},
        "controller": "The makers of the tool, 1 Street, Town",
        "contact": "privacy@tool.example",
        "recipients": ["the makers of the tool"],
        "storage": "a machine of theirs",
        "retention": "400 days",
        "effective": "2026-12-01",
    },
"""

CONVERTED = f'''
"""What markdown-it tells of itself, to whom says yes."""

from __future__ import annotations

from aboveboard import Analytics, Event, choice, count, flag


class Converted(Event, why="Which ways of use to look after", owner="its makers", since="4.3.0"):
    """Markdown was converted to HTML. Neither of them is told, nor any name."""

    origin: str = choice("files", "stdin", "interactive", doc="Where the Markdown came from")
    documents: int = count("How many texts were converted", steps=True)
    tables: bool = flag("Whether the syntax of tables was on")


analytics = Analytics(
    app="markdown-it", version="4.3.0", catalog=[Converted], packages=["markdown_it"],
    endpoint="https://stats.tool.example", key="ab_x", url="https://tool.example/analytics",
    {FACTS.strip()}
)
'''

REQUESTED = f'''
"""What httpx's command tells of itself, to whom says yes."""

from __future__ import annotations

from aboveboard import Analytics, Event, choice, flag

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Requested(Event, why="Which ways of use to look after", owner="its makers", since="0.28.1"):
    """A request was made. Neither address, headers nor contents are told."""

    method: str = choice(*METHODS, doc="What the request asked the server to do")
    http2: bool = flag("Whether HTTP/2 was asked for")
    outcome: str = choice("success", "error", "no answer", doc="What came of the request")


analytics = Analytics(
    app="httpx", version="0.28.1", catalog=[Requested], packages=["httpx"],
    endpoint="https://stats.tool.example", key="ab_x", url="https://tool.example/analytics",
    {FACTS.strip()}
)
'''


@dataclass(frozen=True)
class Adopted:
    """A tool, and what is put into it.

    Attributes:
        package: Its package.
        file: Its file that is changed.
        changes: Lines of that file, and what becomes of each.
        events: The module that declares the events.
        event: The event that a run records.
        properties: What it says in the run of `words`.
        words: What follows the tool's name; `SECRET` stands for something of the user's.
        place: A line that records.
    """

    package: str
    file: str
    changes: tuple[tuple[str, str], ...]
    events: str
    event: str
    properties: dict[str, object]
    words: tuple[str, ...]
    place: str

    def install(self, folder: Path) -> Path:
        """Copy the tool into a folder, give it analytics, and return its changed file."""
        spec = importlib.util.find_spec(self.package)
        assert spec is not None, self.package
        assert spec.origin is not None, self.package
        shutil.copytree(
            Path(spec.origin).parent,
            folder / self.package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (folder / self.package / "_analytics.py").write_text(self.events)
        file = folder / self.package / self.file
        text = file.read_text()
        for line, becomes in self.changes:
            assert text.count(line) == 1, f"{self.package} has changed: {line!r}"
            text = text.replace(line, becomes)
        file.write_text(text)
        return file


MARKDOWN_IT = Adopted(
    package="markdown_it",
    file="cli/parse.py",
    changes=(
        (
            "from markdown_it import __version__\n",
            (
                "from aboveboard.integrations.argparse import add_flags, open_session\n"
                "from markdown_it import __version__\n"
                "from markdown_it._analytics import Converted, analytics\n"
            ),
        ),
        (
            "    namespace = parse_args(args)\n",
            "    namespace = parse_args(args)\n    open_session(analytics, namespace)\n",
        ),
        (
            "        interactive(md)\n    return 0\n",
            (
                "        interactive(md)\n"
                '    origin = "files" if namespace.filenames else "stdin"\n'
                "    number = len(namespace.filenames) or 1\n"
                "    if not (namespace.filenames or namespace.stdin):\n"
                '        origin = "interactive"\n'
                "    analytics.record(\n"
                "        Converted(origin=origin, documents=number, "
                "tables=namespace.enable_tables)\n"
                "    )\n"
                "    return 0\n"
            ),
        ),
        (
            "    return parser.parse_args(args)\n",
            "    add_flags(parser, analytics)\n    return parser.parse_args(args)\n",
        ),
    ),
    events=CONVERTED,
    event="converted",
    properties={"origin": "files", "documents": 1, "tables": True},
    words=("--enable-tables", "SECRET"),
    place="Converted(origin=origin",
)

HTTPX = Adopted(
    package="httpx",
    file="_main.py",
    changes=(
        (
            "from ._client import Client\n",
            (
                "from aboveboard.integrations.click import attach\n"
                "from ._analytics import Requested, analytics\n"
                "from ._client import Client\n"
            ),
        ),
        (
            (
                "        console = rich.console.Console()\n"
                '        console.print(f"[red]{type(exc).__name__}[/red]: {exc}")\n'
                "        sys.exit(1)\n"
            ),
            (
                "        analytics.record("
                'Requested(method=method, http2=http2, outcome="no answer"))\n'
                "        console = rich.console.Console()\n"
                '        console.print(f"[red]{type(exc).__name__}[/red]: {exc}")\n'
                "        sys.exit(1)\n"
            ),
        ),
        (
            "    sys.exit(0 if response.is_success else 1)\n",
            (
                '    outcome = "success" if response.is_success else "error"\n'
                "    analytics.record(Requested(method=method, http2=http2, outcome=outcome))\n"
                "    sys.exit(0 if response.is_success else 1)\n\n\n"
                "attach(main, analytics)\n"
            ),
        ),
    ),
    events=REQUESTED,
    event="requested",
    properties={"method": "GET", "http2": False, "outcome": "no answer"},
    words=("http://127.0.0.1:9/SECRET",),
    place='Requested(method=method, http2=http2, outcome="no answer")',
)
