from __future__ import annotations

import pytest

from aboveboard.collector.http import basepath


@pytest.mark.parametrize(
    ("given", "path"),
    [("", ""), ("/", ""), ("/analytics", "/analytics"), ("/a/b-c/", "/a/b-c"), ("/v1.2", "/v1.2")],
)
def test_a_plain_path_is_taken(given: str, path: str) -> None:
    assert basepath.checked(given) == path


@pytest.mark.parametrize(
    "given", ["analytics", "//a", "/a b", "/../a", "/a?b", "/a//b", "/é", '/"', "https://a/b"]
)
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(basepath.BasePathError, match="/analytics"):
        basepath.checked(given)


def test_it_begins_as_none_of_our_own_paths_does() -> None:
    for path in ("/e", "/insights/x", "/v1"):
        with pytest.raises(basepath.BasePathError, match="our own paths"):
            basepath.check_apart(path, ["/", "/v1/events", "/e", "/insights/{file}"])
    for path in ("", "/analytics", "/a/v1"):
        basepath.check_apart(path, ["/", "/v1/events", "/e", "/insights/{file}"])


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("/analytics", "/"),
        ("/analytics/", "/"),
        ("/analytics/insights/models", "/insights/models"),
        ("/analyticsx", "/analyticsx"),
        ("/healthz", "/healthz"),
        ("/x/analytics/y", "/x/analytics/y"),
    ],
)
def test_requests_are_taken_with_it_and_without(path: str, inner: str) -> None:
    scope = {"type": "http", "path": path, "raw_path": path.encode()}
    taken = basepath.without("/analytics", scope)
    assert (taken["path"], taken["raw_path"]) == (inner, inner.encode())
