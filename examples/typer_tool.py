"""The tool that greets, built with typer. Try it:

python examples/typer_tool.py --analytics --analytics-log greetings.jsonl greet --times 3
"""

from __future__ import annotations

import typer

from aboveboard import Analytics, Event, count, start_environment
from aboveboard.integrations.commands import command_event
from aboveboard.integrations.typer import add_command, attach, command_names


class Greeting(Event):
    """Somebody was greeted. Who it was is not told."""

    times: int = count("How often")


greeter = typer.Typer(help="Greets.")
names = typer.Typer(help="Look after names.")
greeter.add_typer(names, name="names")


@greeter.command()
def greet(name: str = typer.Argument("you"), times: int = 1) -> None:
    """Greet somebody."""
    for _ in range(times):
        typer.echo(f"Hello, {name}!")
    analytics.record(Greeting(times=times))


@names.command("list")
def list_names() -> None:
    """Show them."""
    typer.echo("Ada\nGrace")


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
