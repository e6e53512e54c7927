"""What a maker states of a tool."""

from __future__ import annotations

from aboveboard.catalog.about import About
from tests.contract import tool

FACTS: About = {
    **tool.ABOUT,
    "controller": "Jot Makers, 1 Note Street",
    "contact": "privacy@jot.example",
    "recipients": ["the makers of jot", "Host GmbH"],
    "storage": "a machine in Austria",
    "retention": "400 days",
    "effective": "2026-12-01",
}
