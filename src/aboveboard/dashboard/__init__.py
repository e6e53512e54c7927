"""The dashboard: pages, drawn on the server, over the insights (docs/insights.md)."""

from .routes import routes

__all__ = ["routes"]
