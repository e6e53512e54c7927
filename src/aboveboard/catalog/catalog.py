"""The catalog: everything that a host may ever collect, as data.

Its JSON is what passes between the host and the collector, what the public reads, and what a
consent is given to.
"""

from __future__ import annotations

from . import kinds
from .event import Event, Property, check_name, choice, count, exception, flag, version
from .kinds import CatalogError
from .notes import NAMES, Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from .about import About

FORMAT = 1
"""The version of the catalog's JSON; a reader refuses one that it does not know."""

REJECTED_VALUE = "rejected_value"
"""The event that counts values that did not fit."""

OPERATING_SYSTEMS = ("Linux", "Darwin", "Windows", "other")
ARCHITECTURES = ("x86_64", "arm64", "x86", "arm", "other")


class SessionStart(Event, why="Which versions run, and on which systems"):
    """A run of the program began."""

    app_version: str | None = version("The program's version")
    os: str | None = choice(*OPERATING_SYSTEMS, doc="The operating system's family")
    arch: str | None = choice(*ARCHITECTURES, doc="The processor's architecture")
    python_version: str | None = version("The version of Python")


class Failure(Event, name="exception", why="Which errors people meet, so that they can be mended"):
    """Something failed inside the program; the error's text and the user's own code stay here."""

    error: BaseException = exception("The error's type, and where in the program it came up", ())
    handled: bool = flag("Whether the program went on")


class DroppedEvents(Event, why="How much is missing from what is counted"):
    """Events were dropped unsent, because too much waited or waited for too long."""

    segments: int = count("How many files of waiting events were dropped")


class Entry:
    """An event as the catalog lists it.

    `notes` say why it is collected, until when and the like. `unknown` is what a catalog's JSON
    says of it that only a newer aboveboard understands.
    """

    __slots__ = ("doc", "name", "notes", "properties", "unknown")

    def __init__(
        self,
        name: str,
        doc: str,
        properties: Sequence[Property],
        unknown: Mapping[str, kinds.Json] | None = None,
        notes: Notes | None = None,
    ) -> None:
        check_name("event", name)
        self.name = name
        self.doc = doc
        self.unknown = unknown or {}
        self.notes = notes or Notes()
        self.properties = {declared.name: declared for declared in properties}
        if len(self.properties) != len(properties):
            raise CatalogError(f"event {name!r} has a property twice")

    def as_json(self) -> dict[str, kinds.Json]:
        """Return the entry as it stands in a catalog's JSON."""
        return {
            "name": self.name,
            "doc": self.doc,
            **self.notes.as_json(),
            "properties": [declared.as_json() for declared in self.properties.values()],
            **self.unknown,
        }


class Catalog:
    """Everything that an app may collect: its own events, and the few that every app has.

    `legacy` says how the app spoke before it had aboveboard, for collectors that still hear it
    (docs/catalog.md gives its shape); None where there is nothing to say. `unknown` is what its
    JSON says that only a newer aboveboard understands: it is kept, so that a catalog that passes
    through here reaches such a one whole. `about` has what its maker says of the whole (`about`).

    Raises:
        CatalogError: two events of one name, or a fact that cannot be one.
    """

    def __init__(
        self,
        app: str,
        entries: Iterable[Entry],
        legacy: Mapping[str, kinds.Json] | None = None,
        unknown: Mapping[str, kinds.Json] | None = None,
        about: Mapping[str, kinds.Json] | None = None,
    ) -> None:
        check_name("app", app)
        self.app = app
        self.about = _checked(about) if about else {}
        self.unknown = unknown or {}
        self.legacy = dict(legacy) if legacy else None
        self.entries: dict[str, Entry] = {}
        for entry in entries:
            if entry.name in self.entries:
                raise CatalogError(f"two events are called {entry.name!r}")
            self.entries[entry.name] = entry

    @classmethod
    def of(
        cls,
        app: str,
        events: Iterable[type[Event]],
        legacy: Mapping[str, kinds.Json] | None = None,
        *,
        packages: Sequence[str] = (),
        exception_types: Sequence[str] = (),
        about: About | None = None,
    ) -> Catalog:
        """Return the catalog of a host's own event classes, with the built-in events.

        Args:
            app: The host's name.
            events: The host's own events.
            legacy: See the class.
            packages: The packages whose frames and exception types the built-in event `exception`
                may tell; none, and there is no such event.
            exception_types: See `kinds.Exception_`.
            about: What is said of the whole, on the tool's page and in its policy (`about.FACTS`).

        Raises:
            CatalogError: what is declared cannot work; says what to change.
        """
        declared: list[type[Event]] = [SessionStart, *_classes(events), DroppedEvents]
        own = [entry_of(event) for event in declared]
        if packages:
            own.insert(-1, _failure(packages, exception_types))
        said = _checked(dict(about), known_only=True) if about else {}
        return cls(app, [*own, _rejected_value(own)], legacy, about=said)

    @classmethod
    def from_json(cls, document: Mapping[str, kinds.Json]) -> Catalog:
        """Return the catalog that `as_json` wrote, of this aboveboard or of a newer one.

        Raises:
            CatalogError: the document is no catalog, or of a format newer than this.
        """
        try:
            if document["format"] != FORMAT:
                raise CatalogError(
                    f"this catalog has format {document['format']}, and {FORMAT} is known here: "
                    "use a newer aboveboard"
                )
            entries = []
            for event in _records(document["events"]):
                properties = [_property(each) for each in _records(event["properties"])]
                unknown = _without(event, "name", "doc", "properties", *NAMES)
                notes = Notes.of_json(event)
                entries.append(Entry(_name(event), str(event["doc"]), properties, unknown, notes))
            legacy = document.get("legacy")
            if legacy is not None and not isinstance(legacy, dict):
                raise CatalogError("a catalog's legacy part is an object")
            about: Any = document.get("about", {})
            unknown = _without(document, "format", "app", "events", "legacy", "about")
            return cls(str(document["app"]), entries, legacy, unknown, _checked(about))
        except (KeyError, TypeError) as missing:
            raise CatalogError(f"this is no catalog: {missing} is missing") from None

    def as_json(self) -> dict[str, kinds.Json]:
        """Return the catalog as the JSON document that `from_json` reads."""
        document: dict[str, kinds.Json] = {
            "format": FORMAT,
            "app": self.app,
            "events": [entry.as_json() for entry in self.entries.values()],
        }
        if self.legacy is not None:
            document["legacy"] = self.legacy
        if self.about:
            document["about"] = self.about
        return {**document, **self.unknown}

    def terms(self) -> dict[str, dict[str, str]]:
        """Return what a consent is given to: each event's properties and the kind of each.

        A longer list of choices or commands asks for nothing new; another property, kind, unit, or
        package whose exceptions are told, does, and so does a later day of expiry, or none.
        """
        return {
            entry.name: {
                name: declared.term(entry.notes.expires)
                for name, declared in entry.properties.items()
            }
            for entry in self.entries.values()
        }


def _classes(events: Iterable[type[Event]]) -> list[type[Event]]:
    if isinstance(events, type):
        name = events.__name__
        raise CatalogError(f"a catalog takes a list of event classes: [{name}], not {name}")
    try:
        classes: list[Any] = list(events)
    except TypeError:
        raise CatalogError(f"a catalog takes a list of event classes, not {events!r}") from None
    for event in classes:
        if isinstance(event, Event):
            name = type(event).__name__
            raise CatalogError(f"a catalog takes event classes: {name}, not {name}(…)")
        if not (isinstance(event, type) and issubclass(event, Event)):
            raise CatalogError(f"a catalog takes event classes, and {event!r} is none")
    return classes


def entry_of(event: type[Event]) -> Entry:
    properties = event.event_properties
    return Entry(event.event_name, event.event_doc(), properties, notes=event.event_notes)


def _failure(packages: Sequence[str], types: Sequence[str]) -> Entry:
    entry = entry_of(Failure)
    declared = entry.properties["error"]
    kind = kinds.Exception_(packages, types)
    entry.properties["error"] = Property(kind, declared.doc, declared.name, notes=declared.notes)
    return entry


def _rejected_value(entries: Sequence[Entry]) -> Entry:
    """The event that counts values that did not fit. Its words are the catalog's own."""
    events = list(dict.fromkeys(entry.name for entry in entries))
    properties = sorted({name for entry in entries for name in entry.properties})
    return Entry(
        REJECTED_VALUE,
        "A value did not fit its kind and was left out; nothing of the value is told.",
        [
            Property(kinds.Choice(events), "The event that it was meant for", "in_event"),
            Property(kinds.Choice([*properties, "(unknown)"]), "The property", "in_property"),
            Property(kinds.Count(), "How often this happened in the session", "times"),
        ],
        notes=Notes(why="Where the program tells what its catalog does not allow"),
    )


def _records(value: kinds.Json) -> list[dict[str, kinds.Json]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise CatalogError("this is no catalog: events and properties are lists of objects")
    return value


def _property(record: Mapping[str, kinds.Json]) -> Property:
    kind = kinds.from_json(record)
    unknown = _without(record, "name", "doc", "kind", *kind.details, *NAMES)
    return Property(kind, str(record["doc"]), _name(record), unknown, Notes.of_json(record))


def _without(record: Mapping[str, kinds.Json], *known: str) -> dict[str, kinds.Json]:
    return {key: value for key, value in record.items() if key not in known}


def _name(record: Mapping[str, kinds.Json]) -> str:
    name = str(record["name"])
    check_name("event or property", name)
    return name


def _checked(about: Mapping[str, kinds.Json], *, known_only: bool = False) -> dict[str, kinds.Json]:
    from .about import checked  # most tools say nothing of the whole, and need not load it

    return checked(about, known_only=known_only)
