"""The registry: who makes devices, what we trust of them, who owns them."""

import datetime
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from harness.crypto import PEM, new_key, spki_pem
from harness.http import Client, expect
from harness.players import Maker, Operator, now
from harness.process import run


def problem(answer, status, code):
    expect(answer, status)
    body = answer.json()
    assert body["type"] == f"urn:latchkey:error:{code}", body
    return body


def put_maker(operator, name="acme", **fields):
    return operator.call("PUT", f"/manufacturers/{name}",
        json={"name": name.title(), **fields})


def add_anchor(operator, maker_id, pem, intermediate=None):
    body = {"certificate": pem}
    if intermediate:
        body["intermediate"] = intermediate
    return operator.call("POST", f"/manufacturers/{maker_id}/anchors",
        json=body)


def ca(key, ca_flag=True, days=365, sign=True, name="Odd CA"):
    subject = x509.Name([
        x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (x509.CertificateBuilder().subject_name(subject)
        .issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - datetime.timedelta(days=400))
        .not_valid_after(now() + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca_flag, None), True))
    if sign:
        builder = builder.add_extension(x509.KeyUsage(False, False, False,
            False, False, True, True, False, False), True)
    return builder.sign(key, hashes.SHA256()).public_bytes(PEM).decode()


# ------------------------------------------------------------ manufacturers

def test_a_manufacturer_is_added_once_and_changed_in_place(operator):
    assert put_maker(operator).status_code == 201
    assert put_maker(operator).status_code == 200
    changed = expect(operator.call("PUT", "/manufacturers/acme",
        json={"name": "Acme Lamps", "frozen": True}), 200).json()
    assert (changed["name"], changed["frozen"]) == ("Acme Lamps", True)
    events = [e["kind"] for e in operator.events()
        if e.get("manufacturer_id") == "acme"]
    assert events == ["manufacturer.added", "manufacturer.changed"]


def test_a_rename_does_not_thaw_a_frozen_manufacturer(operator):
    put_maker(operator, frozen=True)
    renamed = expect(operator.call("PUT", "/manufacturers/acme",
        json={"name": "New name"}), 200).json()
    assert renamed["frozen"] is True


@pytest.mark.parametrize("name", ["Acme", "-acme", "a_b", "a" * 64])
def test_a_manufacturer_id_is_a_slug(operator, name):
    assert "id" in problem(put_maker(operator, name), 400,
        "bad-registration")["detail"]


@pytest.mark.parametrize("body", [
    {}, {"name": ""}, {"name": "x" * 201}, {"name": "a\u202eb"},
    {"name": "a\nb"}, {"name": 5}, {"name": "A", "frozen": "yes"},
    {"name": "A", "frozen": 1}, {"name": "A", "owner": "me"}])
def test_a_malformed_manufacturer_is_400(operator, body):
    expect(operator.call("PUT", "/manufacturers/acme", json=body), 400)


def test_listings_page_through_everything_once(operator):
    for i in range(7):
        put_maker(operator, f"maker-{i}")
    seen, after = [], ""
    while True:
        page = expect(operator.call("GET",
            f"/manufacturers?limit=3{after}"), 200).json()
        seen += [m["id"] for m in page["manufacturers"]]
        if "next" not in page:
            break
        after = "&after=" + page["next"]
    assert seen == [f"maker-{i}" for i in range(7)]


# ------------------------------------------------------------------ anchors

def test_the_same_anchor_again_is_the_same_one(operator):
    maker = Maker()
    put_maker(operator)
    first = expect(add_anchor(operator, "acme", maker.anchor_pem), 201).json()
    again = expect(add_anchor(operator, "acme", maker.anchor_pem), 200).json()
    assert first["id"] == again["id"]
    listed = expect(operator.call("GET", "/manufacturers/acme/anchors"),
        200).json()["anchors"]
    assert [a["id"] for a in listed] == [first["id"]]
    assert listed[0]["certificate"].strip() == maker.anchor_pem.strip()


def test_our_own_cas_are_refused_as_anchors(operator, material):
    put_maker(operator)
    for name in ("root.crt", "issuing.crt"):
        pem = (material.pki / name).read_text()
        problem(add_anchor(operator, "acme", pem), 400, "bad-anchor")


def test_an_anchor_is_an_unexpired_ca_certificate(operator):
    put_maker(operator)
    for pem in (ca(new_key(), ca_flag=False), ca(new_key(), days=-1)):
        body = problem(add_anchor(operator, "acme", pem), 400, "bad-anchor")
        assert body["detail"]


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----\n"
    "AAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_400(operator, pem):
    put_maker(operator)
    expect(add_anchor(operator, "acme", pem), 400)


def test_two_certificates_are_no_anchor(operator):
    put_maker(operator)
    expect(add_anchor(operator, "acme", Maker().anchor_pem
        + Maker().anchor_pem), 400)


def test_a_shared_anchor_needs_disjoint_scopes(operator):
    """A11: an anchor shared by two makers is told apart by intermediate."""
    root = Maker("forge")
    one, two = Maker("one", parent=root), Maker("two", parent=root)
    for name in ("one", "two"):
        put_maker(operator, name)
    expect(add_anchor(operator, "one", root.anchor_pem), 201)
    # the other's is whole: no scope of ours can be disjoint from it
    body = problem(add_anchor(operator, "two", root.anchor_pem,
        two.anchor_pem), 409, "anchor-shared")
    assert "one" in body["detail"]
    (whole,) = expect(operator.call("GET", "/manufacturers/one/anchors"),
        200).json()["anchors"]
    expect(operator.call("DELETE",
        f"/manufacturers/one/anchors/{whole['id']}"), 204)
    expect(add_anchor(operator, "one", root.anchor_pem, one.anchor_pem), 201)
    problem(add_anchor(operator, "two", root.anchor_pem, one.anchor_pem),
        409, "anchor-shared")
    problem(add_anchor(operator, "two", root.anchor_pem), 409,
        "anchor-shared")
    problem(add_anchor(operator, "two", one.anchor_pem), 409,
        "anchor-shared")
    expect(add_anchor(operator, "two", root.anchor_pem, two.anchor_pem), 201)


def test_an_anchor_of_nobody_is_404(operator):
    expect(add_anchor(operator, "nobody", Maker().anchor_pem), 404)
    put_maker(operator)
    for anchor in (uuid.uuid4(), "x"):
        expect(operator.call("DELETE",
            f"/manufacturers/acme/anchors/{anchor}"), 404)


# ------------------------------------------------------------------- models

def put_model(operator, name="lamp-1", **fields):
    return operator.call("PUT", f"/models/{name}", json={
        "manufacturer": "acme", "name": "Lamp", **fields})


def test_a_model_has_defaults_and_keeps_what_it_is_told(operator):
    put_maker(operator)
    model = expect(put_model(operator), 201).json()
    assert model["client_id"] == "lamp-1"
    assert (model["profile"], model["status"]) == ("device", "active")
    assert model["policy"] == {}
    fields = {"client_id": "lamp-app", "status": "retired",
        "policy": {"key_protection": "hardware"},
        "support_until": "2031-12-31",
        "contact_updates": "https://acme.example/updates",
        "contact_vulnerabilities": "psirt@acme.example"}
    expect(put_model(operator, **fields), 200)
    model = expect(operator.call("GET", "/models/lamp-1"), 200).json()
    assert {k: model[k] for k in fields} == fields


@pytest.mark.parametrize("fields", [
    {"profile": "service"}, {"profile": "server"}, {"profile": "none"},
    {"status": "new"}, {"support_until": "tomorrow"},
    {"support_until": "2031-02-30"}, {"client_id": "A B"},
    {"policy": {"key_protection": "magic"}}, {"policy": {"other": 1}},
    {"policy": []}, {"policy": "hardware"}, {"contact_updates": "a\u0007"}])
def test_a_model_that_cannot_be_is_400(operator, fields):
    put_maker(operator)
    assert expect(put_model(operator, **fields), 400).json()["detail"]


def test_a_model_stays_its_makers_and_a_client_id_one_models(operator):
    put_maker(operator)
    put_maker(operator, "other")
    expect(put_model(operator), 201)
    problem(operator.call("PUT", "/models/lamp-1",
        json={"manufacturer": "other", "name": "L"}), 409, "model-taken")
    problem(put_model(operator, "lamp-2", client_id="lamp-1"), 409,
        "model-taken")
    expect(operator.call("PUT", "/models/lamp-3",
        json={"manufacturer": "nobody", "name": "L"}), 404)
    expect(operator.call("GET", "/models/lamp-3"), 404)


# ------------------------------------------------------------------- owners

def test_an_owners_key_is_one_owner(operator):
    pem = spki_pem(new_key())
    first = expect(operator.call("POST", "/owners",
        json={"name": "Ada", "app_key": pem}), 201).json()
    again = expect(operator.call("POST", "/owners",
        json={"name": "Bob", "app_key": pem}), 200).json()
    assert again["id"] == first["id"] and again["name"] == "Ada"
    listed = expect(operator.call("GET", "/owners"), 200).json()["owners"]
    assert [o["id"] for o in listed] == [first["id"]]


def test_app_keys_are_refused_unless_switched_on(make_stack, database):
    on = make_stack()
    owner = Operator(on, database.admin_token).add_owner()
    expect(owner.call("GET", "/v1/devices"), 200)
    # What was made while they were allowed is of no use any more either.
    off = make_stack(app_keys="no")
    answer = Operator(off, database.admin_token).call("POST", "/owners",
        json={"name": "Ada", "app_key": spki_pem(new_key())})
    problem(answer, 403, "app-keys-off")
    owner.stack, owner.http = off, Client(off)
    expect(owner.call("GET", "/v1/devices"), 401)


def test_an_owners_name_is_not_in_the_events(operator, database):
    operator.add_owner("Ada Lovelace")
    assert database.query("SELECT count(*) FROM event WHERE "
        "event::text LIKE '%%Lovelace%%'") == [(0,)]


# ------------------------------------------------------------------- tokens

@pytest.fixture
def with_scopes(stack, database, material):
    def make(*scopes):
        return Operator(stack, material.token(database, scopes, "narrow"))
    return make


def test_a_read_only_token_changes_nothing(operator, with_scopes):
    put_maker(operator)
    reader = with_scopes("read")
    expect(reader.call("GET", "/manufacturers/acme"), 200)
    problem(put_maker(reader, "other"), 403, "scope")
    problem(reader.revoke(str(uuid.uuid4())), 403, "scope")
    problem(reader.call("PUT", "/services/s", json={"publish": [],
        "subscribe": []}), 403, "scope")


def test_a_manufacturers_token_imports_that_makers_births_alone(
        operator, with_scopes):
    for name in ("acme", "other"):
        put_maker(operator, name)
    expect(put_model(operator), 201)
    maker = with_scopes("manufacturer:acme")
    lines = "serial,model\nA-1,lamp-1\n"
    expect(maker.import_lines("acme", lines), 200)
    problem(maker.import_lines("other", lines), 403, "scope")
    problem(maker.call("GET", "/manufacturers"), 403, "scope")
    problem(put_maker(maker, "acme"), 403, "scope")
    mine, theirs = uuid.uuid4(), uuid.uuid4()
    expect(operator.import_lines("acme", lines, import_id=mine), 200)
    expect(operator.import_lines("other", lines, import_id=theirs), 200)
    expect(maker.call("GET", f"/imports/{mine}"), 200)
    expect(maker.call("GET", f"/imports/{theirs}"), 404)


@pytest.mark.parametrize("spoil", [
    lambda t: "", lambda t: "lk_", lambda t: t[:-1],
    lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"),
    lambda t: t[:12] + ("a" if t[12] != "a" else "b") + t[13:],
    lambda t: t + "0", lambda t: t.upper()])
def test_a_token_that_is_not_ours_is_401(stack, operator, spoil):
    answer = Operator(stack, spoil(operator.token)).call("GET",
        "/manufacturers")
    problem(answer, 401, "unauthenticated")
    assert "WWW-Authenticate" in answer.headers


def test_a_withdrawn_or_expired_token_is_401(stack, database, operator,
        with_scopes):
    for column in ("withdrawn_at", "expires_at"):
        other = with_scopes("read")
        expect(other.call("GET", "/manufacturers"), 200)
        database.query(f"UPDATE admin_token SET {column} = now() - "
            "interval '1 second' WHERE id = %s", [other.token.split("_")[1]])
        problem(other.call("GET", "/manufacturers"), 401, "unauthenticated")


def test_a_token_with_a_right_check_and_another_secret_is_401(stack,
        database, operator, with_scopes):
    other = with_scopes("read")
    database.query("UPDATE admin_token SET mac = sha256(mac) WHERE id = %s",
        [other.token.split("_")[1]])
    problem(other.call("GET", "/manufacturers"), 401, "unauthenticated")


def test_the_tokens_id_is_in_each_event(operator):
    put_maker(operator)
    expect(add_anchor(operator, "acme", Maker().anchor_pem), 201)
    expect(put_model(operator), 201)
    operator.add_owner()
    kinds = {"manufacturer.added", "anchor.added", "model.added",
        "owner.added"}
    events = [e for e in operator.events() if e["kind"] in kinds]
    assert {e["kind"] for e in events} == kinds
    assert {e["admin_token_id"] for e in events} == {
        operator.token.split("_")[1]}


# ----------------------------------------------------------------- services

def test_a_services_topics_are_filters_outside_dollar(operator):
    def put(publish=(), subscribe=()):
        return operator.call("PUT", "/services/backend",
            json={"publish": publish, "subscribe": subscribe})

    assert expect(put(["devices/+/down/#"], ["devices/+/up/#"]),
        201).json()["publish"] == ["devices/+/down/#"]
    expect(put(["devices/+/down/#"], ["devices/+/up/#"]), 200)
    for bad in ("", "a/#/b", "a+", "$SYS/#", "$share/g/a", "x" * 257,
            "a\u0000b", "a\nb"):
        expect(put([bad]), 400)
    expect(put(["a"] * 65), 400)
    (listed,) = expect(operator.call("GET", "/services"),
        200).json()["services"]
    assert listed["subscribe"] == ["devices/+/up/#"]


def test_a_service_certificate_is_of_the_service_profile(operator):
    pem, _ = operator.add_service("backend", subscribe=["devices/+/up/#"])
    shown = run("openssl", "x509", "-noout", "-subject", "-ext",
        "subjectAltName,extendedKeyUsage", input=pem)
    assert "CN = backend" in shown
    assert "URI:urn:latchkey:service:backend\n" in shown
    assert "TLS Web Client Authentication\n" in shown


def test_a_withdrawn_service_is_refused_and_its_name_not_used_again(
        operator, database):
    operator.add_service("backend")
    before = database.query("SELECT count(*) FROM revocation")[0][0]
    expect(operator.call("DELETE", "/services/backend"), 204)
    expect(operator.call("DELETE", "/services/backend"), 204)
    kinds = database.query("SELECT kind FROM revocation ORDER BY position "
        f"OFFSET {before}")
    assert kinds == [("certificate",), ("service",)]
    problem(operator.call("PUT", "/services/backend",
        json={"publish": [], "subscribe": []}), 409, "service-withdrawn")
    with pytest.raises(AssertionError, match="409"):
        operator.add_service("backend")
    expect(operator.call("DELETE", "/services/nobody"), 404)


# ------------------------------------------------------------------- events

def test_events_are_found_by_request_and_page_in_order(operator):
    answer = put_maker(operator)
    rid = answer.headers["X-Request-Id"]
    assert [e["kind"] for e in operator.events(f"?request={rid}")] == [
        "manufacturer.added"]
    for i in range(6):
        put_maker(operator, f"maker-{i}")
    seen, after = [], ""
    while True:
        page = expect(operator.call("GET", f"/events?limit=2{after}"),
            200).json()
        seen += [e["id"] for e in page["events"]]
        if "next" not in page:
            break
        after = "&after=" + page["next"]
    assert len(seen) == len(set(seen)) >= 7


@pytest.mark.parametrize("query", ["after=x", "after=1_x", "device=x",
    "limit=0", "limit=x", "limit=101"])
def test_a_malformed_question_for_events_is_400(operator, query):
    expect(operator.call("GET", f"/events?{query}"), 400)
