"""The kinds: the complete list of what can leave a machine. There is no text kind.

A kind turns a host's value into JSON. Every string it can produce comes from a list that was
fixed when the catalog was declared (or is rebuilt from numbers), never from the value itself, so
that a caller's text has no way through. What does not fit is `REJECTED`, and null on the wire.
The collector checks what it receives with these same classes.

A kind is declared here once: its name, its JSON, its check, its words. What only the server has to
know (a column's type, a decoder's) is in a table by label there; `tests/test_every_kind.py` names
the file that has forgotten a kind.
"""

from __future__ import annotations

import json
import operator

from . import models

TYPE_CHECKING = False  # `typing` costs a host milliseconds at start; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

COUNT_MAX = 10**9
"""The largest count, unless its declaration says more. A billion of them, each as large, still
add up in 64 bits, and nothing that one install could make up outweighs all others by much."""

EXACT_MAX = 2**53 - 1
"""The largest whole number that every JSON reader holds exactly (RFC 8259, section 6)."""

UNITS = {"dollars": 10_000, "seconds": 30 * 86_400, "bytes": 10**13}
"""What an amount may be of, and the largest of each: a costly day, thirty days, ten terabytes."""

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
    details: tuple[str, ...] = ()
    """The keys that the kind reads of a catalog's JSON besides `kind`."""

    is_summed = False
    """Whether its values are numbers that are added up. Others are counted value by value."""

    unit = ""
    """What its numbers are of, one of `UNITS`; nothing, and they are plain."""

    null = "no value"
    """What a page calls a null."""

    @classmethod
    def of_json(cls, description: Mapping[str, Json]) -> Kind:  # noqa: ARG003  # most have none
        """Return the kind that `as_json` described.

        Raises:
            KeyError: the description lacks one of the kind's details.
            KindError: a detail cannot be used.
        """
        return cls()

    @property
    def words(self) -> tuple[str, ...]:
        """The fixed list that a value is from, for a reader of the catalog; else nothing."""
        return ()

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

    def phrase(self) -> str:
        """Return the kind as a part of a sentence. Those of one phrase add up to something."""
        return f"a {self.label}"

    def shown(self, word: str) -> str:
        """Return a value's text in SQL as a page shows it."""
        return word

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

    def shown(self, word: str) -> str:
        return {"true": "yes", "false": "no"}.get(word, word)


class _Number(Kind):
    """A number from 0 to `most`, exact or rounded down to the next of some steps."""

    __slots__ = ("_below", "_texts", "most", "steps")
    is_summed = True

    def __init__(self, most: float, steps: Sequence[float]) -> None:
        self.most = most
        self.steps = _ascending(steps, most)
        self._texts = [json.dumps(step) for step in self.steps]
        if steps:
            from bisect import bisect_right  # most catalogs have none

            self._below = bisect_right

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        number: Any = value
        if not (self._is_number(number) and 0 <= number <= self.most):
            return REJECTED
        return self.steps[self._below(self.steps, number) - 1] if self.steps else number

    def encode(self, value: object) -> str | None:
        if value is None:
            return "null"
        number: Any = value
        if not (self._is_number(number) and 0 <= number <= self.most):
            return None
        return self._texts[self._below(self.steps, number) - 1] if self.steps else repr(number)

    def _is_number(self, value: object) -> bool:
        raise NotImplementedError

    def term(self) -> str:
        # Steps tell less than the number itself: who agreed to that is not asked about them.
        steps = "/".join(self._texts)
        return self._term() + (f" {STEPS}{steps}" if steps else "")

    def _term(self) -> str:
        return self.label

    def as_json(self) -> dict[str, Json]:
        told: dict[str, Json] = {"kind": self.label}
        if self.most != self._usual():
            told["most"] = self.most
        if self.steps:
            told["steps"] = list(self.steps)
        return told

    def _usual(self) -> float:
        return COUNT_MAX

    def _in_steps(self) -> str:
        if not self.steps:
            return ""
        first = ", ".join(self._texts[:5])
        return f", rounded down to one of {first}, … {self._texts[-1]}"


class Count(_Number):
    """A whole number from 0 to `most`.

    Args:
        most: The largest, `COUNT_MAX` unless said; up to `EXACT_MAX`.
        steps: The numbers that it is rounded down to, from 0 upwards; none, and it is exact.
    """

    __slots__ = ()
    label = "count"
    details = ("most", "steps")

    def __init__(self, most: int = COUNT_MAX, steps: Sequence[int] = ()) -> None:
        if type(most) is not int or not 0 < most <= EXACT_MAX:
            raise KindError(f"the most that is counted is a whole number up to {EXACT_MAX:,}")
        if not all(type(step) is int for step in steps):
            raise KindError("the steps of a count are whole numbers")
        super().__init__(most, steps)

    @classmethod
    def of_json(cls, description: Mapping[str, Json]) -> Count:
        most: Any = description.get("most", COUNT_MAX)
        return cls(most, _numbers(description.get("steps", [])))

    def encode(self, value: object) -> str | None:
        # The way of nearly all counts, twice as fast.
        if type(value) is int and 0 <= value <= self.most and not self.steps:
            return int.__repr__(value)
        return super().encode(value)

    def _is_number(self, value: object) -> bool:
        return type(value) is int

    def describe(self) -> str:
        return "a whole number" + self._in_steps()


class Amount(_Number):
    """A finite number of dollars, seconds or bytes, from 0 to what `UNITS` says of the unit.

    Args:
        unit: One of `UNITS`.
        steps: As `Count` has them.
    """

    __slots__ = ("unit",)
    label = "amount"
    details = ("unit", "steps")

    def __init__(self, unit: str, steps: Sequence[float] = ()) -> None:
        if unit not in UNITS:
            raise KindError(f"an amount's unit is one of {', '.join(UNITS)}, not {unit!r}")
        self.unit = unit
        if not all(type(step) in (int, float) for step in steps):
            raise KindError("the steps of an amount are numbers")
        super().__init__(UNITS[unit], steps)

    @classmethod
    def of_json(cls, description: Mapping[str, Json]) -> Amount:
        return cls(str(description["unit"]), _numbers(description.get("steps", [])))

    def encode(self, value: object) -> str | None:
        if type(value) is float and 0 <= value <= self.most and not self.steps:
            return repr(value)
        return super().encode(value)

    def _is_number(self, value: object) -> bool:
        return type(value) is float or type(value) is int

    def _term(self) -> str:
        return f"{self.label} {self.unit}"

    def _usual(self) -> float:
        return UNITS[self.unit]

    def as_json(self) -> dict[str, Json]:
        return {**super().as_json(), "unit": self.unit}

    def describe(self) -> str:
        return f"a number of {self.unit}" + self._in_steps()

    def phrase(self) -> str:
        return f"an amount of {self.unit}"


class Choice(Kind):
    """One of a list fixed in the catalog."""

    __slots__ = ("_encoded", "choices")
    label = "choice"
    details = ("choices",)

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = _fixed_list("a choice", choices)
        self._encoded = {choice: json.dumps(choice) for choice in self.choices}

    @classmethod
    def of_json(cls, description: Mapping[str, Json]) -> Choice:
        return cls(_strings(description["choices"]))

    @property
    def words(self) -> tuple[str, ...]:
        return self.choices

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
    details = ("commands",)
    OTHER = "other"

    def __init__(self, commands: Sequence[str]) -> None:
        self.commands = _fixed_list("a command", commands)
        self._encoded = {command: json.dumps(command) for command in self.commands}

    @classmethod
    def of_json(cls, description: Mapping[str, Json]) -> Command:
        return cls(_strings(description["commands"]))

    @property
    def words(self) -> tuple[str, ...]:
        return self.commands

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
        return f"a command, one of: {', '.join(self.commands)}; any other is other"


class Version(Kind):
    """A version number, rebuilt from its numbers (`versions`)."""

    __slots__ = ()
    label = "version"

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        from . import versions  # a run that records nothing has none

        rebuilt = versions.rebuilt(value) if type(value) is str else None
        return REJECTED if rebuilt is None else rebuilt

    def describe(self) -> str:
        return "a version number"


class Model(Kind):
    """A model's public name; a private one becomes `provider/REDACTED`, or null.

    Known names and providers are in `models`. None of it is the caller's text: a name that passes
    is one that stands on the list.
    """

    __slots__ = ()
    label = "model"
    null = "not public"

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

    def phrase(self) -> str:
        return "a model's name"


scripts: set[str] = set()
"""The files that made an `Analytics` while Python ran them as scripts: programs, and not their
users' own. Here, since what reduces an exception is not loaded before there is one."""


class Exception_(Kind):  # noqa: N801  # the field's own word, which Python took first
    """An exception without its words: type, frames in named packages, and their fingerprint.

    `packages` are those whose frames and exception types may be told. `types` are further names
    that may stand for an exception where all that there is is a text that begins with one
    (aider's own analytics sends such texts; the collector reduces them with this).
    """

    __slots__ = ("packages", "types")
    label = "exception"
    details = ("packages", "types")

    def __init__(self, packages: Sequence[str], types: Sequence[str] = ()) -> None:
        self.packages = _fixed_list("packages", packages, at_least=0)
        self.types = _fixed_list("types", types, at_least=0)
        for name in (*self.packages, *self.types):
            if not all(part.isidentifier() for part in name.split(".")):
                raise KindError(f"{name!r} is not the name of a package or an exception type")

    @classmethod
    def of_json(cls, description: Mapping[str, Json]) -> Exception_:
        types = _strings(description.get("types", []))
        return cls(_strings(description["packages"]), types)

    def accept(self, value: object) -> Json:
        if value is None:
            return None
        from . import exceptions  # most runs have none

        if issubclass(type(value), BaseException):  # isinstance would believe a proxy's word
            return exceptions.reduce(value, self.packages, scripts)  # type: ignore[arg-type]
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
        places = f", places in {', '.join(self.packages)} only" if self.packages else ""
        types = f", types of others only {', '.join(self.types)}" if self.types else ""
        return f"type and place of an error and of its causes, never their text{places}{types}"

    def phrase(self) -> str:
        return "an exception"


STEPS, UNTIL = "steps:", "until:"
"""How the words of a term begin that say what a number is rounded to, and until which day
a property is collected."""

SECONDS_EXPONENT, SECONDS_MARKS = -3, (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8)
"""Durations are rounded to ten steps a decade, from a thousandth of a second on (ISO 3, Renard's
series R10): a quarter at most is lost, so that an average still says something."""


def steps_up_to(
    most: float, exponent: int = 0, marks: Sequence[float] = (1, 2, 5)
) -> tuple[float, ...]:
    """Return the usual steps from 0 to `most`, such as 0, 1, 2, 5, 10, 20, 50 and so on.

    Args:
        most: What no step is above.
        exponent: Which power of ten is the first step above 0.
        marks: The steps from 1 to 10.
    """
    steps: list[float] = [0]
    while True:
        for mark in marks:
            # From its digits, so that no step is 0.30000000000000004.
            step = float(f"{mark}e{exponent}")
            if step > most:
                return tuple(steps)
            steps.append(int(step) if step.is_integer() else step)
        exponent += 1


KINDS: dict[str, type[Kind]] = {
    kind.label: kind for kind in (Flag, Count, Amount, Choice, Command, Version, Model, Exception_)
}


def from_json(description: Mapping[str, Json]) -> Kind:
    """Return the kind that `as_json` described.

    Raises:
        KindError: the description names no kind, or not all that its kind needs.
    """
    label = description.get("kind")
    kind = KINDS.get(str(label))
    if kind is None:
        raise KindError(f"the kind {label!r} is not known here: use a newer aboveboard")
    try:
        return kind.of_json(description)
    except KeyError as missing:
        raise KindError(f"a property of kind {label!r} lacks {missing}") from None


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


def _ascending(steps: Sequence[float], most: float) -> tuple[float, ...]:
    fixed = tuple(steps)
    grows = all(map(operator.lt, fixed, fixed[1:]))  # which a NaN does not
    if fixed and not (fixed[0] == 0 and grows and fixed[-1] <= most):
        raise KindError(f"steps begin with 0 and grow, up to {most:,}")
    return fixed


def _numbers(value: Json) -> Any:
    if not isinstance(value, list) or not all(type(item) in (int, float) for item in value):
        raise KindError("a kind's steps are numbers")
    return value


def _strings(value: Json) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise KindError("a kind's list holds strings only")
    return value
