"""Rules against what could single out a person, a machine or a project."""

from __future__ import annotations

import getpass
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.catalog.kinds import Amount, Choice, Command, Count

from .rule import ADVICE, FAULT, WARNING, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 100
"""Values from which a choice tells so much that it may be one install's alone."""

WIDE = 16
"""Properties from which an event's combination of values is rare by itself."""

_PERSONAL = frozenset((
    "user", "username", "login", "email", "mail", "author", "committer", "owner", "person",
    "customer", "client", "employee", "account", "host", "hostname", "machine", "ip", "address",
    "mac", "serial", "path", "file", "filename", "directory", "folder", "repository", "branch",
    "remote", "url", "domain", "org", "organization", "company", "team", "secret", "token",
    "key", "password", "prompt", "message", "text", "query", "comment", "title",
))  # fmt: skip
"""Words that name who or what is one's own, where a property with values in words has them."""

_OF_A_PROJECT = frozenset((
    "file", "files", "line", "lines", "commit", "commits", "repo", "repos", "repository",
    "repositories", "branch", "branches", "contributor", "contributors", "author", "authors",
    "directory", "directories", "folder", "folders", "module", "modules", "package", "packages",
    "dependency", "dependencies", "test", "tests", "user", "users", "table", "tables", "row",
    "rows", "function", "functions", "class", "classes",
))  # fmt: skip
"""What a project has a number of that is nearly its own, and stays so from run to run."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_NUMBERED_HOST = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_HOME = re.compile(r"^(~|[A-Za-z]:\\Users\\|/home/|/Users/|/root\b)")
_FULL_NAME = re.compile(r"[A-Z][a-zé]+ [A-Z][a-zé]+")


def _personal_choice(subject: Subject) -> Iterator[Problem]:
    here = _here()
    for place, _, declared in subject.properties():
        words = declared.kind.words
        for word in words:
            reason = _names(word, here)
            if reason:
                said = f"its list has {word!r}, {reason}: a list is fixed words of the tool's own"
                yield Problem(place, said)
        full = [word for word in words if _FULL_NAME.fullmatch(word)]
        if len(words) > 2 and len(full) * 2 > len(words):
            yield Problem(place, f"its list looks like people's names, such as {full[0]!r}")


def _personal_name(subject: Subject) -> Iterator[Problem]:
    for place, _, declared in subject.properties():
        parts = set(re.findall(r"[a-z]+", declared.name.lower()))
        named = sorted(parts & _PERSONAL)
        if named and isinstance(declared.kind, (Choice, Command)) and not _is_mode(declared.name):
            said = f"its name promises a person's own {named[0]}: name it after what its list says"
            yield Problem(place, said)


def _exact_count(subject: Subject) -> Iterator[Problem]:
    for place, _, declared in subject.properties():
        kind = declared.kind
        if not isinstance(kind, Count) or kind.steps or kind.most <= LONG:
            continue
        parts = set(re.findall(r"[a-z]+", declared.name.lower()))
        if parts & _OF_A_PROJECT:
            said = "an exact number of what a project has points at one project: give it steps=True"
            yield Problem(place, said)


def _exact_amount(subject: Subject) -> Iterator[Problem]:
    for place, _, declared in subject.properties():
        kind = declared.kind
        if isinstance(kind, Amount) and kind.unit != "dollars" and not kind.steps:
            said = f"an exact number of {kind.unit} is nearly unique: give it steps=True"
            yield Problem(place, said)


def _long_choice(subject: Subject) -> Iterator[Problem]:
    for place, _, declared in subject.properties():
        if isinstance(declared.kind, Choice) and len(declared.kind.choices) > LONG:
            said = f"{len(declared.kind.choices)} values leave few installs at each: group them"
            yield Problem(place, said)


def _wide_event(subject: Subject) -> Iterator[Problem]:
    for entry in subject.entries():
        if len(entry.properties) > WIDE:
            said = f"{len(entry.properties)} properties together are rarely two installs': part it"
            yield Problem(entry.name, said)


def _is_mode(name: str) -> bool:
    """Return whether a name says that its value is a sort of the thing, and not the thing."""
    sorts = ("type", "kind", "mode", "format", "source", "state", "style")
    return name.lower().endswith(sorts)


def _names(word: str, here: set[str]) -> str:
    if _ADDRESS.search(word):
        return "an address"
    if _NUMBERED_HOST.fullmatch(word):
        return "a machine's number"
    if _HOME.match(word):
        return "a place in somebody's home"
    return "which is this machine's, or its user's, own" if word.lower() in here else ""


def _here() -> set[str]:
    """Return the names of this machine and its user: a list that has one was made here."""
    try:
        found = {getpass.getuser(), os.uname().nodename, str(Path.home()), Path.home().name}
    except (OSError, KeyError, RuntimeError, ImportError, AttributeError):
        return set()
    common = {"root", "user", "admin", "test", "localhost", "home", "runner", "build", ""}
    return {name.lower() for name in found} - common


RULES = (
    Rule("personal-choice", FAULT, _personal_choice),
    Rule("personal-name", WARNING, _personal_name),
    Rule("exact-count", WARNING, _exact_count),
    Rule("exact-amount", WARNING, _exact_amount),
    Rule("long-choice", WARNING, _long_choice),
    Rule("wide-event", ADVICE, _wide_event),
)
