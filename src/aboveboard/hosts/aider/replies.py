"""What makers of aider want to know and aider's own events do not say: how replies went.

Watched from outside, by wrapping public methods of aider's `Coder` and `Model` in ones that note a
time or a number and change nothing. One that an aider does not have is not wrapped, and what it
would have told is null. Nothing is wrapped unless the session is on or logged.
"""

from __future__ import annotations

import functools
import sys
import threading
import time

from .catalog import ProviderError, Reply, SideRequest
from .vocabulary import MODES, TOKENS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from aboveboard.catalog.event import Event

CHARACTERS_A_TOKEN = 4
"""For the repo map, whose tokens aider does not tell; its steps are coarser than the error."""


def watch() -> Watch:
    """Wrap aider's methods, once a process; what is found out goes to the watch's `record`."""
    watching = Watch()
    coder = getattr(sys.modules.get("aider.coders.base_coder"), "Coder", None)
    for method in ("send_message", "show_send_output_stream", "apply_updates", "get_repo_map"):
        _wrap(coder, method, getattr(watching, method))
    model = getattr(sys.modules.get("aider.models"), "Model", None)
    for method in ("send_completion", "simple_send_with_retries"):
        _wrap(model, method, getattr(watching, method))
    return watching


class Watch:
    """Follows the replies of a thread while aider works them off.

    The methods with aider's names each take aider's own first, and then what it was called with.
    """

    def __init__(self) -> None:
        self.record: Callable[[Event], None] = lambda _event: None
        self._here = threading.local()  # aider summarizes and keeps caches warm in other threads

    def hear(self, event: str, properties: Mapping[str, object]) -> None:
        """Note what one of aider's own events says of the reply at hand."""
        reply = self._reply()
        if reply is not None and event == "message_send":
            reply.tokens = properties.get("prompt_tokens")

    def send_message(self, original: Any, coder: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        replies = self._replies()
        reply = _Reply(coder)
        replies.append(reply)
        try:
            yield from original(coder, *args, **kwargs)
        finally:
            replies.remove(reply)
            if reply.started:
                _quietly(lambda: self.record(reply.event()))

    def show_send_output_stream(self, original: Any, coder: Any, completion: Any) -> Any:
        reply = self._reply()
        if reply is not None:
            reply.streamed, reply.ended = True, None  # it has only begun
            completion = self._timed(completion, reply)
        return original(coder, completion)

    def apply_updates(self, original: Any, coder: Any, *args: Any, **kwargs: Any) -> Any:
        malformed = getattr(coder, "num_malformed_responses", None)
        reflected = getattr(coder, "reflected_message", None)
        edited = original(coder, *args, **kwargs)
        reply = self._reply()
        if reply is not None:
            if (
                getattr(coder, "num_malformed_responses", None) != malformed
                or getattr(coder, "reflected_message", None) is not reflected
            ):
                reply.edits = "failed"
            elif edited:
                reply.edits, reply.files = "applied", _quietly(lambda: len(edited))
            else:
                reply.edits = "none"
        return edited

    def get_repo_map(self, original: Any, coder: Any, *args: Any, **kwargs: Any) -> Any:
        text = original(coder, *args, **kwargs)
        reply = self._reply()
        if reply is not None:
            reply.map_tokens = _quietly(lambda: len(text or "") // CHARACTERS_A_TOKEN)
        return text

    def send_completion(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        reply = None if self._aside() else self._reply()
        if reply is not None:
            reply.asked = time.monotonic()
            reply.started = reply.started or reply.asked
        try:
            answer = original(model, *args, **kwargs)
        except Exception as error:
            self._failed(error, model, reply)
            raise
        if reply is not None:
            reply.model = model
            reply.answered()
        else:
            self._here.answer = answer
        return answer

    def simple_send_with_retries(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        # What is asked from inside of this is no reply; its answer tells tokens, this one does not.
        self._here.aside, self._here.answer = self._aside() + 1, None
        started = time.monotonic()
        try:
            text = original(model, *args, **kwargs)
        finally:
            self._here.aside -= 1
            answer, self._here.answer = self._here.answer, None
        _quietly(lambda: self.record(_side_request(model, answer, time.monotonic() - started)))
        return text

    def _timed(self, completion: Any, reply: _Reply) -> Iterator[Any]:
        try:
            for chunk in completion:
                if reply.first is None and _has_text(chunk):
                    reply.first = time.monotonic()
                yield chunk
        except Exception as error:
            self._failed(error, reply.model, reply)
            raise
        reply.answered()

    def _failed(self, error: Exception, model: object, reply: _Reply | None) -> None:
        failures = 0
        if reply is not None:
            failures = reply.failures
            reply.failures += 1
            reply.ended, reply.failed = time.monotonic(), True
        if type(error).__module__.partition(".")[0] in ("litellm", "openai"):
            event = ProviderError(model=_name(model), error=error, retries=failures)
            _quietly(lambda: self.record(event))

    def _replies(self) -> list[_Reply]:
        if not hasattr(self._here, "replies"):
            self._here.replies = []
        found: list[_Reply] = self._here.replies
        return found

    def _reply(self) -> _Reply | None:
        replies = self._replies()
        return replies[-1] if replies else None

    def _aside(self) -> int:
        depth: int = getattr(self._here, "aside", 0)
        return depth


class _Reply:
    """One message to the model and what became of its answer."""

    def __init__(self, coder: Any) -> None:
        self.coder = coder
        self.model = getattr(coder, "main_model", None)
        self.reflection = getattr(coder, "num_reflections", None)
        self.interrupts = getattr(coder, "last_keyboard_interrupt", None)
        self.exhausted = getattr(coder, "num_exhausted_context_windows", None)
        self.started = 0.0
        self.asked = 0.0
        self.first: float | None = None
        self.ended: float | None = None
        self.failed = False
        self.failures = 0
        self.streamed = False
        self.tokens: object = None
        self.map_tokens: object = None
        self.edits: str | None = None
        self.files: int | None = None

    def answered(self) -> None:
        self.ended, self.failed = time.monotonic(), False

    def event(self) -> Reply:
        coder = self.coder
        edit_format = getattr(coder, "edit_format", None)
        if getattr(coder, "last_keyboard_interrupt", None) != self.interrupts:
            end = "interrupted"
        elif getattr(coder, "num_exhausted_context_windows", None) != self.exhausted:
            end = "too long"
        else:
            end = "error" if self.failed or self.ended is None else "complete"
        return Reply(
            main_model=_name(self.model),
            mode=MODES.get(edit_format, "code") if isinstance(edit_format, str) else None,
            edit_format=edit_format,
            streamed=None if end == "error" else self.streamed,
            reflection=self.reflection,
            end=end,
            edits=None if end == "error" else self.edits,
            files=self.files,
            context=step(self.tokens),
            repo_map=step(self.map_tokens),
            first_token=_between(self.asked, self.first),
            duration=_between(self.started, self.ended),
            retries=self.failures - 1 if self.failed and self.failures else self.failures,
        )


def _side_request(model: object, answer: Any, duration: float) -> SideRequest:
    response = answer[1] if isinstance(answer, tuple) and len(answer) == 2 else None
    usage = getattr(response, "usage", None)
    litellm: Any = sys.modules.get("litellm")
    return SideRequest(
        model=_name(model),
        answered=response is not None,
        prompt_tokens=getattr(usage, "prompt_tokens", None),
        completion_tokens=getattr(usage, "completion_tokens", None),
        cost=_quietly(lambda: litellm.completion_cost(completion_response=response)),
        duration=round(duration, 3),
    )


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    original = vars(owner).get(name) if isinstance(owner, type) else None
    if callable(original):

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return around(original, *args, **kwargs)

        setattr(owner, name, wrapped)


def step(tokens: object) -> str | None:
    """Return how many tokens there were, in the words of `vocabulary.TOKENS`."""
    if type(tokens) is not int:
        return None
    limits = (1, 1_000, 4_000, 16_000, 64_000, 256_000)
    return TOKENS[sum(tokens >= limit for limit in limits)]


def _has_text(chunk: Any) -> bool:
    try:
        delta = chunk.choices[0].delta
        words = (getattr(delta, name, None) for name in ("content", "reasoning_content"))
        return any(words) or bool(getattr(delta, "function_call", None))
    except (AttributeError, IndexError, TypeError):
        return False


def _name(model: object) -> str | None:
    name = getattr(model, "name", None)
    return name if isinstance(name, str) else None


def _between(start: float, end: float | None) -> float | None:
    return None if end is None or not start else round(max(end - start, 0), 3)


def _quietly(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception:  # noqa: BLE001  # aider must not learn of our mistakes
        return None
