"""Operators: what a token opens, where, and to whom (SECURITY.md H4)."""

import json
import socket
import ssl
import types

import pytest

from harness.http import Client, expect
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
    said = stack.cli("token", "add", "prometheus", "--scopes", "metrics",
        "--out", secret)
    token = secret.read_text().strip()
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
