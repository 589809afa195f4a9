"""A sign-in before a UI that has none: every request names a user and a password, by HTTP Basic.

It stands in the process of the UI, so there is no port behind it that somebody could go to instead.
"""

import secrets
from base64 import b64encode
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEALTH = "/health"
"""The one path without a sign-in, for whoever watches that the server lives; it tells nothing else."""

GUARDS = {
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
"""What a browser must hold to: no frame, script or picture of another site shows what is here."""


class SignIn:
    """Hand on to an application only what comes to a known host, from its own pages, with the password."""

    def __init__(self, application: ASGIApp, *, user: str, password: str, hosts: Sequence[str]) -> None:
        """Stand before an application.

        Args:
            application: The UI.
            user: Name that is asked for.
            password: Password that is asked for.
            hosts: Host headers that are answered, each with its port where that is not the usual one.
        """
        self._application = application
        self._expected = b64encode(f"{user}:{password}".encode())
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a WebSocket is refused, for no browser asks for a password there."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await (self._refusal(scope) or self._application)(scope, receive, _guarded(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["path"] == HEALTH:
            return PlainTextResponse("OK")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return PlainTextResponse("This host is not served here.", 403)
        own = {f"http://{hosts[0]}", f"https://{hosts[0]}"}
        if not own.issuperset(headers.getlist("origin")):
            return PlainTextResponse("Pages of other sites are not answered.", 403)
        if not self._knows(headers.get("authorization", "")):
            challenge = {"WWW-Authenticate": 'Basic realm="nightlabel", charset="UTF-8"'}
            return PlainTextResponse("Sign in first.", 401, headers=challenge)
        return None

    def _knows(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        return secrets.compare_digest(given.strip().encode(), self._expected) and scheme.lower() == "basic"


def _guarded(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(GUARDS)
        await send(message)

    return answer
