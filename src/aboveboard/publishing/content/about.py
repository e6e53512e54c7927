"""What a maker says of the site, beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class About:
    """What a maker says of the site.

    Args:
        licence: The data's, by its SPDX name.
        opted_in: Of those who were asked, the share that said yes; None where it is not known.
        sample: Lines of events, as volunteers gave them.
        policy: The privacy policy, as a page; empty where there is none.
    """

    licence: str
    opted_in: float | None = None
    sample: Sequence[str] = ()
    policy: str = ""
