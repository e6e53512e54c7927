"""Mistakes, each of which a type checker must find. Checked by test_typing.py."""

from typing import Literal

from aboveboard import (
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

FORMATS: tuple[str, ...] = ("diff", "whole")


class MessageSend(Event):
    """The model answered a message."""

    main_model: str | None = model("The model")
    edit_format: str = choice("diff", "whole", doc="The format")
    tokens: int = count("Tokens")
    cost: float = dollars("Cost")
    edited: bool | None = flag("Whether it edited", default=None)


right = MessageSend(main_model=None, edit_format="diff", tokens=1, cost=0.5)
also_right = MessageSend(main_model="m", edit_format="diff", tokens=1, cost=1, edited=True)
tokens: int = right.tokens + 1

MessageSend(main_model="m", edit_format="diff", tokens=1, cost=0.5, prompt="x")  # error: call-arg
MessageSend(main_model="m", edit_format="diff", tokens=1)  # error: call-arg
MessageSend(main_model="m", edit_format="diff", tokens="1", cost=0.5)  # error: arg-type
MessageSend(main_model=1, edit_format="diff", tokens=1, cost=0.5)  # error: arg-type
MessageSend(main_model="m", edit_format=None, tokens=1, cost=0.5)  # error: arg-type
MessageSend("m", "diff", 1, 0.5)  # error: call-arg
right.tokens = 5  # error: misc
next_edited = right.edited + 1  # error: operator
prompt = right.prompt  # error: attr-defined


class Right(Event):
    """Every kind with what it may be annotated with."""

    amount: float | None = dollars("Amount")
    bytes_read: int = size("Bytes, which are whole")
    bytes_written: float | None = size("Bytes", default=None)
    took: float | None = seconds("Seconds", default=None)
    release: str | None = version("Version", default=None)
    mode: Literal["ask", "code"] = choice("ask", "code", doc="Mode")
    other_mode: Literal["ask", "code"] | None = choice("ask", "code", doc="Mode", default=None)
    format: str = choice(*FORMATS, doc="Format")
    other_format: str | None = choice(*FORMATS, doc="Format", default=None)
    run: str = command("Command", ["add", "drop"])
    ran: Literal["add", "drop"] | None = command("Command", ("add", "drop"), default=None)
    ran_too: Literal["add", "drop"] = command("Command", ["add", "drop"])
    error: BaseException = exception("Error", [])
    other_error: Exception | None = exception("Error", [], default=None)
    name_of_error: str | None = exception("Error", [], ["APIError"])


class Wrong(Event):
    """Annotations that the kind does not fit."""

    text: str = count("Count")  # error: assignment
    yes: bool = count("Count")  # error: assignment
    number: int = flag("Flag", default=None)  # error: assignment
    whole: int = dollars("Amount")  # error: assignment
    path: str = seconds("Amount")  # error: assignment
    length: str = size("Amount")  # error: assignment
    release: int = version("Version")  # error: assignment
    name: int = model("Model")  # error: assignment
    mode: int = choice("ask", "code", doc="Choice")  # error: assignment
    other_mode: Literal["ask", "edit"] = choice("ask", "code", doc="Choice")  # error: arg-type
    run: int = command("Command", ["add"])  # error: assignment
    failure: int = exception("Error", [])  # error: assignment
    start: int = count("A default is None", default=7)  # error: type-var
    may_be_null: int = count("So this is int | None", default=None)  # error: assignment
    may_be_null_too: str = choice("a", doc="And this str | None", default=None)  # error: assignment


class Noted(Event, why="To know what is used", owner="ana", expires="2027-06-01"):
    """What is said beside the doc is text, and has fixed names."""

    said: int = count("Count", why="To know", since="1.0", default=None)  # error: assignment
    told: str = choice("a", "b", doc="Choice", issue="https://tool.example/7")
    number: int = count("Count", owner=3)  # error: arg-type
    other: bool = flag("Flag", whose="ana")  # error: call-arg


class Mistaken(Event, owner=3):  # error: arg-type
    """Whose it is is text."""
