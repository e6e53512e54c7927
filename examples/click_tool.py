"""The tool that greets, built with click. Try it:

python examples/click_tool.py --analytics --analytics-log greetings.jsonl greet --times 3
"""

from __future__ import annotations

import click

from aboveboard import Analytics, Event, count, start_environment
from aboveboard.integrations.click import add_command, attach, command_names
from aboveboard.integrations.commands import command_event


class Greeting(Event):
    """Somebody was greeted. Who it was is not told."""

    times: int = count("How often")


@click.group()
@click.version_option("1.0")
def greeter() -> None:
    """Greets."""


@greeter.command()
@click.argument("name", default="you")
@click.option("--times", default=1)
def greet(name: str, times: int) -> None:
    """Greet somebody."""
    for _ in range(times):
        click.echo(f"Hello, {name}!")
    analytics.record(Greeting(times=times))


@greeter.group()
def names() -> None:
    """Look after names."""


@names.command("list")
def list_names() -> None:
    """Show them."""
    click.echo("Ada\nGrace")


analytics = Analytics(
    app="greeter",
    version="1.0",
    catalog=[command_event(command_names(greeter)), Greeting],
    endpoint=start_environment().get("GREETER_COLLECTOR", "http://127.0.0.1:8300"),
    key=start_environment().get("GREETER_KEY", "greeter-key"),
    named_by_person=True,
    url="https://greeter.example/analytics",
)
attach(greeter, analytics)
add_command(greeter, analytics)

if __name__ == "__main__":
    greeter()
