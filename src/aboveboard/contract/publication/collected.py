"""What is collected: each event and property, lines as they are sent, and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.catalog.kinds import Command
from aboveboard.contract.document.blocks import (
    Code,
    Heading,
    Items,
    Line,
    Link,
    Listing,
    Strong,
    TableBlock,
    joined,
    paragraph,
)
from aboveboard.contract.rules.rule import BUILT_IN

from . import samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aboveboard.catalog.catalog import Entry
    from aboveboard.catalog.event import Property
    from aboveboard.catalog.notes import Notes
    from aboveboard.contract.document.blocks import Block, Span
    from aboveboard.contract.source.places import Place

    from .host import Host

FIELDS = {
    "user_id": "the random identifier of the install",
    "session": "a random identifier of this run",
    "seq": "the event's place in the run, counted from 0",
    "time": "the hour, in seconds since 1970; no minute is told",
}
POSTHOGS_FIELDS = {
    "distinct_id": "the random identifier of the install",
    "$session_id": "a random identifier of this run",
    "seq": "the event's place in the run, counted from 0",
    "timestamp": "the hour; no minute is told",
    "uuid": "a random identifier of the event, so that it counts once",
    "$ip, $geoip_disable, $process_person_profile": "that PostHog shall add no address, no place "
    "and no profile of a person",
    "$lib": "aboveboard",
}
"""What stands in each line beside the event, in our form and in PostHog's."""

MANY = 12
"""Words from which a list is told by their number, and in full below."""


def sections(host: Host, places: Sequence[Place]) -> Iterator[Block]:
    """Yield what is collected, its sample, and where the source records it."""
    yield Heading(3, "Everything that may be collected")
    yield paragraph(
        "There is no text among it. A value is a number, yes or no, one of a list that stands in "
        f"{host.name}'s source, a version, a public model's name, or an error's type and its "
        "places in the program's own source; whatever does not fit is left out. No message, file "
        "name, path, address or code of yours can be a value."
    )
    for entry in host.catalog.entries.values():
        yield from _event(entry)
    yield paragraph("With each event, and with nothing else:")
    fields = POSTHOGS_FIELDS if host.speaks_posthog else FIELDS
    yield TableBlock(
        ["Field", "What it is"], [((Code(name),), (said,)) for name, said in fields.items()]
    )
    yield from _lists(host)
    yield from _sample(host)
    yield from _code(host, places)


def _event(entry: Entry) -> Iterator[Block]:
    yield Heading(4, entry.name, is_code=True)
    own = " By aboveboard itself, as in every tool." if entry.name in BUILT_IN else ""
    yield paragraph(entry.doc + own)
    notes = list(_notes(entry.notes))
    if notes:
        yield Items(notes)
    if entry.properties:
        yield TableBlock(
            ["Property", "What it says", "What it may be"],
            [_row(declared) for declared in entry.properties.values()],
        )


def _row(declared: Property) -> tuple[Line, Line, Line]:
    said: list[Span] = [f"{declared.doc.rstrip('.')}."]
    for note in _notes(declared.notes):
        said += [" ", *note, "."]
    return (Code(declared.name),), tuple(said), _kind(declared)


def _kind(declared: Property) -> Line:
    words, label = declared.kind.words, declared.kind.label
    other: Line = ("; any other is ", Code(Command.OTHER)) if label == Command.label else ()
    if not words:
        return (declared.kind.describe(),)
    if len(words) > MANY:
        return (f"one of {len(words)} words, ", Link("in full below", "#the-lists-in-full"), *other)
    return ("one of ", *joined([Code(word) for word in words]), *other)


def _notes(notes: Notes) -> Iterator[Line]:
    if notes.why:
        yield Strong("Why:"), " ", notes.why
    if notes.owner:
        yield Strong("Who answers for it:"), " ", notes.owner
    if notes.since:
        yield Strong("Since:"), " ", notes.since
    if notes.expires:
        yield Strong("Until:"), " ", notes.expires
    if notes.issue:
        yield Strong("Decided in:"), " ", Link(notes.issue, notes.issue)


def _lists(host: Host) -> Iterator[Block]:
    lists: dict[tuple[str, ...], list[Code]] = {}
    for entry in host.catalog.entries.values():
        for declared in entry.properties.values():
            if len(declared.kind.words) > MANY:
                place = Code(f"{entry.name}.{declared.name}")
                lists.setdefault(declared.kind.words, []).append(place)
    if lists:
        yield Heading(3, "The lists in full")
    for words, places in lists.items():
        yield paragraph(*joined(places), ": ", *joined([Code(word) for word in words]), ".")


def _sample(host: Host) -> Iterator[Block]:
    yield Heading(3, "Sample analytics data")
    if host.fact("sample"):
        yield paragraph(
            "To get a better sense of what type of data is collected, you can review some ",
            Link("sample analytics logs", host.fact("sample")),
            f". {host.fact('sampled')}".rstrip(),
        )
    yield paragraph(
        "A line of each event, made with made-up values by the code that makes the real ones:"
    )
    told = [line for _, line in samples.lines(host.catalog, host.endpoint)]
    yield Listing("\n".join(told), "json")


def _code(host: Host, places: Sequence[Place]) -> Iterator[Block]:
    yield Heading(3, "Analytics code")
    code = host.fact("code")
    if code:
        yield paragraph(
            f"Since {host.name} is open source, all the places where {host.name} collects "
            "analytics are visible in the source code. They can be viewed using ",
            Link("GitHub search" if "github.com/search" in code else "a search of it", code),
            ". They are:",
        )
    else:
        yield paragraph(f"These are all the places in the source where {host.name} records:")
    rows = []
    for name in host.catalog.entries:
        own = [_place(host, place) for place in places if place.event == name]
        if own or name in BUILT_IN:
            line = joined(own) if own else ("aboveboard itself",)
            rows.append(((Code(name),), line))
    yield TableBlock(["Event", "Recorded in"], rows)


def _place(host: Host, place: Place) -> Span:
    shown = f"{place.file}:{place.line}"
    sources = host.catalog.about.get("source", {})
    if isinstance(sources, dict):
        for beginning in sorted(sources, key=len, reverse=True):
            if place.file.startswith(beginning):
                address = str(sources[beginning]).replace("{file}", place.file)
                return Link(shown, address.replace("{line}", str(place.line)))
    return Code(shown)
