"""sqlparse's `sqlformat`, with analytics: a program of argparse without commands.

What a maker would write into `sqlparse/cli.py` stands in `main`: three lines.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Literal

from sqlparse import __version__, cli

from aboveboard import Analytics, Event, choice, flag, start_environment
from aboveboard.integrations.argparse import add_flags, session
from aboveboard.integrations.outcomes import outcome_event


class Formatting(Event):
    """SQL was to be formatted. Neither the SQL nor the name of a file is told."""

    keywords: Literal["upper", "lower", "capitalize"] | None = choice(
        "upper", "lower", "capitalize", doc="Which case keywords are given", default=None
    )
    in_place: bool = flag("Whether files were changed where they are")


analytics = Analytics(
    app="sqlformat",
    version=__version__,
    catalog=[outcome_event(), Formatting],
    packages=["sqlparse"],
    endpoint=start_environment().get("GALLERY_COLLECTOR", "http://127.0.0.1:8300"),
    key="gallery-key",
    named_by_person=True,
)


def main() -> int:
    parser = cli.create_parser()
    add_flags(parser, analytics)
    args = parser.parse_args()
    cli.create_parser = lambda: SimpleNamespace(parse_args=lambda _: args)  # read once
    with session(analytics, args) as running:
        analytics.record(Formatting(keywords=args.keyword_case, in_place=args.inplace))
        running.exit_code = code = int(cli.main())
    return code


if __name__ == "__main__":
    sys.exit(main())
