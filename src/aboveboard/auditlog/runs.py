"""Which run of a tool an event belongs to, in a log whose lines name no session.

The rule is the collector's (docs/protocol.md), so that a log says the same to `stats`, to `sample`
and to `import`: a run ends with its last event, with another run's first, or after a day of
silence.
"""

from __future__ import annotations

SILENCE = 86_400
"""Seconds after which whatever comes belongs to another run."""


class Runs:
    """Follows the runs of every install in a log.

    Args:
        start: The event that begins a run, as the log calls it; None if the tool has no such event.
        end: The event that ends a run, likewise.
    """

    def __init__(self, start: object, end: object) -> None:
        self._start = start
        self._end = end
        self._runs: dict[str, _Run] = {}
        self._begun = 0

    def follow(self, user_id: str, event: str, moment: float) -> int:
        """Return the number of the run that the next event belongs to, from 1.

        Args:
            user_id: Whose event it is.
            event: What the log calls it.
            moment: When it happened, in seconds since 1970.
        """
        starts = event == self._start
        run = self._runs.get(user_id)
        if run is None or run.ended or (starts and run.started) or abs(moment - run.last) > SILENCE:
            self._begun += 1
            run = self._runs[user_id] = _Run(self._begun, moment)
        run.last = max(run.last, moment)
        run.started |= starts
        run.ended = event == self._end
        return run.number


class _Run:
    __slots__ = ("ended", "last", "number", "started")

    def __init__(self, number: int, moment: float) -> None:
        self.number = number
        self.last = moment
        self.started = False
        self.ended = False
