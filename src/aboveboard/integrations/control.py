"""The ready-made command with which people see and decide what a tool collects, inside that tool.

With it they need nothing else on their PATH. It opens no session, and is recorded nowhere.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aboveboard.client.analytics import Analytics

NAME = "analytics"
HELP = "See and decide what this program collects."
ACTIONS = {
    "status": "Show what you decided, who receives what, and what waits to be sent.",
    "on": "Ask you, also if you once said no.",
    "off": "Turn analytics off for good, and remove what waits.",
    "show": "Show all that may be collected, and a line as it would be sent.",
    "log": "Show each line that waits to be sent, byte for byte.",
    "forget": "Have all erased that was sent from here, and remove what waits.",
}
"""What the command can do, and the help of each."""


def run(analytics: Analytics, action: str) -> int:
    """Do one of `ACTIONS`; return the exit code: 0, or 1 where it could not be done.

    Nothing of ours is raised; Ctrl-C at the question is the host's.
    """
    try:
        code = _RUNS[action](analytics)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001  # a file that is not ours to read, or what cannot be shown
        return _fail(f"{analytics.app}: the files of analytics cannot be read here.")
    return code


def _status(analytics: Analytics) -> int:
    return _say(*analytics.status())


def _on(analytics: Analytics) -> int:
    if not analytics.turn_on():
        return 1
    return _say(f"Analytics of {analytics.app} are on, from its next run on.")


def _off(analytics: Analytics) -> int:
    if analytics.disable():
        return _say("Analytics have been permanently disabled; nothing waits to be sent.")
    return _fail("Analytics are not off: the decision could not be saved.")


def _show(analytics: Analytics) -> int:
    return _say(analytics.details().strip("\n"))


def _log(analytics: Analytics) -> int:
    texts = [text for text in analytics.waiting() if text]
    if not texts:  # on stderr: what reads stdout reads lines of events
        sys.stderr.write(f"Nothing of {analytics.app} waits to be sent.\n")
    for text in texts:
        if sys.stdout.isatty():  # which a damaged file could steer
            for line in text.decode("utf-8", "replace").splitlines():
                _say("".join(letter if letter.isprintable() else "?" for letter in line))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(text)
    return 0


def _forget(analytics: Analytics) -> int:
    app = analytics.app
    if analytics.forget():
        return _say(
            "Whatever was ever sent from here is to be erased: the request is kept, and sent again "
            f"until it is taken. What waited is removed, and {app} has a new id here; what you "
            "decided about analytics stands."
        )
    where = f" ({analytics.url})" if analytics.url else ""
    return _fail(
        f"Nobody can be asked from here to erase what was sent, or the request could not be kept; "
        f"ask the makers of {app}{where}."
    )


_RUNS = {
    "status": _status, "on": _on, "off": _off, "show": _show, "log": _log, "forget": _forget,
}  # fmt: skip


def _say(*lines: str) -> int:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return 0


def _fail(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1
