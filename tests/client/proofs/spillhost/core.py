"""The part of the host in which things fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class HostError(Exception):
    """The host's own error."""


def failing(text: str) -> BaseException:
    """Return an exception that was raised here, with the text in all its places."""
    local = text
    try:
        try:
            raise KeyError(local)  # noqa: TRY301  # an exception with a cause is wanted
        except KeyError as error:
            raise HostError(local, {local: local}) from error
    except HostError as error:
        return error


def call_back(function: Callable[..., Any], *arguments: object) -> Any:
    """Call the user's function from the host's code."""
    return function(*arguments)


def run_in_here(source: str, path: str) -> dict[str, Any]:
    """Run a user's file in this module's namespace, as hosts with settings in Python do."""
    exec(compile(source, path, "exec"), globals())
    return globals()
