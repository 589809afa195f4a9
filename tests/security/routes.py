"""Print all routes of MLflow's server with its sign-in, as JSON: ``python tests/security/routes.py``."""

import json
import sys

from mlflow.server import app
from mlflow.server.auth import create_app

server = create_app()
rules = [(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods]
routes = [(method, route.path) for route in server.routes for method in getattr(route, "methods", None) or ()]
sys.stdout.write(json.dumps([*rules, *routes]))
