"""Evidence within EST: an attribute of the request, and what asks for it."""

import base64
import hashlib
import json
import time

import pytest

from harness import csrattrs, der
from harness.crypto import csr_der, new_key, spki_pem
from harness.evidence import Bare, nonce_of, psa_token, spki_of
from harness.exporter import Exporter
from harness.http import Client, expect
from harness.players import Device, Maker

CODE = "TULIP-42"
EVIDENCE = "1.2.840.113549.1.9.16.2.59"


class Unit(Device):
    """With a birth certificate, and a root of trust that signs tokens."""

    def __init__(self, stack, maker):
        super().__init__(stack, maker)
        self.root, self.handle = new_key(), None
        self.ueid = b"\1" + self.serial.encode().ljust(32, b"\0")

    def says(self, nonce, key=None, version="1.2.0"):
        return psa_token(self.root, self.ueid,
            self.stack.settings["issuer"], nonce, spki_of(key or self.key),
            version)

    def csr(self, nonce=None, key=None, evidence=None, version="1.2.0",
            **form):
        """A request with evidence for its own key, and the nonce in it."""
        nonce = nonce_of(self.stack) if nonce is None else nonce
        return der.csr(key or self.key, attributes=der.evidence("psa",
            evidence or self.says(nonce, key, version), nonce, **form))


@pytest.fixture
def maker(operator):
    maker = Maker()
    operator.register(maker)
    return maker


@pytest.fixture
def unit(stack, operator, maker):
    unit = Unit(stack, maker)
    expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors", json={
        "public_key": spki_pem(unit.root), "key_id": unit.ueid.hex()}), 201)
    code = hashlib.sha256(f"{unit.serial}:{CODE}".encode()).hexdigest()
    expect(operator.import_lines(maker.id,
        "serial,model,ueid,claim_code_sha256\n"
        f"{unit.serial},{maker.model},{unit.ueid.hex()},{code}\n"), 200)
    return unit


def ask(operator, maker, **more):
    return expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "x",
        "policy": {"evidence": {"formats": ["psa"]}},
        "client_id": maker.client_id, **more}), 200)


def free(operator, maker, **settings):
    expect(operator.call("PUT", "/labels/free",
        json={"owner_approval": "none", **settings}), 200, 201)
    ask(operator, maker, profile="free")


def refused(answer, operator, reason):
    expect(answer, 403)
    event = [e for e in operator.events()
        if e["kind"] == "attestation.refused"][-1]
    assert reason in event["detail"]
    assert event["request_id"] == answer.headers["X-Request-Id"]


def test_csrattrs_asks_for_evidence_where_a_model_of_the_label_does(
        stack, operator, maker):
    client = Client(stack)
    expect(client.get("/.well-known/est/csrattrs"), 204)
    ask(operator, maker)
    for _ in range(80):
        answer = client.get("/.well-known/est/csrattrs")
        if answer.status_code == 200:
            break
        time.sleep(0.25)
    asked = csrattrs.read(base64.b64decode(answer.content))
    assert EVIDENCE in asked.oids and EVIDENCE in asked.template.oids


def test_a_claim_waits_with_what_the_evidence_proved(
        operator, maker, unit, database):
    ask(operator, maker)
    refused(unit.enroll(), operator, "none came")
    csr = unit.csr()
    expect(unit.enroll(csr), 202)
    facts = json.loads(database.value("SELECT facts FROM approval"))
    assert facts["attestation"]["format"] == "psa"
    assert facts["attestation"]["grade"] == "hardware"
    # Asking again is no second use of the nonce.
    expect(unit.enroll(csr), 202)
    assert database.value("SELECT count(*) FROM nonce_used") == 1


def test_evidence_in_a_repeated_request_is_judged_whatever_was_approved(
        stack, operator, maker, owner, unit, database):
    ask(operator, maker)
    first = unit.csr(version="1.2.0")
    expect(unit.authorize(), 400)  # nothing is proved of it yet
    expect(unit.enroll(first), 202)
    # While nobody has decided, and when the owner has said yes: less than
    # before, of nobody's nonce, broken.  It is on record.
    bad = lambda: [unit.csr(version="1.1.9"), unit.csr(b"\1" * 32),
        der.csr(unit.key, attributes=der.evidence("psa", b"\xff",
            nonce_of(stack)))]
    for csr, reason in zip(bad(), ("downgrade", "not ours", "")):
        refused(unit.enroll(csr), operator, reason)
    database.query("UPDATE nonce_used SET expires_at = now() - "
        "interval '1 day'")
    database.query("UPDATE attested SET at = at - interval '1 hour'")
    expect(unit.enroll(first), 202)  # the same request, an hour later
    expect(owner.decide(expect(owner.claim(unit.serial, CODE),
        200).json(), "approve"), 200)
    for csr, reason in zip(bad(), ("downgrade", "not ours", "")):
        refused(unit.enroll(csr), operator, reason)
    better = unit.csr(version="1.3.0")
    expect(unit.enroll(better), 200)
    assert database.value("SELECT sw_version FROM birth") == "1.3.0"
    expect(unit.enroll(better), 200)  # A9: the answer was lost
    # Once it has its certificate, too
    refused(unit.enroll(first), operator, "downgrade")
    for csr, reason in zip(bad(), ("downgrade", "not ours", "")):
        refused(unit.enroll(csr), operator, reason)
    rows = expect(operator.call("GET", "/attestations"),
        200).json()["attestations"]
    assert [r["accepted"] for r in rows].count(False) == 11
    assert [r["accepted"] for r in rows].count(True) == 2


def test_evidence_is_judged_before_anything_is_issued(
        stack, operator, maker, unit, database):
    free(operator, maker)
    nonce = nonce_of(stack)
    refused(unit.enroll(unit.csr(nonce, evidence=unit.says(
        nonce, new_key()))), operator, "nonce-mismatch")
    refused(unit.enroll(unit.csr(b"\1" * 32)), operator, "not ours")
    refused(unit.enroll(unit.csr(nonce, evidence=unit.says(nonce) + b"\0")),
        operator, "after the item")
    # Of a nonce that is not named: it answers to no such connection.
    refused(unit.enroll(der.csr(unit.key, attributes=der.evidence("psa",
        unit.says(nonce)))), operator, "nonce-mismatch")
    for form in ({"type_": der.CHALLENGE_PASSWORD},
            {"more": der.seq(der.EVIDENCE_TYPE, der.seq())}):
        expect(unit.enroll(unit.csr(nonce, **form)), 400)
    expect(unit.enroll(der.csr(unit.key, attributes=der.evidence("x" * 33,
        b""))), 400)
    refused(unit.enroll(der.csr(unit.key, attributes=der.evidence("fdo",
        b"x", nonce))), operator, "format")
    assert database.value("SELECT count(*) FROM certificate") == 0
    csr = unit.csr(nonce)
    expect(unit.enroll(csr), 200)
    first = unit.certificate
    expect(unit.enroll(csr), 200)  # A9: the answer was lost
    assert unit.certificate == first
    # Parameters are where the device grant has it.
    expect(unit.authorize(unit.csr()), 400)


def test_a_renewal_with_evidence_is_judged_by_it(
        stack, operator, maker, unit, database):
    free(operator, maker)
    expect(unit.enroll(unit.csr()), 200)
    nonce = nonce_of(stack)
    refused(unit.renew(csr=unit.csr(nonce, evidence=unit.says(
        nonce, new_key()))), operator, "nonce-mismatch")
    refused(unit.renew(csr=unit.csr(b"\2" * 32)), operator, "not ours")
    assert database.value("SELECT count(*) FROM certificate") == 1
    csr = unit.csr(nonce)
    expect(unit.renew(csr=csr), 200)
    # Ahead of it: a handle that the certificate to be renewed opens
    nonce = nonce_of(stack)

    def renew(purpose, client, **header):
        answer = Bare.send(unit, "psa", unit.says(nonce), nonce,
            client=client, fields={"purpose": purpose})
        expect(answer, 200)
        return unit.operational.post("/.well-known/est/simplereenroll",
            data=base64.b64encode(csr_der(unit.key)), headers={
                "Content-Type": "application/pkcs10",
                "Latchkey-Attestation": answer.json()["attestation"]})
    refused(renew("enroll", unit.birth), operator, "another purpose")
    nonce = nonce_of(stack)
    expect(renew("renew", unit.operational), 200)
    kinds = [e["kind"] for e in operator.events()]
    assert kinds.count("attestation.accepted") == 4


def test_evidence_may_answer_to_its_connection(stack, operator, maker, unit):
    free(operator, maker)

    def message(csr):
        body = base64.b64encode(csr)
        return (b"POST /.well-known/est/simpleenroll HTTP/1.1\r\n"
            b"Host: localhost\r\nContent-Type: application/pkcs10\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body
    files = unit.birth.session.cert
    with Exporter(stack, files) as one, Exporter(stack, files) as other:
        csr = der.csr(unit.key, attributes=der.evidence("psa",
            unit.says(one.binding)))
        assert other.send(message(csr))[0] == 403
        assert one.send(message(csr))[0] == 200
