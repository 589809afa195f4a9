"""MLflow's sign-in by HTTP Basic, and a no to pages of other loopback ports, which MLflow alone lets in."""

from flask import Response, request
from mlflow.server.auth import authenticate_request_basic_auth
from werkzeug.datastructures import Authorization

from nightlabel.settings import environment

ORIGINS = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"


def authenticate() -> Authorization | Response:
    """Tell who sends the request that is being answered, or what to answer instead.

    MLflow calls this for every route but its public ones.
    """
    own = {f"http://{request.host}", f"https://{request.host}"}
    others = {origin.strip() for origin in environment(ORIGINS).get(ORIGINS, "").split(",")}
    if not (own | others).issuperset(request.headers.getlist("Origin")):
        return Response("Pages of other sites are not answered.", 403)
    found: Authorization | Response = authenticate_request_basic_auth()
    return found
