"""The dashboard: pages, drawn on the server, over the insights (docs/insights.md)."""

from .routes import errors, routes

__all__ = ["errors", "routes"]
