"""What the collector says about itself while it runs: few lines, on stderr, none about senders."""

from __future__ import annotations

import logging


def to_stderr() -> None:
    """Show our own warnings as plain lines.

    Libraries stay silent: what they say of a request or a query could repeat what was sent.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("aboveboard: %(message)s"))
    ours = logging.getLogger("aboveboard")
    ours.addHandler(handler)
    ours.propagate = False
    logging.getLogger().addHandler(logging.NullHandler())
