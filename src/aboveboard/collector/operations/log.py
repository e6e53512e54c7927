"""What the collector says about itself while it runs: few lines, on stderr, none about senders."""

from __future__ import annotations

import logging
import time

from aboveboard.catalog import exceptions


def to_stderr() -> None:
    """Show our own warnings as plain lines.

    Libraries stay silent: what they say of a request or a query could repeat what was sent.
    """
    handler = logging.StreamHandler()
    form = logging.Formatter(
        "%(asctime)s %(levelname)s aboveboard: %(message)s", "%Y-%m-%dT%H:%M:%SZ"
    )
    form.converter = time.gmtime
    handler.setFormatter(form)
    ours = logging.getLogger("aboveboard")
    ours.addHandler(handler)
    ours.propagate = False
    logging.raiseExceptions = False  # a line that cannot be written is lost, and nothing else is
    logging.getLogger().addHandler(logging.NullHandler())


def described(error: BaseException) -> str:
    """Return an exception's type and our places in it, without its text, which could hold events.

    Whoever tells of a fault may have no memory or descriptor left: then the type alone is told.
    """
    try:
        reduced = exceptions.reduce(error, ["aboveboard"])
    except Exception:  # noqa: BLE001  # what tells of a fault must not be the next one
        return type(error).__name__
    return f"{reduced['type']} at {reduced['frames']}"
