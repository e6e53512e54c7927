"""What the collector says about itself while it runs: few lines, on stderr, none about senders."""

from __future__ import annotations

import logging
import time


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
    logging.getLogger().addHandler(logging.NullHandler())
