"""The pages as an application of Airflow's API server: signed in by Airflow, read only, without scripts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from nightlabel_airflow.web import content, looks, people
from nightlabel_airflow.web.people import Permitted, Visible

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_STRANGERS = {status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN}  # without a token, or with an old one
Last = Annotated[str, Query(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
Days = Annotated[int, Query(ge=1, le=60)]


def make() -> FastAPI:
    """Make the application; every address of it but the style sheet asks who comes."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.get("/style.css")(style)
    app.middleware("http")(_with_headers)
    app.exception_handler(AnyHTTPException)(_explain)
    app.exception_handler(RequestValidationError)(_refuse)
    pages: dict[str, Callable[..., Any]] = {
        "/nights": nights_of_first,
        "/nights/{usecase}": nights,
        "/nights/{usecase}/{date}": night,
        "/models": models_of_first,
        "/models/{usecase}": models,
    }
    for path, page in pages.items():
        app.get(path, response_model=None, dependencies=[Depends(get_user)])(page)
    return app


def style() -> Response:
    """Give the style sheet."""
    return Response((looks.HERE / "style.css").read_text(encoding="utf-8"), media_type="text/css")


def nights_of_first(request: Request, seen: Visible) -> Response:
    """Lead to the nights of the first use case."""
    return _first(request, seen, "nights")


def models_of_first(request: Request, seen: Visible) -> Response:
    """Lead to the models of the first use case."""
    return _first(request, seen, "models")


def nights(request: Request, usecase: Permitted, seen: Visible, last: Last = "", days: Days = 60) -> Response:
    """Show the calendar of nights."""
    return _page(request, "nights", usecase, seen, content.nights(usecase, last, days))


def night(request: Request, usecase: Permitted, seen: Visible, date: str) -> Response:
    """Show one night."""
    return _page(request, "night", usecase, seen, content.night(usecase, date[:20], _root(request)))


def models(request: Request, usecase: Permitted, seen: Visible) -> Response:
    """Show champion, challenger and the history of promotions."""
    return _page(request, "models", usecase, seen, content.models(usecase))


def _first(request: Request, seen: list[str], kind: str) -> Response:
    if not seen:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "there is no use case that you may see")
    return RedirectResponse(f"{request.scope['root_path']}/{kind}/{seen[0]}")


def _page(
    request: Request, template: str, usecase: str, seen: list[str], told: Mapping[str, Any]
) -> HTMLResponse:
    framed = request.headers.get("sec-fetch-dest") == "iframe"
    here = {"base": request.scope["root_path"], "framed": framed, "usecase": usecase, "seen": seen}
    return _html(template, {**here, **told})


def _html(template: str, told: Mapping[str, Any], code: int = status.HTTP_200_OK) -> HTMLResponse:
    return HTMLResponse(looks.templates().get_template(f"{template}.html.j2").render(told), code)


def _root(request: Request) -> str:
    """Give the path of Airflow's UI, which stands above ours."""
    return str(request.scope["root_path"]).rpartition("/")[0]


async def _with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.update(HEADERS)
    return response


async def _explain(request: Request, error: Exception) -> HTMLResponse:
    code = error.status_code if isinstance(error, AnyHTTPException) else status.HTTP_500_INTERNAL_SERVER_ERROR
    sentence = str(getattr(error, "detail", error))
    login = people.sign_in(request.url.path) if code in _STRANGERS else ""
    told = {"base": request.scope["root_path"], "sentence": sentence, "login": login}
    return _html("error", told, code)


async def _refuse(request: Request, error: Exception) -> HTMLResponse:
    del error
    told = {"base": request.scope["root_path"], "sentence": "this address is not allowed", "login": ""}
    return _html("error", told, status.HTTP_422_UNPROCESSABLE_CONTENT)
