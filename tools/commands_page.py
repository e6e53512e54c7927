"""Write docs/commands.md: every command, its arguments and options, as the parsers have them.

python tools/commands_page.py            # writes it
python tools/commands_page.py --check    # says whether it is as the parsers are now
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

HOME = "/home/you"
os.environ["HOME"] = HOME  # defaults are places in it, and are told as everybody's
for variable in [name for name in os.environ if name.startswith(("XDG_", "ABOVEBOARD_"))]:
    del os.environ[variable]

from aboveboard import commands  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs/commands.md"
ROOMS = {
    "server": "A collector",
    "access": "Its projects, and who may see them",
    "data": "Its data",
    "answers": "Its answers",
    "contract": "A catalog",
    "machine": "On one's own machine",
}
"""How the rooms of the commands are called on the page."""

HEAD = """# Commands

Every command of `aboveboard`, with all arguments and options. `aboveboard COMMAND --help` says the
same in the terminal. This page is made by `tools/commands_page.py` of the parsers themselves.
"""


def main(words: list[str]) -> int:
    text = page()
    if words == ["--check"]:
        if PAGE.exists() and PAGE.read_text("utf-8") == text:
            return 0
        sys.stderr.write("docs/commands.md is stale: python tools/commands_page.py\n")
        return 1
    PAGE.write_text(text, "utf-8")
    return 0


def page() -> str:
    """Return the page's text."""
    lines = [HEAD]
    for room, names in commands.ROOMS.items():
        lines += [f"## {ROOMS[room]}", ""]
        for name, line in names.items():
            parser = argparse.ArgumentParser(prog=f"aboveboard {name}")
            commands._load(name).add_arguments(parser)
            lines += [f"### {name}", "", f"{line[0].upper()}{line[1:]}.", ""]
            lines += [*described(parser), ""]
    return "\n".join(lines).rstrip().replace(HOME, "~") + "\n"


def described(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield a parser's arguments as a table, and then those of its actions."""
    own = [action for action in parser._actions if not is_help(action)]
    below = [action for action in own if isinstance(action, argparse._SubParsersAction)]
    rows = [action for action in own if action not in below]
    if rows:
        yield "| | |"
        yield "|---|---|"
        for action in rows:
            yield f"| {spelled(action)} | {helped(parser, action)} |"
    for action in below:
        lines = {each.dest: each.help or "" for each in action._choices_actions}
        for name, child in action.choices.items():
            yield ""
            yield f"**`{child.prog}`**: {escaped(lines.get(name, ''))}"
            yield ""
            yield from described(child)


def is_help(action: argparse.Action) -> bool:
    return isinstance(action, argparse._HelpAction)


def spelled(action: argparse.Action) -> str:
    """Return how an argument is given."""
    value = action.metavar or (
        "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    )
    told = " ".join(value) if isinstance(value, tuple) else value
    if action.nargs in ("*", "+"):
        told = f"{told} …"
    if not action.option_strings:
        return f"`{escaped(told)}`" + (" (if you like)" if action.nargs in ("?", "*") else "")
    spellings = ", ".join(action.option_strings)
    return f"`{escaped(spellings if action.nargs == 0 else f'{spellings} {told}')}`"


def helped(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return what an argument is for, as its help has it."""
    formatter = parser._get_formatter()
    return escaped(" ".join(formatter._expand_help(action).split())) if action.help else ""


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
