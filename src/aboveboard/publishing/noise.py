"""Noise: Gaussian, on every number of a period at once, drawn and accounted for by OpenDP.

Nothing else imports OpenDP, and this module is imported by the command that publishes alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from opendp import domains, measurements, metrics
from opendp.mod import enable_features

if TYPE_CHECKING:
    from collections.abc import Sequence

enable_features("contrib")


def scale_of(contribution: int, rho: float) -> float:
    """Return the least standard deviation of noise with which a period spends no more than `rho`.

    Args:
        contribution: To how many numbers one install adds 1, at most: they change by its square
            root in the Euclidean distance.
        rho: More than 0.
    """
    scale = math.sqrt(contribution / (2 * rho))
    while spent(contribution, scale) > rho:  # rounding, upwards as OpenDP does it
        scale = math.nextafter(scale, math.inf) * (1 + 1e-15)
    return scale


def spent(contribution: int, scale: float) -> float:
    """Return the rho that numbers with noise of this scale spend, as OpenDP accounts for it."""
    distance = math.nextafter(math.sqrt(contribution), math.inf)
    return float(_gaussian(scale).map(distance))


def add(numbers: Sequence[int], scale: float) -> list[int]:
    """Return whole numbers, each with noise of its own."""
    return [int(each) for each in _gaussian(scale)(list(numbers))]


def _gaussian(scale: float) -> Any:
    return measurements.make_gaussian(
        domains.vector_domain(domains.atom_domain(T="i64")),
        metrics.l2_distance(T="f64"),
        scale=scale,
    )
