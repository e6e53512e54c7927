"""A host that does everything wrong that a host can do: it tells all it knows to its analytics."""

from __future__ import annotations

import os
import sys
from typing import Any

from aboveboard import (
    Analytics,
    Event,
    choice,
    command,
    count,
    dollars,
    exception,
    flag,
    model,
    seconds,
    size,
    version,
)

from . import core


class Everything(Event):
    """One property of each kind."""

    a_flag: bool | None = flag("A flag", default=None)
    a_count: int | None = count("A count", default=None)
    a_cost: float | None = dollars("A cost", default=None)
    a_time: float | None = seconds("A time", default=None)
    a_size: float | None = size("A size", default=None)
    a_choice: str | None = choice("one", "other", doc="A choice", default=None)
    a_version: str | None = version("A version", default=None)
    a_model: str | None = model("A model", default=None)
    a_command: str | None = command("A command", ["run", "stop"], default=None)
    an_error: BaseException | None = exception("An error", ["spillhost"], default=None)


KINDS = ("a_flag", "a_count", "a_cost", "a_time", "a_size", "a_choice", "a_version", "a_model",
         "a_command", "an_error")  # fmt: skip


def analytics() -> Analytics:
    return Analytics(
        app="spillhost",
        version="1.0+" + os.environ.get("SPILL", "local"),
        catalog=[Everything],
        endpoint=os.environ["SPILL_ENDPOINT"],
        key="spill-key",
        packages=["spillhost"],
    )


def tell(told: Analytics, value: Any) -> None:
    """Record a value as every kind there is, under every name there might be."""
    everything: Any = Everything  # of which a type checker would not allow what follows
    for name in KINDS:
        told.record(everything(**{name: value}))
    for text in _texts(value):
        told.record(everything(**{text: text}))
        told.record(Everything(a_model=f"openai/{text}"))
        told.record(Everything(a_version=f"1.0+{text}"))
        told.record(Everything(a_version=f"1.0 {text}"))
        told.record(Everything(a_command=text))
        told.record(Everything(an_error=core.failing(text)))
        told.exception(core.failing(text))


def _texts(value: Any) -> list[str]:
    found = [value, *value] if isinstance(value, (list, tuple)) else [value]
    if isinstance(value, dict):
        found = [*value, *value.values()]
    return [text for text in found if type(text) is str and text]


def surroundings() -> list[Any]:
    """Return what a program can know of where it runs."""
    import socket

    return [
        sys.argv, dict(os.environ), os.getcwd(), os.listdir(), socket.gethostname(),
        os.path.expanduser("~"), sys.path, vars(sys.modules["__main__"]), __file__,
    ]  # fmt: skip
