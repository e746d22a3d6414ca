"""Attestation by a TPM, for real: a software one with its own endorsement
certificate, challenged, opened, quoted and proved."""

import hashlib
import struct

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from harness.crypto import b64u, new_key
from harness.evidence import Bare, context, spki_of, unb64u
from harness.http import Client, expect
from harness.players import Device, Maker
from harness.tpm import Measured, SoftTpm
from vectors.common import parts


@pytest.fixture(scope="module", params=["rsa", "p256"])
def tpm(request):
    """By the kind of its endorsement key."""
    made = SoftTpm(request.param)
    made.make_keys()
    yield made
    made.close()


@pytest.fixture
def maker(operator, tpm):
    """Who built the TPM into something, and trusts who made it."""
    maker = Maker()
    operator.register(maker)
    expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors",
        json={"certificate": tpm.root}), 201)
    return maker


def list_unit(operator, maker, tpm):
    digest = hashlib.sha256(tpm.ek_spki).hexdigest()
    answer = expect(operator.import_lines(maker.id,
        f"model,ek_sha256\n{maker.model},{digest}\n"), 200).json()
    assert answer["added"] == 1


def spki_der(public):
    return public.public_bytes(serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)


class Unit:
    """What runs beside the TPM."""

    def __init__(self, stack, tpm):
        self.tpm, self.issuer = tpm, stack.settings["issuer"]
        self.http = Client(stack)

    def send(self, path, key, **more):
        return self.http.call("POST", f"/v1/attestation/tpm{path}", json={
            "evidence": b64u(parts(**{**self.tpm.keys(), **more})),
            "key": b64u(key)})

    def challenge(self, key=None, **more):
        return self.send("", key or self.tpm.key, **more)

    def opened(self, answer):
        """The parts that answer a challenge, quote included."""
        got = {k: unb64u(v) for k, v in answer.items() if k != "expires_in"}
        return {"challenge": got["challenge"],
            "secret": self.tpm.activate(got["credential_blob"],
                got["encrypted_secret"]),
            **self.tpm.quote(self.answer_to(got["challenge"]))}

    def answer_to(self, challenge, key=None):
        """docs/attestation.md: what the quote's qualifying data is."""
        return hashlib.sha256(context("tpm", self.issuer, challenge,
            key or self.tpm.key)).digest()

    def proof(self, key=None, **more):
        return self.send("/proof", key or self.tpm.key, **more)


def last_event(operator):
    return [e for e in operator.events()
        if e["kind"].startswith("attestation.")][-1]


def refused(answer, operator):
    """One status and nothing else (E5); the reason is the operator's."""
    body = expect(answer, 403).json()
    assert body["type"].endswith("bad-evidence") and "detail" not in body
    event = last_event(operator)
    assert event["kind"] == "attestation.refused"
    return event["detail"]


@pytest.mark.parametrize("tpm", ["rsa", "p256", "p384"], indirect=True)
def test_a_tpm_proves_itself_and_its_key_in_two_steps(
        stack, operator, maker, tpm):
    list_unit(operator, maker, tpm)
    unit = Unit(stack, tpm)
    answer = expect(unit.challenge(), 200).json()
    assert answer["expires_in"] == 600
    evidence = {**unit.opened(answer), **tpm.certify()}
    proved = expect(unit.proof(**evidence), 200).json()
    assert proved["grade"] == "hardware" and proved["expires_in"] <= 600
    event = last_event(operator)
    assert event["kind"] == "attestation.accepted"
    assert event["manufacturer_id"] == maker.id

    # E1: the challenge was for this key
    other = spki_of(new_key())
    assert "ak-not-activated" in refused(unit.proof(other, **evidence),
        operator)
    # A quote that answers to nothing, or to another key's challenge
    stale = tpm.quote(bytes(32))
    assert "quote-nonce" in refused(
        unit.proof(**{**evidence, **stale}), operator)
    stale = tpm.quote(unit.answer_to(evidence["challenge"], other))
    assert "quote-nonce" in refused(
        unit.proof(**{**evidence, **stale}), operator)
    # Without its parts
    for missing, code in (("quote", "no-quote"),
            ("certify", "key-not-certified")):
        less = {k: v for k, v in evidence.items() if not
            k.startswith(missing) and k not in {"quote": ["pcrs"],
                "certify": ["key_pub"]}[missing]}
        assert code in refused(unit.proof(**less), operator)
    wrong = bytes([evidence["secret"][0] ^ 1]) + evidence["secret"][1:]
    assert "ak-not-activated" in refused(
        unit.proof(**{**evidence, "secret": wrong}), operator)


def test_a_unit_with_a_tpm_alone_enrolls_under_its_models_policy(
        stack, operator, maker, owner, tpm, database):
    """Its maker lists the endorsement key, and nothing else is known of it;
    what the owner approves is a key that never leaves the TPM."""
    list_unit(operator, maker, tpm)
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "x", "client_id": maker.client_id,
        "policy": {"evidence": {"formats": ["tpm"], "min_grade": "hardware",
            "pcrs": [{"index": 7}]}}}), 200)
    unit, device = Unit(stack, tpm), Bare(stack, maker)
    csr = tpm.csr()
    evidence = {**unit.opened(expect(unit.challenge(), 200).json()),
        **tpm.certify()}
    less = {**evidence, **tpm.quote(
        unit.answer_to(evidence["challenge"]), range(4))}
    assert "pcr-not-quoted" in refused(unit.proof(**less), operator)
    handle = expect(unit.proof(**evidence), 200).json()["attestation"]
    expect(device.authorize(attestation=handle), 400)  # another key's request
    expect(device.authorize(csr, attestation=handle), 200)
    facts = expect(owner.lookup(device.grant["user_code"]),
        200).json()["facts"]
    assert facts["attestation"]["format"] == "tpm"
    assert facts["attestation"]["grade"] == "hardware"
    assert "serial" not in facts
    expect(owner.approve(device.grant["user_code"]), 200)
    expect(device.poll_until_decided(), 200)
    expect(device.enroll(csr), 200)
    assert spki_der(device.certificate.public_key()) == tpm.key
    # EST alone: the same handle in a header
    other = Bare(stack, maker)
    expect(other.enroll_by_handle(csr, handle), 200)  # A9: the same again
    assert other.certificate == device.certificate
    # R4: off for longer than that lived, it proves itself anew.
    database.query("UPDATE certificate SET not_after = "
        "now() - interval '1 hour'")
    evidence = {**unit.opened(expect(unit.challenge(), 200).json()),
        **tpm.certify()}
    handle = expect(unit.proof(**evidence), 200).json()["attestation"]
    expect(other.enroll_by_handle(csr, handle), 200)
    assert other.id == device.id and other.certificate != device.certificate


SECURE_BOOT = bytes.fromhex("61dfe48bca93d211aa0d00e098032b8c") + (
    struct.pack("<QQ", 10, 1) + "SecureBoot".encode("utf-16-le") + b"\1")
END = bytes(4)


def listed(pcr, *digests):
    return [{"pcr": pcr, "sha256": digest.hex()} for digest in digests]


VERSION = "1.4.0".encode("utf-16-le")
SHIM, GRUB, EVIL = (Measured(hashlib.sha256(x).digest())
    for x in (b"shim", b"grub", b"evil"))


def log_of(tpm):
    """That of the one start of this TPM's machine."""
    if tpm.log is None:
        tpm.log = tpm.boot((0, VERSION), (7, SECURE_BOOT), (7, END),
            (4, b"Calling EFI Application from Boot Option"),
            *((pcr, END) for pcr in range(7)), (4, SHIM), (4, GRUB))
    return tpm.log


def test_a_boot_chain_is_allowed_event_by_event(
        stack, operator, maker, tpm):
    """Firmware, shim and GRUB: what the log names has to lead to the quoted
    PCRs, and each of it has to be on the model's list."""
    list_unit(operator, maker, tpm)
    log = log_of(tpm)
    unit = Unit(stack, tpm)
    evidence = {**unit.opened(expect(unit.challenge(), 200).json()),
        **tpm.certify()}
    firmware = hashlib.sha256(VERSION).digest()

    def judged(boot, **more):
        expect(operator.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": "x",
            "client_id": maker.client_id, "policy": {"evidence": {
                "secure_boot": True, "boot": boot}}}), 200)
        return unit.proof(**{"event_log": log, **evidence, **more})
    good = listed(0, firmware) + listed(4, SHIM, GRUB)
    answer = expect(judged(good), 200)
    assert answer.json()["grade"] == "hardware"
    accepted = answer.headers["X-Request-Id"]
    attempt = expect(operator.call("GET", f"/attestations/{accepted}"),
        200).json()
    assert attempt["verdict"]["facts"]["boot"] == [
        {"pcr": pcr, "digest": digest.hex()} for pcr, digest in (
            (0, firmware), (4, SHIM), (4, GRUB))]
    # Another firmware, a loader that nobody allowed, none of them at all
    for wrong in (listed(0, SHIM), listed(4, SHIM), listed(2, SHIM)):
        assert "boot-event" in refused(judged(wrong), operator)
    assert "no-log" in refused(judged(good, event_log=None), operator)
    # A log that hides what was started, or puts something else in its place
    assert "log-replay" in refused(judged(good, event_log=log.replace(GRUB,
        EVIL)), operator)
    cut = log[:log.index(GRUB) - 14]
    assert "log-replay" in refused(judged(good, event_log=cut), operator)
    assert "log-unreadable" in refused(
        judged(good, event_log=log[:-1]), operator)
    # And an owner of the system who starts it, and says so
    log = tpm.log = log + tpm.boot((4, EVIL))[65:]
    evidence.update(tpm.quote(unit.answer_to(evidence["challenge"])))
    assert "boot-event" in refused(judged(good), operator)
    expect(judged(good + listed(4, EVIL)), 200)


def test_only_a_listed_tpm_of_a_trusted_maker_is_challenged(
        stack, operator, maker, tpm):
    unit = Unit(stack, tpm)
    first = unit.challenge()
    # A11: its maker listed no such unit
    assert "no unit is listed" in refused(first, operator)
    list_unit(operator, maker, tpm)
    expect(unit.challenge(), 200)
    expect(unit.challenge(ek_cert=[tpm.file("ek.der")]), 403)
    # E5: each step is on record, also of who is nobody.
    bad, good, unknown = expect(operator.call("GET", "/attestations"),
        200).json()["attestations"]
    assert (good["accepted"], good["model"]) == (True, maker.model)
    assert (bad["accepted"], bad["unit"]) == (False, good["unit"])
    assert unknown["id"] == first.headers["X-Request-Id"]
    assert not {"unit", "model", "manufacturer"} & set(unknown)
    assert "chain-untrusted" in refused(unit.challenge(
        ek_cert=[tpm.file("ek.der")]), operator)
    for anchor in expect(operator.call("GET",
            f"/manufacturers/{maker.id}/anchors"), 200).json()["anchors"]:
        expect(operator.call("DELETE",
            f"/manufacturers/{maker.id}/anchors/{anchor['id']}"), 204)
    assert "chain-untrusted" in refused(unit.challenge(), operator)


def test_a_birth_certificate_beside_another_tpm_than_listed_is_a_clone_sign(
        stack, operator, maker, tpm):
    device = Device(stack, maker)
    expect(operator.import_lines(maker.id, "model,serial,ek_sha256\n"
        f"{maker.model},{device.serial},{'ab' * 32}\n"), 200)
    list_unit(operator, maker, tpm)
    unit = Unit(stack, tpm)
    evidence = {**unit.opened(expect(unit.challenge(), 200).json()),
        **tpm.certify()}
    answer = device.authorize(tpm.csr(), evidence_format="tpm",
        evidence=b64u(parts(**tpm.keys(), **evidence)))
    expect(answer, 400)
    kinds = [e["kind"] for e in operator.events()]
    assert kinds[-2:] == ["unit.second_birth_key", "attestation.refused"]


def test_keys_of_other_kinds_and_broken_evidence_get_no_challenge(
        stack, operator, maker, tpm):
    list_unit(operator, maker, tpm)
    unit = Unit(stack, tpm)
    # A key for TLS is not restricted: it signs forged quotes as well.
    assert "ak-attributes" in refused(
        unit.challenge(ak_pub=tpm.file("tls.pub")), operator)
    assert "ek-not-certified" in refused(
        unit.challenge(ek_pub=tpm.file("ak.pub")), operator)
    expect(unit.challenge(ak_pub=b"x"), 403)
    expect(unit.challenge(unknown=b"x"), 403)
    expect(unit.http.call("POST", "/v1/attestation/tpm", json={
        "evidence": b64u(b"\xa0"), "key": b64u(tpm.key)}), 403)
    expect(unit.challenge(b"no key"), 400)


def test_a_tpm_opens_no_challenge_for_another_attestation_key(
        stack, operator, maker, tpm):
    list_unit(operator, maker, tpm)
    unit = Unit(stack, tpm)
    # The same key with another attribute (noDA) has another name.
    own = tpm.file("ak.pub")
    forged = own[:8] + bytes([own[8] ^ 0x04]) + own[9:]
    answer = expect(unit.challenge(ak_pub=forged), 200).json()
    with pytest.raises(AssertionError, match="integrity"):
        unit.opened(answer)


def test_the_reference_device_lives_by_its_tpm(
        stack, operator, maker, owner, broker, tpm, tmp_path):
    """`latchkey simulate tpm`, from the factory to the next certificate; no
    key of it is ever in a file that anything else could use."""
    ca, directory = tmp_path / "ca.pem", tmp_path / "device"
    ca.write_bytes(x509.load_der_x509_certificate(tpm.issuer).public_bytes(
        serialization.Encoding.PEM))
    (tmp_path / "log").write_bytes(log_of(tpm))
    env = {"TPM2TOOLS_TCTI": tpm.env["TPM2TOOLS_TCTI"],
        "MQTT_URL": f"mqtts://localhost:{broker.port}"}

    def simulate(step, *more):
        return stack.cli("simulate", step, "--dir", directory, *more, env=env)

    def certified():
        return x509.load_pem_x509_certificate(
            (directory / "op.crt").read_bytes())
    said = simulate("tpm", "--model", maker.model, "--client-id",
        maker.client_id, "--ek-ca", ca, "--event-log", tmp_path / "log",
        "--ek", "rsa" if "rsa" in tpm.ak_kind else "ecc")
    assert hashlib.sha256(tpm.ek_spki).hexdigest() in said
    assert expect(operator.import_lines(maker.id,
        (directory / "birth.csv").read_text()), 200).json()["added"] == 1
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "x", "client_id": maker.client_id,
        "policy": {"evidence": {"formats": ["tpm"], "secure_boot": True,
            "min_grade": "hardware"}}}), 200)
    assert "accepted: hardware" in simulate("attest")
    code = simulate("authorize").split()[2]
    expect(owner.approve(code), 200)
    assert "token received" in simulate("poll")
    assert "urn:uuid:" in simulate("enroll")
    assert (directory / "op.key").read_text().startswith(
        "-----BEGIN TSS2 PRIVATE KEY-----")
    first = certified()
    assert spki_der(first.public_key()) == (
        directory / "tls.der").read_bytes()
    # The TPM signs the handshakes, of MQTT and of EST.
    device_id = first.subject.get_attributes_for_oid(
        NameOID.COMMON_NAME)[0].value
    told = simulate("run", "--renewals", 1)
    assert told.count(f"connected as {device_id}") == 2
    second = certified()
    assert spki_der(second.public_key()) != spki_der(first.public_key())
    assert "urn:uuid:" in simulate("renew", "--same-key")
    assert certified() != second
    assert spki_der(certified().public_key()) == spki_der(second.public_key())
    assert f"connected as {device_id}" in simulate("connect", "--stay", 0)
    env["MQTT_URL"] = "mqtts://localhost:1"
    with pytest.raises(AssertionError, match="Connection refused") as told:
        simulate("connect", "--stay", 0)
    assert "Sanitizer" not in str(told.value)
    # Without that TPM the directory is worth nothing.
    env["MQTT_URL"] = f"mqtts://localhost:{broker.port}"
    env["TPM2TOOLS_TCTI"] = f"swtpm:path={tmp_path}/none"
    with pytest.raises(AssertionError, match="TLS|handshake|broker"):
        simulate("connect", "--stay", 0)
