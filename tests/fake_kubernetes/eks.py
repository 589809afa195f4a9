"""What EKS adds to Kubernetes: whose a token is that AWS's tools have signed, and where a cluster is.

A token is an address of STS that is signed and says the cluster.
Source: https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PREFIX = "k8s-aws-v1."
HEADER = "x-k8s-aws-id"


@dataclass(frozen=True)
class Eks:
    """Trusts the tokens of one AWS key.

    Attributes:
        cluster: Name of the cluster, which is signed too.
        key: Its access key id.
        user: Whom it is.
        seconds: How long a token is good; EKS says 14 minutes.
    """

    cluster: str
    key: str
    user: str
    seconds: float = 14 * 60

    def holds(self, token: str) -> bool:
        """Tell whether a token is of this key, for this cluster, and not too old."""
        if not token.startswith(PREFIX):
            return False
        coded = token.removeprefix(PREFIX)
        address = urlsplit(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode())
        told = {name: values[0] for name, values in parse_qs(address.query).items()}
        signed = datetime.strptime(told["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return (
            address.hostname == f"sts.{told['X-Amz-Credential'].split('/')[2]}.amazonaws.com"
            and told["Action"] == "GetCallerIdentity"
            and told["X-Amz-Credential"].startswith(f"{self.key}/")
            and HEADER in told["X-Amz-SignedHeaders"].split(";")
            and (datetime.now(UTC) - signed).total_seconds() <= self.seconds
        )


@contextmanager
def describing(cluster: str, url: str) -> Iterator[str]:
    """Serve EKS's own API as far as it says where one cluster is; gives its address."""
    body = {"cluster": {"name": cluster, "endpoint": url, "certificateAuthority": {"data": ""}}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == f"/clusters/{cluster}"
            said = json.dumps(
                body if found else {"message": f"No cluster found for name: {self.path}."}
            ).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
