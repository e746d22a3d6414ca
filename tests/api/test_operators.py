"""Operators: what a token opens, where, and to whom (SECURITY.md H4)."""

import json
import os
import shutil
import socket
import ssl
import types

import pytest

from conftest import ALL_SCOPES
from harness.http import Client, expect
from harness.players import Operator
from harness.process import BUILD, free_port, run


@pytest.fixture
def apart(make_stack):
    """A stack whose operators have a listener of their own, and that."""
    port = free_port()
    stack = make_stack(operator_listen="127.0.0.1", operator_port=port)
    return stack, types.SimpleNamespace(url=f"https://localhost:{port}",
        dir=stack.dir, material=stack.material, port=port)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_operators_routes_are_at_their_own_listener_alone(apart, database):
    public, operators = (Client(side) for side in apart)
    whole = json.loads(run(BUILD / "latchkeyd", "routes"))
    for route in whole:
        theirs = route["who"] == "admin"
        both = route["path"] in ("/healthz", "/readyz")
        if route["path"].startswith("/assets/"):  # there is no such file
            continue
        for client, served in (public, not theirs or both), (
                operators, theirs or both):
            answer = client.session.request(route["method"], client.stack.url
                + route["path"].replace("{", "").replace("}", ""),
                timeout=300)
            nothing = "There is nothing at this path" in answer.text
            assert nothing != served, (client.stack.url, route, answer.text)
    headers = bearer(database.admin_token)
    expect(operators.get("/v1/admin/models", headers=headers), 200)
    expect(public.get("/v1/admin/models", headers=headers), 404)
    expect(public.get("/metrics", headers=headers), 404)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name)
def test_a_ticket_of_one_listener_is_not_resumed_at_the_other(apart, version):
    public, operators = apart
    context = ssl.create_default_context(cafile=public.material.ca)
    context.minimum_version = context.maximum_version = version

    def session_at(side, session=None):
        with context.wrap_socket(socket.create_connection(
                ("localhost", side.port)), server_hostname="localhost",
                session=session) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
            return sock.session, sock.session_reused

    first, reused = session_at(public)
    assert not reused
    assert session_at(public, first)[1]
    assert not session_at(operators, first)[1]


def test_a_scrapers_token_reads_metrics_and_nothing_else(stack, database,
        workdir):
    secret = workdir / "prometheus.token"
    order = ["token", "add", "prometheus", "--scopes", "metrics", "--once",
        "--out", secret]
    said = stack.cli(*order)
    token = secret.read_text().strip()
    listed = stack.cli("token", "list")
    assert "nothing to do" in stack.cli(*order)
    assert secret.read_text().strip() == token
    assert stack.cli("token", "list") == listed
    assert token.split("_")[1] in said and token not in said
    assert secret.stat().st_mode & 0o777 == 0o600
    client = Client(stack)
    expect(client.get("/metrics", headers=bearer(token)), 200)
    for route in json.loads(run(BUILD / "latchkeyd", "routes")):
        if route["who"] == "admin" and route["method"] == "GET" and (
                route["path"] != "/metrics"):
            expect(client.get(route["path"].replace("{", "").replace("}", ""),
                headers=bearer(token)), 403)


def test_command_goes_to_the_operators_listener(apart, database):
    public, operators = apart
    public.cli("model", "list", token=database.admin_token,
        env={"LATCHKEY_OPERATOR_URL": operators.url})


# ------------------------------------------------------------- certificates

@pytest.fixture
def anna(make_stack, workdir):
    """A service as it is by default, and what one operator has there: files
    for TLS, and the token that is bound to them."""
    stack = make_stack(unbound_tokens="no")
    return stack, bound(stack, workdir, "anna")


def bound(stack, workdir, name, scopes=ALL_SCOPES):
    """Makes an operator: what "latchkey" needs of them."""
    stack.cli("operator", "cert", name, "--dir", workdir)
    made = stack.cli("token", "add", name, "--scopes", ",".join(scopes),
        "--cert", workdir / f"{name}.crt").split()[0]
    return {"LATCHKEY_ADMIN_TOKEN": made,
        "LATCHKEY_CERT": str(workdir / f"{name}.crt"),
        "LATCHKEY_KEY": str(workdir / f"{name}.key")}


def acting(stack, person):
    """The operator by HTTP."""
    operator = Operator(stack, person["LATCHKEY_ADMIN_TOKEN"])
    operator.http.session.cert = (person["LATCHKEY_CERT"],
        person["LATCHKEY_KEY"])
    return operator


def test_a_stolen_token_is_nothing_without_its_certificate(anna, workdir,
        enrolled):
    stack, person = anna
    stack.cli("model", "list", env=person)
    thief = Client(stack)
    stolen = bearer(person["LATCHKEY_ADMIN_TOKEN"])

    def refused(answer):
        body = expect(answer, 401).json()
        assert body["type"] == "urn:latchkey:error:token-binding"
        assert "detail" not in body

    refused(thief.get("/v1/admin/models", headers=stolen))
    # Nor with another operator's, nor one of the same name, nor a device's.
    other = workdir / "other"
    stack.cli("operator", "cert", "anna", "--dir", other)
    for cert in (other / "anna.crt", other / "anna.key"), enrolled.files():
        thief = Client(stack)
        thief.session.cert = tuple(map(str, cert))
        refused(thief.get("/v1/admin/models", headers=stolen))
    told = [e for e in acting(stack, person).events()
        if e["kind"] == "operator.refused"]
    assert len(told) == 3
    assert {e["admin_token_id"] for e in told} == {
        person["LATCHKEY_ADMIN_TOKEN"].split("_")[1]}


def test_a_certificate_alone_is_no_operator(anna):
    stack, person = anna
    client = Client(stack)
    client.session.cert = (person["LATCHKEY_CERT"], person["LATCHKEY_KEY"])
    expect(client.get("/v1/admin/models"), 401)


def test_unbound_tokens_are_for_development_and_scrapers(anna, database):
    stack, _ = anna
    client = Client(stack)
    expect(client.get("/v1/admin/models",
        headers=bearer(database.admin_token)), 401)
    token = stack.material.token(database, ["metrics"])
    expect(client.get("/metrics", headers=bearer(token)), 200)
    token = stack.material.token(database, ["metrics", "read"])
    expect(client.get("/metrics", headers=bearer(token)), 401)


def test_a_token_ends_within_a_year_and_before_its_certificate(anna, workdir,
        database):
    stack, _ = anna
    stack.cli("operator", "cert", "short", "--dir", workdir, "--expires",
        "1d")
    for options in ("--expires", "366d"), ("--cert", workdir / "short.crt"), (
            "--cert", workdir / "short.key"):
        with pytest.raises(AssertionError, match="exited with [12]"):
            stack.cli("token", "add", "short", "--scopes", "read", *options)
    stack.cli("token", "add", "short", "--scopes", "read", "--cert",
        workdir / "short.crt", "--expires", "1h")
    with pytest.raises(Exception, match="violates check constraint"):
        database.query("UPDATE admin_token SET expires_at = now() + "
            "interval '10 years'")


def test_h4_secrets_that_others_may_read_are_not_used(anna, make_stack,
        material, workdir):
    key = workdir / "server.key"
    shutil.copy(material.pki / "server.key", key)
    stack = make_stack(tls_key=key)
    for secret in key, stack.dir / "db.conninfo":
        stack.stop()
        secret.chmod(0o640)
        with pytest.raises(AssertionError):
            stack.start()
        assert f"{secret}: others may read or write this" in stack.log()
        stack.process = None
        secret.chmod(0o600)
        stack.start()
    # What came later in its place is not taken, and the first one serves on.
    key.chmod(0o644)
    stack.process.wait_log(r"event=tls\.reload_failed .*others may read")
    expect(Client(stack).get("/healthz"), 200)
    stack, person = anna
    with open(person["LATCHKEY_KEY"], "rb") as held:
        os.fchmod(held.fileno(), 0o644)
    with pytest.raises(AssertionError, match="others may read"):
        stack.cli("model", "list", env=person)


# ------------------------------------------------------------------ scopes

OPENS = {"metrics": {"metrics"}, "read": {"read"},
    "registry": {"read", "registry", "import"}, "revoke": {"read", "revoke"},
    "lift": {"read", "lift"}, "keys": {"read", "keys"},
    "tokens": {"read", "tokens"}, "manufacturer:acme": {"import"}}
TYPES = {"json": "application/json", "allowlist": "text/csv"}


def test_each_route_asks_for_its_scope(stack, database):
    """What a scope does not open answers 403, and it opens what it says."""
    routes = [r for r in json.loads(run(BUILD / "latchkeyd", "routes"))
        if r["who"] == "admin"]
    assert len(routes) > 50 and all(r["scopes"] for r in routes)
    for scope, opened in OPENS.items():
        operator = Operator(stack, stack.material.token(database, [scope]))
        for route in routes:
            has_body = route["body"] != "none"
            answer = operator.http.session.request(route["method"], stack.url
                + route["path"].replace("{", "").replace("}", ""),
                data=b"{}" if has_body else None, timeout=300, headers={
                    **bearer(operator.token), "Content-Type":
                    TYPES.get(route["body"], "text/plain")})
            refused = answer.status_code == 403 and (
                "urn:latchkey:error:scope" in answer.text)
            assert refused != bool(opened & set(route["scopes"])), (
                scope, route, answer.text)
            assert answer.status_code not in (401, 413, 415), answer.text
