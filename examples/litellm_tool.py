"""A small tool that asks a model a question, with analytics of each call. Try it:

pip install litellm
export OPENAI_API_KEY=...
python examples/litellm_tool.py "Why is the sky blue?" --analytics-log calls.jsonl
aboveboard stats calls.jsonl
"""

from __future__ import annotations

import argparse
import sys

from aboveboard import Analytics, start_environment
from aboveboard.integrations.argparse import add_flags, open_session
from aboveboard.integrations.litellm import ModelCall, record_calls

analytics = Analytics(
    app="asker",
    version="1.0",
    catalog=[ModelCall],
    endpoint=start_environment().get("ASKER_COLLECTOR", "http://127.0.0.1:8300"),
    key=start_environment().get("ASKER_KEY", "asker-key"),
    named_by_person=True,
    url="https://asker.example/analytics",
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Asks a model a question.")
    parser.add_argument("question")
    parser.add_argument("--model", default="gpt-4o-mini", help="as litellm names it")
    parser.add_argument("--api-base", help="where the model is, if not at its provider's")
    parser.add_argument("--no-stream", dest="stream", action="store_false")
    add_flags(parser, analytics)
    args = parser.parse_args()
    try:
        import litellm  # type: ignore[import-not-found, unused-ignore]
        import openai  # type: ignore[import-not-found, unused-ignore]  # litellm brings it
    except ModuleNotFoundError:
        print("This needs litellm, which calls the model: pip install litellm", file=sys.stderr)
        return 1
    litellm.suppress_debug_info = True
    open_session(analytics, args)
    record_calls(analytics)
    try:
        answer = litellm.completion(
            model=args.model,
            messages=[{"role": "user", "content": args.question}],
            stream=args.stream,
            stream_options={"include_usage": True} if args.stream else None,
            api_base=args.api_base,
        )
        for piece in answer if args.stream else [answer]:
            choice = piece.choices[0]
            text = choice.delta.content if args.stream else choice.message.content
            print(text or "", end="", flush=True)
        print()
    except openai.OpenAIError as error:
        print(f"The model did not answer: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
