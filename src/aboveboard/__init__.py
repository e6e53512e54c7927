"""Usage analytics that the people who run a tool can check for themselves.

The public face of the client: declare events, hold an `Analytics`, record.
"""

from .catalog.catalog import Catalog
from .catalog.event import (
    Event,
    choice,
    command,
    count,
    dollars,
    exception,
    flag,
    model,
    seconds,
    size,
    version,
)
from .catalog.kinds import CatalogError
from .client.analytics import Analytics
from .client.decision.startup import environ as start_environment
from .client.release import __version__

__all__ = [
    "Analytics",
    "Catalog",
    "CatalogError",
    "Event",
    "__version__",
    "choice",
    "command",
    "count",
    "dollars",
    "exception",
    "flag",
    "model",
    "seconds",
    "size",
    "start_environment",
    "version",
]
