"""Visitors: who asks for a page, as whatever guards the dashboard has found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from litestar import Request

    from .view import Project, Projects

STRANGERS = "strangers"
"""A route's option, by which a guard knows that it is for those who have not said who they are."""


class Visitor(Protocol):
    """Who asks; the collector's `Visitor`."""

    @property
    def name(self) -> str: ...

    @property
    def is_admin(self) -> bool: ...

    @property
    def signed_in(self) -> bool: ...

    def may_see(self, project: str) -> bool: ...


@dataclass(frozen=True)
class _Seen:
    visitor: Visitor
    projects: Projects

    def all(self) -> Sequence[Project]:
        return [each for each in self.projects.all() if self.visitor.may_see(each.name)]

    def unreadable(self) -> Mapping[str, str]:
        told = self.projects.unreadable()
        return {name: why for name, why in told.items() if self.visitor.may_see(name)}


def of(request: Request[Any, Any, Any]) -> Visitor | None:
    """Return who asks; None where nobody has looked."""
    visitor: Visitor | None = request.scope.get("user")
    return visitor


def seen_by(visitor: Visitor | None, projects: Projects) -> Projects:
    """Return the projects that a visitor may see; to them there are no others."""
    return projects if visitor is None else _Seen(visitor, projects)


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Return whether a browser is on its way to a page, so that it can be led to another."""
    return (
        request.method == "GET"
        and "authorization" not in request.headers
        and "text/html" in request.headers.get("accept", "")
    )


def is_https(request: Request[Any, Any, Any]) -> bool:
    """Return whether a browser reached us by https, as it says itself, or the proxy before us.

    Both can be made up, by whoever sends the request and for nobody else's answer. So no proxy has
    to be named as trusted: this only ever adds `Secure` to the cookie of who said it.
    """
    told = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return told == "https" or request.headers.get("origin", "").lower().startswith("https://")
