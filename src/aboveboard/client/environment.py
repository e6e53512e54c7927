"""What the surroundings say: variables that speak of analytics, CI, and whether a person is there.

Everything is given in, so that a decision can be tested without touching the process's own.
"""

from __future__ import annotations

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

NO = frozenset(("", "0", "false", "no", "off"))


def do_not_track(environ: Mapping[str, str]) -> bool:
    """Return whether DO_NOT_TRACK is set to anything but empty, `0` or `false`."""
    return environ.get("DO_NOT_TRACK", "").strip().lower() not in ("", "0", "false")


def in_ci(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name, "").strip().lower() not in NO for name in CI_VARIABLES)


def wanted(app: str, environ: Mapping[str, str]) -> bool | None:
    """Return what `<APP>_ANALYTICS` says: False for a no, True for a yes, None where it is unset.

    A word that is neither counts as a no: someone set the variable to say something.
    """
    said = environ.get(variable(app))
    if said is None or said == "":
        return None
    return said.strip().lower() in ("1", "true", "yes", "on")


def variable(app: str) -> str:
    """Return the name of an app's own variable, such as AIDER_ANALYTICS."""
    return "".join(letter if letter.isalnum() else "_" for letter in app).upper() + "_ANALYTICS"


def has_terminal() -> bool:
    """Return whether stdin, stdout and stderr are all a terminal."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        try:
            if not stream.isatty():
                return False
        except (AttributeError, ValueError):  # None under pythonw, or closed
            return False
    return True
