"""Who the simulated people are: their machines, their habits, and what changes with time.

The shares are invented, and shaped so that every insight has something to say: a model that
arrives and grows, a version with a bug, weekdays and weekends, a few who do most of the work.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .failures import Place

DAYS = 60
"""How far back the simulated history reaches."""

INSTALLS = 320

VERSIONS = (("0.85.5", -400), ("0.86.0", 6), ("0.86.1", 17), ("0.86.2", 38))
"""aider's releases and the day on which each came out."""

BUGGY_VERSION = "0.86.1"
"""The release that fails more often than the others, for the errors to tell of."""

BUGGY_DAYS = (17, 24)
"""The first week of it, in which those who are new have little patience."""


@dataclass(frozen=True)
class ModelHabits:
    """How a model is used.

    Attributes:
        name: The model's name as it is typed.
        weak: The small model that goes with it.
        edit_format: How it is asked for edits.
        price: Dollars a million tokens, in and out.
        share: How many prefer it on the first day, against the others.
        arrives: The day on which it appears.
        skill: How often its edits can be applied.
    """

    name: str
    weak: str
    edit_format: str
    price: tuple[float, float]
    share: float
    arrives: int = -400
    skill: float = 0.9


MODELS = (
    ModelHabits("claude-sonnet-4-5", "claude-haiku-4-5", "diff", (3, 15), 24),
    ModelHabits("gemini/gemini-2.5-pro", "gemini/gemini-2.5-flash", "diff-fenced", (1.25, 10), 21),
    ModelHabits("gpt-5", "gpt-5-mini", "diff", (1.25, 10), 15),
    ModelHabits("deepseek/deepseek-chat", "deepseek/deepseek-chat", "diff", (0.28, 0.42), 13),
    ModelHabits("deepseek/deepseek-reasoner", "deepseek/deepseek-chat", "diff", (0.28, 0.42), 6),
    ModelHabits("o3", "gpt-5-mini", "diff", (2, 8), 5),
    ModelHabits("claude-opus-4-5", "claude-haiku-4-5", "diff", (5, 25), 5),
    ModelHabits("gpt-4.1", "gpt-5-mini", "udiff", (2, 8), 4, skill=0.76),
    ModelHabits(
        "ollama_chat/our-own-coder", "ollama_chat/our-own-coder", "whole", (0, 0), 7, skill=0.97
    ),
    ModelHabits("gpt-5.6", "gpt-5-mini", "diff", (1.5, 12), 26, arrives=34, skill=0.95),
)

OPERATING_SYSTEMS = (("Linux", 0.46), ("Darwin", 0.37), ("Windows", 0.17))
PYTHONS = (("3.12.11", 0.45), ("3.11.13", 0.25), ("3.13.7", 0.2), ("3.10.18", 0.1))

COMMANDS = {
    "add": 30, "clear": 14, "ask": 13, "code": 10, "drop": 9, "run": 8, "undo": 6, "tokens": 5,
    "commit": 4, "architect": 4, "model": 4, "diff": 4, "read-only": 4, "test": 3, "web": 3,
    "ls": 3, "help": 2, "reset": 2, "lint": 2, "paste": 2, "chat-mode": 2, "map": 1, "settings": 1,
    "think-tokens": 1, "reasoning-effort": 1, "voice": 1, "git": 1, "save": 1,
}  # fmt: skip

FAILURES = (
    ("litellm.RateLimitError", 40), ("litellm.APIConnectionError", 18), ("litellm.Timeout", 14),
    ("litellm.InternalServerError", 8), ("litellm.AuthenticationError", 5),
    ("litellm.ServiceUnavailableError", 3), ("litellm.BadRequestError", 2),
)  # fmt: skip
"""What providers answer with: the type, and how often against the others."""

PROVIDER = (
    ("aider.coders.base_coder", "send_message", 1489),
    ("aider.models", "send_completion", 1013),
    ("litellm.main", "completion", 3116),
)

UNFORESEEN = (
    ("ValueError", ("aider.coders.search_replace", "flexible_search_and_replace", 672), 5),
    ("IndexError", ("aider.coders.udiff_coder", "find_diffs", 350), 3),
    ("AttributeError", ("aider.coders.base_coder", "show_send_output", 1862), 2),
)
"""What fails while a reply is worked off, which aider catches: the type, where, how often."""

MAIN = ("aider.main", "main", 1157)
"""Where every crash passes through."""

CODER = "aider.coders.base_coder"

Crashes = tuple[tuple[str, tuple[Place, ...], int], ...]

CRASHES: Crashes = (
    ("UnicodeError", (("aider.repomap", "get_tags_raw", 287), ("aider.io", "read_text", 471)), 5),
    ("KeyError", ((CODER, "run", 880), (CODER, "send", 1820)), 3),
    ("OSError", (("aider.repo", "get_tracked_files", 508),), 2),
    ("OSError", (("aider.history", "write_text", 96),), 1),
)
"""Crashes: the type, where it came up from the outside in, and how often against the others."""

BUGS: Crashes = (
    ("TypeError", ((CODER, "run_one", 931), ("aider.coders.editblock_coder", "get_edits", 22)), 1),
)
"""What the buggy version crashes with."""


@dataclass
class Person:
    """One simulated install.

    Attributes:
        os: The operating system's family.
        arch: The processor's family.
        python_version: The version of Python.
        joins: The day of the first run, 0 to `DAYS`.
        away: The days of a pause, which may lie outside of the history.
        leaves: The day after the last run.
        pace: Sessions on a working day, on average.
        lag: Days between a release and this person's upgrade.
        curiosity: How readily a new model is tried, 0 to 1.
        commands: The commands that this person knows.
        has_repo: Whether the work is in a git repository.
    """

    os: str
    arch: str
    python_version: str
    joins: int
    away: range
    leaves: int
    pace: float
    lag: float
    curiosity: float
    model: ModelHabits
    commands: list[str]
    has_repo: bool
    files: int
    auto_commits: bool

    @classmethod
    def born(cls, chance: random.Random) -> Person:
        """Return someone new, as `chance` will have it."""
        system = _pick(chance, dict(OPERATING_SYSTEMS))
        joins = 0 if chance.random() < 0.55 else chance.randrange(DAYS)
        stays = round(chance.expovariate(1 / 70)) + 1
        # Some only try it. In the week in which the buggy release was new, most of the newcomers.
        if joins and chance.random() < (0.7 if BUGGY_DAYS[0] <= joins < BUGGY_DAYS[1] else 0.3):
            stays = 1 + chance.randrange(5)
        # And some are away for a while, and come back.
        away = chance.randrange(DAYS) if chance.random() < 0.15 else DAYS
        known = chance.randrange(4, len(COMMANDS))
        present = [model for model in MODELS if model.arrives <= joins]
        return cls(
            os=system,
            arch="arm64" if system == "Darwin" or chance.random() < 0.08 else "x86_64",
            python_version=_pick(chance, dict(PYTHONS)),
            joins=joins,
            away=range(away, away + chance.randrange(9, 25)),
            leaves=DAYS if joins == 0 and chance.random() < 0.7 else min(joins + stays, DAYS),
            pace=min(chance.lognormvariate(-0.9, 0.8), 4),
            lag=chance.expovariate(1 / 9),
            curiosity=chance.random(),
            model=chance.choices(present, [model.share for model in present])[0],
            commands=chance.sample(list(COMMANDS), known, counts=list(COMMANDS.values())),
            has_repo=chance.random() < 0.88,
            files=round(chance.lognormvariate(5, 1.4)),
            auto_commits=chance.random() < 0.9,
        )

    def version(self, day: int) -> str:
        """Return the version of aider that this person runs on `day`."""
        return [name for name, out in VERSIONS if out + self.lag <= day or out < 0][-1]

    def reconsider(self, day: int, chance: random.Random) -> None:
        """Perhaps change to another model, readily so when it is new."""
        present = [model for model in MODELS if model.arrives <= day]
        fresh = [model for model in present if 0 <= day - model.arrives < 14]
        if fresh and chance.random() < 0.05 * self.curiosity:
            self.model = chance.choice(fresh)
        elif chance.random() < 0.008:
            self.model = chance.choices(present, [model.share for model in present])[0]


def _pick(chance: random.Random, weights: dict[str, float]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
