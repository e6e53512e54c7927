"""One line for a tool that calls models through litellm: model, tokens, cost, time and error type.

    analytics = Analytics(..., catalog=[ModelCall, ...])
    analytics.open(args)
    record_calls(analytics)

The properties are called as in OpenTelemetry's conventions for generative AI (docs/litellm.md has
the table). litellm hands its callbacks everything: the messages, the answer, the key, the address.
Read here are numbers, times, and names that are then looked up in fixed lists; nothing is kept.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING

from aboveboard.catalog.event import Event, choice, count, dollars, flag, model, seconds
from aboveboard.catalog.models import REDACTED, public_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from aboveboard.client.analytics import Analytics

OTHER = "other"

OPERATIONS = {
    "completion": "chat",
    "responses": "chat",
    "anthropic_messages": "chat",
    "text_completion": "text_completion",
    "embedding": "embeddings",
    "generate_content": "generate_content",
    "generate_content_stream": "generate_content",
    "image_edit": OTHER,
    "image_generation": OTHER,
    "create_video": OTHER,
    "moderation": OTHER,
    "ocr": OTHER,
    "rerank": OTHER,
    "speech": OTHER,
    "transcription": OTHER,
}
"""litellm's calls that ask a model for something, as OpenTelemetry has them. Others (files,
batches, threads) are not recorded."""

PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_text": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "gemini": "gcp.gemini",
    "groq": "groq",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "openai": "openai",
    "perplexity": "perplexity",
    "text-completion-openai": "openai",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
    "xai": "x_ai",
    # OpenTelemetry has no name for these: litellm's own.
    "cerebras": "cerebras",
    "databricks": "databricks",
    "deepinfra": "deepinfra",
    "fireworks_ai": "fireworks_ai",
    "github": "github",
    "github_copilot": "github_copilot",
    "hosted_vllm": "hosted_vllm",
    "huggingface": "huggingface",
    "litellm_proxy": "litellm_proxy",
    "lm_studio": "lm_studio",
    "nvidia_nim": "nvidia_nim",
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "openrouter": "openrouter",
    "replicate": "replicate",
    "sambanova": "sambanova",
    "together_ai": "together_ai",
    "vercel_ai_gateway": "vercel_ai_gateway",
}
"""litellm's names of providers, as OpenTelemetry has them."""

ERRORS = (
    "APIConnectionError", "APIError", "APIResponseValidationError", "AuthenticationError",
    "BadGatewayError", "BadRequestError", "BudgetExceededError", "ContentPolicyViolationError",
    "ContextWindowExceededError", "ImageFetchError", "InternalServerError",
    "JSONSchemaValidationError", "LiteLLMUnknownProvider", "MidStreamFallbackError",
    "NotFoundError", "PermissionDeniedError", "RateLimitError", "RejectedRequestError",
    "RouterRateLimitError", "ServiceUnavailableError", "Timeout", "UnprocessableEntityError",
    "UnsupportedParamsError",
)  # fmt: skip
"""litellm's exceptions by name; of another one the nearest of these that it inherits from."""

_ALSO = {
    "ConnectionError": "APIConnectionError",
    "TimeoutError": "Timeout",
    "TimeoutException": "Timeout",
    "TransportError": "APIConnectionError",
}
"""What a broken stream raises: Python's exceptions, and those of httpx."""


def _words(*words: str) -> tuple[str, ...]:
    """Return each word once, in order, and the word for all others last."""
    return (*dict.fromkeys(word for word in words if word != OTHER), OTHER)


class ModelCall(Event):
    """A language model was called. Neither the messages nor the answer is told."""

    operation_name: str | None = choice(
        *_words(*OPERATIONS.values()), doc="What it was called for", default=None
    )
    provider_name: str | None = choice(
        *_words(*PROVIDERS.values()), doc="Whose service it was", default=None
    )
    request_model: str | None = model("The model that was asked for", default=None)
    response_model: str | None = model("The model that answered", default=None)
    request_stream: bool | None = flag(
        "Whether the answer was asked for piece by piece", default=None
    )
    input_tokens: int | None = count("Tokens sent", default=None)
    output_tokens: int | None = count("Tokens received", default=None)
    cache_read_input_tokens: int | None = count(
        "Tokens sent that the provider had kept from before", default=None
    )
    cost: float | None = dollars("What the call cost, by litellm's price list", default=None)
    duration: float | None = seconds(
        "How long the call took, retries included", steps=True, default=None
    )
    time_to_first_chunk: float | None = seconds(
        "How long the first piece of a streamed answer took", steps=True, default=None
    )
    error_type: str | None = choice(
        *_words(*ERRORS), doc="Why the call failed, from a fixed list; nothing if not", default=None
    )


def record_calls(analytics: Analytics) -> None:
    """Have every call that litellm makes from here on recorded as a `ModelCall`.

    litellm is imported by this, so call it where the tool needs litellm anyway. Calling it again
    changes nothing, and where litellm is missing nothing happens.
    """
    try:
        import litellm  # type: ignore[import-not-found, unused-ignore]

        recorders = [getattr(callback, "recorder", None) for callback in litellm.callbacks]
        if not any(
            isinstance(recorder, Recorder) and recorder.analytics is analytics
            for recorder in recorders
        ):
            litellm.callbacks.append(_callback(Recorder(analytics)))
    except Exception:  # noqa: BLE001  # the host has its own use for litellm, with us or without
        return


class Recorder:
    """Makes one event of each call, and remembers no more than which calls came last.

    litellm reports some calls twice, through its callbacks for both kinds of programs.
    """

    RECENT_MAX = 256

    def __init__(self, analytics: Analytics) -> None:
        self.analytics = analytics
        self._recent: dict[int, None] = {}
        self._lock = allocate_lock()

    def record(
        self,
        call: Mapping[str, Any],
        response: object,
        start: object,
        end: object,
        *,
        failed: bool = False,
    ) -> None:
        """Record a call that has ended; never raises."""
        try:
            # The id may be the host's own text: it is not kept, only what tells it from others.
            if self._is_new(hash((call.get("litellm_call_id"), start, failed))):
                event = event_of(call, None if failed else response, start, end)
                if event is not None:
                    self.analytics.record(event)
        except Exception:  # noqa: BLE001  # litellm would print it, with what the call was about
            return

    def _is_new(self, report: int) -> bool:
        with self._lock:
            if report in self._recent:
                return False
            self._recent[report] = None
            if len(self._recent) > self.RECENT_MAX:
                del self._recent[next(iter(self._recent))]
        return True


def event_of(
    call: Mapping[str, Any], response: object, start: object, end: object
) -> ModelCall | None:
    """Return what is told of a call; None where no model was asked.

    Args:
        call: litellm's details of the call.
        response: What the model answered; None where the call failed.
        start: When the call began.
        end: When it had ended.
    """
    operation = _operation(call.get("call_type"))
    if operation is None:
        return None
    provider = call.get("custom_llm_provider")
    usage = _part(response, "usage")
    streamed = call.get("stream") is True
    first = call.get("completion_start_time") if streamed else None
    return ModelCall(
        operation_name=operation,
        provider_name=PROVIDERS.get(provider, OTHER) if type(provider) is str else None,
        request_model=_model(call.get("model"), provider),
        response_model=_model(_part(response, "model"), provider),
        request_stream=streamed,
        input_tokens=_whole(_part(usage, "prompt_tokens"), _part(usage, "input_tokens")),
        output_tokens=_whole(_part(usage, "completion_tokens"), _part(usage, "output_tokens")),
        cache_read_input_tokens=_whole(
            _part(_part(usage, "prompt_tokens_details"), "cached_tokens"),
            _part(_part(usage, "input_tokens_details"), "cached_tokens"),
            _part(usage, "cache_read_input_tokens"),
        ),
        cost=None if response is None else _amount(call.get("response_cost")),
        duration=_seconds(start, end),
        time_to_first_chunk=_seconds(start, first),
        error_type=None if response is not None else _error_type(call.get("exception")),
    )


def _operation(call_type: object) -> str | None:
    if type(call_type) is not str:
        return None
    # An asynchronous call is called as the other, with an `a` before it.
    return OPERATIONS.get(call_type) or OPERATIONS.get(call_type.removeprefix("a"))


def _model(name: object, provider: object) -> str | None:
    """Return a public name; of a private model, the provider's, or None.

    litellm takes the provider off the name, which may be on the list with it or without.
    """
    if type(name) is not str or not name:
        return None
    full = f"{provider}/{name}" if type(provider) is str else name
    for known in (public_name(name), public_name(full)):
        if known is not None and not known.endswith(REDACTED):
            return known
    return public_name(full) or public_name(name)


def _error_type(error: object) -> str:
    for kind in type(error).__mro__:
        name = _ALSO.get(kind.__name__, kind.__name__)
        if name in ERRORS:
            return name
    return OTHER


def _part(whole: object, name: str) -> object:
    """Return a part of litellm's objects, which are models in some places and dicts in others."""
    return whole.get(name) if isinstance(whole, dict) else getattr(whole, name, None)


def _whole(*candidates: object) -> int | None:
    for value in candidates:
        if type(value) is int:
            return value
    return None


def _amount(value: object) -> float | None:
    return value if type(value) is float or type(value) is int else None


def _seconds(start: object, end: object) -> float | None:
    """Return the seconds between, to a thousandth; a clock that was set back makes them none."""
    if start is None or end is None:
        return None
    begun: datetime = start  # type: ignore[assignment]
    ended: datetime = end  # type: ignore[assignment]
    return max(0.0, round((ended - begun).total_seconds(), 3))


def _callback(recorder: Recorder) -> object:
    """Return what litellm calls. Its names for the arguments are its own: it gives them by name."""
    from litellm.integrations.custom_logger import (  # type: ignore[import-not-found, unused-ignore]
        CustomLogger,
    )

    class Callback(CustomLogger):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.recorder = recorder

        def log_success_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            recorder.record(kwargs, response_obj, start_time, end_time)

        def log_failure_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            recorder.record(kwargs, response_obj, start_time, end_time, failed=True)

        async def async_log_success_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            recorder.record(kwargs, response_obj, start_time, end_time)

        async def async_log_failure_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            recorder.record(kwargs, response_obj, start_time, end_time, failed=True)

    return Callback()
