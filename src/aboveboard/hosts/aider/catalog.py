"""aider's catalog: everything that aider 0.86 may tell about a run, and how it said so before.

The events are aider's own, under its own names, with one difference: its forty events
`command_add`, `command_ask`, … are one event, `command`.
"""

from __future__ import annotations

import functools

from aboveboard.catalog.catalog import Catalog, Failure
from aboveboard.catalog.event import (
    Event,
    choice,
    command,
    count,
    dollars,
    exception,
    flag,
    model,
    seconds,
)

from .about import ABOUT, BUGS, FEATURES, FORMATS, MODELS
from .vocabulary import (
    COMMANDS,
    EDIT_FORMATS,
    EXCEPTION_TYPES,
    EXIT_REASONS,
    MODES,
    OAUTH_FAILURES,
    OAUTH_PROVIDERS,
    PACKAGES,
    SELECTED_MODELS,
    TOKENS,
)


class Launched(Event, why=FEATURES, owner="aider's makers"):
    """Aider was started."""


class Exit(Event, why=BUGS, owner="aider's makers"):
    """Aider ended."""

    reason: str | None = choice(*EXIT_REASONS, doc="What it ended for, from a fixed list")


class CliSession(Event, name="cli session", why=FORMATS, owner="aider's makers"):
    """A chat in the terminal began."""

    main_model: str | None = model("The model chosen for the chat")
    weak_model: str | None = model("The model for commit messages and summaries")
    editor_model: str | None = model("The model that writes what the architect planned")
    edit_format: str | None = choice(*EDIT_FORMATS, doc="How the model is asked for its edits")


class GuiSession(Event, name="gui session", why=FEATURES, owner="aider's makers"):
    """A chat in the browser began."""


class CopyPasteMode(Event, name="copy-paste mode", why=FEATURES, owner="aider's makers"):
    """The clipboard was connected to a model's web chat."""


class Repo(Event, why=FEATURES, owner="aider's makers"):
    """Aider works in a git repository."""

    num_files: int | None = count("How many files git tracks in it", steps=True)


class NoRepo(Event, name="no-repo", why=FEATURES, owner="aider's makers"):
    """Aider works without a git repository."""


class AutoCommits(Event, why=FEATURES, owner="aider's makers"):
    """Whether aider commits its own edits was settled at the start."""

    enabled: bool = flag("Whether it commits them by itself")


class ModelWarning(Event, name="model warning", why=MODELS, owner="aider's makers"):
    """Aider warned at the start that a model is unknown or that its settings are missing."""

    main_model: str | None = model("The model chosen for the chat")
    weak_model: str | None = model("The model for commit messages and summaries")
    editor_model: str | None = model("The model that writes what the architect planned")


class AutoModelSelection(Event, why=MODELS, owner="aider's makers"):
    """No model was asked for, so aider chose one for the API keys that are set."""

    model: str | None = choice(*SELECTED_MODELS, doc="The model that it chose, from a fixed list")


class MessageSendStarting(Event, why=FEATURES, owner="aider's makers"):
    """A message is about to be sent to the model."""


class MessageSend(Event, why=FORMATS, owner="aider's makers"):
    """The model answered a message. Neither the message nor the answer is told."""

    main_model: str | None = model("The model that answered")
    weak_model: str | None = model("The model for commit messages and summaries")
    editor_model: str | None = model("The model that writes what the architect planned")
    edit_format: str | None = choice(*EDIT_FORMATS, doc="How the model was asked for its edits")
    prompt_tokens: int | None = count("Tokens sent")
    completion_tokens: int | None = count("Tokens received")
    total_tokens: int | None = count("Tokens sent and received")
    cost: float | None = dollars("What the message cost")
    total_cost: float | None = dollars("What the messages of the chat have cost so far")


class MessageSendException(Event, why=BUGS, owner="aider's makers"):
    """Sending a message failed in a way that aider did not foresee."""

    error: BaseException | None = exception(
        "The error's type, and where in aider's and litellm's own code it came up",
        PACKAGES,
        EXCEPTION_TYPES,
    )


class Command(Event, why=FEATURES, owner="aider's makers"):
    """A command such as `/add` was given in the chat. What followed it is not told."""

    command: str | None = command("Which command, from the list of aider's own", COMMANDS)


class InteractiveHelp(Event, name="interactive help", why=FEATURES, owner="aider's makers"):
    """A question about aider itself was asked with `/help`. The question is not told."""


class AiCommentsFileAdd(Event, name="ai-comments file-add", why=FEATURES, owner="aider's makers"):
    """A comment that ends with AI in a watched file added the file to the chat."""


class AiCommentsExecute(Event, name="ai-comments execute", why=FEATURES, owner="aider's makers"):
    """A comment that ends with AI! or AI? in a watched file started a request."""


class OauthFlowInitiated(Event, why=FEATURES, owner="aider's makers"):
    """Logging in to a provider through the browser began."""

    provider: str | None = choice(*OAUTH_PROVIDERS, doc="The provider")


class OauthFlowCodeReceived(Event, why=BUGS, owner="aider's makers"):
    """The provider's page sent the browser back to aider."""

    provider: str | None = choice(*OAUTH_PROVIDERS, doc="The provider")


class OauthFlowSuccess(Event, why=FEATURES, owner="aider's makers"):
    """Logging in worked. Aider says so twice: when the key is saved, and when it goes on."""

    provider: str | None = choice(
        *OAUTH_PROVIDERS, doc="The provider, when the key was saved", default=None
    )


class OauthFlowFailure(Event, why=BUGS, owner="aider's makers"):
    """Aider went on without a provider's key, because logging in failed or was given up."""


class OauthFlowFailed(Event, why=BUGS, owner="aider's makers"):
    """Logging in to a provider failed."""

    provider: str | None = choice(*OAUTH_PROVIDERS, doc="The provider")
    reason: str | None = choice(*OAUTH_FAILURES, doc="Why, where it is one of these", default=None)


class OauthFlowSaveFailed(Event, why=BUGS, owner="aider's makers"):
    """The provider's key could not be saved for the next run. The key is not told."""

    provider: str | None = choice(*OAUTH_PROVIDERS, doc="The provider")
    error: BaseException | None = exception(
        "The error's type, and where in aider's own code it came up", PACKAGES, EXCEPTION_TYPES
    )


class Reply(Event, why=FORMATS, owner="aboveboard"):
    """A model's reply was worked off, or did not come. What it said and changed is not told."""

    main_model: str | None = model("The model that was asked")
    mode: str | None = choice(
        *dict.fromkeys(("code", *MODES.values())), doc="The chat mode, by the edit format"
    )
    edit_format: str | None = choice(*EDIT_FORMATS, doc="How the model was asked for its edits")
    streamed: bool | None = flag("Whether the reply came piece by piece")
    reflection: int | None = count(
        "How often, for the same message, the model had been asked to mend its reply"
    )
    end: str | None = choice(
        "complete", "too long", "interrupted", "error", doc="How the reply ended"
    )
    edits: str | None = choice(
        "none", "applied", "failed", doc="What became of its edits; null where it came to none"
    )
    files: int | None = count("How many files were edited")
    context: str | None = choice(*TOKENS, doc="Tokens sent, in coarse steps")
    repo_map: str | None = choice(*TOKENS, doc="Tokens of it for the repo map, in coarse steps")
    first_token: float | None = seconds("From the request to the reply's first piece", steps=True)
    duration: float | None = seconds("From the first request to the reply's end", steps=True)
    retries: int | None = count("How often the request was repeated after an error")


class ProviderError(Event, why=BUGS, owner="aboveboard"):
    """A model's provider answered with an error, or not at all."""

    model: str | None = model("The model that was asked")
    error: BaseException | None = exception(
        "The error's type, and where in aider's and litellm's own code it came up",
        PACKAGES,
        EXCEPTION_TYPES,
    )
    retries: int | None = count("How often the same request had failed before")


class SideRequest(Event, why=MODELS, owner="aboveboard"):
    """A model was asked for a commit message or for a summary of the chat, which are not told."""

    model: str | None = model("The model that was asked")
    answered: bool | None = flag("Whether it answered in the end")
    prompt_tokens: int | None = count("Tokens sent")
    completion_tokens: int | None = count("Tokens received")
    cost: float | None = dollars("What it cost, by litellm's price list")
    duration: float | None = seconds("From the first request to the answer's end", steps=True)


STOCK: tuple[type[Event], ...] = (
    Launched,
    Exit,
    CliSession,
    GuiSession,
    CopyPasteMode,
    Repo,
    NoRepo,
    AutoCommits,
    ModelWarning,
    AutoModelSelection,
    MessageSendStarting,
    MessageSend,
    MessageSendException,
    Command,
    InteractiveHelp,
    AiCommentsFileAdd,
    AiCommentsExecute,
    OauthFlowInitiated,
    OauthFlowCodeReceived,
    OauthFlowSuccess,
    OauthFlowFailure,
    OauthFlowFailed,
    OauthFlowSaveFailed,
)

"""What aider records by itself."""

EVENTS: tuple[type[Event], ...] = (*STOCK, Reply, ProviderError, SideRequest)
"""What aider records under aboveboard: its own, and what they do not say."""

LEGACY: dict[str, object] = {
    "aliases": {
        f"command_{name}": {"event": "command", "properties": {"command": name}}
        for name in COMMANDS
    },
    # Texts of exceptions: only a type's name at their beginning is believed.
    "properties": {
        "message_send_exception": {"exception": "error"},
        "oauth_flow_save_failed": {"reason": "error"},
    },
    "session": {
        "start": "launched",
        "end": "exit",
        "properties": {
            "app_version": "aider_version",
            "os": "os_platform",
            "arch": "machine",
            "python_version": "python_version",
        },
        # What Python's `platform` says, in the words of `session_start`.
        "values": {
            "arch": {
                "AMD64": "x86_64",
                "ARM64": "arm64",
                "aarch64": "arm64",
                "armv6l": "arm",
                "armv7l": "arm",
                "i386": "x86",
                "i686": "x86",
            }
        },
    },
    "silent": ["os_release"],
}
"""How aider spoke to PostHog, for collectors that hear an aider without aboveboard."""

CATALOG = Catalog.of(
    "aider", EVENTS, LEGACY, packages=PACKAGES, exception_types=EXCEPTION_TYPES, about=ABOUT
)

STOCK_TERMS: dict[str, dict[str, str]] = {
    "session_start": CATALOG.terms()["session_start"],
    **{event.event_name: CATALOG.terms()[event.event_name] for event in STOCK},
    "exception": {"error": CATALOG.terms()["exception"]["error"]},
}
"""What a yes to a stock aider was given to; anything else needs another."""

UncaughtException = functools.partial(Failure, handled=False)
"""aider crashed: the client's own event `exception`, recorded by the client itself."""
