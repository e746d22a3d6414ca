"""api/openapi.yaml and the route table say the same."""

import json

import jsonschema
import pytest

from harness import openapi
from harness.process import BUILD, run

BODIES = {"none": set(), "any": {"*/*"}, "json": {"application/json"},
    "form": {"application/x-www-form-urlencoded"},
    "pkcs10": {"application/pkcs10"},
    "ocsp": {"application/ocsp-request"},
    "allowlist": {"text/csv", "application/x-ndjson"}}
CALLERS = {"anyone": set(), "grantee": {"birthCertificate"},
    "enrollee": {"birthCertificate", "bootstrapToken", "evidenceHandle"},
    "device": {"deviceCertificate", "raCertificate"}, "visitor": set(),
    "session": {"ownerSession"}, "owner": {"ownerProof", "ownerSession"},
    "admin": {"adminToken"}}
ERRORS = {"problem": "application/problem+json", "oauth": "application/json",
    "est": "text/plain",
    "ocsp": "application/problem+json"}


@pytest.fixture(scope="module")
def routes():
    """What "latchkeyd routes" prints, by method and path."""
    table = json.loads(run(BUILD / "latchkeyd", "routes"))
    return {(r["method"], r["path"]): r for r in table}


@pytest.fixture(scope="module")
def contract():
    return {(m, p): o for m, p, o in openapi.operations()}


def test_every_route_is_in_the_contract_and_the_other_way_round(
        routes, contract):
    assert set(routes) == set(contract)


def test_callers_and_scopes_agree(routes, contract):
    for key, route in routes.items():
        schemes, scopes = set(), set()
        for alternative in contract[key]["security"]:
            schemes |= set(alternative) - {"enrollToken", "accessToken"}
            scopes |= {s for v in alternative.values() for s in v}
        assert schemes == CALLERS[route["who"]], key
        assert scopes == set(route["scopes"]), key


def test_request_types_agree(routes, contract):
    for key, route in routes.items():
        body = openapi.resolve(contract[key].get("requestBody", {}))
        assert set(body.get("content", {})) == BODIES[route["body"]], key


def test_error_formats_agree(routes, contract):
    for key, route in routes.items():
        answer = openapi.resolve(contract[key]["responses"]["default"])
        assert set(answer["content"]) == {ERRORS[route["errors"]]}, key


def test_path_parameters_are_declared(contract):
    for (_, path), _ in contract.items():
        declared = {openapi.resolve(p)["name"] for p in
            openapi.DOCUMENT["paths"][path].get("parameters", [])}
        assert declared == {s[1:-1] for s in path.split("/")
            if s.startswith("{")}, path


def test_every_component_is_used_and_every_reference_resolves():
    used = set()

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                used.add(node["$ref"])
                openapi.resolve(node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(openapi.DOCUMENT)
    there = {f"#/components/{kind}/{name}"
        for kind, items in openapi.DOCUMENT["components"].items()
        for name in items if kind != "securitySchemes"}
    assert used == there


def test_schemas_are_valid():
    for schema in openapi.DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
