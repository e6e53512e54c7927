"""The headers of a delivery."""

from __future__ import annotations

from collections.abc import Mapping

from tests.collector.tool import new_id


def headers(key: str, **more: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}", "Idempotency-Key": new_id(), **more}
