"""The kinds: what fits passes, what does not is null, and no caller's text gets through."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog import kinds, models
from tests.catalog.kinds import KINDS
from tests.samples import SAMPLES, Sample

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def fixed_words(kind: kinds.Kind) -> set[str]:
    """Every string that a kind may produce, apart from versions and models."""
    return {*kind.words, *(["other"] if isinstance(kind, kinds.Command) else [])}


class TestEveryKind:
    """What holds for all of them."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
    @given(value=ANYTHING)
    def test_accepts_or_rejects_anything_without_raising(
        self, kind: kinds.Kind, value: object
    ) -> None:
        kept, text = kind.accept(value), kind.encode(value)
        if kept is kinds.REJECTED:
            assert text is None
        else:
            assert text == json.dumps(kept, separators=(",", ":"))

    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
    def test_writes_what_fits_as_it_is_kept(self, sample: Sample) -> None:
        for value in sample.values:
            if not isinstance(value, dict):  # a reduced exception, which only a collector takes
                kept = sample.kind.accept(value)
                assert kept is not kinds.REJECTED
                assert sample.kind.encode(value) == json.dumps(kept, separators=(",", ":"))

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
    def test_keeps_null(self, kind: kinds.Kind) -> None:
        assert kind.accept(None) is None
        assert kind.encode(None) == "null"

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
    @given(text=st.text(min_size=1))
    def test_carries_no_text_but_from_its_own_list(self, kind: kinds.Kind, text: str) -> None:
        kept = kind.accept(text)
        if isinstance(kept, str) and not isinstance(kind, kinds.Version):
            assert kept in fixed_words(kind) or kept == models.public_name(text)

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
    def test_survives_its_own_json(self, kind: kinds.Kind) -> None:
        described = json.loads(json.dumps(kind.as_json()))
        assert kinds.from_json(described).as_json() == kind.as_json()

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
    def test_a_string_that_lies_about_itself_gets_nowhere(self, kind: kinds.Kind) -> None:
        class Liar(str):
            __slots__ = ()

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return hash("diff")

            def __str__(self) -> str:
                return "secret"

        text = kind.encode(Liar("secret"))
        assert text is None or "secret" not in text


class TestContract:
    """What is in every catalog that was published, and what each consent was given to."""

    @pytest.mark.parametrize(
        ("kind", "told", "term", "words"),
        [
            (kinds.Flag(), {"kind": "flag"}, "flag", "yes or no"),
            (kinds.Count(), {"kind": "count"}, "count", "a whole number"),
            (kinds.Count(7), {"kind": "count", "most": 7}, "count", "a whole number"),
            (
                kinds.Count(9, [0, 2]),
                {"kind": "count", "most": 9, "steps": [0, 2]},
                "count steps:0/2",
                "a whole number, rounded down to one of 0, 2, … 2",
            ),
            (
                kinds.Amount("seconds"),
                {"kind": "amount", "unit": "seconds"},
                "amount seconds",
                "a number of seconds",
            ),
            (
                kinds.Amount("bytes", [0, 1.5]),
                {"kind": "amount", "unit": "bytes", "steps": [0, 1.5]},
                "amount bytes steps:0/1.5",
                "a number of bytes, rounded down to one of 0, 1.5, … 1.5",
            ),
            (
                kinds.Choice(["diff", "ä"]),
                {"kind": "choice", "choices": ["diff", "ä"]},
                "choice",
                "one of: diff, ä",
            ),
            (
                kinds.Command(["add", "drop"]),
                {"kind": "command", "commands": ["add", "drop"]},
                "command",
                "a command, one of: add, drop; any other is other",
            ),
            (kinds.Version(), {"kind": "version"}, "version", "a version number"),
            (
                kinds.Model(),
                {"kind": "model"},
                "model",
                "a public model name, else provider/REDACTED",
            ),
            (
                kinds.Exception_([]),
                {"kind": "exception", "packages": [], "types": []},
                "exception",
                "type and place of an error and of its causes, never their text",
            ),
            (
                kinds.Exception_(["b", "a"], ["E", "F"]),
                {"kind": "exception", "packages": ["b", "a"], "types": ["E", "F"]},
                "exception a b",
                (
                    "type and place of an error and of its causes, never their text, "
                    "places in b, a only, types of others only E, F"
                ),
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_kind_is_told_in_these_words(
        self, kind: kinds.Kind, told: dict[str, object], term: str, words: str
    ) -> None:
        assert (kind.as_json(), kind.term(), kind.describe()) == (told, term, words)
        again = kinds.from_json(told)
        assert (again.as_json(), again.term(), again.describe()) == (told, term, words)

    def test_a_flag_is_shown_as_a_person_says_it(self) -> None:
        assert [kinds.Flag().shown(word) for word in ("true", "false", "x")] == ["yes", "no", "x"]


class TestNumbers:
    """Counts and amounts."""

    @pytest.mark.parametrize("value", [0, 0.0, 1, 1.5, 10**13, 1e13])
    def test_a_number_is_kept_from_nothing_up_to_the_largest(self, value: float) -> None:
        kind = kinds.Amount("bytes")
        assert repr(kind.accept(value)) == kind.encode(value) == repr(value)

    @pytest.mark.parametrize("most", [0, -1, 2**53, True, 1.0, None])
    def test_a_count_has_a_largest_that_every_reader_holds(self, most: Any) -> None:
        with pytest.raises(kinds.KindError, match="a whole number up to 9,007,199,254,740,991"):
            kinds.Count(most)
        assert kinds.Count(1).encode(1) == "1"
        assert kinds.Count().encode(0) == "0"

    @pytest.mark.parametrize("value", [-1, 10**9 + 1, 2**53, 1.0, True, "3", math.nan])
    def test_a_count_is_a_whole_number_up_to_a_billion(self, value: object) -> None:
        assert kinds.Count().accept(value) is kinds.REJECTED
        assert kinds.Count().encode(value) is None

    @pytest.mark.parametrize(("most", "value"), [(7, 8), (2**53 - 1, 2**53), (10**12, 10**12 + 1)])
    def test_a_count_goes_as_far_as_its_declaration_says(self, most: int, value: int) -> None:
        kind = kinds.Count(most)
        assert kind.accept(value) is kinds.REJECTED
        assert (kind.accept(most), kind.encode(most)) == (most, str(most))

    @pytest.mark.parametrize(
        ("unit", "value"),
        [
            *[("seconds", value) for value in (-0.1, math.nan, math.inf, 1e16, True, "3")],
            ("dollars", 10_000.01), ("dollars", 1e15), ("seconds", 2_592_001),
            ("bytes", 10**13 + 1),
        ],
    )  # fmt: skip
    def test_an_amount_is_what_its_unit_can_be(self, unit: str, value: object) -> None:
        assert kinds.Amount(unit).accept(value) is kinds.REJECTED
        assert kinds.Amount(unit).encode(value) is None

    @given(st.floats(min_value=0, max_value=1e13))
    def test_an_amount_is_the_same_number_after_json(self, value: float) -> None:
        text = kinds.Amount("bytes").encode(value)
        assert text is not None
        assert json.loads(text) == value


class TestSteps:
    """Numbers of which only the next step below is told."""

    COUNT = kinds.Count(steps=[0, 1, 2, 5, 10, 20, 50, 100])
    SECONDS = kinds.Amount(
        "seconds", kinds.steps_up_to(2_592_000, kinds.SECONDS_EXPONENT, kinds.SECONDS_MARKS)
    )

    @pytest.mark.parametrize(
        ("number", "told"),
        [(0, 0), (1, 1), (3, 2), (5, 5), (99, 50), (100, 100), (10**9, 100)],
    )
    def test_a_count_is_rounded_down(self, number: int, told: int) -> None:
        assert (self.COUNT.accept(number), self.COUNT.encode(number)) == (told, str(told))

    @given(number=st.floats(min_value=0, max_value=2_592_000))
    def test_a_rounded_number_stays_what_it_is(self, number: float) -> None:
        once = self.SECONDS.accept(number)
        assert self.SECONDS.accept(once) == once
        assert once in self.SECONDS.steps
        text = self.SECONDS.encode(number)
        assert text is not None
        assert json.loads(text) == once

    @given(number=st.floats(min_value=0.001, max_value=2_000_000))
    def test_a_duration_loses_a_quarter_at_most(self, number: float) -> None:
        told = self.SECONDS.accept(number)
        assert isinstance(told, (int, float))
        assert number / 1.29 <= told <= number

    @pytest.mark.parametrize("value", [-1, True, "3", None, math.nan, 2.5])
    def test_what_is_no_count_is_none_in_steps_either(self, value: object) -> None:
        kept = self.COUNT.accept(value)
        assert kept is (None if value is None else kinds.REJECTED)

    def test_the_usual_steps_are_one_two_five(self) -> None:
        assert kinds.steps_up_to(600) == (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
        assert kinds.steps_up_to(0.3, -2) == (0, 0.01, 0.02, 0.05, 0.1, 0.2)
        assert kinds.steps_up_to(500)[-1] == 500

    def test_a_consent_to_steps_names_each(self) -> None:
        assert kinds.Count().term() == "count"
        assert kinds.Count(steps=[0, 1, 5]).term() == "count steps:0/1/5"

    def test_a_step_that_is_no_number_is_refused(self) -> None:
        for steps in ([0, math.nan], [0, math.nan, 5], [0, 1, math.inf]):
            with pytest.raises(kinds.KindError):
                kinds.Amount("seconds", steps)

    @pytest.mark.parametrize("steps", [[1, 2], [0, 2, 1], [0, 1, 1], [0, 10**10], [0, 0.5]])
    def test_steps_that_cannot_be_are_refused_where_they_are_declared(
        self, steps: list[int]
    ) -> None:
        with pytest.raises(kinds.KindError):
            kinds.Count(steps=steps)

    def test_they_are_told_to_the_public_and_survive_json(self) -> None:
        assert "rounded down to one of 0, 1, 2, 5, 10, … 100" in self.COUNT.describe()
        for kind in (self.COUNT, self.SECONDS):
            again = kinds.from_json(json.loads(json.dumps(kind.as_json())))
            assert (again.as_json(), again.term()) == (kind.as_json(), kind.term())


class TestVersion:
    """Version numbers, rebuilt from their numbers."""

    @pytest.mark.parametrize(
        ("given_version", "kept"),
        [
            ("0.86.2", "0.86.2"),
            ("v1.2", "1.2"),
            ("0.86.3.dev12+g1a2b3c", "0.86.3.dev0"),
            ("0.86.3.dev", "0.86.3.dev0"),
            ("2.0.dev20241201", "2.0.dev0"),
            ("v1.2.3-14-g2414721", "1.2.3.post0"),
            ("1.2.3-14-g2414721f-dirty", "1.2.3.post0"),
            ("1.2-dirty", "1.2.post0"),
            ("1.2.post3", "1.2.post3"),
            ("1.0rc", "1.0rc0"),
            ("20241231", "20241231"),
            ("2024.10.1", "2024.10.1"),
            ("10.0.22631", "10.0.22631"),
            ("1.2.300.4", "1.2.300"),
            ("3.13.0rc2", "3.13.0rc2"),
            ("2.0-beta3", "2.0b3"),
            ("3.11.7 (main, Oct 1)", "3.11.7"),
            ("01.002", "1.2"),
        ],
    )
    def test_keeps_a_version_and_cuts_what_follows(self, given_version: str, kept: str) -> None:
        assert kinds.Version().accept(given_version) == kept

    @pytest.mark.parametrize(
        "text",
        [
            "secret", "1.2.secret", "", "1" * 7, "1.2\nsecret", "\u0661.\u0662",
            "192.168.1.10", "8.8.8.8", "v10.0.0.1", "10.0.0.1+x", "4915112345678", "1.2.1234567",
            "1.2.3-14-gsecret", "1.2-secret", "99999999", "1.2.3.4.5.6",
        ],
    )  # fmt: skip
    def test_takes_nothing_that_is_no_version(self, text: str) -> None:
        assert kinds.Version().accept(text) is kinds.REJECTED

    @given(st.text())
    def test_what_passes_has_only_digits_dots_and_five_words(self, text: str) -> None:
        kept = kinds.Version().accept(text)
        if isinstance(kept, str):
            for word in ("rc", "post", "dev", "a", "b"):
                kept = kept.replace(word, "")
            assert set(kept) <= set("0123456789.")


class TestModel:
    """Model names, kept where they are public."""

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("gpt-4o", "gpt-4o"),
            ("gemini/gemini-2.5-pro", "gemini/gemini-2.5-pro"),
            ("openai/gpt-4o", "openai/gpt-4o"),
            ("openai/acme-secret-finetune", "openai/REDACTED"),
            ("acme/gpt-4o", None),
            ("acme-secret", None),
            ("", None),
            ("openai/", "openai/REDACTED"),
        ],
    )
    def test_a_private_name_is_redacted_to_its_provider_or_nothing(
        self, name: str, kept: str | None
    ) -> None:
        assert kinds.Model().accept(name) == kept

    def test_where_the_list_cannot_be_read_every_name_is_null(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for cache in ("_known", "_providers", "_recent"):
            monkeypatch.setattr(models, cache, {})
        with monkeypatch.context() as frozen:
            frozen.setattr(models, "_FILE", "/nowhere/models.txt")
            assert kinds.Model().accept("openai/gpt-4o") is None
            assert kinds.Model().encode("gpt-4o") == "null"
        assert kinds.Model().encode("gpt-4o") == '"gpt-4o"', "once it can be read, it is"


class TestException:
    """What counts as an exception."""

    def test_what_is_reduced_already_is_taken_by_a_collector_and_written_by_no_tool(self) -> None:
        kind = kinds.Exception_(["tool"], ["APIError"])
        reduced = kind.accept(KeyError("secret"))
        assert isinstance(reduced, dict)
        assert kind.accept(reduced) == reduced
        assert kind.encode(reduced) is None
        of_text = kind.encode("APIError: secret")
        assert of_text is not None
        assert "APIError" in of_text
        assert "secret" not in of_text
        assert kind.accept("NoError: secret") is kinds.REJECTED
        again = kinds.from_json({"kind": "exception", "packages": ["tool"]})
        assert again.as_json() == kinds.Exception_(["tool"]).as_json()

    def test_a_value_is_not_asked_whether_it_is_one(self) -> None:
        class Proxy:
            __class__ = ValueError  # type: ignore[assignment]

        class Broken:
            def __getattribute__(self, name: str) -> Any:
                raise RuntimeError

        for value in (Proxy(), Broken()):
            assert kinds.Exception_(["aboveboard"]).accept(value) is kinds.REJECTED


THREE: Any = 3
HALF: Any = 0.5
TEXT: Any = "1"


class TestDeclaring:
    """A kind that cannot work is refused where it is declared."""

    @pytest.mark.parametrize(
        ("declare", "said"),
        [
            (lambda: kinds.Choice([]), "a choice needs at least 1 value to choose from"),
            (
                lambda: kinds.Choice("diff"),
                "a choice takes a list of strings: ['diff'], not 'diff'",
            ),
            (lambda: kinds.Choice(["a", "a"]), "a choice lists a value twice"),
            (
                lambda: kinds.Amount("euros"),
                "an amount's unit is one of dollars, seconds, bytes, not 'euros'",
            ),
            (lambda: kinds.Amount("bytes", [TEXT]), "the steps of an amount are numbers"),
            (lambda: kinds.Count(9, [HALF]), "the steps of a count are whole numbers"),
            (lambda: kinds.Count(9, [0, 10]), "steps begin with 0 and grow, up to 9"),
            (
                lambda: kinds.Exception_(["not a package"]),
                "'not a package' is not the name of a package or an exception type",
            ),
            (
                lambda: kinds.Exception_(["a"], ["no type"]),
                "'no type' is not the name of a package or an exception type",
            ),
            (
                lambda: kinds.Exception_("package"),
                "packages takes a list of strings: ['package'], not 'package'",
            ),
            (lambda: kinds.Exception_([], ["E", "E"]), "types lists a value twice"),
            (lambda: kinds.Command(THREE), "a command takes a list of strings, not 3"),
            (lambda: kinds.Command([THREE]), "a command takes a list of strings, not [3]"),
            (
                lambda: kinds.from_json({"kind": "text"}),
                "the kind 'text' is not known here: use a newer aboveboard",
            ),
            (
                lambda: kinds.from_json({"kind": "choice"}),
                "a property of kind 'choice' lacks 'choices'",
            ),
            (
                lambda: kinds.from_json({"kind": "choice", "choices": [1]}),
                "a kind's list holds strings only",
            ),
            (
                lambda: kinds.from_json({"kind": "count", "steps": ["1"]}),
                "a kind's steps are numbers",
            ),
            (lambda: kinds.from_json({"kind": "count", "steps": 1}), "a kind's steps are numbers"),
        ],
    )
    def test_says_what_is_wrong(self, declare: Any, said: str) -> None:
        with pytest.raises(kinds.KindError) as refused:
            declare()
        assert str(refused.value) == said
