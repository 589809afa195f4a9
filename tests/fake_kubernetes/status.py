"""Kubernetes's own kind of refusal: a Status object with a reason, and its HTTP status code."""

from typing import Any

from aiohttp import web

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    501: "NotImplemented",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class ApiError(Exception):
    """A request that is not done; the server answers it with a Status."""

    def __init__(self, code: int, message: str, *, reason: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or REASONS.get(code, "Unknown")
        self.details = details

    @property
    def body(self) -> dict[str, Any]:
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }

    def answer(self, headers: dict[str, str] | None = None) -> web.Response:
        return web.json_response(self.body, status=self.code, headers=headers)


def not_found(resource: str, name: str) -> ApiError:
    return ApiError(404, f'{resource} "{name}" not found', name=name, kind=resource)


def already_exists(resource: str, name: str) -> ApiError:
    return ApiError(
        409, f'{resource} "{name}" already exists', reason="AlreadyExists", name=name, kind=resource
    )


def conflict(resource: str, name: str, why: str) -> ApiError:
    text = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ApiError(409, text, name=name, kind=resource)


def forbidden(resource: str, name: str, why: str) -> ApiError:
    named = f' "{name}"' if name else ""
    return ApiError(403, f"{resource}{named} is forbidden: {why}", name=name, kind=resource)


def invalid(name: str, causes: list[str]) -> ApiError:
    """Refuse a pod; each cause is ``field: what is wrong``."""
    told = causes[0] if len(causes) == 1 else f"[{', '.join(causes)}]"
    return ApiError(422, f'Pod "{name}" is invalid: {told}', name=name, kind="Pod", causes=causes)
