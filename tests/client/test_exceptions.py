"""Exceptions reduced: type, places in named packages, fingerprint; nothing that a user wrote."""

from __future__ import annotations

import builtins
import json
import sys
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.client import exceptions, kinds
from aboveboard.client.event import check_name
from aboveboard.client.kinds import CatalogError

PACKAGES = ["aboveboard"]
CANARY = "sk-canary/5ecret"


def caught(path_in_ours: str = CANARY) -> BaseException:
    """An error raised inside the package, called from a user's code with a secret in hand."""
    secret = path_in_ours
    try:
        check_name("event", secret)
    except CatalogError as error:
        return error
    raise AssertionError


class TestReduce:
    """What is kept of an exception."""

    def test_keeps_type_and_the_packages_own_frames(self) -> None:
        reduced = exceptions.reduce(caught(), PACKAGES)
        assert reduced["type"] == "aboveboard.CatalogError"
        (frame,) = cast("list[str]", reduced["frames"])
        assert frame.startswith("aboveboard.client.event:check_name:")

    def test_nothing_of_the_users_is_in_it(self) -> None:
        assert CANARY not in json.dumps(exceptions.reduce(caught(), PACKAGES))
        assert "test_exceptions" not in json.dumps(exceptions.reduce(caught(), PACKAGES))

    def test_a_type_of_the_users_own_is_other(self) -> None:
        class MySecretProjectError(Exception):
            pass

        assert exceptions.reduce(MySecretProjectError(CANARY), PACKAGES)["type"] == "other"

    def test_a_type_that_claims_another_module_is_not_believed(self) -> None:
        claimed = type("sk_canary", (Exception,), {"__module__": "builtins"})
        assert exceptions.reduce(claimed(), PACKAGES)["type"] == "other"

    def test_code_that_claims_another_module_is_not_believed(self) -> None:
        space = {"__name__": "aboveboard.client.event"}
        with pytest.raises(ZeroDivisionError) as raised:
            exec(compile("def sk_canary():\n 1/0\nsk_canary()", "event.py", "exec"), space)
        assert exceptions.reduce(raised.value, PACKAGES)["frames"] == []

    def test_an_exception_that_fails_when_told_to_print_itself_is_no_trouble(self) -> None:
        class BrokenError(ValueError):
            def __str__(self) -> str:
                raise RuntimeError(CANARY)

            __repr__ = __str__

        assert exceptions.reduce(BrokenError(), PACKAGES)["type"] == "other"

    def test_a_deep_recursion_is_short(self) -> None:
        def deeper(number: int) -> None:
            if number == 0:
                check_name("event", CANARY)
            deeper(number - 1)

        with pytest.raises(CatalogError) as raised:
            deeper(800)
        assert len(json.dumps(exceptions.reduce(raised.value, PACKAGES))) < 4000

    def test_the_fingerprint_does_not_change_with_line_numbers(self) -> None:
        one = exceptions.reduce_again(
            {"type": "KeyError", "frames": ["aboveboard.x:f:1"]}, PACKAGES
        )
        two = exceptions.reduce_again(
            {"type": "KeyError", "frames": ["aboveboard.x:f:9"]}, PACKAGES
        )
        assert one is not None
        assert two is not None
        assert one["fingerprint"] == two["fingerprint"]


class TestFromTheWire:
    """What the collector believes."""

    def test_keeps_only_what_has_the_form_of_a_reduction(self) -> None:
        claimed: dict[str, object] = {
            "type": CANARY,
            "frames": ["aboveboard.x:f:1", "/home/me/x.py:f:1", "my.secret:f:1", 3, "aboveboard:f"],
            "message": CANARY,
        }
        reduced = exceptions.reduce_again(claimed, PACKAGES)
        assert reduced is not None
        assert set(reduced) == {"type", "frames", "causes", "fingerprint"}
        assert reduced["type"] == "other"
        assert reduced["frames"] == ["aboveboard.x:f:1"]

    def test_its_own_reductions_pass_unchanged(self) -> None:
        reduced = exceptions.reduce(caught(), PACKAGES)
        assert exceptions.reduce_again(reduced, PACKAGES) == reduced

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("litellm.RateLimitError: key sk-1 is over", "RateLimitError"),
            ("KeyError: 'sk-1'", "KeyError"),
            ("MySecret: x", None),
            ("", None),
        ],
    )
    def test_a_text_gives_a_known_name_at_most(self, text: str, kept: str | None) -> None:
        reduced = exceptions.reduce_text(text, ["RateLimitError"])
        assert (reduced and reduced["type"]) == kept

    @given(st.text())
    def test_no_text_gets_through(self, text: str) -> None:
        kept = kinds.Exception_(PACKAGES, ["RateLimitError"]).accept(text)
        if kept is not kinds.REJECTED:
            assert isinstance(kept, dict)
            assert kept["frames"] == []
            assert kept["type"] in ["RateLimitError", *dir(builtins)]


class TestCauses:
    """What an exception came from."""

    def test_are_told_by_type_and_innermost_place_nearest_first(self) -> None:
        with pytest.raises(RuntimeError) as raised:  # noqa: PT012  # two raises are one subject
            try:
                try:
                    check_name("event", CANARY)
                except CatalogError as error:
                    raise KeyError(CANARY) from error
            except KeyError:
                raise RuntimeError(CANARY)  # noqa: B904  # implicit chaining is what is tested
        reduced = exceptions.reduce(raised.value, PACKAGES)
        first, second = cast("list[str]", reduced["causes"])
        assert first == "KeyError"
        assert second.startswith("aboveboard.CatalogError aboveboard.client.event:check_name:")
        assert exceptions.reduce_again(reduced, PACKAGES) == reduced
        assert CANARY not in json.dumps(reduced)

    def test_a_suppressed_context_is_not_told(self) -> None:
        with pytest.raises(RuntimeError) as raised:  # noqa: PT012  # two raises are one subject
            try:
                1 / 0  # noqa: B018
            except ZeroDivisionError:
                raise RuntimeError from None
        assert exceptions.reduce(raised.value, PACKAGES)["causes"] == []

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with 3.11")
    def test_the_members_of_a_group_are_causes(self) -> None:
        of = builtins.ExceptionGroup
        group = of(CANARY, [KeyError(CANARY), of(CANARY, [OSError()])])
        reduced = exceptions.reduce(group, PACKAGES)
        assert reduced["causes"] == ["KeyError", "ExceptionGroup", "OSError"]

    def test_a_circle_ends(self) -> None:
        one, two = KeyError(), OSError()
        one.__cause__, two.__cause__ = two, one
        assert exceptions.reduce(one, PACKAGES)["causes"] == ["OSError"]
