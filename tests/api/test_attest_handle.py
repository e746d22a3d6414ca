"""Evidence ahead of what it is for: the handle that it is judged into, and
what that opens."""

import base64
import secrets

import pytest

from harness.crypto import b64u, csr_der, new_key, spki_pem
from harness.evidence import Bare, nonce_of, psa_token, spki_of, unb64u
from harness.http import Client, expect
from harness.players import Device, Maker


class Unit(Bare):
    """A device with a root of trust that signs PSA tokens, known by its
    UEID alone."""

    def __init__(self, stack, maker):
        super().__init__(stack, maker)
        self.root = new_key()
        self.ueid = b"\1" + secrets.token_bytes(32)

    def list(self, operator):
        expect(operator.call("POST",
            f"/manufacturers/{self.maker.id}/anchors", json={
                "public_key": spki_pem(self.root),
                "key_id": self.ueid.hex()}), 200, 201)
        answer = expect(operator.import_lines(self.maker.id,
            f"model,ueid\n{self.maker.model},{self.ueid.hex()}\n"), 200)
        assert answer.json()["added"] == 1

    def attest(self, nonce=None, key=None, client=None, fields=(), **changes):
        nonce = nonce or nonce_of(self.stack)
        return self.send("psa", psa_token(self.root, self.ueid, self.issuer,
            nonce, key or spki_of(self.key), **changes), nonce,
            key, client, fields)


@pytest.fixture
def maker(operator):
    maker = Maker()
    operator.register(maker)
    return maker


@pytest.fixture
def unit(stack, operator, maker):
    unit = Unit(stack, maker)
    unit.list(operator)
    return unit


def ask(operator, maker, **more):
    policy = {"evidence": {"formats": ["psa"]}, **more.pop("policy", {})}
    return expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "x", "policy": policy,
        "client_id": maker.client_id, **more}), 200)


def refused(answer, operator, reason, status=403):
    """One status for every reason, which is the operator's (E5)."""
    expect(answer, status)
    event = [e for e in operator.events()
        if e["kind"] == "attestation.refused"][-1]
    assert event["code"] == "bad-evidence" and reason in event["detail"]
    # The id that the sender has finds it.
    assert event["request_id"] == answer.headers["X-Request-Id"]
    return answer


def test_a_unit_without_a_birth_certificate_enrolls_by_its_evidence(
        operator, maker, owner, unit, database):
    ask(operator, maker)
    answer = expect(unit.attest(), 200).json()
    assert (answer["grade"], answer["expires_in"]) == ("hardware", 600)
    expect(unit.authorize(attestation=unit.handle), 200)
    facts = expect(owner.lookup(unit.grant["user_code"]), 200).json()["facts"]
    assert facts["attestation"] == {"format": "psa", "grade": "hardware",
        "sw_version": "1.2.0", "secure_boot": "on", "debug": "disabled"}
    assert expect(unit.poll(), 400).json()["error"] == "authorization_pending"
    expect(owner.approve(unit.grant["user_code"]), 200)
    expect(unit.poll_until_decided(), 200)
    # The token is for the key that the evidence was bound to.
    expect(unit.enroll(csr=csr_der(new_key())), 401)
    expect(unit.enroll(), 200)
    first = unit.certificate
    expect(unit.enroll(), 200)  # A9: the answer was lost
    assert unit.certificate == first
    expect(unit.renew(), 200)
    assert database.value("SELECT count(*) FROM device") == 1
    # A second key of an owned unit needs a new yes (A1).
    unit.key = new_key()
    expect(unit.attest(), 200)
    expect(unit.enroll_by_handle(), 403)


def test_est_alone_takes_the_handle_in_a_header(
        stack, operator, maker, owner, unit):
    ask(operator, maker)
    expect(unit.enroll_by_handle(handle="AAAA"), 403)
    expect(unit.attest(), 200)
    expect(unit.enroll_by_handle(), 202)
    expect(unit.enroll_by_handle(), 202)
    # A label that asks no owner issues at once, and again (A9).
    expect(operator.call("PUT", "/labels/free",
        json={"owner_approval": "none"}), 201)
    ask(operator, maker, profile="free")
    other = Unit(stack, maker)
    other.list(operator)
    expect(other.attest(), 200)
    expect(other.enroll_by_handle(), 200)
    first = other.certificate
    expect(other.enroll_by_handle(), 200)
    assert other.certificate == first
    # Nobody makes a key for evidence that was bound to one.
    expect(operator.call("PUT", "/labels/free", json={
        "owner_approval": "none", "server_key": "on"}), 200)
    expect(unit.birth.post("/.well-known/est/serverkeygen",
        data=base64.b64encode(csr_der(unit.key)), headers={
            "Content-Type": "application/pkcs10",
            "Latchkey-Attestation": unit.handle}), 403)


def test_a_birth_certificate_and_a_handle_are_of_one_unit(
        stack, operator, maker, owner, unit):
    device = Device(stack, maker)
    operator.allow(device)
    expect(unit.attest(), 200)
    unit.key = device.key
    refused(unit.enroll_by_handle(client=device.birth), operator,
        "another unit")
    # Its own, over its own certificate
    own = Unit(stack, maker)
    own.birth_key = device.birth_key
    expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors", json={
        "public_key": spki_pem(own.root), "key_id": own.ueid.hex()}), 201)
    whole = Device(stack, maker)
    expect(operator.import_lines(maker.id, "serial,model,ueid\n"
        f"{whole.serial},{maker.model},{own.ueid.hex()}\n"), 200)
    ask(operator, maker)
    own.key = whole.key
    expect(whole.enroll(), 403)
    expect(own.attest(client=whole.birth, fields={"client_id": None}), 200)
    expect(own.enroll_by_handle(client=whole.birth), 202)
    refused(own.attest(client=device.birth, fields={"client_id": None}),
        operator, "does not say which")


def test_a_handle_is_for_one_key_unit_purpose_and_ten_minutes(
        stack, operator, maker, unit):
    nonce = nonce_of(stack)
    expect(unit.attest(nonce), 200)
    refused(unit.attest(nonce), operator, "nonce was used")
    csr = csr_der(new_key())
    refused(unit.authorize(csr, attestation=unit.handle), operator,
        "another key", 400)
    refused(unit.enroll_by_handle(csr), operator, "another key")
    # For a renewal only who has the certificate gets one.
    expect(unit.attest(fields={"purpose": "renew"}), 401)
    expect(unit.attest(fields={"purpose": "other"}), 400)
    # Judged again under what the model asks now (E1)
    ask(operator, maker)
    expect(unit.enroll_by_handle(), 202)
    for asks in ({"min_version": "1.3.0"}, {"crl_required": True}):
        ask(operator, maker, policy={"evidence": asks})
        again = expect(unit.enroll_by_handle(), 403)
        assert "send evidence again" in again.text
        assert "send evidence again" in expect(unit.authorize(
            attestation=unit.handle), 400).json()["error_description"]
        record = expect(operator.call("GET", "/attestations/" +
            again.headers["X-Request-Id"]), 200).json()
        assert not record["accepted"] and record["format"] == "psa"
    expect(unit.attest(version="1.3.0"), 200)
    expect(unit.enroll_by_handle(), 202)
    ask(operator, maker)
    # One bit more or less, and none of it
    whole = unb64u(unit.handle)
    for changed in (whole[:-1], whole + b"\0", b"", b"\0" * 2000,
            bytes([whole[0] ^ 1]) + whole[1:],
            whole[:20] + bytes([whole[20] ^ 128]) + whole[21:]):
        expect(unit.enroll_by_handle(handle=b64u(changed) or "A"), 403)
        expect(unit.authorize(attestation=b64u(changed) or "A"), 400, 413)
    expect(unit.enroll_by_handle(handle="not base64!"), 403)
    # What the unit is now counts, whatever it was then.
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "x", "status": "retired",
        "client_id": maker.client_id, "policy":
            {"evidence": {"formats": ["psa"]}}}), 200)
    refused(unit.enroll_by_handle(), operator, "retired")


def test_a_nonce_is_used_once_whichever_node_is_asked(
        stack, make_stack, operator, maker, unit):
    """E3; and what one node found, another knows by its handle."""
    far = Unit(stack, maker)
    far.__dict__.update(unit.__dict__)
    far.birth = Client(make_stack(issuer=stack.url))
    nonce = nonce_of(stack)
    expect(far.attest(nonce), 200)  # made there, used here
    refused(unit.attest(nonce), operator, "nonce was used")
    refused(far.attest(nonce), operator, "nonce was used")
    unit.handle = far.handle
    expect(unit.enroll_by_handle(), 202)
    expect(far.enroll_by_handle(), 202)


def test_who_may_come_is_the_models_to_say(stack, operator, maker, unit):
    expect(unit.attest(fields={"client_id": None}), 401)
    expect(unit.attest(fields={"client_id": "nobody"}), 403)
    stranger = Unit(stack, maker)
    refused(stranger.attest(), operator, "unknown-key")
    expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors", json={
        "public_key": spki_pem(stranger.root),
        "key_id": stranger.ueid.hex()}), 201)
    refused(stranger.attest(), operator, "no name that model")
    # A unit of another model of the same maker
    ask(operator, maker, policy={"enrollment": {"units": 1}})
    expect(unit.attest(), 200)
    expect(unit.attest(), 200)
    stranger.list(operator)
    refused(stranger.attest(), operator, "as many units")
    ask(operator, maker, policy={"enrollment": {"allowlist": "closed"}})
    refused(stranger.attest(), operator, "closed")
    for window in ({"from": "2999-01-01T00:00:00Z"},
            {"until": "2020-01-01T00:00:00Z"}):
        ask(operator, maker, policy={"enrollment": window})
        refused(stranger.attest(), operator, "outside of the enrollment")
    ask(operator, maker, policy={"enrollment": {"units_per_hour": 1}})
    expect(stranger.attest(), 200)
    third = Unit(stack, maker)
    third.list(operator)
    refused(third.attest(), operator, "in an hour")
    expect(unit.attest(), 200)  # who came before is never refused by it


@pytest.mark.parametrize("change,status", [
    ({"evidence": "A" * 88000}, 400), ({"evidence": "not base64!"}, 400),
    ({"evidence": "AA=="}, 400), ({"evidence": ""}, 403),
    ({"format": "fdo"}, 403), ({"nonce": "AAAA"}, 403), ({"key": "AAAA"}, 400),
    ({"nonce": "A" * 44}, 400), ({"more": "x"}, 400),
    ({"evidence": "A" * 98400}, 413)])
def test_what_cannot_be_read_is_refused(unit, change, status):
    expect(unit.attest(fields=change), status)


def test_bytes_after_evidence_are_refused(stack, operator, unit):
    nonce = nonce_of(stack)
    token = psa_token(unit.root, unit.ueid, unit.issuer, nonce,
        spki_of(unit.key))
    refused(unit.send("psa", token + b"\0", nonce), operator, "")
    expect(unit.send("psa", token, nonce), 200)


def test_refusals_of_units_that_proved_nothing_have_a_budget_of_records(
        operator, unit, database):
    expect(unit.attest(fields={"nonce": "AAAA"}), 403)
    database.query("UPDATE guess SET n = 100 WHERE "
        "bucket = 'attestation-refused'")
    before = operator.events()
    expect(unit.attest(fields={"nonce": "AAAA"}), 403)
    assert operator.events() == before
