"""The sample of a site: the last lines of those who volunteered their logs, fit to publish.

Each log has an equal part, so that nobody's fills it. Names and values are the catalog's, ids are
new, one install for all of it, and times are told by the day (`auditlog/sample.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.auditlog.files import opened
from aboveboard.auditlog.reading import LogReader
from aboveboard.auditlog.sample import Sample
from aboveboard.client.decision.identity import new_id
from aboveboard.commands.terminal.printing import warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.catalog.catalog import Catalog

SIZE = 1000
"""Events; as many as aider publishes."""


class SampleError(Exception):
    """There is no sample; the text says what to do."""


def sampled(logs: Sequence[str], catalog: Catalog) -> list[str]:
    """Return the lines of a sample, and say how much of the logs was left out.

    Args:
        logs: Files, one at least.
        catalog: What may be published.

    Raises:
        SampleError: a log cannot be read, or has no event of the catalog.
    """
    user_id, lines = new_id(), []
    part = max(1, SIZE // len(logs))
    for name in logs:
        sample, reader = Sample(catalog, part), LogReader()
        try:
            with opened(name) as file:
                sample.take(reader.read(file))
        except OSError as error:
            raise SampleError(f"{name} cannot be read: {error.strerror}") from None
        found = sample.lines(by_day=True, user_id=user_id)
        if not found:
            raise SampleError(f"no event in {name} is in the catalog of {catalog.app}")
        lines += found
        unfit = sample.left_out
        for what, counted in (
            ("events that are not in the catalog", unfit.events),
            ("properties that are not in the catalog", unfit.properties),
            ("values that the catalog does not allow", unfit.values),
        ):
            if times := sum(counted.values()):
                warn(f"aboveboard publish: {name}: left out, {what}: {times:,}")
    return lines[:SIZE]
