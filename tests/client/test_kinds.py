"""The kinds: what fits passes, what does not is null, and no caller's text gets through."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.client import kinds, models

KINDS: list[kinds.Kind] = [
    kinds.Flag(),
    kinds.Count(),
    kinds.Amount("dollars"),
    kinds.Choice(["diff", "whole"]),
    kinds.Command(["add", "drop"]),
    kinds.Version(),
    kinds.Model(),
    kinds.Exception_(["aboveboard"], ["RateLimitError"]),
]

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def fixed_words(kind: kinds.Kind) -> set[str]:
    """Every string that a kind may produce, apart from versions and models."""
    if isinstance(kind, kinds.Choice):
        return set(kind.choices)
    if isinstance(kind, kinds.Command):
        return {*kind.commands, "other"}
    return set()


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
            assert text is not None
            assert json.loads(text) == kept

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


class TestNumbers:
    """Counts and amounts."""

    @pytest.mark.parametrize("value", [-1, 2**53, 1.0, True, "3", math.nan])
    def test_a_count_is_a_whole_number_that_json_holds(self, value: object) -> None:
        assert kinds.Count().accept(value) is kinds.REJECTED

    @pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, 1e16, True, "3"])
    def test_an_amount_is_finite_and_not_negative(self, value: object) -> None:
        assert kinds.Amount("seconds").accept(value) is kinds.REJECTED

    @given(st.floats(min_value=0, max_value=1e15))
    def test_an_amount_is_the_same_number_after_json(self, value: float) -> None:
        text = kinds.Amount("bytes").encode(value)
        assert text is not None
        assert json.loads(text) == value


class TestVersion:
    """Version numbers, rebuilt from their numbers."""

    @pytest.mark.parametrize(
        ("given_version", "kept"),
        [
            ("0.86.2", "0.86.2"),
            ("v1.2", "1.2"),
            ("0.86.3.dev12+g1a2b3c", "0.86.3.dev12"),
            ("3.13.0rc2", "3.13.0rc2"),
            ("2.0-beta3", "2.0b3"),
            ("3.11.7 (main, Oct 1)", "3.11.7"),
            ("01.002", "1.2"),
        ],
    )
    def test_keeps_a_version_and_cuts_what_follows(self, given_version: str, kept: str) -> None:
        assert kinds.Version().accept(given_version) == kept

    @pytest.mark.parametrize(
        "text", ["secret", "1.2.secret", "", "1" * 7, "1.2\nsecret", "\u0661.\u0662"]
    )
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

    def test_a_value_is_not_asked_whether_it_is_one(self) -> None:
        class Proxy:
            __class__ = ValueError  # type: ignore[assignment]

        class Broken:
            def __getattribute__(self, name: str) -> Any:
                raise RuntimeError

        for value in (Proxy(), Broken()):
            assert kinds.Exception_(["aboveboard"]).accept(value) is kinds.REJECTED


class TestDeclaring:
    """A kind that cannot work is refused where it is declared."""

    @pytest.mark.parametrize(
        "declare",
        [
            lambda: kinds.Choice([]),
            lambda: kinds.Choice("diff"),
            lambda: kinds.Choice(["a", "a"]),
            lambda: kinds.Amount("euros"),
            lambda: kinds.Exception_(["not a package"]),
            lambda: kinds.Exception_("package"),
            lambda: kinds.Command(3),  # type: ignore[arg-type]
            lambda: kinds.from_json({"kind": "text"}),
            lambda: kinds.from_json({"kind": "choice"}),
            lambda: kinds.from_json({"kind": "choice", "choices": [1]}),
        ],
    )
    def test_says_what_is_wrong(self, declare: object) -> None:
        assert callable(declare)
        with pytest.raises(kinds.KindError):
            declare()
