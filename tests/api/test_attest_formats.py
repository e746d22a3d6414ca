"""Each format by real evidence, from nothing but what its maker listed to an
issued certificate; and what was made for another key, or another nonce.  That
of a TPM is in test_attest_tpm.py."""

import hashlib
import json
import secrets

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import PublicFormat

from harness.crypto import PEM, DER, b64u, csr_der, new_key, spki_pem
from harness.evidence import (Bare, MatterMaker, bound, cbor_map, context,
    cose_key, dice_layer, nonce_of, number, psa_token, sign1, spki_of, text,
    x5chain)
from harness.exporter import Exporter
from harness.http import expect
from harness.players import Maker
from vectors.common import cbor_bytes, cbor_head


class Token(Bare):
    """psa and eat: a signer's key is an anchor, the unit's name its UEID."""

    def list(self, add):
        self.root, self.ueid = new_key(), b"\1" + secrets.token_bytes(32)
        add("anchors", public_key=spki_pem(self.root), key_id=self.ueid.hex())
        return "ueid", self.ueid.hex()


class Psa(Token):
    format = "psa"

    def evidence(self, nonce, key):
        return psa_token(self.root, self.ueid, self.issuer, nonce,
            spki_of(key))


class Eat(Token):
    format = "eat"
    more = {}  # further claims

    def evidence(self, nonce, key):
        hashed = hashlib.sha256(context("eat", self.issuer, nonce,
            spki_of(key))).digest()
        return self.sign(cbor_map({10: cbor_bytes(hashed),
            256: cbor_bytes(self.ueid), 258: cbor_bytes(b"\x88\x12\x4e"),
            262: b"\xf5", 263: number(3), 271: cbor_head(4, 2) +
                text("2.7.1") + number(16384), **self.more}))

    def sign(self, claims):
        return sign1(self.root, claims)


class EatOfChain(Eat):
    """No key of the unit is known: its certificate leads to its maker."""

    def list(self, add):
        self.root, self.ueid = self.birth_key, b"\1" + secrets.token_bytes(32)
        return "ueid", self.ueid.hex()

    def sign(self, claims):
        return sign1(self.root, claims, covered=x5chain(
            *map(der_of, self.birth_chain)))


class Idevid(Bare):
    """In place of mutual TLS: the serial number, and the key pinned."""
    format = "idevid"

    def list(self, add):
        return "serial", self.serial

    def evidence(self, nonce, key):
        chain = [der_of(pem) for pem in self.birth_chain]
        return bound("idevid", self.issuer, nonce, spki_of(key),
            self.birth_key, chain=chain)


class Dice(Bare):
    """The device's own key is listed, and is no anchor."""
    format = "dice"

    def list(self, add):
        self.uds, self.layers = new_key(), [new_key(), new_key()]
        return "key_sha256", hashlib.sha256(spki_of(self.uds)).hexdigest()

    def evidence(self, nonce, key):
        chain = (cbor_head(4, 3) + cose_key(self.uds) +
            dice_layer(self.uds, "uds", "one", self.layers[0]) +
            dice_layer(self.layers[0], "one", "two", self.layers[1]))
        return bound("dice", self.issuer, nonce, spki_of(key),
            self.layers[1], dice=chain)


class Matter(Bare):
    """Over a connection whose exporter the device knows."""
    format = "matter"

    def list(self, add):
        self.ca, self.dac_key = MatterMaker(), new_key()
        name = f"DAC {secrets.token_hex(4)} Mvid:FFF1 Mpid:8000"
        self.dac = self.ca.certificate(name, "PAI Mvid:FFF1", self.dac_key)
        add("anchors", certificate=self.ca.paa.public_bytes(PEM).decode(),
            vendor_id=0xFFF1)
        add("anchors", certificate=self.ca.signer.public_bytes(PEM).decode(),
            kind="declaration")
        return "dac_subject", f"CN={name}"

    def send(self, _, key, nonce, **fields):
        body = {"format": "matter", "client_id": self.maker.client_id,
            "nonce": b64u(nonce), "key": b64u(spki_of(self.key)), **fields}
        with Exporter(self.stack) as connection:
            made = body.pop("made_for", nonce)
            evidence = self.ca.evidence(self.dac, self.dac_key, made,
                csr_der(key), connection.binding)
            text_ = json.dumps({**body, "evidence": b64u(evidence)}).encode()
            status, answer = connection.send(
                b"POST /v1/attestation HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n"
                b"\r\n" % len(text_) + text_)
        self.handle = json.loads(answer).get("attestation")
        return status


def der_of(pem):
    return x509.load_pem_x509_certificate(pem).public_bytes(DER)


@pytest.fixture
def maker(operator):
    maker = Maker()
    operator.register(maker)
    return maker


def listed(stack, operator, maker, kind):
    unit = kind(stack, maker)

    def add(what, **body):
        expect(operator.call("POST", f"/manufacturers/{maker.id}/{what}",
            json=body), 200, 201)
    column, value = unit.list(add)
    answer = expect(operator.import_lines(maker.id,
        f"model,{column}\n{maker.model},{value}\n"), 200).json()
    assert answer["added"] == 1, answer
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "x", "client_id": maker.client_id,
        "policy": {"evidence": {"formats": [unit.format]}}}), 200)
    return unit


def last_refusal(operator):
    event = operator.events()[-1]
    assert event["kind"] == "attestation.refused"
    return event["detail"]


def attest(unit, nonce, key=None, made_for=None):
    """The status of what is sent for unit.key, made for this or that."""
    key = key or unit.key
    if unit.format == "matter":
        return unit.send(None, key, nonce, made_for=made_for or nonce)
    return unit.send(unit.format, unit.evidence(made_for or nonce, key),
        nonce).status_code


@pytest.mark.parametrize("kind,grade,wrong_key", [
    (Psa, "hardware", "nonce-mismatch"),
    (Eat, "software", "nonce-mismatch"),
    (EatOfChain, "software", "nonce-mismatch"),
    (Idevid, "software", "key-mismatch"),
    (Dice, "hardware", "key-mismatch"),
    (Matter, "hardware", "key-mismatch")],
    ids=["psa", "eat", "eat-x5chain", "idevid", "dice", "matter"])
def test_evidence_leads_to_a_certificate_for_its_key_alone(
        stack, operator, maker, owner, kind, grade, wrong_key):
    unit = listed(stack, operator, maker, kind)
    nonce = nonce_of(stack)
    assert attest(unit, nonce, key=new_key()) == 403
    assert wrong_key in last_refusal(operator)
    assert attest(unit, nonce, made_for=nonce_of(stack)) == 403
    assert "nonce-mismatch" in last_refusal(operator)
    assert attest(unit, nonce) == 200
    expect(unit.authorize(csr_der(new_key()), attestation=unit.handle), 400)
    expect(unit.authorize(attestation=unit.handle), 200)
    facts = expect(owner.lookup(unit.grant["user_code"]), 200).json()["facts"]
    assert facts["attestation"]["format"] == unit.format
    assert facts["attestation"]["grade"] == grade
    expect(owner.approve(unit.grant["user_code"]), 200)
    unit.poll_until_decided()
    expect(unit.enroll(), 200)
    assert spki_of(unit.key) == unit.certificate.public_key().public_bytes(
        DER, PublicFormat.SubjectPublicKeyInfo)
    assert attest(unit, nonce) == 403
    assert "nonce was used" in last_refusal(operator)


@pytest.mark.parametrize("kind",
    [Psa, Eat, EatOfChain, Idevid, Dice, Matter],
    ids=["psa", "eat", "eat-x5chain", "idevid", "dice", "matter"])
def test_r4_unit_comes_back_by_new_evidence_for_the_same_key(
        stack, operator, maker, owner, database, kind):
    """Off for longer than its certificate lived, and without its owner."""
    unit = listed(stack, operator, maker, kind)
    assert attest(unit, nonce_of(stack)) == 200
    expect(unit.authorize(attestation=unit.handle), 200)
    expect(owner.approve(unit.grant["user_code"]), 200)
    unit.poll_until_decided()
    expect(unit.enroll(), 200)
    first, old_id, key = unit.certificate, unit.id, unit.key
    unit.token = None
    database.query("UPDATE certificate SET not_after = "
        "now() - interval '1 hour'")
    expect(unit.enroll(), 401)
    unit.key = new_key()
    assert attest(unit, nonce_of(stack)) == 200
    expect(unit.enroll_by_handle(), 403)
    unit.key = key
    assert attest(unit, nonce_of(stack)) == 200
    expect(unit.enroll_by_handle(), 200)
    assert unit.id == old_id and unit.certificate != first
    back = unit.certificate
    expect(unit.enroll_by_handle(), 200)
    assert unit.certificate == back, "a repeat gets the same"
    expect(unit.renew(), 200)


def test_a_units_certificate_speaks_in_tokens_for_that_unit_alone(
        stack, operator, maker):
    unit = listed(stack, operator, maker, EatOfChain)
    assert attest(unit, nonce_of(stack)) == 200
    other = EatOfChain(stack, maker)
    other.root, other.ueid = other.birth_key, unit.ueid
    assert attest(other, nonce_of(stack)) == 403
    assert "another birth key" in last_refusal(operator)
    assert attest(unit, nonce_of(stack)) == 200


def test_parts_of_an_eat_are_asked_by_name(stack, operator, maker):
    unit = listed(stack, operator, maker, Eat)

    def part(version="2.0.0", secure=b"\xf5"):
        return cbor_map({262: secure, 263: number(2), 271: cbor_head(4, 2)
            + text(version) + number(16384)})

    def with_parts(**parts_):
        unit.more = {266: cbor_head(5, len(parts_)) + b"".join(
            text(k) + v for k, v in parts_.items())} if parts_ else {}
        return attest(unit, nonce_of(stack))

    rule = {"name": "TEE", "secure_boot": True, "debug": "disabled",
        "min_version": "2.0.0"}
    expect(operator.call("PUT", f"/models/{maker.model}/policy", json={
        "policy": {"evidence": {"formats": ["eat"],
            "submodules": [rule]}}}), 200)
    nested = cbor_bytes(b"\xd2 a token of its own")
    for bad in ({}, {"tee": part()}, {"TEE": part("1.9.9")},
            {"TEE": part(secure=b"\xf4")}, {"TEE": nested}):
        assert with_parts(**bad) == 403
        assert "eat: submodule: The part TEE" in last_refusal(operator)
    assert with_parts(TEE=part(), modem=nested) == 200
    expect(unit.enroll_by_handle(), 202)
    # What was proved of it is on record, and judged again.
    rule["min_version"] = "2.0.1"
    expect(operator.call("PUT", f"/models/{maker.model}/policy", json={
        "policy": {"evidence": {"submodules": [rule]}}}), 200)
    again = expect(unit.enroll_by_handle(), 403)
    verdict = expect(operator.call("GET", "/attestations/"
        + again.headers["X-Request-Id"]), 200).json()["verdict"]
    assert verdict["facts"]["submodules"] == [{"name": "TEE",
        "judged": True, "secure_boot": True, "debug": "disabled-since-boot",
        "sw_version": "2.0.0", "sw_scheme": 16384},
        {"name": "modem", "judged": False}]


def test_a_key_that_nobody_listed_is_no_unit_of_dice(
        stack, operator, maker):
    unit = listed(stack, operator, maker, Dice)
    unit.uds = new_key()
    assert attest(unit, nonce_of(stack)) == 403
    assert "no name that model" in last_refusal(operator)


def test_a_birth_certificate_of_the_same_name_and_another_key_is_refused(
        stack, operator, maker):
    """A11: the key of an IDevID that came as evidence is pinned by it."""
    unit = listed(stack, operator, maker, Idevid)
    assert attest(unit, nonce_of(stack)) == 200
    clone = Idevid(stack, maker, unit.serial)
    assert attest(clone, nonce_of(stack)) == 403
    assert "another birth key" in last_refusal(operator)
    assert "unit.second_birth_key" in [e["kind"] for e in operator.events()]
    assert attest(unit, nonce_of(stack)) == 200


def test_signs_of_clones_are_on_record_and_quarantine_who_proved_the_key(
        stack, operator, maker, owner):
    """A1, A10: one key as two units, one unit by two keys, and a second
    enrollment of a live one, all by evidence alone."""
    unit = listed(stack, operator, maker, Idevid)
    expect(operator.call("PUT", f"/models/{maker.model}/policy", json={
        "policy": {"clones": "quarantine", "evidence": {}}}), 200)

    def signs():
        return [(e["kind"], e.get("device_id")) for e in operator.events()
            if e["kind"].startswith(("unit.", "device.second",
                "device.quarantined"))]

    assert attest(unit, nonce_of(stack)) == 200
    expect(unit.authorize(attestation=unit.handle), 200)
    expect(owner.approve(unit.grant["user_code"]), 200)
    unit.poll_until_decided()
    expect(unit.enroll(), 200)
    # Who merely has its name switches nothing off.
    clone = Idevid(stack, maker, unit.serial)
    assert attest(clone, nonce_of(stack)) == 403
    assert signs() == [("unit.second_birth_key", unit.id)]
    expect(unit.renew(), 200)
    # Its key, proved, under another name that is listed
    other = Idevid(stack, maker)
    other.birth_key = unit.birth_key
    other.birth_chain = maker.birth_certificate(unit.birth_key, other.serial)
    expect(operator.import_lines(maker.id,
        f"model,serial\n{maker.model},{other.serial}\n"), 200)
    assert attest(other, nonce_of(stack)) == 403
    assert "came as unit" in last_refusal(operator)
    assert signs()[1:] == [("device.quarantined", unit.id),
        ("unit.birth_key_shared", unit.id)]
    expect(operator.lift(unit.id), 200, 204)
    # Its own key again, for a second operational one
    unit.key = new_key()
    assert attest(unit, nonce_of(stack)) == 200
    expect(unit.enroll_by_handle(), 403)
    assert signs()[3:] == [("device.quarantined", unit.id),
        ("device.second_key", unit.id)]
