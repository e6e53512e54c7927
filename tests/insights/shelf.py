"""A made-up package, `shelf`, with nine bugs, in ten versions between which it was only refactored.

Each version does the same and fails the same: what moves are lines, files, decorators, loops, and
the functions through which a call passes on its way to what fails.
"""

from __future__ import annotations

import re
from pathlib import Path

BUGS = (
    *("missing key", "other key", "empty title", "empty author", "from a key", "from a number"),
    *("endless", "deep", "in a comprehension"),
)
VERSIONS = tuple(f"1.{number}" for number in range(10))

CONFIG = """
class ConfigError(Exception):
    pass

def load(settings):
    return settings["colour"]

def save(settings):
    return settings["path"]

def key_of(settings):
    return settings["key"]

def number_of(settings):
    return int(settings)

def read(settings, which):
    try:
        return key_of(settings) if which == "key" else number_of(settings)
    except Exception as error:
        raise ConfigError("it cannot be read") from error
"""
CHECKS = """
def fail(words):
    raise ValueError(words)

def required(value):
    if not value:
        fail("a value is missing")
    return value
"""
BOOKS = """
from shelf.checks import required

def add_title(title):
    return required(title)

def add_author(author):
    return required(author)

def chapters(book, depth):
    if depth == 0:
        return book["pages"]
    return chapters(book, depth - 1)

def left(book):
    return right(book)

def right(book):
    return left(book)

def sizes(books):
    return [len(book) for book in books]
"""
MAIN = """
from shelf import books, config

def command(name, turn):
    if name == "missing key":
        config.load({})
    elif name == "other key":
        config.save({})
    elif name == "empty title":
        books.add_title("")
    elif name == "empty author":
        books.add_author("")
    elif name == "from a key":
        config.read({}, "key")
    elif name == "from a number":
        config.read("x", "number")
    elif name == "endless":
        books.left({})
    elif name == "deep":
        books.chapters({}, turn)
    else:
        books.sizes([1, 2])

def dispatch(name, turn):
    command(name, turn)

def main(name, turn):
    dispatch(name, turn)
"""
TIMED = """
import functools
import time

def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **options):
        begun = time.monotonic()
        try:
            return function(*args, **options)
        finally:
            wrapper.took = time.monotonic() - begun
    return wrapper

def again(function):
    def inner(*args):
        return (lambda: function(*args))()
    return inner
"""


def write(version: str, folder: Path) -> None:
    """Write the package as that version has it."""
    files = {
        "__init__.py": "",
        "config.py": CONFIG,
        "checks.py": CHECKS,
        "books.py": BOOKS,
        "main.py": MAIN,
        "timed.py": TIMED,
    }
    for number in range(1, int(version.partition(".")[2]) + 1):
        _STEPS[number](files)
    package = folder / "shelf"
    package.mkdir()
    for name, text in files.items():
        (package / name).write_text(text)


def _licence(files: dict[str, str]) -> None:
    for name in files:
        files[name] = "# Copyright of nobody.\n# All of it may be copied.\n\n" + files[name]


def _reordered(files: dict[str, str]) -> None:
    for name in ("config.py", "checks.py"):
        head, *functions = re.split(r"\n(?=def |class )", files[name])
        files[name] = "\n".join([head, *reversed(functions)]) + "\n"


def _explained(files: dict[str, str]) -> None:
    files["books.py"] = re.sub(
        r"(def \w+\(.*\):\n)",
        r'\1    """Say what it does.\n\n    At length.\n    """\n',
        files["books.py"],
    )


def _decorated(files: dict[str, str]) -> None:
    for name in ("config.py", "books.py"):
        files[name] = "from shelf.timed import timed\n" + re.sub(
            r"\n(?=def )", "\n@timed\n", files[name]
        )


def _retried(files: dict[str, str]) -> None:
    files["main.py"] = "from shelf.timed import again\n" + files["main.py"].replace(
        "\ndef command", "\n@again\ndef command"
    )


def _split(files: dict[str, str]) -> None:
    files["main.py"] = files["main.py"].replace(
        "def main(name, turn):\n    dispatch(name, turn)",
        "def prepared(name, turn):\n    dispatch(name, turn)\n\n"
        "def main(name, turn):\n    prepared(name, turn)",
    )


def _looped(files: dict[str, str]) -> None:
    files["books.py"] = files["books.py"].replace(
        "return [len(book) for book in books]", "return list(len(book) for book in books)"
    )


def _in_a_class(files: dict[str, str]) -> None:
    files["main.py"] = files["main.py"].replace(
        "def dispatch(name, turn):\n    command(name, turn)",
        "class Program:\n    def __call__(self, name, turn):\n        self.started(name, turn)\n\n"
        "    def started(self, name, turn):\n        command(name, turn)\n\ndispatch = Program()",
    )


def _in_a_loop(files: dict[str, str]) -> None:
    files["main.py"] = "import asyncio\n" + files["main.py"].replace(
        "def main(name, turn):\n    prepared(name, turn)",
        "async def begun(name, turn):\n    prepared(name, turn)\n\n"
        "def main(name, turn):\n    asyncio.run(begun(name, turn))",
    )


_STEPS = (
    lambda files: None,
    *(_licence, _reordered, _explained, _decorated, _retried, _split, _looped, _in_a_class),
    _in_a_loop,
)
