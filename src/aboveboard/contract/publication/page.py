"""A tool's whole page about its analytics, from its catalog and its source alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.contract.document.blocks import Code, Heading, Items, Link, Listing, paragraph
from aboveboard.contract.rules.rule import BUILT_IN

from . import collected, opting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aboveboard.contract.document.blocks import Block
    from aboveboard.contract.source.places import Place

    from .host import Host

REQUIRED = ("purpose", "issues")
"""The facts without which there is no page: what for, and where to complain."""


def page(host: Host, places: Sequence[Place]) -> list[Block]:
    """Return the page.

    Args:
        host: The tool.
        places: Where its source records.

    Raises:
        ContractError: a fact is missing that the page cannot be without.
    """
    host.require(REQUIRED, "the page")
    return [
        *_introduction(host),
        *opting.sections(host),
        Heading(2, "Details about data being collected"),
        *collected.sections(host, places),
        *_log(host),
        *_sent(host),
        *_forgetting(host),
        *_issues(host),
        *_policy(host),
    ]


def _introduction(host: Host) -> Iterator[Block]:
    yield Heading(1, "Analytics")
    yield paragraph(f"{host.title} can collect anonymous analytics to help {host.fact('purpose')}.")
    never = host.fact("never") or f"{', '.join(host.promises)} or any personal info"
    yield Heading(2, "Opt-in, anonymous, no personal info")
    yield paragraph(
        f"Analytics are only collected if you agree and opt-in. {host.title} respects your privacy "
        f"and never collects {never}."
    )
    told = host.facts("collects") or list(
        dict.fromkeys(
            entry.doc.partition(". ")[0].rstrip(".")
            for name, entry in host.catalog.entries.items()
            if name not in BUILT_IN
        )
    )
    if told:
        yield paragraph(f"{host.title} collects information on:")
        yield Items([(each,) for each in told])
    yield paragraph(
        "These analytics are associated with an anonymous, randomly generated UUID4 user "
        "identifier. It names nobody; but all that one install sends stands under it, so it is a "
        "pseudonym, until you ",
        Link("give it up", "#forgetting"),
        ".",
    )
    if host.fact("use"):
        yield paragraph(host.fact("use"))


def _log(host: Host) -> Iterator[Block]:
    yield Heading(3, "Logging and inspecting analytics")
    yield paragraph(
        f"You can get a full log of the analytics that {host.name} is collecting, in case you "
        "would like to audit or inspect this data. Each line in it is, byte for byte, the line "
        "that is sent."
    )
    yield Listing(f"{host.app} --analytics-log filename.jsonl")
    yield paragraph("If you want to just log analytics without reporting them, you can do:")
    yield Listing(f"{host.app} --analytics-log filename.jsonl --no-analytics")
    yield paragraph("With aboveboard installed, these say what is kept on your machine:")
    yield Listing(
        f"aboveboard status {host.app}    # what you decided, and what waits to be sent\n"
        f"aboveboard show {host.app}      # every line that waits, byte for byte"
    )


def _sent(host: Host) -> Iterator[Block]:
    recipients, rest = host.facts("recipients"), []
    if host.fact("storage"):
        rest.append(f"It is kept here: {host.fact('storage')}.")
    if host.fact("retention"):
        rest.append(f"It is kept for {host.fact('retention')}.")
    if not (host.to or recipients or rest):
        return
    yield Heading(2, "Where it goes")
    if host.to:
        who = f"{host.operator}, at " if host.operator else ""
        yield paragraph(f"What is collected is sent to {who}", Code(host.to), ".")
    if recipients:
        yield paragraph("It is received by:")
        yield Items([(each,) for each in recipients])
    if rest:
        yield paragraph(" ".join(rest))


def _forgetting(host: Host) -> Iterator[Block]:
    yield Heading(2, "Forgetting")
    if host.speaks_posthog:
        yield paragraph(
            "This makes a new identifier for your install and removes what waits to be sent. What "
            "was sent already is PostHog's, whom no such request reaches: ask us, as below."
        )
    else:
        yield paragraph(
            f"You can have everything erased that your install has sent{_where(host)}. The request "
            "proves with a secret of your install that it comes from you; then your install has a "
            "new identifier."
        )
    yield Listing(f"aboveboard forget {host.app}")


def _where(host: Host) -> str:
    """Return to whom a request to erase can be made, if that is not known to be the recipient."""
    return "" if host.endpoint else " to a collector of aboveboard (PostHog takes no such request)"


def _issues(host: Host) -> Iterator[Block]:
    address = host.fact("issues")
    is_github = address.startswith("https://github.com/")
    yield Heading(2, "Reporting issues")
    yield paragraph(
        f"If you have concerns about any of the analytics that {host.name} is collecting or our "
        "data practices please contact us by opening ",
        *(("a ", Link("GitHub Issue", address)) if is_github else ("an ", Link("issue", address))),
        ".",
    )


def _policy(host: Host) -> Iterator[Block]:
    address = host.fact("policy")
    if address:
        yield Heading(2, "Privacy policy")
        yield paragraph(
            f"Please see {host.name}'s ", Link("privacy policy", address), " for more details."
        )
