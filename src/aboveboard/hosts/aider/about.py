"""What aider's makers say of its analytics, on aider's own page, and what each event is for.

Nothing is here that aider's page, or its repository, does not say.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aboveboard.catalog.about import About

PROMISES = ("your code", "prompts", "chats", "keys")
"""What aider's question says that is never collected."""

_REPOSITORY = "https://github.com/aider-ai/aider"

ABOUT: About = {
    "name": "aider",
    "page": "https://aider.chat/docs/more/analytics.html",
    "purpose": "improve aider's ability to work with LLMs, edit code and complete user requests",
    "collects": [
        "which LLMs are used and with how many tokens,",
        "which of aider's edit formats are used,",
        "how often features and commands are used,",
        "information about exceptions and errors,",
        "etc",
    ],
    "promises": PROMISES,
    "never": "your code, chat messages, keys or personal info",
    "use": "This information helps improve aider by identifying which models, edit formats, "
    "features and commands are most used. It also helps uncover bugs that users are experiencing, "
    "so that they can be fixed in upcoming releases.",
    "source": {"aider/": f"{_REPOSITORY}/blob/v0.86.2/{{file}}#L{{line}}"},
    "code": "https://github.com/search?q=repo%3Aaider-ai%2Faider+%22.event%28%22&type=code",
    "sample": f"{_REPOSITORY}/blob/main/aider/website/assets/sample-analytics.jsonl",
    "sampled": "These are the last 1,000 analytics events from the author's personal use of aider, "
    "updated regularly.",
    "issues": f"{_REPOSITORY}/issues",
    "policy": "https://aider.chat/docs/legal/privacy.html",
}

MODELS = "Which models are most used"
FORMATS = "Which models and edit formats are most used, and how well they work together"
FEATURES = "Which features and commands are most used"
BUGS = "Which bugs users are experiencing, so that they can be fixed"
