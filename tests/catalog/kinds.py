"""One kind of each, as tests try them."""

from __future__ import annotations

from tests.samples import SAMPLES

KINDS = list({sample.kind.label: sample.kind for sample in SAMPLES}.values())
