"""The kinds: the complete list of what can leave a machine. There is no text kind.

A kind turns a host's value into JSON. Every string it can produce comes from a list that was
fixed when the catalog was declared (or is rebuilt from numbers), never from the value itself, so
that a caller's text has no way through. What does not fit is `REJECTED`, and null on the wire.
The collector checks what it receives with these same classes.
"""

from __future__ import annotations

import json
import re

from . import models

TYPE_CHECKING = False  # `typing` costs a host milliseconds at start; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COUNT_MAX = 2**53 - 1
"""The largest whole number that every JSON reader holds exactly (RFC 8259, section 6)."""

AMOUNT_MAX = 1e15
UNITS = ("dollars", "seconds", "bytes")

Json = object
"""A value as `json.loads` gives it."""


class _Rejected:
    """The one value that says: this did not fit its kind."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "REJECTED"


REJECTED = _Rejected()


class CatalogError(ValueError):
    """Something was declared in a way that cannot work; says what to change."""


class KindError(CatalogError):
    """A kind was declared in a way that cannot work."""


class Kind:
    """What one property may hold."""

    __slots__ = ()
    label = ""

    def accept(self, value: object) -> Json:
        """Return `value` as it may be kept, or `REJECTED`. None stays None for every kind."""
        raise NotImplementedError

    def encode(self, value: object) -> str | None:
        """Return the JSON text of `accept(value)`, or None where that is `REJECTED`."""
        kept = self.accept(value)
        return None if kept is REJECTED else json.dumps(kept, separators=(",", ":"))

    def as_json(self) -> dict[str, Json]:
        """Return the kind as it stands in a catalog's JSON."""
        return {"kind": self.label}

    def describe(self) -> str:
        """Return the kind in a few words, for the question and the docs."""
        return self.label

    def term(self) -> str:
        """Return what a consent to this kind is given to: the same word asks for nothing new."""
        return self.label


class Flag(Kind):
    """True or false."""

    __slots__ = ()
    label = "flag"

    def accept(self, value: object) -> Json:
        return value if value is True or value is False or value is None else REJECTED

    def encode(self, value: object) -> str | None:
        if value is True:
            return "true"
        if value is False:
            return "false"
        return "null" if value is None else None

    def describe(self) -> str:
        return "yes or no"


class Count(Kind):
    """A whole number from 0 to `COUNT_MAX`."""

    __slots__ = ()
    label = "count"

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        if type(value) is int and 0 <= value <= COUNT_MAX:
            return value
        return REJECTED

    def encode(self, value: object) -> str | None:
        if type(value) is int and 0 <= value <= COUNT_MAX:
            return int.__repr__(value)
        return "null" if value is None else None

    def describe(self) -> str:
        return "a whole number"


class Amount(Kind):
    """A finite number of dollars, seconds or bytes, from 0 to `AMOUNT_MAX`."""

    __slots__ = ("unit",)
    label = "amount"

    def __init__(self, unit: str) -> None:
        if unit not in UNITS:
            raise KindError(f"an amount's unit is one of {', '.join(UNITS)}, not {unit!r}")
        self.unit = unit

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        if (type(value) is float or type(value) is int) and 0 <= value <= AMOUNT_MAX:
            return value
        return REJECTED

    def encode(self, value: object) -> str | None:
        if (type(value) is float or type(value) is int) and 0 <= value <= AMOUNT_MAX:
            return repr(value)
        return "null" if value is None else None

    def term(self) -> str:
        return f"{self.label} {self.unit}"

    def as_json(self) -> dict[str, Json]:
        return {"kind": self.label, "unit": self.unit}

    def describe(self) -> str:
        return f"a number of {self.unit}"


class Choice(Kind):
    """One of a list fixed in the catalog."""

    __slots__ = ("_encoded", "choices")
    label = "choice"

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = _fixed_list("a choice", choices)
        self._encoded = {choice: json.dumps(choice) for choice in self.choices}

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        return value if type(value) is str and value in self._encoded else REJECTED

    def encode(self, value: object) -> str | None:
        if type(value) is str:
            return self._encoded.get(value)
        return "null" if value is None else None

    def as_json(self) -> dict[str, Json]:
        return {"kind": self.label, "choices": list(self.choices)}

    def describe(self) -> str:
        return f"one of: {', '.join(self.choices)}"


class Command(Kind):
    """One of the host's declared commands; any other is `other`."""

    __slots__ = ("_encoded", "commands")
    label = "command"
    OTHER = "other"

    def __init__(self, commands: Sequence[str]) -> None:
        self.commands = _fixed_list("a command", commands)
        self._encoded = {command: json.dumps(command) for command in self.commands}

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        if type(value) is not str:
            return REJECTED
        return value if value in self._encoded else self.OTHER

    def encode(self, value: object) -> str | None:
        if type(value) is str:
            return self._encoded.get(value, '"other"')
        return "null" if value is None else None

    def as_json(self) -> dict[str, Json]:
        return {"kind": self.label, "commands": list(self.commands)}

    def describe(self) -> str:
        return f'one of the {len(self.commands)} commands of this program, or "other"'


class Version(Kind):
    """A version number, rebuilt from its numbers; anything after a `+` or a second word is cut.

    The grammar is PEP 440's public version (release, pre, post, dev), each number below a million
    and at most five of them, so that nothing but small numbers and five fixed words can pass.
    """

    __slots__ = ()
    label = "version"

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        match = _VERSION.fullmatch(value) if type(value) is str and len(value) <= 64 else None
        if match is None:
            return REJECTED
        release, pre, pre_number, post, dev = match.groups()
        rebuilt = ".".join(str(int(number)) for number in release.split("."))
        if pre:
            rebuilt += f"{_PRE[pre]}{int(pre_number or 0)}"
        if post:
            rebuilt += f".post{int(post)}"
        if dev:
            rebuilt += f".dev{int(dev)}"
        return rebuilt

    def describe(self) -> str:
        return "a version number"


class Model(Kind):
    """A model's public name; a private one becomes `provider/REDACTED`, or null.

    Known names and providers are in `models`. None of it is the caller's text: a name that passes
    is one that stands on the list.
    """

    __slots__ = ()
    label = "model"

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        return models.public_name(value) if type(value) is str else REJECTED

    def encode(self, value: object) -> str | None:
        if value is None:
            return "null"
        return models.encoded(value) if type(value) is str else None

    def describe(self) -> str:
        return "a public model name, else provider/REDACTED"


class Exception_(Kind):  # noqa: N801  # the field's own word, which Python took first
    """An exception without its words: type, frames in named packages, and their fingerprint.

    `packages` are those whose frames and exception types may be told. `types` are further names
    that may stand for an exception where all that there is is a text that begins with one
    (aider's own analytics sends such texts; the collector reduces them with this).
    """

    __slots__ = ("packages", "types")
    label = "exception"

    def __init__(self, packages: Sequence[str], types: Sequence[str] = ()) -> None:
        self.packages = _fixed_list("packages", packages, at_least=0)
        self.types = _fixed_list("types", types, at_least=0)
        for name in (*self.packages, *self.types):
            if not all(part.isidentifier() for part in name.split(".")):
                raise KindError(f"{name!r} is not the name of a package or an exception type")

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        from . import exceptions  # most runs have none

        if issubclass(type(value), BaseException):  # isinstance would believe a proxy's word
            return exceptions.reduce(value, self.packages)  # type: ignore[arg-type]
        if type(value) is str:
            reduced = exceptions.reduce_text(value, self.types)
        elif type(value) is dict:
            reduced = exceptions.reduce_again(value, self.packages, self.types)
        else:
            reduced = None
        return REJECTED if reduced is None else reduced

    def encode(self, value: object) -> str | None:
        # A reduction is for those who receive one. In the program itself only an exception will
        # do, or a text of which no more is kept than a name from a fixed list.
        return None if type(value) is dict else super().encode(value)

    def term(self) -> str:
        return " ".join([self.label, *sorted(self.packages)])

    def as_json(self) -> dict[str, Json]:
        return {"kind": self.label, "packages": list(self.packages), "types": list(self.types)}

    def describe(self) -> str:
        return "type and place of an error and of its causes, never their text"


KINDS: dict[str, type[Kind]] = {
    kind.label: kind for kind in (Flag, Count, Amount, Choice, Command, Version, Model, Exception_)
}


def from_json(description: Mapping[str, Json]) -> Kind:
    """Return the kind that `as_json` described.

    Raises:
        KindError: the description names no kind, or not all that its kind needs.
    """
    label = description.get("kind")
    try:
        if label == "amount":
            return Amount(str(description["unit"]))
        if label == "choice":
            return Choice(_strings(description["choices"]))
        if label == "command":
            return Command(_strings(description["commands"]))
        if label == "exception":
            types = _strings(description.get("types", []))
            return Exception_(_strings(description["packages"]), types)
        return KINDS[str(label)]()
    except KeyError as missing:
        raise KindError(f"a property of kind {label!r} lacks {missing}") from None


_VERSION = re.compile(
    r"(?:v)?((?:[0-9]{1,6}\.){0,4}[0-9]{1,6})"
    r"(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?([0-9]{1,6})?)?"
    r"(?:\.post([0-9]{1,6}))?(?:\.dev([0-9]{1,6}))?(?:[+ ].*)?",
    re.ASCII | re.DOTALL,
)
_PRE = {"a": "a", "alpha": "a", "b": "b", "beta": "b"} | dict.fromkeys(
    ("c", "rc", "pre", "preview"), "rc"
)


def _fixed_list(what: str, values: Sequence[str], at_least: int = 1) -> tuple[str, ...]:
    if isinstance(values, str):
        raise KindError(f"{what} takes a list of strings: [{values!r}], not {values!r}")
    try:
        fixed = tuple(values)
    except TypeError:
        fixed = (None,)  # type: ignore[assignment]  # refused below
    if not all(isinstance(value, str) for value in fixed):
        raise KindError(f"{what} takes a list of strings, not {values!r}")
    if len(fixed) < at_least:
        raise KindError(f"{what} needs at least {at_least} value to choose from")
    if len(set(fixed)) != len(fixed):
        raise KindError(f"{what} lists a value twice")
    return fixed


def _strings(value: Json) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise KindError("a kind's list holds strings only")
    return value
