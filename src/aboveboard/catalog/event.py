"""Events, as a host declares them: a class an event, an annotated kind a property.

    class MessageSend(Event):
        \"\"\"The model answered a message.\"\"\"

        main_model: str | None = model("The model that answered")
        prompt_tokens: int = count("Tokens in the prompt")

A type checker reads these as frozen dataclasses with keyword-only fields, so a wrong property, a
wrong value or a property annotated with what its kind does not hold is an error before it runs. At
run time nothing is raised where an event is made: what does not fit is null.
"""

from __future__ import annotations

import sys

from . import kinds
from .kinds import CatalogError
from .line import KEYS
from .notes import Notes, first

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, ClassVar, TypeVar, overload

    from typing_extensions import Unpack, dataclass_transform

    from .notes import Words

    _Null = TypeVar("_Null", bound=None)
    _Word = TypeVar("_Word", bound=str)

    class _TextOrError(Exception, str):  # type: ignore[misc]  # either fits; nothing is both
        pass
else:

    def dataclass_transform(**_options: object) -> object:
        return lambda decorated: decorated


class Property:
    """A named value of an event: what it may hold, and why it is collected.

    `notes` say who answers for it, until when it is collected and the like. `unknown` is what a
    catalog's JSON says of it that only a newer aboveboard understands.
    """

    __slots__ = ("doc", "kind", "name", "notes", "unknown")

    def __init__(
        self,
        kind: kinds.Kind,
        doc: str,
        name: str = "",
        unknown: Mapping[str, kinds.Json] | None = None,
        notes: Notes | None = None,
    ) -> None:
        self.kind = kind
        self.doc = doc
        self.name = name
        self.unknown = unknown or {}
        self.notes = notes or Notes()

    def as_json(self) -> dict[str, kinds.Json]:
        """Return the property as it stands in a catalog's JSON."""
        told = {"name": self.name, **self.kind.as_json(), "doc": self.doc}
        return {**told, **self.notes.as_json(), **self.unknown}

    def term(self, expires: str = "") -> str:
        """Return what a consent to this property is given to.

        Args:
            expires: The day on which its event expires; "" for none.
        """
        day = first(self.notes.expires, expires)
        return self.kind.term() + (f" {kinds.UNTIL}{day}" if day else "")


if TYPE_CHECKING:
    # What a type checker sees: what the kind holds, so that an annotation that says otherwise is an
    # error, and None beside it for a property that may be left out. Amounts of bytes are whole.
    def flag(doc: str, *, default: _Null = ..., **notes: Unpack[Words]) -> bool | _Null: ...
    def count(
        doc: str,
        *,
        most: int = ...,
        steps: bool | Sequence[int] = ...,
        default: _Null = ...,
        **notes: Unpack[Words],
    ) -> int | _Null: ...
    def dollars(
        doc: str,
        *,
        steps: bool | Sequence[float] = ...,
        default: _Null = ...,
        **notes: Unpack[Words],
    ) -> float | _Null: ...
    def seconds(
        doc: str,
        *,
        steps: bool | Sequence[float] = ...,
        default: _Null = ...,
        **notes: Unpack[Words],
    ) -> float | _Null: ...
    def size(
        doc: str,
        *,
        steps: bool | Sequence[int] = ...,
        default: _Null = ...,
        **notes: Unpack[Words],
    ) -> int | _Null: ...
    def version(doc: str, *, default: _Null = ..., **notes: Unpack[Words]) -> str | _Null: ...
    def model(doc: str, *, default: _Null = ..., **notes: Unpack[Words]) -> str | _Null: ...
    def exception(
        doc: str,
        packages: Sequence[str],
        types: Sequence[str] = (),
        *,
        default: _Null = ...,
        **notes: Unpack[Words],
    ) -> _TextOrError | _Null: ...

    # The words themselves, so that an annotation may be a Literal of them, and of no others.
    @overload
    def choice(*choices: _Word, doc: str, **notes: Unpack[Words]) -> _Word: ...
    @overload
    def choice(
        *choices: _Word, doc: str, default: None, **notes: Unpack[Words]
    ) -> _Word | None: ...
    def choice(*choices: str, doc: str, default: None = ..., **notes: Unpack[Words]) -> Any: ...
    @overload
    def command(doc: str, commands: Sequence[_Word], **notes: Unpack[Words]) -> _Word: ...
    @overload
    def command(
        doc: str, commands: Sequence[_Word], *, default: None, **notes: Unpack[Words]
    ) -> _Word | None: ...
    def command(
        doc: str, commands: Sequence[str], *, default: None = ..., **notes: Unpack[Words]
    ) -> Any: ...
else:

    def flag(doc, *, default=None, **notes):
        """Yes or no."""
        return _declared(kinds.Flag(), doc, default, notes)

    def count(doc, *, most=kinds.COUNT_MAX, steps=False, default=None, **notes):
        """Count things: a whole number from 0 to `most`.

        `steps` rounds it down, to 0, 1, 2, 5, 10, 20, 50 and so on or to the numbers that are
        given: for a count that would tell one project from all others.
        """
        chosen = kinds.steps_up_to(most) if steps is True else steps or ()
        return _declared(kinds.Count(most, chosen), doc, default, notes)

    def dollars(doc, *, steps=False, default=None, **notes):
        """Return an amount of US dollars; with `steps`, one of 0, 0.001, 0.002, 0.005 and so on."""
        return _declared(_amount("dollars", steps, -3), doc, default, notes)

    def seconds(doc, *, steps=False, default=None, **notes):
        """Return an amount of seconds; with `steps`, one of 0, 0.001, 0.00125 and so on."""
        exponent, marks = kinds.SECONDS_EXPONENT, kinds.SECONDS_MARKS
        return _declared(_amount("seconds", steps, exponent, marks), doc, default, notes)

    def size(doc, *, steps=False, default=None, **notes):
        """Return an amount of bytes, or with `steps` 0, 1, 2, 5, 10 and so on."""
        return _declared(_amount("bytes", steps, 0), doc, default, notes)

    def _amount(unit, steps, exponent, marks=(1, 2, 5)):
        if steps is True:
            steps = kinds.steps_up_to(kinds.UNITS[unit], exponent, marks)
        return kinds.Amount(unit, steps or ())

    def choice(*choices, doc, default=None, **notes):
        """Take one of a fixed list of words."""
        return _declared(kinds.Choice(choices), doc, default, notes)

    def version(doc, *, default=None, **notes):
        """Take a version number."""
        return _declared(kinds.Version(), doc, default, notes)

    def model(doc, *, default=None, **notes):
        """Take a model's name, kept only where it is public."""
        return _declared(kinds.Model(), doc, default, notes)

    def command(doc, commands, *, default=None, **notes):
        """Take one of the host's own commands; another is `other`."""
        return _declared(kinds.Command(commands), doc, default, notes)

    def exception(doc, packages, types=(), *, default=None, **notes):
        """Take an exception, reduced to its type and its places in `packages`."""
        return _declared(kinds.Exception_(packages, types), doc, default, notes)

    def _declared(kind, doc, default, notes):
        if default is not None:
            raise CatalogError("a default can only be None: what was not given is null")
        return Property(kind, doc, notes=Notes(**notes))


_DOCSTRINGS_ARE_STRIPPED = sys.flags.optimize >= 2
"""With `python -OO` no event can say what it is; so the host runs, and nobody is asked."""

RESERVED = frozenset(
    (
        *KEYS, "project",
        "values", "event_name", "event_properties", "event_doc", "event_notes",
    )
)  # fmt: skip
"""Words of the wire format and of `Event`, which no property may be called."""


@dataclass_transform(
    kw_only_default=True,
    eq_default=False,
    frozen_default=True,
    field_specifiers=(
        flag, count, dollars, seconds, size, choice, version, model, command, exception,
    ),
)  # fmt: skip
class Event:
    """One thing that happened. Subclasses declare what may be told of it.

    The event's name is the class's name in snake_case, or `class Repo(Event, name="no-repo")`. The
    other keywords are its notes (`notes`).

    Raises:
        CatalogError: when the class is declared, never when an event is made.
    """

    if not TYPE_CHECKING:
        __slots__ = ("values",)

        def __init__(self, /, **values):
            self.values = values

        def __getattr__(self, name):
            if name in names_of(type(self).event_properties):
                return self.values.get(name)
            raise AttributeError(f"{type(self).__name__!r} has no property {name!r}")

    event_name: ClassVar[str] = ""
    event_properties: ClassVar[tuple[Property, ...]] = ()
    event_notes: ClassVar[Notes] = Notes()

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        why: str = "",
        owner: str = "",
        issue: str = "",
        since: str = "",
        expires: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.event_name = name or snake_case(cls.__name__)
        cls.event_notes = Notes(why, owner, issue, since, expires)
        check_name("event", cls.event_name)
        if not (cls.__doc__ or "").strip() and not _DOCSTRINGS_ARE_STRIPPED:
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
                delattr(cls, attribute)  # an event gives its own value under that name
        _check_annotated(cls, names_of(own))
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


def _check_annotated(cls: type[Event], properties: Sequence[str]) -> None:
    """Raise `CatalogError` where a type checker sees a property and we see none."""
    try:
        annotations = cls.__annotations__
    except Exception:
        return  # from Python 3.14 they may name what is there for type checkers only
    for name, annotation in annotations.items():
        if name not in properties and "ClassVar" not in str(annotation):
            raise CatalogError(
                f"{cls.__name__}.{name} has no kind: write `{name}: … = count(…)`, or whichever "
                "kind it is; a constant of the class is a ClassVar"
            )


def values_of(event: Event) -> Mapping[str, object]:
    """Return what the event was made with, unchecked."""
    return event.values  # type: ignore[attr-defined, no-any-return]  # not part of what hosts see


def names_of(properties: Iterable[Property]) -> tuple[str, ...]:
    return tuple(declared.name for declared in properties)


def snake_case(name: str) -> str:
    words = ""
    for position, letter in enumerate(name):
        if letter.isupper() and position and not name[position - 1].isupper():
            words += "_"
        words += letter.lower()
    return words
