"""The judge of requests judges as AWS says that it does, and sees a policy that lacks a rule."""

import pytest

from tests.terraform.equipment.planned import bucket, role
from tests.terraform.iam import ALLOWED, DENIED, REFUSED, Request, decide

LAKE = "arn:aws:s3:::nightlabel-prod-123456789012-lake"
OBJECT = f"{LAKE}/lake/tiny/nights/2026-01-31/night/receipts/a.json"
TLS = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}
WHOLE = {**TLS, "s3:objectcreationoperation": "true"}


def asks(who="publisher", action="s3:PutObject", resource=OBJECT, **context):
    return Request(action, resource, f"arn:aws:iam::123456789012:role/nightlabel-prod-{who}", context)


def test_a_deny_goes_before_any_allow_and_nothing_is_allowed_by_itself():
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "NotResource": f"{LAKE}/other/*"}

    assert decide(asks(), [allow], []) == ALLOWED
    assert decide(asks(), [allow], [deny]) == DENIED
    assert decide(asks(resource=f"{LAKE}/other/x"), [allow], [deny]) == ALLOWED
    assert decide(asks(), [], []) == REFUSED


def test_what_the_judge_does_not_know_is_an_error_and_no_yes():
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    with pytest.raises(KeyError, match="IpAddress"):
        decide(asks(), [allow | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}], [])
    with pytest.raises(AssertionError, match="NotAction"):
        decide(asks(), [allow | {"NotAction": "s3:GetObject"}], [])


@pytest.mark.parametrize(
    ("context", "decision"),
    [
        ({**WHOLE, "s3:if-none-match": "*"}, ALLOWED),
        (WHOLE, DENIED),
        ({**WHOLE, "s3:if-match": "etag"}, DENIED),
        ({**TLS, "s3:objectcreationoperation": "false"}, ALLOWED),
        ({**WHOLE, "s3:if-none-match": "*", "aws:securetransport": "false"}, DENIED),
        ({**WHOLE, "s3:if-none-match": "*", "s3:tlsversion": "1.1"}, DENIED),
    ],
    ids=["create", "write over", "exchange", "a part of an upload", "plain HTTP", "old TLS"],
)
def test_a_receipt_is_created_by_tls_and_never_written_over(prod, context, decision):
    assert decide(asks(**context), role(prod, "publisher"), bucket(prod, "lake")) == decision


@pytest.mark.parametrize(
    ("rule", "request_"),
    [
        ("CreateOnce", asks(**WHOLE)),
        ("TlsOnly", asks(**{**WHOLE, "s3:if-none-match": "*", "aws:securetransport": "false"})),
        ("NoOldTls", asks(**{**WHOLE, "s3:if-none-match": "*", "s3:tlsversion": "1.0"})),
    ],
)
def test_a_bucket_without_one_of_its_rules_lets_through_what_the_rule_refuses(prod, rule, request_):
    whole, own = bucket(prod, "lake"), role(prod, "publisher")
    without = [statement for statement in whole if statement["Sid"] != rule]

    assert len(without) == len(whole) - 1
    assert decide(request_, own, whole) == DENIED
    assert decide(request_, own, without) == ALLOWED


def test_even_a_role_that_may_do_everything_deletes_nothing_but_by_being_the_cleaner(prod):
    everything = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
    data = f"{LAKE}/lake/tiny/labels/date=2026-01-31/outcome=labelled/a.parquet"
    for who, action, decision in (
        ("admin", "s3:DeleteObject", DENIED),
        ("cleaner", "s3:DeleteObject", ALLOWED),
        ("cleaner", "s3:DeleteObjectVersion", DENIED),
    ):
        assert decide(asks(who, action, data, **TLS), everything, bucket(prod, "lake")) == decision
