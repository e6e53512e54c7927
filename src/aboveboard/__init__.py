"""Usage analytics that the people who run a tool can check for themselves.

The public face of the client: declare events, hold an `Analytics`, record.
"""

__version__ = "0.1.0"

from .client.analytics import Analytics
from .client.catalog import Catalog
from .client.event import (
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
from .client.kinds import CatalogError
from .client.startup import environ as start_environment

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
