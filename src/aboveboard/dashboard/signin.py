"""Signing in and out: the only pages that strangers see, and the only forms that change anything.

The session is a cookie that no script can read (`HttpOnly`), that other sites' forms and scripts do
not send (`SameSite=Lax`; with `Strict`, a link to the dashboard in a chat would ask for a sign-in,
and nothing is gained, since no address that a link can open changes anything), that is for the
dashboard's own path, and that is sent over https only if it was set over https.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlencode

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import ClientException

from . import visitors
from .responses import base_of, page, redirect

if TYPE_CHECKING:
    from collections.abc import Awaitable

Asked = Request[Any, Any, Any]
Answer = Response[bytes]

COOKIE = "aboveboard_session"
FORM_MAX = 8 * 2**10
FORM_SECONDS = 10

_NEXT = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*", re.ASCII)
"""A path of ours: no other site's, in any of the ways in which browsers would read one."""

WRONG = "That name and that password do not go together."
WRONG_CODE = "That name and that code do not go together, or the code was used, or is too old."


class Door(Protocol):
    """What lets people in and out; the collector's `Door`."""

    @property
    def lasts(self) -> int: ...

    def closed(self) -> bool: ...

    def signed_in(self, cookie: str | None) -> visitors.Visitor | None: ...

    def sign_in(self, name: str, password: str) -> Awaitable[str | None]: ...

    def accept(self, name: str, code: str, password: str) -> Awaitable[str | None]: ...

    def sign_out(self, cookie: str | None) -> Awaitable[None]: ...


def ask(request: Asked) -> Answer:
    """Return the way to the sign-in page, which leads back."""
    query = request.scope["query_string"].decode("latin-1")
    # A browser keeps a CSV and stays where it is: on the form, as if nothing had happened.
    wanted = request.scope["path"].removesuffix(".csv") + (f"?{query}" if query else "")
    kept = "" if wanted == "/" else "?" + urlencode({"next": wanted})
    return redirect(request, f"/sign-in{kept}")


@get("/sign-in", opt={visitors.STRANGERS: True}, sync_to_thread=False)
def _sign_in(request: Asked) -> Answer:
    door, wanted = _door(request), request.query_params.get("next", "")
    if not door.closed() or door.signed_in(request.cookies.get(COOKIE)) is not None:
        return redirect(request, _own(wanted))
    return _sign_in_page(request, wanted)


@post("/sign-in", opt={visitors.STRANGERS: True}, request_max_body_size=FORM_MAX, status_code=200)
async def _signed_in(request: Asked) -> Answer:
    form = await form_of(request)
    name, wanted = form.get("name", ""), form.get("next", "")
    cookie = await _door(request).sign_in(name, form.get("password", ""))
    if cookie is None:
        return _sign_in_page(request, wanted, name, WRONG, 403)
    return _let_in(request, cookie, _own(wanted))


@get("/invitation", opt={visitors.STRANGERS: True}, sync_to_thread=False)
def _invitation(request: Asked) -> Answer:
    return _invitation_page(request, request.query_params.get("name", ""))


@post(
    "/invitation", opt={visitors.STRANGERS: True}, request_max_body_size=FORM_MAX, status_code=200
)
async def _invited(request: Asked) -> Answer:
    form = await form_of(request)
    name, password = form.get("name", ""), form.get("password", "")
    if password != form.get("again", ""):
        return _invitation_page(request, name, "The two passwords differ.", 400)
    try:
        cookie = await _door(request).accept(name, form.get("code", ""), password)
    except ValueError as error:  # it is too easy to guess; the text says what is missing
        told = str(error)
        return _invitation_page(request, name, f"{told[:1].upper()}{told[1:]}.", 400)
    if cookie is None:
        return _invitation_page(request, name, WRONG_CODE, 403)
    return _let_in(request, cookie, "/")


@post("/sign-out", opt={visitors.STRANGERS: True}, status_code=200)
async def _sign_out(request: Asked) -> Answer:
    await _door(request).sign_out(request.cookies.get(COOKIE))
    answered = redirect(request, "/sign-in")
    answered.set_cookie(_cookie(request, "", 0))
    return answered


ROUTES = (_sign_in, _signed_in, _invitation, _invited, _sign_out)


def _door(request: Asked) -> Door:
    door: Door = request.app.state.door
    return door


async def form_of(request: Asked) -> dict[str, str]:
    """Return a form's fields.

    Raises:
        ClientException: it is none, or it does not come.
    """
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise ClientException("this address takes the form of its page")
    try:
        body = await asyncio.wait_for(request.body(), FORM_SECONDS)
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=10)
    except (TimeoutError, asyncio.TimeoutError, ValueError):
        raise ClientException("the form did not arrive whole") from None
    return dict(fields)


def _let_in(request: Asked, cookie: str, wanted: str) -> Answer:
    answered = redirect(request, wanted)
    answered.set_cookie(_cookie(request, cookie, _door(request).lasts))
    return answered


def _cookie(request: Asked, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=value,
        path=base_of(request) or "/",
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=visitors.is_https(request),
    )


def _own(wanted: str) -> str:
    return wanted if _NEXT.fullmatch(wanted) else "/"


def _sign_in_page(
    request: Asked, wanted: str, name: str = "", wrong: str = "", status: int = 200
) -> Answer:
    return page(
        request, "sign-in.html", status, view=None, name=name, wanted=_own(wanted), wrong=wrong
    )


def _invitation_page(request: Asked, name: str, wrong: str = "", status: int = 200) -> Answer:
    return page(request, "invitation.html", status, view=None, name=name, wrong=wrong)
