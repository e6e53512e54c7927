"""The error of this room."""

from __future__ import annotations


class ContractError(ValueError):
    """What was asked for cannot be done; says, in one line, what to change."""
