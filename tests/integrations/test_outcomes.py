"""How a command ended, by what it returned or raised."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from aboveboard import Analytics
from aboveboard.integrations.click import attach
from aboveboard.integrations.outcomes import how, outcome_event
from tests.integrations.conftest import told


class UnnumberedError(Exception):
    """As cleo's errors are that have no exit code of their own."""

    exit_code = None


@pytest.mark.parametrize(
    ("error", "returned", "outcome", "code"),
    [
        (None, None, "ok", 0), (None, 0, "ok", 0), (None, 2, "usage", 2), (None, -1, "failed", 255),
        (None, "a message", "failed", 1), (None, True, "failed", 1), (None, 256, "ok", 0),
        (SystemExit(), None, "ok", 0), (SystemExit("words"), None, "failed", 1),
        (SystemExit(130), None, "interrupted", 130), (SystemExit(2), None, "usage", 2),
        (KeyboardInterrupt(), None, "interrupted", 130), (ValueError(), None, "failed", 1),
        (click.Abort(), None, "interrupted", 1), (typer.Abort(), None, "interrupted", 1),
        (click.exceptions.Exit(0), None, "ok", 0), (typer.Exit(4), None, "failed", 4),
        (click.UsageError("x"), None, "usage", 2), (click.ClickException("x"), None, "failed", 1),
        (UnnumberedError(), None, "failed", 1),
    ],
)  # fmt: skip
def test_is_told_as_shells_have_it(
    error: BaseException | None, returned: object, outcome: str, code: int
) -> None:
    assert how(error, returned) == (outcome, code)


class NotFoundError(click.ClickException):
    """An error of a program's own, with which its command ends in words."""


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (NotFoundError("canary"), ["exception", "command_outcome"]),
        (click.UsageError("canary"), ["command_outcome"]),
        (click.exceptions.Exit(3), ["command_outcome"]),
        (click.Abort(), ["command_outcome"]),
    ],
)
def test_an_error_that_a_command_ends_with_in_words_counts_as_handled(
    tmp_path: Path, error: BaseException, events: list[str]
) -> None:
    analytics = Analytics(
        app="greeter",
        version="1.0",
        catalog=[outcome_event(["get"])],
        packages=["tests"],
        endpoint="http://127.0.0.1:9",
        key="key",
        environ={"HOME": str(tmp_path)},
    )

    def get() -> None:
        raise error

    root = click.Group("greeter", commands=[click.Command("get", callback=get)])
    attach(root, analytics)
    log = tmp_path / "log.jsonl"
    with contextlib.suppress(click.ClickException, click.Abort):
        root.main(["--analytics-log", str(log), "get"], standalone_mode=False)
    lines: list[tuple[str, dict[str, Any]]] = told(log)
    assert [name for name, _ in lines] == events
    if "exception" in events:
        assert lines[0][1]["handled"] is True
        assert lines[0][1]["error"]["type"] == "tests.NotFoundError"
    assert "canary" not in log.read_text()
    analytics.close()
