"""The fixed lists that aider's events choose from, as they stand in the source of aider 0.86.2."""

from __future__ import annotations

EXIT_REASONS = (
    "/exit",
    "Applied updates",
    "Completed --message",
    "Completed --message-file",
    "Completed lint/test/commit",
    "Completed main CLI coder.run",
    "Control-C",
    "Directory with --no-git",
    "Exit flag set",
    "Failed to read apply content",
    "GUI session ended",
    "Installed main branch",
    "Invalid alias format error",
    "Invalid directory input",
    "Invalid lint command format",
    "Just checking update",
    "Keyboard interrupt during model warnings",
    "Listed models",
    "Message file IO error",
    "Message file not found",
    "No test command provided",
    "OpenRouter key missing after successful OAuth for specified model",
    "OpenRouter key missing for specified model and OAuth failed/declined",
    "Recursing with correct repo",
    "Repository sanity check failed",
    "Returning coder object",
    "Showed prompts",
    "Showed repo map",
    "Streamlit not installed",
    "Unknown edit format",
    "Upgrade completed",
    "ValueError during coder creation",
)
"""Every `reason` that aider's source gives to `exit`."""

EDIT_FORMATS = (
    "architect",
    "ask",
    "context",
    "diff",
    "diff-fenced",
    "editor-diff",
    "editor-diff-fenced",
    "editor-whole",
    "func",
    "help",
    "patch",
    "udiff",
    "udiff-simple",
    "whole",
)
"""The `edit_format` of every coder."""

MODES = {
    "ask": "ask",
    "architect": "architect",
    "context": "context",
    "help": "help",
    "editor-diff": "editor",
    "editor-diff-fenced": "editor",
    "editor-whole": "editor",
}
"""The chat mode that an edit format belongs to, where that is not `code`. `editor` is the second
half of `architect`: the model that writes what the first one planned."""

TOKENS = (
    "none",
    "under 1k",
    "1k to 4k",
    "4k to 16k",
    "16k to 64k",
    "64k to 256k",
    "over 256k",
)
"""Coarse steps for how much was sent: each four times the one before."""

COMMANDS = (
    "add",
    "architect",
    "ask",
    "chat-mode",
    "clear",
    "code",
    "commit",
    "context",
    "copy",
    "copy-context",
    "diff",
    "drop",
    "edit",
    "editor",
    "editor-model",
    "exit",
    "git",
    "help",
    "lint",
    "load",
    "ls",
    "map",
    "map-refresh",
    "model",
    "models",
    "multiline-mode",
    "ok",  # newer than 0.86.2, and in the sample that aider publishes
    "paste",
    "quit",
    "read-only",
    "reasoning-effort",
    "report",
    "reset",
    "run",
    "save",
    "settings",
    "test",
    "think-tokens",
    "tokens",
    "undo",
    "voice",
    "weak-model",
    "web",
)
"""The commands as aider resolves them: `/cl` is `clear`, `!make` is `run`."""

OAUTH_PROVIDERS = ("openrouter",)

OAUTH_FAILURES = ("code_exchange_failed", "user_interrupt")
"""The reasons that are fixed words; a failing local server's own text is none and is left out."""

SELECTED_MODELS = (
    "deepseek",
    "gemini/gemini-2.5-pro-exp-03-25",
    "gpt-4o",
    "openrouter/anthropic/claude-sonnet-4",
    "openrouter/deepseek/deepseek-r1:free",
    "sonnet",
    "vertex_ai/gemini-2.5-pro-exp-03-25",
)
"""What aider falls back to, by the API key that it finds; some are its own aliases."""

PACKAGES = ("aider", "litellm")
"""Whose frames and exception types may be told: aider, and what it speaks to models through."""

_LITELLM_EXCEPTIONS = (
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AuthenticationError",
    "AzureOpenAIError",
    "BadGatewayError",
    "BadRequestError",
    "BlockedPiiEntityError",
    "BudgetExceededError",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "GuardrailInterventionNormalStringError",
    "GuardrailRaisedException",
    "ImageFetchError",
    "InternalServerError",
    "InvalidRequestError",
    "JSONSchemaValidationError",
    "LiteLLMUnknownProvider",
    "MidStreamFallbackError",
    "MockException",
    "NotFoundError",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "RejectedRequestError",
    "RouterRateLimitError",
    "ServiceUnavailableError",
    "Timeout",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
)

EXCEPTION_TYPES = tuple(f"litellm.{name}" for name in _LITELLM_EXCEPTIONS)
"""The exceptions that litellm's texts begin with, as it writes them."""
