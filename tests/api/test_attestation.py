"""Evidence: nonces for it, what is asked of it, and what the owner sees."""

import hashlib
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from harness.crypto import b64u, new_key, spki_pem
from harness.evidence import (DEBUG, SECURED, context, nonce_of, psa_token,
    spki_of)
from harness.http import Client, expect
from harness.players import Device, Maker
from vectors.common import parts


class Unit(Device):
    """A device with a root of trust that signs PSA tokens."""

    def __init__(self, stack, maker):
        super().__init__(stack, maker)
        self.root = new_key()
        self.ueid = b"\1" + hashlib.sha256(self.serial.encode()).digest()

    @property
    def issuer(self):
        return self.stack.settings["issuer"]

    def list(self, operator):
        key = {"secret": b64u(self.root)} if isinstance(self.root, bytes) \
            else {"public_key": spki_pem(self.root)}
        expect(operator.call("POST",
            f"/manufacturers/{self.maker.id}/anchors", json={
                "key_id": self.ueid.hex(), **key}), 200, 201)
        answer = expect(operator.import_lines(self.maker.id,
            "serial,model,ueid\n"
            f"{self.serial},{self.maker.model},{self.ueid.hex()}\n"), 200)
        assert answer.json()["added"] == 1

    def psa(self, nonce, version="1.2.0", lifecycle=SECURED, ueid=None,
            key=None):
        return psa_token(self.root, ueid or self.ueid, self.issuer, nonce,
            spki_of(key or self.key), version, lifecycle)

    def attest(self, nonce=None, evidence=None, **changes):
        nonce = nonce or nonce_of(self.stack)
        return self.authorize(evidence_format="psa",
            evidence=b64u(evidence or self.psa(nonce, **changes)),
            evidence_nonce=b64u(nonce))


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


def ask(operator, maker, **evidence):
    """What the model asks of evidence."""
    return operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "x",
        "client_id": maker.client_id, "policy": {"evidence": evidence}})


def refused(answer, operator):
    """One word (E5); the reason is the operator's."""
    assert expect(answer, 400).json()["error"] == "unauthorized_client"
    event = operator.events()[-1]
    assert event["kind"] == "attestation.refused"
    assert event["code"] == "bad-evidence"
    return event["detail"]


def shown(owner, unit):
    return expect(owner.lookup(unit.grant["user_code"]),
        200).json()["facts"]["attestation"]


def test_nonces_are_fresh_and_stored_nowhere(stack, database):
    answer = expect(Client(stack).call("POST", "/v1/attestation/nonce"), 200)
    assert answer.json()["expires_in"] == 120
    assert answer.headers["Cache-Control"] == "no-store"
    seen = {nonce_of(stack) for _ in range(5)}
    assert len(seen) == 5 and all(len(n) == 32 for n in seen)
    assert database.value("SELECT count(*) FROM nonce_used") == 0


def test_what_evidence_proves_is_shown_to_the_owner(
        operator, maker, owner, unit):
    expect(ask(operator, maker, formats=["psa"], min_grade="hardware",
        secure_boot=True), 200)
    assert "none came" in refused(unit.authorize(), operator)
    expect(unit.attest(), 200)
    assert shown(owner, unit) == {"format": "psa", "grade": "hardware",
        "sw_version": "1.2.0", "secure_boot": "on", "debug": "disabled"}
    event = [e for e in operator.events()
        if e["kind"] == "attestation.accepted"][-1]
    assert event["manufacturer_id"] == maker.id
    assert "psa: hardware" in event["detail"]
    expect(owner.approve(unit.grant["user_code"]), 200)
    expect(unit.poll(), 200)
    expect(unit.enroll(), 200)
    expect(unit.renew(), 200)


def test_without_a_policy_evidence_is_welcome_and_judged(
        operator, owner, unit):
    expect(unit.authorize(), 200)
    assert shown(owner, unit) == {"format": "idevid", "grade": "software"}
    expect(unit.attest(lifecycle=DEBUG), 200)
    assert shown(owner, unit) == {"format": "psa", "grade": "software",
        "sw_version": "1.2.0", "secure_boot": "off", "debug": "enabled"}
    refused(unit.attest(evidence=b"\xff"), operator)
    refused(unit.authorize(evidence_format="magic", evidence="AAAA",
        evidence_nonce=b64u(nonce_of(unit.stack))), operator)


def test_evidence_is_for_one_nonce_key_and_unit(
        stack, operator, maker, unit, database):
    nonce = nonce_of(stack)
    # E3: nothing is used up by what is refused
    assert "nonce-mismatch" in refused(unit.attest(
        nonce, evidence=unit.psa(nonce, key=new_key())), operator)
    assert database.value("SELECT count(*) FROM nonce_used") == 0
    expect(unit.attest(nonce), 200)
    assert database.value("SELECT count(*) FROM nonce_used") == 1
    assert "nonce was used" in refused(unit.attest(nonce), operator)

    changed = bytes([nonce[0] ^ 1]) + nonce[1:]
    assert "not ours" in refused(unit.attest(changed), operator)
    assert "nonce-mismatch" in refused(unit.attest(nonce_of(stack),
        evidence=unit.psa(nonce)), operator)
    # Without one it answers to the connection, or to nothing
    assert "nonce-mismatch" in refused(unit.authorize(evidence_format="psa",
        evidence=b64u(unit.psa(nonce_of(stack)))), operator)

    # Another unit's evidence, good as it is, for this key
    other = Unit(stack, maker)
    other.list(operator)
    other.key = unit.key
    nonce = nonce_of(stack)
    assert "another unit" in refused(unit.attest(nonce,
        evidence=other.psa(nonce)), operator)
    # A unit that its maker did not list by what the evidence says
    plain = Device(stack, maker)
    operator.allow(plain)
    other.key = plain.key
    assert "does not say which" in refused(plain.authorize(
        evidence_format="psa", evidence=b64u(other.psa(nonce)),
        evidence_nonce=b64u(nonce)), operator)


def test_a_token_under_the_makers_secret_counts_where_the_model_says_so(
        stack, operator, maker, owner, database):
    unit = Unit(stack, maker)
    unit.root = os.urandom(32)
    unit.list(operator)
    expect(ask(operator, maker, formats=["psa"]), 200)
    assert "psa: mac:" in refused(unit.attest(), operator)
    expect(ask(operator, maker, formats=["psa"], mac=True), 200)
    expect(unit.attest(), 200)
    assert shown(owner, unit)["grade"] == "hardware"
    other = Unit(stack, maker)
    other.root, other.ueid = os.urandom(32), unit.ueid
    refused(unit.attest(evidence=other.psa(nonce_of(stack))), operator)
    # In no log; in the database sealed, and for this maker alone.
    stored = database.value("SELECT encode(certificate, 'hex') FROM anchor "
        "WHERE kind = 'secret'")
    assert unit.root.hex() not in stored and len(stored) == 2 * (32 + 28)
    assert unit.root.hex() not in stack.log()
    assert b64u(unit.root) not in stack.log()


def test_software_never_goes_below_what_the_unit_has_shown(
        operator, maker, unit, database):
    expect(unit.attest(version="1.10.0"), 200)
    assert "downgrade" in refused(unit.attest(version="1.9.9"), operator)
    expect(unit.attest(version="1.10.0"), 200)
    expect(ask(operator, maker, allow_downgrade=True), 200)
    expect(unit.attest(version="1.9.9"), 200)
    assert database.value("SELECT sw_version FROM birth") == "1.10.0"
    expect(ask(operator, maker, min_version="1.11.0"), 200)
    assert "sw-version" in refused(unit.attest(version="1.10.0"), operator)
    expect(unit.attest(version="1.11.0"), 200)
    assert database.value("SELECT sw_version FROM birth") == "1.11.0"


def idevid(device):
    """The fields of evidence by its birth certificate."""
    issuer = device.stack.settings["issuer"]
    nonce, key = nonce_of(device.stack), spki_of(device.key)
    chain = [x509.load_pem_x509_certificate(c).public_bytes(Encoding.DER)
        for c in device.birth_chain]
    evidence = parts(chain=chain, issuer=issuer.encode(), nonce=nonce,
        key=key, signature=device.birth_key.sign(
            context("idevid", issuer, nonce, key), ec.ECDSA(hashes.SHA256())))
    return {"evidence_format": "idevid", "evidence": b64u(evidence),
        "evidence_nonce": b64u(nonce)}


def test_a_birth_certificate_can_be_the_evidence(
        stack, operator, maker, owner):
    device = Device(stack, maker)
    operator.allow(device)
    expect(ask(operator, maker, formats=["idevid"]), 200)
    expect(device.authorize(**idevid(device)), 200)
    assert shown(owner, device) == {"format": "idevid", "grade": "software"}
    expect(ask(operator, maker, formats=["idevid"], min_grade="hardware"),
        200)
    assert "grade" in refused(device.authorize(**idevid(device)), operator)
    expect(ask(operator, maker, formats=["psa"]), 200)
    assert "format" in refused(device.authorize(**idevid(device)), operator)


def test_where_evidence_is_asked_no_other_way_leads_in(
        operator, maker, unit):
    expect(ask(operator, maker, formats=["psa"]), 200)
    expect(unit.enroll(), 403)
    event = operator.events()[-1]
    assert event["kind"] == "attestation.refused"
    assert "none came" in event["detail"]


@pytest.mark.parametrize("fields", [
    {"evidence": "AAAA"}, {"evidence_format": "psa"},
    {"evidence_nonce": "AAAA"},
    {"evidence_format": "psa", "evidence": "not base64!"}])
def test_half_of_evidence_is_no_request(unit, fields):
    assert expect(unit.authorize(**fields),
        400).json()["error"] == "invalid_request"


@pytest.mark.parametrize("evidence", [
    {"formats": ["psa", "magic"]}, {"min_grade": "high"}, {"x": 1}])
def test_a_policy_that_nobody_can_apply_is_refused(
        operator, maker, evidence):
    assert expect(ask(operator, maker, **evidence),
        400).json()["type"]
