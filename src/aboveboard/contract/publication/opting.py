"""How one opts in, how one opts out, and what is asked: in the client's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.client.decision.environment import variable
from aboveboard.client.terminal.question import Question
from aboveboard.contract.document.blocks import Code, Heading, Items, Listing, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.contract.document.blocks import Block, Line

    from .host import Host


def sections(host: Host) -> Iterator[Block]:
    """Yield the sections about opting out and in."""
    yield from _disabling(host)
    yield from _enabling(host)
    yield from _opting_in(host)


def _disabling(host: Host) -> Iterator[Block]:
    yield Heading(2, "Disabling analytics")
    yield paragraph("You can opt out of analytics forever by running this command one time:")
    yield Listing(f"{host.app} --analytics-disable")
    yield paragraph(
        "What was recorded and waits to be sent is deleted. The decision is yours, and only you "
        "can take it back, with ",
        Code(f"aboveboard reset {host.app}"),
        ". Analytics are also off wherever ",
        Code("DO_NOT_TRACK=1"),
        " or ",
        Code(f"{variable(host.app)}=0"),
        " is set in the environment.",
    )


def _enabling(host: Host) -> Iterator[Block]:
    yield Heading(2, "Enabling analytics")
    yield paragraph(
        "The ",
        Code("--[no-]analytics"),
        " switch controls whether analytics are enabled for the current session:",
    )
    never = (
        "if you have permanently disabled analytics with ",
        Code("--analytics-disable"),
        ".",
    )
    confirms = f" If this is the first time you have enabled analytics, {host.name} will confirm "
    items: list[Line] = [
        (
            Code("--analytics"),
            " will turn on analytics for the current session. This will not have any effect ",
            *never,
            f"{confirms}you wish to opt-in to analytics.",
        ),
        (Code("--no-analytics"), " will turn off analytics for the current session."),
    ]
    default = ("By default, if you don't provide ", Code("--analytics"), " or ")
    if host.percent == 0:
        said = f", {host.name} will not ask you, and analytics are off unless you have opted in."
        items.append((*default, Code("--no-analytics"), said))
    else:
        share = "" if host.percent is None else f" ({host.percent:g} % of installs)"
        said = f", {host.name} will enable analytics for a random subset of users{share}. "
        asked = " Randomly selected users will be asked if they wish to opt-in to analytics."
        happens = "This will never happen "
        items.append((*default, Code("--no-analytics"), said, happens, *never, asked))
    yield Items(items)
    yield paragraph(
        "Only a person at a terminal can agree: no script, no CI, no end of input, and no flag "
        "that says yes to everything."
    )


def _opting_in(host: Host) -> Iterator[Block]:
    question = Question(
        name=host.app,
        url=host.url or host.fact("page"),
        catalog=host.catalog,
        sample="",
        to=host.to,
        promises=host.promises,
        operator=host.operator,
        columns=80,
    )
    asked = question.promise() + question.line().rstrip()
    yield Heading(2, "Opting in")
    yield paragraph("The first time analytics are enabled, you will need to agree to opt-in.")
    yield Listing(f"{host.app} --analytics\n{asked}")
    yield paragraph(
        'If you say "no", analytics will be permanently disabled. ',
        Code("?"),
        " shows all that would be collected, and a line exactly as it would be sent, before you "
        "decide. If a later version wants to collect more, you are asked again, about what is new.",
    )
