"""What the surroundings say: variables that speak of analytics, CI, and whether a person is there.

Everything is given in, so that a decision can be tested without touching the process's own.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CI_VARIABLES = (
    "CI",  # the common one: GitHub Actions, GitLab, Travis, CircleCI, Cirrus, Woodpecker …
    "CONTINUOUS_INTEGRATION",
    "BUILD_NUMBER",  # Jenkins, TeamCity
    "RUN_ID",  # TaskCluster
    "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION", "JENKINS_URL", "BUILDKITE",
    "CODEBUILD_BUILD_ID", "BITBUCKET_BUILD_NUMBER", "APPVEYOR", "DRONE", "SEMAPHORE",
    "HUDSON_URL", "bamboo_planKey",
)  # fmt: skip
"""Any of these set to something means a machine is at work, and a machine cannot consent."""

AGENT_VARIABLES = (
    "AI_AGENT", "AGENT",  # what agents agree on; Amp, Goose and Pi say the second
    "CLAUDECODE", "CLAUDE_CODE", "CURSOR_AGENT", "GEMINI_CLI", "OPENCODE", "OPENCODE_CLIENT",
    "CODEX_SANDBOX", "CODEX_SANDBOX_NETWORK_DISABLED", "CODEX_THREAD_ID", "CODEX_CI",
    "COPILOT_CLI", "AUGMENT_AGENT", "ANTIGRAVITY_AGENT", "CLINE_ACTIVE", "AMP_CURRENT_THREAD_ID",
    "GOOSE_TERMINAL", "PI_CODING_AGENT", "TRAE_AI_SHELL_ID",
    "PRE_COMMIT", "GIT_INDEX_FILE", "HUSKY_GIT_PARAMS",  # hooks, which run what was written once
)  # fmt: skip
"""Any of these set to something means an agent or a hook is at work. They type flags as well, so
nobody is asked, whatever flag says yes."""

UNATTENDED_VARIABLES = (
    "CURSOR_TRACE_ID", "REPL_ID", "GIT_DIR", "REMOTE_CONTAINERS", "CODESPACES",
    "GITPOD_WORKSPACE_ID", "DEVCONTAINER", "container", "KUBERNETES_SERVICE_HOST",
)  # fmt: skip
"""Any of these set to something means that perhaps nobody is there: only who asks is asked."""

NO_VARIABLES = (
    "NO_ANALYTICS", "NO_TELEMETRY", "DISABLE_ANALYTICS", "DISABLE_TELEMETRY",
    "ANALYTICS_DISABLED", "TELEMETRY_DISABLED", "ANALYTICS_OPTOUT", "TELEMETRY_OPTOUT",
)  # fmt: skip
"""Any of these set to something is a no, to every app as it stands, or to one with its name in
front (`MYTOOL_NO_TELEMETRY`). None of them can say yes."""

_UNATTENDED_WORDS = {"TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive"}

NO = frozenset(("", "0", "false", "no", "off"))
YES = frozenset(("1", "true", "yes", "on"))


def do_not_track(environ: Mapping[str, str]) -> bool:
    """Return whether DO_NOT_TRACK is set to anything but empty, `0` or `false`."""
    word = environ.get(_DO_NOT_TRACK, "")
    return word != "" and word.strip().lower() not in ("0", "false")


def in_ci(environ: Mapping[str, str]) -> bool:
    return any(_is_set(name, environ) for name in CI_VARIABLES)


def by_agent(environ: Mapping[str, str]) -> bool:
    return any(_is_set(name, environ) for name in AGENT_VARIABLES)


def unattended(environ: Mapping[str, str]) -> bool:
    """Return whether perhaps nobody is at the terminal, though there is one."""
    return any(_is_set(name, environ) for name in UNATTENDED_VARIABLES) or any(
        environ.get(name, "").strip().lower() == word for name, word in _UNATTENDED_WORDS.items()
    )


def wanted(app: str, environ: Mapping[str, str]) -> bool | None:
    """Return what the variables say that speak of an app's analytics, as `said` understands it.

    Several can say no (`noes`), and any of them wins; only `<APP>_ANALYTICS` can say yes.
    """
    return False if noes(app, environ) else said(environ.get(variable(app)))


def noes(app: str, environ: Mapping[str, str]) -> list[str]:
    """Return the names of the variables that say no to an app's analytics, besides DO_NOT_TRACK."""
    own = variable(app)
    start = own.removesuffix(_ANALYTICS)
    names = [name for name in (own, f"{start}TELEMETRY") if said(environ.get(name)) is False]
    switches = [each for name in NO_VARIABLES for each in (name, start + name) if each in environ]
    return names + [name for name in switches if _is_set(name, environ)]


def refusals(app: str, environ: Mapping[str, str]) -> list[str]:
    """Return the names of all variables that turn an app's sessions off, the strongest first."""
    track = [_DO_NOT_TRACK] if do_not_track(environ) else []
    return track + noes(app, environ)


def narrowed(app: str, start: Mapping[str, str], now: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment that counts: the one at the start, and what says no to `app` since.

    A project's `.env` is read by its host after the start. So places, recipients, proxies and a yes
    are the start's; a no and the sign of a machine at work count whenever they were said, and one
    that the start says is not taken back later.
    """
    now = dict(now)  # once: each look at the process's own costs as much as this for a variable
    if now == start:
        return start
    counts = dict(start)
    if do_not_track(now) and not do_not_track(start):
        counts[_DO_NOT_TRACK] = now[_DO_NOT_TRACK]
    counts.update({name: now[name] for name in noes(app, now)})
    if not in_ci(start):
        counts.update({name: now[name] for name in CI_VARIABLES if _is_set(name, now)})
    signs = AGENT_VARIABLES + UNATTENDED_VARIABLES
    counts.update({name: now[name] for name in signs if _is_set(name, now)})
    words = _UNATTENDED_WORDS.items()
    counts.update({name: word for name, word in words if now.get(name, "").lower() == word})
    return counts


def said(word: object) -> bool | None:
    """Return what a flag, a setting or a variable says: None where it is unset, True for a yes.

    A word that is neither yes nor no counts as a no: someone wrote it to say something.
    """
    if word is None or word == "":
        return None
    return meaning(word) is True


def meaning(value: object) -> bool | None:
    """Return whether `value` is a yes or a no; None where it is neither."""
    if isinstance(value, int):
        return value == 1 if value in (0, 1) else None
    word = value.strip().lower() if isinstance(value, str) else None
    return word in YES if word in YES | NO else None


def is_development(app: str, environ: Mapping[str, str]) -> bool:
    """Return whether `<APP>_ANALYTICS_DEBUG` is set: lines are printed, and none is sent."""
    return _is_set(f"{variable(app)}_DEBUG", environ)


def debug_tag(app: str, environ: Mapping[str, str]) -> str:
    """Return the tag that `<APP>_ANALYTICS_DEBUG` names, or "" where it is another word."""
    word = environ.get(f"{variable(app)}_DEBUG", "").strip().lower()
    return word if is_tag(word) else ""


def is_tag(word: str) -> bool:
    """Return whether a word is a debug tag: 32 hex digits."""
    return len(word) == 32 and not set(word) - set("0123456789abcdef")


def variable(app: str) -> str:
    """Return the name of an app's own variable, such as AIDER_ANALYTICS."""
    return "".join(letter if letter.isalnum() else "_" for letter in app).upper() + f"_{_ANALYTICS}"


def _is_set(name: str, environ: Mapping[str, str]) -> bool:
    return environ.get(name, "").strip().lower() not in NO


_DO_NOT_TRACK = "DO_NOT_TRACK"
_ANALYTICS = "ANALYTICS"


def has_terminal() -> bool:
    """Return whether stdin, stdout and stderr are all a terminal, and its keys come to us.

    A job in the background that reads from its terminal is stopped by the system: it cannot ask.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        try:
            if not stream.isatty():
                return False
        except Exception:  # None under pythonw, closed, or a host's own that can't tell
            return False
    return in_foreground()


def in_foreground() -> bool:
    """Return whether the terminal's keys come to us, as far as that can be told."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # Windows, or a terminal that is not ours
        return True
