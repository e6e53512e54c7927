"""One chat at a terminal, the same word for word whoever keeps its analytics.

A question in another mode, an edit that does not fit and is mended, an error from the provider, a
reply that is interrupted, a command, the end. Replies are streamed, edits are blocks of `diff`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.hosts.aider.fake_llm import Reply, fake_llm, search_replace
from tests.hosts.aider.person import ANSWER, CODE, FILE, PROMPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hosts.aider.person import Person

EDITED = f"def hello():\n    return '{ANSWER}'\n"
SCRIPT = (
    Reply("It says hello."),
    Reply(search_replace(f"{FILE}.py", "    return 'no such line'\n", "    return 'x'\n")),
    Reply(search_replace(f"{FILE}.py", f"    return '{CODE}'\n", f"    return '{ANSWER}'\n")),
    Reply("Greet with another word"),
    Reply(status=400, error=f"{PROMPT} is no good"),
    Reply("one two three four", pause=20),
)
PLAIN = (
    "--no-check-update",
    "--no-show-model-warnings",
    "--no-show-release-notes",
    "--no-pretty",
    "--no-fancy-input",
    "--model", "openai/gpt-4o",
)  # fmt: skip


@dataclass(frozen=True)
class Chat:
    """What a chat left behind."""

    person: Person
    code: int
    screen: str
    asked: list[dict[str, Any]]

    def shown(self) -> list[str]:
        """Return the lines of the screen without what differs from one run to the next."""
        text = re.sub(r"\x1b\[\??[0-9;]*[a-zA-Z]", "", self.screen)
        text = re.sub(r"[░█][^\n]*[░█] *(?:Updating repo map: \S* *)?|\x08|\r", "", text)
        text = re.sub(r"Commit [0-9a-f]{7}", "Commit", text)
        text = re.sub(r"one two[^\n]*", "one two", text)  # as far as it came
        return [line.rstrip() for line in text.splitlines() if line.strip(" ░█")]


def chat(person: Person, command: Callable[..., list[str]], *flags: str) -> Chat:
    """Hold the chat at a terminal, and return what is left of it."""
    with fake_llm(*SCRIPT) as llm:
        words = command(
            *PLAIN, *flags,
            "--edit-format", "diff", "--openai-api-base", llm.url, f"{FILE}.py",
        )  # fmt: skip
        with person.at_terminal(words) as terminal:
            terminal.until("\n> ")
            terminal.type(f"/ask what is {PROMPT}")
            terminal.until("session.")
            terminal.until("\n> ")
            terminal.type(f"Please {PROMPT} this")
            terminal.until("Applied edit")
            terminal.until("\n> ")
            terminal.type("Once more")
            terminal.until("is no good")
            terminal.until("\n> ")
            terminal.type("Slowly")
            terminal.until("one two")
            terminal.press(b"\x03")
            terminal.until("^C again to exit")
            terminal.until("\n> ")
            terminal.type("/ls")
            terminal.until("Files in chat")
            terminal.until("\n> ")
            terminal.type("/exit")
            code = terminal.end()
        return Chat(person, code, terminal.screen, llm.requests)
