"""Manifests that drift (the good samples, each with one thing spoiled), and the rule that must see it."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One spoiled sample.

    Attributes:
        name: What was done.
        sample: The good file.
        right: What stands in it.
        wrong: What stands there now.
        rule: ``gate rule`` that must refuse it, whatever the others say.
    """

    name: str
    sample: str
    right: str
    wrong: str
    rule: str


SUBJECT = '"${local.github}:sub" = "repo:owner/nightlabel:environment:prod"'
AUDIENCE = '"${local.github}:aud" = "sts.amazonaws.com"'
EXACT = f"StringEquals = {{\n        {AUDIENCE}\n        {SUBJECT}"
LIKE = EXACT.replace("Equals", "Like")
POD = """test     = "StringEquals"
      variable = "oidc.eks:sub"
      values   = ["system:serviceaccount:nightlabel:nightlabel-labeller"]"""
TEMPLATE = """launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }"""
DIGEST = "@sha256:" + "5eed" * 16
BASE = "python:3.11-slim-bookworm" + DIGEST
ACTION = "@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
ACCOUNT = "automountServiceAccountToken: false\n---"
READ = "    permissions:\n      contents: read"
DOCUMENT = "data.aws_iam_policy_document"

CLOUD = {
    "open-ingress": [
        ("world-at-5432", '["10.0.0.0/16"]', '["0.0.0.0/0"]'),
        ("half-the-world", '["10.0.0.0/16"]', '["0.0.0.0/1", "128.0.0.0/1"]'),
        ("world-by-ipv6", 'cidr_blocks = ["10.0.0.0/16"]', 'ipv6_cidr_blocks = ["::/0"]'),
        ("world-by-a-variable", 'default = ["10.0.0.0/8"]', 'default = ["0.0.0.0/0"]'),
        ("world-by-a-loop", 'toset(["10.1.0.0/16"])', 'toset(["0.0.0.0/0"])'),
        ("world-by-a-rule", "cidr_ipv4         = each.value", 'cidr_ipv4 = "0.0.0.0/0"'),
        ("public-load-balancer", "internal = true", "internal = false"),
        ("public-cluster", "endpoint_public_access = false", "endpoint_public_access = true"),
        ("cluster-by-default", "endpoint_public_access = false", "subnet_ids = []"),
    ],
    "plain-http-bucket": [
        ("http-allowed", 'effect    = "Deny"', 'effect    = "Allow"'),
        ("http-of-https", 'values   = ["false"]', 'values   = ["true"]'),
        ("http-for-some", 'identifiers = ["*"]', 'identifiers = ["arn:aws:iam::1:root"]'),
        ("http-to-read", 'actions   = ["s3:*"]', 'actions   = ["s3:PutObject"]'),
        ("http-for-objects", ', "${aws_s3_bucket.lake.arn}/*"]', "]"),
        ("http-of-another", f"{DOCUMENT}.tls.json", f"{DOCUMENT}.pod.json"),
        ("http-without-a-policy", "bucket = aws_s3_bucket.lake.id", "bucket = aws_s3_bucket.logs.id"),
        ("http-in-a-local", '"aws:SecureTransport" = "false"', '"aws:SecureTransport" = "true"'),
        ("http-allowed-in-a-local", 'Effect    = "Deny"', 'Effect    = "Allow"'),
    ],
    "wildcard-subject": [
        ("any-branch", EXACT, LIKE.replace("environment:prod", "*")),
        ("any-subject-of-a-list", EXACT, LIKE.replace("owner/nightlabel:", "${var.x}:")),
        ("no-subject", SUBJECT, ""),
        ("no-audience", AUDIENCE, ""),
        ("not-one-subject", "StringEquals = {", "StringNotEquals = {"),
        ("any-pod", POD, POD.replace("Equals", "Like").replace("nightlabel:nightlabel-labeller", "*")),
    ],
    "first-metadata-service": [
        ("imdsv1", 'http_tokens   = "required"', 'http_tokens   = "optional"'),
        ("imdsv1-by-default", 'http_tokens   = "required"', ""),
        ("imdsv1-of-eks", TEMPLATE, ""),
    ],
    "public-database": [
        ("public-database", "publicly_accessible = false", "publicly_accessible = true"),
        ("database-by-a-variable", "publicly_accessible = false", "publicly_accessible = var.open"),
    ],
    "moving-image": [
        ("moving-tag", '"IMMUTABLE"', '"MUTABLE"'),
        ("moving-tag-by-default", 'image_tag_mutability = "IMMUTABLE"', ""),
        ("latest", "image      = var.image", 'image = "registry/mlflow:latest"'),
        ("tagged-by-a-variable", "registry/mlflow@sha256:5eed", "registry/mlflow:v3-5eed"),
    ],
    "privileged-container": [
        ("privileged-container", "privileged = false", "privileged = true"),
    ],
}

MANIFESTS = {
    "restricted-pod": [
        ("privileged", "readOnlyRootFilesystem: true", "privileged: true"),
        ("root", "runAsUser: 10001", "runAsUser: 0"),
        ("any-user", "runAsNonRoot: true", "runAsGroup: 0"),
        ("escalation", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        ("capability", "{drop: [ALL]}", "{drop: [ALL], add: [SYS_ADMIN]}"),
        ("unconfined", "{type: RuntimeDefault}", "{type: Unconfined}"),
        ("host-network", "restartPolicy: Never", "hostNetwork: true"),
        ("host-path", "restartPolicy: Never", "volumes: [{name: a, hostPath: {path: /}}]"),
    ],
    "moving-image": [
        ("latest", DIGEST, ":latest"),
        ("tagged", DIGEST, ":v1.0.0"),
        ("untagged", DIGEST, ""),
    ],
    "open-ingress": [
        ("policy-for-all", "- from:\n        - ipBlock: {cidr: 10.0.0.0/16}", "- ports: [{port: 22}]"),
        ("policy-for-the-world", "10.0.0.0/16", "0.0.0.0/0"),
        ("policy-of-the-way-out", "policyTypes: [Ingress]", "policyTypes: [Egress]"),
        ("load-balancer", "type: ClusterIP", "type: LoadBalancer"),
        ("node-port", "type: ClusterIP", "type: NodePort"),
    ],
    "open-namespace": [
        ("baseline", "enforce: restricted", "enforce: baseline"),
    ],
    "token-of-the-cluster": [
        ("token", ACCOUNT, ACCOUNT.replace("false", "true")),
    ],
    "wide-right": [
        ("all-verbs", "verbs: [create, get]", 'verbs: ["*"]'),
        ("all-namespaces", "kind: Role", "kind: ClusterRole"),
        ("reads-secrets", "resources: [pods]", "resources: [secrets]"),
    ],
}

COMPOSE = {
    "moving-image": [
        ("latest", "store:4.48", "store:latest"),
        ("untagged", "store:4.48", "store"),
        ("tag-of-a-port", "registry.example/store:4.48", "registry.example:5000/store"),
    ],
    "open-port": [
        ("all-addresses", "${BIND:-127.0.0.1}:", "${BIND:-0.0.0.0}:"),
        ("no-address", "${BIND:-127.0.0.1}:", ""),
        ("no-default", "${BIND:-127.0.0.1}:", "${BIND}:"),
        ("network-of-the-host", "privileged: false", "network_mode: host"),
    ],
    "rights-over-the-host": [
        ("privileged", "privileged: false", "privileged: true"),
        ("capability", "privileged: false", "cap_add: [SYS_ADMIN]"),
        ("engine", "data:/data", "/var/run/docker.sock:/var/run/docker.sock"),
    ],
}

DOCKERFILES = {
    "DL3007": [
        ("latest", BASE, "python:latest"),
    ],
    "DL3006": [
        ("untagged", BASE, "python"),
    ],
    "DL3013": [
        ("unpinned", "--require-hashes --requirement requirements.txt", "numpy"),
    ],
    "DL3002": [
        ("root", "USER 10001:10001", "USER root"),
        ("not-heard", "USER 10001:10001", "# hadolint ignore=DL3002\nUSER root"),
    ],
}

WORKFLOWS = {
    "dangerous-triggers": [
        ("stranger-writes", "  pull_request:", "  pull_request_target:"),
    ],
    "unpinned-uses": [
        ("moving-action", ACTION, "@v5"),
    ],
    "template-injection": [
        ("injection", '"$TITLE"', '"${{ github.event.pull_request.title }}"'),
    ],
    "excessive-permissions": [
        ("all-rights", READ, "    permissions: write-all"),
    ],
    "artipacked": [
        ("token-on-disk", "persist-credentials: false", "fetch-depth: 0"),
    ],
    "unpinned-images": [
        ("moving-image", READ, "    container: python:latest\n" + READ),
    ],
    "switched-off": [
        ("not-heard", "name: check\non", "# zizmor: ignore[unpinned-uses]\nname: check\non"),
    ],
}

MUTANTS = [
    Mutant(f"{sample.split('.')[1].lower()}-{name}", sample, right, wrong, f"{gate} {rule}")
    for sample, gate, rules in (
        ("good.tf", "cloud", CLOUD),
        ("good.yaml", "manifests", MANIFESTS),
        ("good.compose.yaml", "compose", COMPOSE),
        ("good.Dockerfile", "hadolint", DOCKERFILES),
        ("good.yml", "zizmor", WORKFLOWS),
    )
    for rule, spoiled in rules.items()
    for name, right, wrong in spoiled
]
