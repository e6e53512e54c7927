"""Watching replies from outside: nothing of aider's is changed by it, or needed for it."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.catalog.event import values_of
from aboveboard.hosts.aider import replies
from aboveboard.hosts.aider.catalog import ProviderError, Reply, SideRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.catalog.event import Event


class LitellmError(Exception):
    __module__ = "litellm.exceptions"


class Model:
    name = "openai/gpt-4o"

    def __init__(self) -> None:
        self.failures = 0

    def send_completion(self, messages: object, *_more: object) -> tuple[str, str]:
        if self.failures:
            self.failures -= 1
            raise LitellmError
        return "hash", f"answer to {messages}"

    def simple_send_with_retries(self, messages: object) -> str:
        return self.send_completion(messages)[1]


class Coder:
    edit_format = "diff"
    num_reflections = 0
    num_malformed_responses = 0
    reflected_message: str | None = None

    def __init__(self, model: Model) -> None:
        self.main_model = model
        self.inner: Coder | None = None

    def send_message(self, message: str) -> Iterator[str]:
        while True:
            try:
                answer = self.main_model.send_completion(message)[1]
                break
            except LitellmError:
                continue
        yield answer
        if self.inner is not None:
            yield from self.inner.send_message("inner")
        self.apply_updates()
        self.main_model.simple_send_with_retries("commit")

    def apply_updates(self) -> set[str]:
        if "bad" in self.edit_format:
            self.num_malformed_responses += 1
        return {"a", "b"}


class Bare:
    """A coder of an aider that has none of what is looked for."""

    def send_message(self, message: str) -> Iterator[str]:
        yield message


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Watch the two classes above as if they were aider's; what is found out is in this list."""
    events: list[Event] = []
    watch_classes(monkeypatch, Coder, Model).record = events.append
    return events


def watch_classes(monkeypatch: pytest.MonkeyPatch, coder: type, model: type) -> replies.Watch:
    for module, name, kind in (("coders.base_coder", "Coder", coder), ("models", "Model", model)):
        space: Any = types.ModuleType(f"aider.{module}")
        copied = type(name, (), {k: v for k, v in vars(kind).items() if k != "__weakref__"})
        setattr(space, name, copied)
        monkeypatch.setitem(sys.modules, f"aider.{module}", space)
    return replies.watch()


def coder() -> Any:
    modules: Any = sys.modules
    return modules["aider.coders.base_coder"].Coder(modules["aider.models"].Model())


def told(events: list[Event], kind: type[Event]) -> list[dict[str, object]]:
    return [dict(values_of(event)) for event in events if type(event) is kind]


class TestAReply:
    def test_is_told_when_it_is_worked_off(self, heard: list[Event]) -> None:
        assert list(coder().send_message("hello")) == ["answer to hello"]
        (reply,) = told(heard, Reply)
        assert (reply["edits"], reply["files"]) == ("applied", 2)
        assert (reply["end"], reply["retries"], reply["mode"]) == ("complete", 0, "code")

    def test_counts_the_requests_that_failed_before(self, heard: list[Event]) -> None:
        retried = coder()
        retried.main_model.failures = 2
        list(retried.send_message("hello"))
        (reply,) = told(heard, Reply)
        assert (reply["end"], reply["retries"]) == ("complete", 2)
        assert [error["retries"] for error in told(heard, ProviderError)] == [0, 1]

    def test_inside_another_is_one_of_its_own(self, heard: list[Event]) -> None:
        outer = coder()
        outer.edit_format, outer.inner = "architect", coder()
        list(outer.send_message("plan"))
        assert [reply["mode"] for reply in told(heard, Reply)] == ["code", "architect"]

    def test_is_none_where_nothing_was_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        events: list[Event] = []
        watch_classes(monkeypatch, Bare, Bare).record = events.append
        modules: Any = sys.modules
        bare = modules["aider.coders.base_coder"].Coder()
        assert list(bare.send_message("hello")) == ["hello"]
        assert events == []

    def test_requests_on_the_side_are_told_apart(self, heard: list[Event]) -> None:
        list(coder().send_message("hello"))
        (request,) = told(heard, SideRequest)
        assert request["answered"] is True
        assert request["model"] == "openai/gpt-4o"


class TestAider:
    def test_never_hears_of_a_mistake_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_event: Event) -> None:
            raise RuntimeError

        watch_classes(monkeypatch, Coder, Model).record = fail
        assert list(coder().send_message("hello")) == ["answer to hello"]

    def test_may_lack_everything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("aider.coders.base_coder", "aider.models"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        replies.watch()


@pytest.mark.parametrize(
    ("tokens", "step"),
    [
        (0, "none"), (1, "under 1k"), (999, "under 1k"), (1000, "1k to 4k"), (4000, "4k to 16k"),
        (63_999, "16k to 64k"), (64_000, "64k to 256k"), (256_000, "over 256k"), ("12", None),
        (None, None), (True, None),
    ],
)  # fmt: skip
def test_tokens_are_told_in_steps(tokens: object, step: str | None) -> None:
    assert replies.step(tokens) == step
