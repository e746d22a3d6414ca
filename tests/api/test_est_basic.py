"""HTTP Basic and the making of bootstrap tokens, seen from outside (est.md 41
and 42; SECURITY.md A10 to A12): connections, addresses, whose tokens they
are, scopes, and the command line.  test_est_bootstrap.py has A12's rules."""

import base64
import csv
import io
import json
import os
import re

import pytest
from cryptography.x509 import oid

from harness.crypto import certs_of_cms, csr_der, new_key
from harness.http import Client, expect
from harness.players import Device, Maker, Operator
from harness.raw import Raw

PATH = "/.well-known/est/plant/simpleenroll"


def basic(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def request(key, user, password):
    """A whole simpleenroll as bytes, for connections of our own."""
    body = base64.b64encode(csr_der(key)).decode()
    return (f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/pkcs10\r\n"
        f"Authorization: Basic {basic(user, password)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}")


@pytest.fixture
def plant(operator, maker):
    """Labels of the maker's model, which take a token in place of a birth
    certificate and of the owner."""
    expect(operator.call("PUT", "/labels/plant", json={
        "authentication": ["bootstrap"], "bootstrap_replaces_owner": True}),
        201)
    model = {"manufacturer": maker.id, "name": "Lamp",
        "client_id": maker.client_id, "profile": "plant"}
    expect(operator.call("PUT", f"/models/{maker.model}", json=model), 200)
    return model


@pytest.fixture
def token(operator, maker, device, plant):
    return make(operator, maker, device.serial).json()["tokens"][0]


def make(operator, maker, serial, status=201):
    return expect(operator.call("POST", "/bootstrap-tokens", json={
        "manufacturer": maker.id, "label": "plant", "serials": [serial]}),
        status)


def enroll(stack, token, key):
    return Client(stack).post(PATH, data=base64.b64encode(csr_der(key)),
        headers={"Content-Type": "application/pkcs10"},
        auth=(token["id"], token["password"]))


# ---- 41, 42


def test_wrong_password_leaves_the_connection_open(stack, device, token):
    with Raw(stack) as connection:
        for user, password in ((token["id"], "wrong"), ("nobody", "wrong"),
                ("", token["password"]), ("grün", "größe")):
            connection.send(request(device.key, user, password))
            status, headers, body = connection.read_answer()
            assert status == 401 and "Basic" in headers["www-authenticate"]
            assert token["password"].encode() not in body
        connection.send(request(device.key, token["id"], token["password"]))
        assert connection.read_answer()[0] == 200


@pytest.mark.settings(guesses_address=3)
def test_a10_spent_tries_of_one_address_lock_nobody_else_out(stack, device,
        token):
    for status in (401, 401, 401, 429):
        with Raw(stack) as connection:
            connection.send(request(device.key, token["id"], "wrong"))
            assert connection.read_answer()[0] == status
    with Raw(stack, source="127.0.0.9") as connection:
        connection.send(request(device.key, token["id"], "wrong"))
        assert connection.read_answer()[0] == 401
        connection.send(request(device.key, token["id"], token["password"]))
        assert connection.read_answer()[0] == 200


def test_password_is_in_no_row_and_no_log(stack, database, device, token):
    with Raw(stack) as connection:
        for password in ("a-wrong-password", token["password"]):
            connection.send(request(device.key, token["id"], password))
            connection.read_answer()
    tables = [name for name, in database.query("SELECT format('%I.%I', "
        "schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN "
        "('pg_catalog', 'information_schema')")]
    rows = "".join(str(database.query(f"SELECT t::text FROM {table} t"))
        for table in tables)
    for secret in (token["password"], "a-wrong-password",
            basic(token["id"], token["password"])):
        assert secret not in rows
        assert secret not in stack.log()
    assert token["id"] in rows


# ---- 45: a certificate beside the token


def beside(stack, token, key, client):
    return client.post(PATH, data=base64.b64encode(csr_der(key)),
        headers={"Content-Type": "application/pkcs10"},
        auth=(token["id"], token["password"]))


def test_untrusted_certificate_beside_a_good_token_is_403_and_closed(stack,
        database, device, token):
    stranger = Device(stack, Maker("nobody"))
    for password in (token["password"], "wrong"):
        answer = expect(beside(stack, {**token, "password": password},
            device.key, stranger.birth), 403)
        assert answer.headers["Connection"] == "close"
    assert database.value("SELECT count(*) FROM certificate") == 0
    expect(enroll(stack, token, device.key), 200)


def test_operational_certificate_beside_a_token_is_403(stack, operator, maker,
        device, token):
    device._received(expect(enroll(stack, token, device.key), 200))
    other = Device(stack, maker)
    operator.allow(other)
    (fresh,) = make(operator, maker, other.serial).json()["tokens"]
    expect(beside(stack, fresh, other.key, device.operational), 403)
    expect(enroll(stack, fresh, other.key), 200)


def test_birth_certificate_beside_a_token_of_another_unit_is_403(stack,
        operator, maker, device, token, database):
    other = Device(stack, maker)
    operator.allow(other)
    answer = expect(beside(stack, token, device.key, other.birth), 403)
    assert "same device" in answer.text
    assert database.value("SELECT count(*) FROM certificate") == 0


# ---- A11, A12: whose token, and whose not


def test_frozen_maker_and_retired_model_are_judged_at_use(stack, operator,
        maker, device, token, plant):
    expect(operator.call("PUT", f"/manufacturers/{maker.id}", json={
        "name": "Acme", "frozen": True}), 200)
    expect(enroll(stack, token, device.key), 403)
    expect(operator.call("PUT", f"/manufacturers/{maker.id}", json={
        "name": "Acme", "frozen": False}), 200)
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        **plant, "status": "retired"}), 200)
    expect(enroll(stack, token, device.key), 403)
    details = [e["detail"] for e in operator.events()
        if e["kind"] == "bootstrap.refused"]
    assert any("frozen" in d for d in details)
    assert any("retired" in d for d in details)


@pytest.mark.parametrize("proof", ["key_sha256", "ueid", "certificate"])
def test_a12_unit_listed_with_more_than_a_serial_gets_no_token(stack,
        operator, maker, plant, proof):
    device = Device(stack, maker)
    leaf = "".join(device.birth_chain[0].decode().split("-----")[2].split())
    value = {"key_sha256": device.birth_key_sha256, "ueid": "01" * 17,
        "certificate": leaf}[proof]
    expect(operator.import_lines(maker.id, f"serial,model,{proof}\n"
        f"{device.serial},{maker.model},{value}\n"), 200)
    answer = make(operator, maker, device.serial, status=409)
    assert device.serial in answer.json()["detail"]


@pytest.mark.parametrize("column", ["key_sha256", "ueid",
    "certificate_sha256", "pinned_key_sha256"])
def test_a12_stronger_proof_is_judged_again_at_use(stack, database, operator,
        device, token, column):
    database.query(f"UPDATE birth SET {column} = decode(repeat('01', 32), "
        "'hex')")
    expect(enroll(stack, token, device.key), 403)
    assert database.value("SELECT count(*) FROM certificate") == 0
    (event,) = [e for e in operator.events()
        if e["kind"] == "bootstrap.refused"]
    assert "A12" in event["detail"]


def test_claim_of_an_ownerless_device_finds_nothing(stack, operator, owner,
        maker, plant):
    """Its second key cannot ask, so the code on it opens nothing (A6)."""
    device = Device(stack, maker)
    operator.allow_with_code(device, "ROSE-7")
    (token,) = make(operator, maker, device.serial).json()["tokens"]
    expect(enroll(stack, token, device.key), 200)
    wrong = expect(owner.claim(device.serial, "ROSE-8"), 404)
    right = expect(owner.claim(device.serial, "ROSE-7"), 404)
    assert right.json()["type"] == wrong.json()["type"]
    assert owner.devices().json()["devices"] == []


# ---- operators


def test_scopes_make_and_withdraw_or_only_read(stack, database, material,
        operator, maker, device, token):
    def status(scope, method, path, **more):
        return Operator(stack, material.token(database, [scope], scope)).call(
            method, path, **more).status_code

    what = {"json": {"manufacturer": maker.id, "label": "plant",
        "serials": [device.serial]}}
    one = f"/bootstrap-tokens/{token['id']}"
    assert status("read", "GET", "/bootstrap-tokens") == 200
    for scope in ("read", "registry", "keys", "revoke"):
        assert status(scope, "POST", "/bootstrap-tokens", **what) == 403
        assert status(scope, "DELETE", one) == 403
    assert status("tokens", "DELETE", one) == 204
    assert status("tokens", "POST", "/bootstrap-tokens", **what) == 201


def test_list_is_paged_and_filtered(stack, operator, maker, plant):
    devices = [Device(stack, maker) for _ in range(5)]
    operator.allow(*devices)
    for device in devices:
        make(operator, maker, device.serial)
    seen, query = [], ""
    while query is not None:
        page = expect(operator.call("GET",
            f"/bootstrap-tokens?limit=2{query}"), 200).json()
        seen += [t["serial"] for t in page["tokens"]]
        query = f"&after={page['next']}" if "next" in page else None
    assert sorted(seen) == sorted(d.serial for d in devices)
    (one,) = expect(operator.call("GET", "/bootstrap-tokens?serial="
        f"{devices[3].serial}&manufacturer={maker.id}"), 200).json()["tokens"]
    assert (one["serial"], one["state"]) == (devices[3].serial, "open")
    none = expect(operator.call("GET",
        "/bootstrap-tokens?manufacturer=nobody"), 200).json()
    assert none["tokens"] == []


def test_command_line_adds_lists_and_withdraws(stack, database, operator,
        maker, device, plant):
    admin = database.admin_token
    text = stack.cli("help", "bootstrap", "add")
    assert "--serial" in text and "--batch" in text and "id,password" in text
    expect(operator.import_lines(maker.id, "serial,model,batch\n" + "".join(
        f"B-{n},{maker.model},week-7\n" for n in range(102))), 200)
    made = list(csv.reader(io.StringIO(stack.cli("bootstrap", "add",
        maker.id, "--label", "plant", "--batch", "week-7", token=admin))))
    assert {serial for _, _, serial, _ in made} == {
        f"B-{n}" for n in range(102)}
    ((name, password, serial, until),) = csv.reader(io.StringIO(stack.cli(
        "bootstrap", "add", maker.id, "--label", "plant", "--serial",
        device.serial, "--hours", "2", token=admin)))
    assert serial == device.serial
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", until)
    expect(enroll(stack, {"id": name, "password": password}, device.key), 200)
    shown = json.loads(stack.cli("bootstrap", "list", "--serial", serial,
        "--json", token=admin))
    assert "used" in str(shown) and password not in str(shown)
    first = made[0][0]
    assert first in stack.cli("bootstrap", "withdraw", first, token=admin)
    assert "withdrawn" in stack.cli("bootstrap", "list", "--serial",
        made[0][2], token=admin)


def test_command_line_keeps_tokens_off_the_terminal(stack, database, operator,
        maker, plant, workdir):
    admin, path = database.admin_token, workdir / "tokens.csv"
    expect(operator.import_lines(maker.id, "serial,model,batch\n" + "".join(
        f"B-{n},{maker.model},week-7\n" for n in range(102))), 200)
    args = ("bootstrap", "add", maker.id, "--label", "plant", "--batch",
        "week-7", "--output", path)
    umask = os.umask(0)
    try:
        assert stack.cli(*args, token=admin) == ""
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    made = list(csv.reader(io.StringIO(text)))
    assert {serial for _, _, serial, _ in made} == {
        f"B-{n}" for n in range(102)}
    name, password, _, _ = made[101]
    expect(enroll(stack, {"id": name, "password": password}, new_key()), 200)
    listed = stack.cli("bootstrap", "list", token=admin)
    assert listed.count("\n") == 102 and "more: --after" in listed
    # A file that is there stays as it is, and no token is made or replaced.
    with pytest.raises(Exception):
        stack.cli(*args, token=admin)
    assert path.read_text() == text
    assert database.value("SELECT count(*) FROM bootstrap_token") == 102
    # And one that was made for nothing is in nobody's way.
    none = workdir / "none.csv"
    with pytest.raises(Exception):
        stack.cli("bootstrap", "add", maker.id, "--label", "plant",
            "--batch", "week-8", "--output", none, token=admin)
    assert not none.exists()


def test_command_line_shows_a_device_without_an_owner(stack, database, device,
        token):
    (crt,) = certs_of_cms(expect(enroll(stack, token, device.key),
        200).content)
    (cn,) = crt.subject.get_attributes_for_oid(oid.NameOID.COMMON_NAME)
    admin = database.admin_token
    assert cn.value in stack.cli("device", "list", token=admin)
    shown = stack.cli("device", "show", cn.value, token=admin)
    assert device.serial in shown and "owned" in shown
    stack.cli("device", "revoke", cn.value, "--reason", "keyCompromise",
        token=admin)
    expect(enroll(stack, token, device.key), 403)
