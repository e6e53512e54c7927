"""The question, as aider's page words it, with the host's name. Asked once, in a real terminal."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .catalog import Catalog
    from .consent import Terms

_TRIES = 3


class Question:
    """What is asked, and how it is shown.

    Args:
        name: The host's name as people write it.
        url: Where the host's own page on analytics is, or "".
        catalog: What would be collected.
        sample: An exact line as it would be sent; "" where there is none.
        new: The part of the catalog that is new since an earlier yes; None where all of it is.
    """

    def __init__(
        self, *, name: str, url: str, catalog: Catalog, sample: str, new: Terms | None = None
    ) -> None:
        self.name = name
        self.url = url
        self.catalog = catalog
        self.sample = sample
        self.new = new

    def ask(self, read: Callable[[], str], write: Callable[[str], None]) -> bool | None:
        """Ask until there is an answer; None where there is none (the end of input, nonsense).

        `read` returns a line with its newline, or "" at the end of input. An interrupt is the
        host's, not ours: it passes through, and nothing is decided. Nobody is asked about what
        cannot be shown, where Python dropped the docstrings (`python -OO`).
        """
        if not all(entry.doc for entry in self.catalog.entries.values()):
            return None
        write = _within(write)
        write(self.promise())
        tries = 0
        while tries < _TRIES:
            write(self.line())
            answer = read()
            if not answer.endswith("\n"):
                write("\n")
                return None
            word = answer.strip().lower()
            if word in ("", "y", "yes"):
                return True
            if word in ("n", "no"):
                return False
            if word == "?":
                write(self.details())
            else:
                write("Please answer y, n or ?\n")
                tries += 1
        return None

    def promise(self) -> str:
        """Return the lines before the question."""
        more = f"For more info: {self.url}\n" if self.url else ""
        news = ""
        if self.new is not None:
            news = "It could collect more than you agreed to; it does so only if you agree again.\n"
        return (
            f"\n{self.name.capitalize()} respects your privacy and never collects your code, "
            "prompts, chats, keys or any personal\ninfo.\n"
            f"{more}"
            f"{news}"
            "Answer ? to see all that would be collected, before you decide.\n"
        )

    def line(self) -> str:
        """Return the question itself."""
        return (
            f"Allow collection of anonymous analytics to help improve {self.name}? "
            "(Y)es/(N)o [Yes]: "
        )

    def details(self) -> str:
        """Return the catalog as a table, and the sample line."""
        shown = []
        for entry in self.catalog.entries.values():
            if self.new is not None and entry.name not in self.new:
                continue
            shown.append(f"\n  {entry.name}: {entry.doc}\n")
            for name, declared in entry.properties.items():
                if self.new is None or name in self.new[entry.name]:
                    shown.append(f"    {name:<18} {declared.doc} ({declared.kind.describe()})\n")
        what = "that is new " if self.new is not None else ""
        return (
            f"\nEverything {what}that {self.name} would collect:\n"
            + "".join(shown)
            + "\n  With each: a random id of this install, a random id of this run, and the time.\n"
            + (f"\nA line exactly as it would be sent:\n\n  {self.sample}\n" if self.sample else "")
        )


def _within(write: Callable[[str], None]) -> Callable[[str], None]:
    """Return a `write` that does not fail at a terminal that lacks some of the characters."""

    def replacing(text: str) -> None:
        try:
            write(text)
        except UnicodeEncodeError:
            write(text.encode("ascii", "replace").decode())

    return replacing
