"""What one question may cost: time, memory and rows, and what is said where it needs more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """The bounds of one question.

    Args:
        seconds: How long it may take.
        memory: How many bytes it may hold at once.
        spill: From how many bytes on its groups and its sorting go to the disk.
        rows: How many rows its answer may have.
    """

    seconds: int = 20
    memory: int = 1024 * _MIB
    spill: int = 384 * _MIB
    rows: int = 100_000

    @property
    def patience(self) -> int:
        """Seconds after which a server that says nothing hangs, or the way to it does.

        It says itself that a question took too long, or that a shard does not answer; that comes
        up to ten seconds after the bound (measured, a shard stopped in a question).
        """
        return self.seconds + 20

    def settings(self) -> Mapping[str, object]:
        """Return the bounds as ClickHouse's settings."""
        return {
            "max_execution_time": self.seconds,
            "max_memory_usage": self.memory,
            "max_bytes_before_external_group_by": self.spill,
            "max_bytes_before_external_sort": self.spill,
            "max_result_rows": self.rows,
        }

    def reached(self, text: str) -> str | None:
        """Return which bound ClickHouse's message is about, and what to do; None for others.

        Where it is the whole server that has no memory left, another question would do no better:
        that is no bound of this one.
        """
        name = _NAME.search(text)
        bound = {
            "TIMEOUT_EXCEEDED": f"takes longer than {self.seconds} seconds",
            "TOO_SLOW": f"takes longer than {self.seconds} seconds",
            "MEMORY_LIMIT_EXCEEDED": f"needs more than {self.memory // _MIB:,} MiB of memory",
            "TOO_MANY_ROWS_OR_BYTES": f"has more than {self.rows:,} rows as its answer",
        }.get(name.group(1) if name else "")
        if bound is None or "(total) memory limit exceeded" in text:
            return None
        return f"this question {bound}, and was stopped: ask for a shorter period"


_NAME = re.compile(r"\((TIMEOUT_EXCEEDED|TOO_SLOW|MEMORY_LIMIT_EXCEEDED|TOO_MANY_ROWS_OR_BYTES)\)")
