"""Events, as a host declares them: a class an event, an annotated kind a property.

    class MessageSend(Event):
        \"\"\"The model answered a message.\"\"\"

        main_model: str | None = model("The model that answered")
        prompt_tokens: int = count("Tokens in the prompt")

A type checker reads these as dataclasses with keyword-only fields, so a wrong property or a wrong
value is an error before it runs. At run time nothing is raised: what does not fit is null.
"""

from __future__ import annotations

from . import kinds
from .kinds import CatalogError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, ClassVar

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_options: object) -> object:
        return lambda decorated: decorated


class Property:
    """A named value of an event: what it may hold, and why it is collected."""

    __slots__ = ("doc", "kind", "name")

    def __init__(self, kind: kinds.Kind, doc: str, name: str = "") -> None:
        self.kind = kind
        self.doc = doc
        self.name = name

    def as_json(self) -> dict[str, kinds.Json]:
        """Return the property as it stands in a catalog's JSON."""
        return {"name": self.name, **self.kind.as_json(), "doc": self.doc}


if TYPE_CHECKING:
    # What a type checker sees: a field of the value's type, required unless it has a default.
    def flag(doc: str, *, default: Any = ...) -> Any: ...
    def count(doc: str, *, default: Any = ...) -> Any: ...
    def dollars(doc: str, *, default: Any = ...) -> Any: ...
    def seconds(doc: str, *, default: Any = ...) -> Any: ...
    def size(doc: str, *, default: Any = ...) -> Any: ...
    def choice(*choices: str, doc: str, default: Any = ...) -> Any: ...
    def version(doc: str, *, default: Any = ...) -> Any: ...
    def model(doc: str, *, default: Any = ...) -> Any: ...
    def command(doc: str, commands: Sequence[str], *, default: Any = ...) -> Any: ...
    def exception(
        doc: str, packages: Sequence[str], types: Sequence[str] = (), *, default: Any = ...
    ) -> Any: ...
else:
    # `default` is for type checkers only: at run time a property that was not given is null.

    def flag(doc, **_typing):
        """Yes or no."""
        return Property(kinds.Flag(), doc)

    def count(doc, **_typing):
        """Count things: a whole number from 0."""
        return Property(kinds.Count(), doc)

    def dollars(doc, **_typing):
        """Return an amount of US dollars."""
        return Property(kinds.Amount("dollars"), doc)

    def seconds(doc, **_typing):
        """Return an amount of time, in seconds."""
        return Property(kinds.Amount("seconds"), doc)

    def size(doc, **_typing):
        """Return an amount of bytes."""
        return Property(kinds.Amount("bytes"), doc)

    def choice(*choices, doc, **_typing):
        """Take one of a fixed list of words."""
        return Property(kinds.Choice(choices), doc)

    def version(doc, **_typing):
        """Take a version number."""
        return Property(kinds.Version(), doc)

    def model(doc, **_typing):
        """Take a model's name, kept only where it is public."""
        return Property(kinds.Model(), doc)

    def command(doc, commands, **_typing):
        """Take one of the host's own commands; another is `other`."""
        return Property(kinds.Command(commands), doc)

    def exception(doc, packages, types=(), **_typing):
        """Take an exception, reduced to its type and its places in `packages`."""
        return Property(kinds.Exception_(packages, types), doc)


RESERVED = frozenset(
    ("event", "properties", "user_id", "session", "time", "values", "event_name", "project")
)
"""Words of the wire format and of `Event`, which no property may be called."""


@dataclass_transform(
    kw_only_default=True,
    eq_default=False,
    field_specifiers=(
        flag, count, dollars, seconds, size, choice, version, model, command, exception,
    ),
)  # fmt: skip
class Event:
    """One thing that happened. Subclasses declare what may be told of it.

    The event's name is the class's name in snake_case, or `class Repo(Event, name="no-repo")`.

    Raises:
        CatalogError: when the class is declared, never when an event is made.
    """

    if not TYPE_CHECKING:
        __slots__ = ("values",)

        def __init__(self, /, **values):
            self.values = values

    event_name: ClassVar[str] = ""
    event_properties: ClassVar[tuple[Property, ...]] = ()

    def __init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.event_name = name or _snake_case(cls.__name__)
        check_name("event", cls.event_name)
        if not (cls.__doc__ or "").strip():
            raise CatalogError(f"{cls.__name__} needs a docstring: it is what the public reads")
        own = []
        for attribute, declared in list(vars(cls).items()):
            if isinstance(declared, Property):
                check_name("property", attribute)
                if attribute in RESERVED:
                    raise CatalogError(f"a property may not be called {attribute!r}")
                if not declared.doc.strip():
                    raise CatalogError(f"{cls.__name__}.{attribute} needs a doc")
                declared.name = attribute
                own.append(declared)
                delattr(cls, attribute)  # a kind is no value: reading one from an event is a bug
        cls.event_properties = (*cls.event_properties, *own)

    @classmethod
    def event_doc(cls) -> str:
        """Return the docstring's text on one line."""
        return " ".join((cls.__doc__ or "").split())


def check_name(what: str, name: str) -> None:
    """Raise `CatalogError` unless `name` can name an event or property in JSON, SQL and a URL."""
    plain = name.replace(" ", "").replace("-", "").replace("_", "")
    if not (plain.isascii() and plain.isalnum() and name[0].isalpha() and len(name) <= 64):
        raise CatalogError(
            f"{what} name {name!r}: up to 64 letters, digits, spaces, - and _, a letter first"
        )


def values_of(event: Event) -> Mapping[str, object]:
    """Return what the event was made with, unchecked."""
    return event.values  # type: ignore[attr-defined, no-any-return]  # not part of what hosts see


def names_of(properties: Iterable[Property]) -> tuple[str, ...]:
    return tuple(declared.name for declared in properties)


def _snake_case(name: str) -> str:
    words = ""
    for position, letter in enumerate(name):
        if letter.isupper() and position and not name[position - 1].isupper():
            words += "_"
        words += letter.lower()
    return words
