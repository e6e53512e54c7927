"""An OpenAI-compatible language model on loopback that says what a script tells it to say.

The one thing in aider's tests that cannot be real. It speaks `/v1/chat/completions`, streaming and
not, and counts the requests that it answered, with the tokens it claimed for each.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.loopback import answering, body_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Reply:
    """What the model answers to one request: a text with its token counts, or a failure.

    `pause` is how many seconds it thinks about the second half of a streamed text.
    """

    text: str = ""
    prompt_tokens: int = 1200
    completion_tokens: int = 34
    status: int = 200
    error: str = ""
    pause: float = 0


@dataclass
class FakeLLM:
    """The model's script and what it was asked. The last reply answers every further request."""

    script: list[Reply]
    requests: list[dict[str, Any]] = field(default_factory=list)
    address: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """The address for `--openai-api-base`."""
        return f"{self.address}/v1"

    def answer(self, request: dict[str, Any]) -> Reply:
        with self._lock:
            reply = self.script[min(len(self.requests), len(self.script) - 1)]
            self.requests.append(request)
        return reply


@contextmanager
def fake_llm(*script: Reply) -> Iterator[FakeLLM]:
    """Run a model that answers with `script`, in order, until the block ends."""
    llm = FakeLLM(list(script))

    class Handler(_Handler):
        model = llm

    with answering(Handler) as llm.address:
        yield llm


def whole_file(name: str, content: str) -> str:
    """Return an edit in aider's `whole` format: the file's name, then all of it."""
    return f"Here it is:\n\n{name}\n```\n{content}```\n"


def search_replace(name: str, old: str, new: str) -> str:
    """Return an edit in aider's `diff` format: a block to find and what to put there."""
    return f"Here it is:\n\n{name}\n```\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n```\n"


class _Handler(BaseHTTPRequestHandler):
    model: FakeLLM
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = body_of(self)
        if not self.path.endswith("/chat/completions"):
            self._send_json(404, {"error": {"message": "there is no such place here"}})
            return
        request = json.loads(body)
        reply = self.model.answer(request)
        if reply.status != 200:
            self._send_json(reply.status, {"error": {"message": reply.error, "code": None}})
        elif request.get("stream"):
            with suppress(BrokenPipeError, ConnectionResetError):  # someone pressed Ctrl-C
                self._stream(request, reply)
        else:
            message = {"role": "assistant", "content": reply.text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            completion = _envelope(request, "chat.completion", [choice])
            self._send_json(200, {**completion, "usage": _usage(reply)})

    def _stream(self, request: dict[str, Any], reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        middle = len(reply.text) // 2
        for part in (reply.text[:middle], reply.text[middle:]):
            delta = {"role": "assistant", "content": part}
            choice = {"index": 0, "delta": delta, "finish_reason": None}
            self._send_chunk(_envelope(request, "chat.completion.chunk", [choice]))
            self.wfile.flush()
            time.sleep(reply.pause)
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        self._send_chunk(_envelope(request, "chat.completion.chunk", [last]))
        if request.get("stream_options", {}).get("include_usage"):
            usage = _envelope(request, "chat.completion.chunk", [])
            self._send_chunk({**usage, "usage": _usage(reply)})
        self.wfile.write(b"data: [DONE]\n\n")

    def _send_chunk(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def _send_json(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the tests' own output is read by people."""


def _envelope(request: dict[str, Any], what: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-fake",
        "object": what,
        "created": 1_700_000_000,
        "model": request.get("model", ""),
        "choices": choices,
    }


def _usage(reply: Reply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "total_tokens": reply.prompt_tokens + reply.completion_tokens,
    }
