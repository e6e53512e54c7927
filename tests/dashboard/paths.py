"""Every page, by its path."""

from __future__ import annotations

PERIOD = "since=2026-09-20&until=2026-10-19"
INSIGHTS = ["overview", "models", "commands", "errors", "stability", "events"]
LIBRARY = f"{PERIOD}&project=library"
EVENT = f"/insights/events?{LIBRARY}&event=books_imported"
PAGES = ["/releases", "/models", "/usage", "/retention", "/trust", "/set-up"]
EVERYWHERE = ["/", *PAGES, *[f"/insights/{name}" for name in INSIGHTS], "/catalog", "/quarantine"]

OF_ONE = [
    *(f"/models?{PERIOD}&model=gpt-5", f"/models?{PERIOD}&measure=failures"),
    f"/usage?{PERIOD}&steps=launched,message_send,exit",
    f"/errors?{PERIOD}&sort=-installs&find=e",
]

PATHS = [*(f"{path}?{PERIOD}" for path in [*EVERYWHERE, "/errors", "/sql"]), EVENT, *OF_ONE]
