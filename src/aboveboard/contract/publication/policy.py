"""A tool's privacy policy, of what is known and of nothing else.

What the software does is known here: that people are asked, that no kind holds text, how an install
is forgotten. What its maker does with the data is not, and stands in the catalog's facts; one that
is missing is no sentence, and of some there is no policy without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.client.recording.segment import WAITING_SECONDS_MAX
from aboveboard.contract.document.blocks import (
    Code,
    Heading,
    Items,
    Link,
    Listing,
    Strong,
    TableBlock,
    joined,
    paragraph,
)

from . import categories

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.contract.document.blocks import Block, Line

    from .host import Host

WAITING_DAYS = WAITING_SECONDS_MAX // 86_400

REQUIRED = (
    "purpose", "controller", "contact", "recipients", "storage", "retention", "effective",
)  # fmt: skip
"""The facts without which there is no policy (GDPR, Article 13)."""


def policy(host: Host) -> list[Block]:
    """Return the policy.

    Raises:
        ContractError: a fact is missing; names it.
    """
    host.require(REQUIRED, "the policy")
    return [
        *_beginning(host),
        *_collected(host),
        *_pseudonymous(),
        *_purpose(host),
        *_recipients(host),
        *_kept(host),
        *_rights(host),
        *_changes(host),
        *_contact(host),
    ]


def _beginning(host: Host) -> Iterator[Block]:
    yield Heading(1, f"Privacy policy of {host.name}'s analytics")
    yield paragraph(
        f"This is about the usage analytics of {host.name}, and about nothing else that "
        f"{host.name} or its makers may do. It holds from {host.fact('effective')}."
    )
    items: list[Line] = [
        ("Nothing is collected unless you were asked and said yes.",),
        ("No text, code, file name, path or address of yours can be in it: there is no room.",),
        ("It stands under a random number, so it is pseudonymous, and not anonymous.",),
        ("One command stops it for good: ", Code(f"{host.app} --analytics-disable"), "."),
    ]
    if not host.speaks_posthog:
        items.append(
            ("One command has it erased: ", Code(f"aboveboard forget {host.app}"), "."),
        )
    yield Items(items)


def _collected(host: Host) -> Iterator[Block]:
    yield Heading(2, "What is collected")
    rows = [
        ((name,), (categories.WHAT[name],), joined([Code(place) for place in places]))
        for name, places in categories.categories(host.catalog).items()
    ]
    yield TableBlock(["Category", "What it is", "Which values"], rows)
    address = host.url or host.fact("page")
    page: Line = (Link("The page about the analytics", address), " explains each. ")
    yield paragraph(
        *(page if address else ()),
        "Before you decide, and at any time in a log of your own, you can read each line exactly "
        "as it is sent.",
    )
    *others, last = host.promises
    never = f"{', '.join(others)} or {last}" if others else last
    yield paragraph(f"{host.title} never collects {never}.")


def _pseudonymous() -> Iterator[Block]:
    yield Heading(2, "Pseudonymous, not anonymous")
    yield paragraph(
        "The identifier of your install is a random number (a UUID4) that is made on your machine. "
        "It names nobody and is made of nothing of yours. But all that your install sends stands "
        "under it: whoever learns elsewhere that it is yours knows all of that, and rare "
        "combinations, or the hours in which you work, may tell it. So this is personal data in "
        "the meaning of laws such as the GDPR (Article 4(5))."
    )


def _purpose(host: Host) -> Iterator[Block]:
    yield Heading(2, "What it is used for, and on what ground")
    yield paragraph(f"It is collected to help {host.fact('purpose')}. {host.fact('use')}".strip())
    whys = dict.fromkeys(
        notes.why
        for entry in host.catalog.entries.values()
        for notes in (entry.notes, *(one.notes for one in entry.properties.values()))
        if notes.why
    )
    if whys:
        yield paragraph("In particular, it is to tell:")
        yield Items([(why,) for why in whys])
    yield paragraph(
        "The ground is your consent (GDPR, Article 6(1)(a)). You give it at a terminal, by "
        "answering a question; not giving it costs you nothing, and you can take it back at any "
        "time, as easily, with effect from then on."
    )


def _recipients(host: Host) -> Iterator[Block]:
    yield Heading(2, "Who receives it")
    if host.to:
        who = f"{host.operator}, at " if host.operator else ""
        yield paragraph(f"It is sent to {who}", Code(host.to), ", and received by:")
    else:
        yield paragraph("It is received by:")
    yield Items([(each,) for each in host.facts("recipients")])
    yield paragraph(
        "A yes is given to this recipient alone: for another one you would be asked again."
    )


def _kept(host: Host) -> Iterator[Block]:
    yield Heading(2, "Where it is kept, and for how long")
    yield paragraph(f"It is kept here: {host.fact('storage').rstrip('.')}.")
    yield paragraph(f"It is kept for {host.fact('retention').rstrip('.')}.")
    yield paragraph(
        f"Until it is sent, what was recorded waits on your machine, {WAITING_DAYS} days at most, "
        "where ",
        Code(f"aboveboard show {host.app}"),
        " shows it and ",
        Code(f"{host.app} --analytics-disable"),
        " removes it.",
    )


def _rights(host: Host) -> Iterator[Block]:
    contact = host.fact("contact")
    yield Heading(2, "Your rights")
    yield paragraph(
        "You need to give no reason, and it costs nothing. Since nothing in the data names you, "
        "whoever answers for it can find yours only by the identifier of your install, which ",
        Code(f"aboveboard status {host.app}"),
        " shows.",
    )
    items: list[Line] = [
        (
            Strong("To object, and to take your consent back:"),
            " ",
            Code(f"{host.app} --analytics-disable"),
            ", once, for good; ",
            Code(f"{host.app} --no-analytics"),
            " for one run.",
        ),
        (
            Strong("Access:"),
            " ",
            Code(f"{host.app} --analytics-log filename.jsonl"),
            " keeps a copy of every line that is sent, byte for byte. ",
            f"For what is stored under your identifier, write to {contact}.",
        ),
        (Strong("Erasure:"), " ", *_erasure(host, contact)),
        (
            Strong("Correction, restriction, and a copy to take elsewhere:"),
            f" write to {contact}, with your identifier.",
        ),
        (
            Strong("Complaint:"),
            " to the data protection authority of the place where you live or work.",
        ),
    ]
    yield Items(items)
    yield Listing(
        f"aboveboard status {host.app}    # your identifier, and what you decided\n"
        + ("" if host.speaks_posthog else f"aboveboard forget {host.app}    # have it erased")
    )


def _erasure(host: Host, contact: str) -> Line:
    if host.speaks_posthog:
        return (
            f"write to {contact}, with your identifier. ",
            Code(f"aboveboard forget {host.app}"),
            " makes a new one, and removes what waits to be sent.",
        )
    return (
        Code(f"aboveboard forget {host.app}"),
        " has everything erased that your install has sent",
        "" if host.endpoint else " to a collector of aboveboard",
        ", and makes a new identifier. ",
        "Of the old one, a digest is left, so that nothing of it is stored again. ",
        f"If that cannot be done, write to {contact}.",
    )


def _changes(host: Host) -> Iterator[Block]:
    yield Heading(2, "Changes")
    yield paragraph(
        "If a later version is to collect more, you are asked again, about what is new, and a no "
        "leaves it at what you agreed to. This policy is made from the list of what "
        f"{host.name} can collect, and changes with it."
    )


def _contact(host: Host) -> Iterator[Block]:
    yield Heading(2, "Who answers for it")
    yield paragraph(f"{host.fact('controller').rstrip('.')}.")
    yield paragraph(f"About privacy, write to {host.fact('contact').rstrip('.')}.")
    if host.fact("issues"):
        yield paragraph("In public: ", Link(host.fact("issues"), host.fact("issues")), ".")
