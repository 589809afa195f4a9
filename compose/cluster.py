"""Bring the one-node cluster of the profile ``pods`` to where steps can run in its pods.

It lays out the namespace, accounts and rights that pods have everywhere, names by which they find the store
and MLflow of this place, their secrets, and a login for Airflow that may start pods and nothing else.
"""

import socket
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kubernetes import client, config, dynamic
from nightlabel.settings import environment
from servers import private

ADMIN = Path("/var/lib/k3s/kubeconfig.yaml")
LOGIN = Path("/var/lib/cluster/config")
SHIPPED = Path("/opt/house/k8s")
SERVER = "https://k3s:6443"
SPACE, LAUNCHER, SECRET = "nightlabel", "nightlabel-launcher", "nightlabel-steps"
PORTS = {"store": 8333, "mlflow": 5000}
"""What pods reach of this place, by the names that everything has here."""
SECONDS = 120

Object = dict[str, Any]


def main() -> None:
    """Prepare the cluster."""
    told = yaml.safe_load(ADMIN.read_text(encoding="utf-8"))
    told["clusters"][0]["cluster"]["server"] = SERVER
    cluster = dynamic.DynamicClient(config.new_client_from_config_dict(told))
    secrets = {**environment("AWS_"), **environment("MLFLOW_TRACKING_")}
    addresses = {name: socket.gethostbyname(name) for name in PORTS}
    for one in (*shipped(SHIPPED), *own(addresses, secrets)):
        kind = cluster.resources.get(api_version=one["apiVersion"], kind=one["kind"])
        cluster.server_side_apply(kind, body=one, field_manager="nightlabel", force_conflicts=True)
    private.write(LOGIN, yaml.safe_dump(login(_token(client.CoreV1Api(cluster.client)))))


def shipped(folder: Path) -> Iterator[Object]:
    """Give the objects that every cluster of pods has, the namespace first.

    Args:
        folder: The one of the ``kustomization.yaml``.
    """
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    for name in kustomization["resources"]:
        yield from yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))


def own(addresses: dict[str, str], secrets: dict[str, str]) -> Iterator[Object]:
    """Give the objects that this place adds.

    Args:
        addresses: IP address of each service that pods reach, by name.
        secrets: What the pods of steps get as variables.
    """
    for name, address in addresses.items():
        port = {"name": "http", "port": PORTS[name], "protocol": "TCP"}
        yield _object("v1", "Service", name, spec={"ports": [port]})
        yield _object(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            name,
            labels={"kubernetes.io/service-name": name},
            addressType="IPv4",
            endpoints=[{"addresses": [address]}],
            ports=[port],
        )
    ports = [{"port": port, "protocol": "TCP"} for port in PORTS.values()]
    to = [{"ipBlock": {"cidr": f"{address}/32"}} for address in addresses.values()]
    policy = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": to, "ports": ports}]}
    yield _object("networking.k8s.io/v1", "NetworkPolicy", "this-place", spec=policy)
    yield _object("v1", "Secret", SECRET, stringData=secrets)
    token = {"kubernetes.io/service-account.name": LAUNCHER}
    yield _object("v1", "Secret", LAUNCHER, annotations=token, type="kubernetes.io/service-account-token")


def login(account: dict[str, str]) -> Object:
    """Give the file by which Airflow signs in to the cluster.

    Args:
        account: ``token`` and ``ca.crt`` of its service account, in Base64.
    """
    certificate, token = account["ca.crt"], b64decode(account["token"]).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "k3s", "cluster": {"server": SERVER, "certificate-authority-data": certificate}}
        ],
        "users": [{"name": LAUNCHER, "user": {"token": token}}],
        "contexts": [{"name": "k3s", "context": {"cluster": "k3s", "user": LAUNCHER, "namespace": SPACE}}],
        "current-context": "k3s",
    }


def _token(core: client.CoreV1Api) -> dict[str, str]:
    """Wait until the cluster has made the token of Airflow's account."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found: dict[str, str] = core.read_namespaced_secret(LAUNCHER, SPACE).data or {}
        if "token" in found:
            return found
        time.sleep(1)
    sys.exit(f"nightlabel: the cluster made no token within {SECONDS} s; make logs SERVICE=k3s")


def _object(
    version: str,
    kind: str,
    name: str,
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **more: Any,
) -> Object:
    marks = {"labels": labels or {}, "annotations": annotations or {}}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": SPACE, **marks},
        **more,
    }


if __name__ == "__main__":
    main()
