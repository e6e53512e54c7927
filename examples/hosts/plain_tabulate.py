"""tabulate's `tabulate`, with analytics: a program that reads `sys.argv` itself."""

from __future__ import annotations

import argparse
import sys

import tabulate

from aboveboard import Analytics, start_environment
from aboveboard.integrations.argparse import add_flags, session
from aboveboard.integrations.outcomes import outcome_event

analytics = Analytics(
    app="tabulate",
    version=tabulate.__version__,
    catalog=[outcome_event()],
    packages=["tabulate"],
    endpoint=start_environment().get("GALLERY_COLLECTOR", "http://127.0.0.1:8300"),
    key="gallery-key",
    named_by_person=True,
)


def main() -> None:
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_flags(flags, analytics)
    said, words = flags.parse_known_args()
    sys.argv[1:] = words
    if {"-h", "--help"} & set(words):  # asks nobody anything
        tabulate._main()
    with session(analytics, said):
        tabulate._main()


if __name__ == "__main__":
    main()
