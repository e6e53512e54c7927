"""Questions about the data: one SQL file, one chart, one page each (docs/insights.md)."""

from .filters import FilterError, Filters
from .insight import Column, Insight, Project, get, offered
from .insight import every as all  # noqa: A004  # read as insights.all()
from .statement import subject
from .table import Table

__all__ = [
    "Column",
    "FilterError",
    "Filters",
    "Insight",
    "Project",
    "Table",
    "all",
    "get",
    "offered",
    "subject",
]
