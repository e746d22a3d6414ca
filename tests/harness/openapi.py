"""api/openapi.yaml as a judge: every answer the tests see must be one that
the contract promises."""

import re

import jsonschema
import yaml

from .process import REPO

DOCUMENT = yaml.safe_load((REPO / "api/openapi.yaml").read_text())
METHODS = ("get", "put", "post", "delete")


def operations():
    """(METHOD, path, operation) of every operation."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def resolve(node):
    """Follows $ref within the document."""
    while isinstance(node, dict) and "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _pattern(path):
    return re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)) + "$")


_ROUTES = sorted(((m, _pattern(p), p, o) for m, p, o in operations()),
    key=lambda row: row[2].count("{"))


def find(method, path):
    """The operation a request belongs to, or None."""
    method = "GET" if method == "HEAD" else method
    for m, pattern, _, operation in _ROUTES:
        if m == method and pattern.match(path):
            return operation
    return None


def schema_errors(schema, value):
    """Why a value does not fit a schema of the document."""
    whole = {"$ref": "#/schema", "schema": schema,
        "components": DOCUMENT["components"]}
    validator = jsonschema.Draft202012Validator(whole,
        format_checker=jsonschema.FormatChecker())
    return [f"{'/'.join(map(str, e.path))}: {e.message}"
        for e in validator.iter_errors(value)]


class Foreign(AssertionError):
    """An answer that is none of the service's."""


def check(response):
    """Fails unless the answer is one the contract has for its request.  A
    path or method the contract does not know may only get a refusal."""
    request = response.request
    path = re.sub(r"^/([^/]+)/\.well-known/est/", r"/.well-known/est/\1/",
        request.path_url.split("?")[0])
    where = f"{request.method} {path}: {response.status_code}"
    if not response.headers.get("X-Request-Id"):
        raise Foreign(f"{where}: no X-Request-Id")
    operation = find(request.method, path)
    if request.method == "OPTIONS" and response.ok:  # info.description
        assert response.status_code == 204, where
        assert "Access-Control-Allow-Methods" in response.headers, where
        return response
    if operation is None:
        assert response.status_code >= 400, f"{where}: not in the contract"
        return response
    answers = operation["responses"]
    answer = resolve(answers.get(str(response.status_code))
        or answers.get(f"{response.status_code // 100}XX")
        or answers.get("default") or {})
    assert answer, f"{where}: status not in the contract"
    for name, header in answer.get("headers", {}).items():
        if resolve(header).get("required"):
            assert name in response.headers, f"{where}: no {name}"
    followed = response.headers.get("Latchkey-Followed")
    if followed is not None:
        promised = resolve(answer["headers"].get("Latchkey-Followed"))
        assert followed in promised["schema"]["enum"], f"{where}: {followed}"
    if request.method == "HEAD" or "content" not in answer:
        assert not response.content, f"{where}: unexpected body"
        return response
    kind = response.headers.get("Content-Type", "").split(";")[0].strip()
    assert kind in answer["content"], f"{where}: Content-Type {kind!r}"
    schema = answer["content"][kind].get("schema")
    if schema and kind.endswith("json"):
        errors = schema_errors(schema, response.json())
        assert not errors, f"{where}: {errors}\n{response.text}"
    return response
