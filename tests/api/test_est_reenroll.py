"""simplereenroll (RFC 7030 section 4.2.2): what a renewal keeps, when and for
which key the label allows it, what becomes of the certificate before it, and
what a second holder of a key is found out by (SECURITY.md A9, A10)."""

import base64
import concurrent.futures
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.crypto import (DER, PEM, csr_der, key_pem, new_key, spki)
from harness.http import Client, expect
from harness.players import Device, Maker, Operator, now


@pytest.fixture
def under(make_stack, database):
    """under(setting=...) -> a device enrolled under a label with those."""

    def enroll(**settings):
        database.query("UPDATE label SET settings = %s WHERE name = 'device'",
            (json.dumps(settings),))
        stack = make_stack()
        operator = Operator(stack, database.admin_token)
        maker = Maker()
        operator.register(maker)
        device = Device(stack, maker)
        operator.allow(device)
        device.owner = operator.add_owner()
        device.operator = operator
        return device.onboard(device.owner)

    return enroll


def events(device, kind, operator=None):
    return [e for e in (operator or device.operator).events(
        f"?device={device.id}") if e["kind"] == kind]


# ---- 29: the client certificate


def test_without_a_client_certificate_is_401_with_a_challenge(
        stack, enrolled):
    enrolled.operational = Client(stack)
    answer = expect(enrolled.renew(), 401)
    assert answer.headers["WWW-Authenticate"]


def test_birth_certificate_is_403(enrolled):
    enrolled.operational = enrolled.birth
    expect(enrolled.renew(), 403)


def test_foreign_certificate_that_names_the_device_is_403(
        stack, enrolled, maker):
    key = new_key()
    forged = maker.birth_certificate(key, "x", subject=[
        x509.NameAttribute(NameOID.COMMON_NAME, enrolled.id)], extensions=[
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(
                f"urn:uuid:{enrolled.id}")])])
    enrolled.operational = Client(stack, forged, key_pem(key))
    expect(enrolled.renew(), 403)


def test_revoked_certificate_is_403(enrolled, operator):
    expect(operator.revoke(enrolled.id), 200)
    expect(enrolled.renew(), 403)


def test_expired_certificate_is_403_and_told_the_way_back(enrolled):
    enrolled.ends_in(-1)
    assert "simpleenroll" in expect(enrolled.renew(), 403).text
    expect(enrolled.enroll(token=False), 200)
    expect(enrolled.renew(), 200)


# ---- 30: subject and names


def own_names(device, *more, uris=None):
    uris = uris or [f"urn:uuid:{device.id}"]
    return x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier(u) for u in uris] + list(more))


def request(device, cn=None, san=None, key=None, org=None):
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, org)] if org else []
    if cn:
        names.append(x509.NameAttribute(NameOID.COMMON_NAME, cn))
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name(names))
    if san:
        builder = builder.add_extension(san, False)
    return builder.sign(key or device.key, hashes.SHA256()).public_bytes(DER)


def test_same_subject_and_names_are_renewed(enrolled):
    for csr in (request(enrolled),
            request(enrolled, enrolled.id),
            request(enrolled, san=own_names(enrolled)),
            request(enrolled, enrolled.id, own_names(enrolled))):
        expect(enrolled.renew(csr=csr), 200)


def test_subject_is_compared_by_text_whatever_string_holds_it(enrolled):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, enrolled.id,
        _type=x509.name._ASN1Type.PrintableString)])
    csr = (x509.CertificateSigningRequestBuilder().subject_name(name)
        .sign(enrolled.key, hashes.SHA256()).public_bytes(DER))
    expect(enrolled.renew(csr=csr), 200)


def test_other_subject_is_403(enrolled):
    for csr in (request(enrolled, "dev1"),
            request(enrolled, enrolled.id.upper()),
            request(enrolled, enrolled.id, org="Acme"),
            request(enrolled, org="Acme")):
        expect(enrolled.renew(csr=csr), 403)
    expect(enrolled.renew(), 200)


def test_added_or_replaced_name_is_403(enrolled):
    for san in (own_names(enrolled, x509.DNSName("lamp.example")),
            own_names(enrolled, uris=["urn:uuid:" + "0" * 36]),
            own_names(enrolled, uris=[f"urn:uuid:{enrolled.id}",
                "urn:uuid:4c6c1b9a-6f0f-4f0a-8e27-0d2d5f0a2f11"]),
            x509.SubjectAlternativeName([x509.DNSName("lamp.example")])):
        expect(enrolled.renew(csr=request(enrolled, san=san)), 403)
    expect(enrolled.renew(), 200)


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x82, n >> 8, n & 255])
    if 128 <= n < 256:
        size = bytes([0x81, n])
    return bytes([tag]) + size + body


def changing(device, subject=None, san=None, tag=None):
    """A request with ChangeSubjectName: its SAN untagged as RFC 6402 writes
    it, or [1] as its erratum does, implicit or explicit."""
    value = b""
    if subject:
        value += x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,
            subject)]).public_bytes()
    if san:
        names = tlv(0x86, san.encode())
        value += {None: tlv(0x30, names), "implicit": tlv(0xa1, names),
            "explicit": tlv(0xa1, tlv(0x30, names))}[tag]
    return with_attribute(device.key, tlv(0x30, value))


def with_attribute(key, value):
    """PKCS#10 by hand: no library has this attribute."""
    oid = bytes.fromhex("06082b06010505070724")
    info = tlv(0x30, b"\x02\x01\x00", b"\x30\x00", spki(key),
        tlv(0xa0, tlv(0x30, oid, tlv(0x31, value))))
    signature = key.sign(info, ec.ECDSA(hashes.SHA256()))
    return tlv(0x30, info, bytes.fromhex("300a06082a8648ce3d040302"),
        tlv(0x03, b"\0" + signature))


TAGS = (None, "implicit", "explicit")


def test_change_subject_name_is_403_unless_it_changes_nothing(enrolled):
    own = f"urn:uuid:{enrolled.id}"
    other = "urn:uuid:4c6c1b9a-6f0f-4f0a-8e27-0d2d5f0a2f11"
    for tag in TAGS:
        expect(enrolled.renew(csr=changing(enrolled, "lamp", None, tag)), 403)
        expect(enrolled.renew(csr=changing(enrolled, None, other, tag)), 403)
        expect(enrolled.renew(csr=changing(enrolled, enrolled.id, other,
            tag)), 403)
        expect(enrolled.renew(csr=changing(enrolled, enrolled.id, own,
            tag)), 200)


def test_wish_for_a_name_at_enrollment_is_403(enrolled):
    """Names are ours to give, so it cannot be granted (est.md 28)."""
    own, uri = enrolled.id, f"urn:uuid:{enrolled.id}"
    for csr in (changing(enrolled, "lamp"), changing(enrolled, own, uri)):
        assert "ChangeSubjectName" in expect(enrolled.enroll(csr), 403).text
    expect(enrolled.enroll(), 200)


def test_malformed_change_subject_name_is_400(enrolled):
    for value in (b"\x30\x00", b"\x05\x00", b"\x30\x02\x05\x00"):
        expect(enrolled.renew(csr=with_attribute(enrolled.key, value)), 400)


# ---- 31: which key, and when


def test_label_wants_the_same_key(under):
    device = under(renew_key="same")
    assert "own key" in expect(device.renew(new_key()), 403).text
    expect(device.renew(), 200)


def test_label_wants_a_new_key(under):
    device = under(renew_key="new")
    assert "new key" in expect(device.renew(), 403).text
    old, key = device.operational, new_key()
    expect(device.renew(key), 200)
    device.operational = old
    expect(device.renew(key), 200)  # a lost reply


def test_early_renewal_is_429_and_says_when(under):
    device = under(renew_after=50)
    before = now()
    answer = expect(device.renew(), 429)
    life = (device.certificate.not_valid_after
        - device.certificate.not_valid_before)
    due = device.certificate.not_valid_before + life / 2
    assert ((due - now()).total_seconds() - 3
        <= int(answer.headers["Retry-After"])
        <= (due - before).total_seconds() + 3)
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_lost_reply_is_repeated_however_early(under, database):
    device = under()
    old, key = device.operational, new_key()
    first = expect(device.renew(key), 200).content
    renewed = device.operational
    set_label(database, device, renew_after=90)
    device.operational = old
    assert expect(device.renew(key), 200).content == first
    device.operational = renewed
    expect(device.renew(), 429)


def set_label(database, device, **settings):
    """Changes the label and waits until the service knows."""
    database.query("UPDATE label SET settings = %s, version = version + 1 "
        "WHERE name = 'device'", (json.dumps(settings),))
    device.stack.restart()


# ---- what becomes of the certificate before


def revoked(database):
    return database.query("SELECT encode(serial, 'hex'), reason "
        "FROM revocation WHERE kind = 'certificate' ORDER BY position")


def test_superseded_certificate_expires_by_default(enrolled, database):
    expect(enrolled.renew(new_key()), 200)
    expect(enrolled.renew(new_key()), 200)
    assert revoked(database) == []


def test_superseded_certificate_is_revoked_when_its_successor_is_used(
        under, database):
    device = under(superseded="revoked")
    first = device.serial_number.hex()
    expect(device.renew(), 200)
    assert revoked(database) == [], "the successor was not used yet"
    second = device.serial_number.hex()
    expect(device.renew(), 200)
    assert revoked(database) == [(first, "superseded")]
    expect(device.renew(), 200)
    assert revoked(database) == [(first, "superseded"),
        (second, "superseded")]
    assert len(events(device, "certificate.superseded")) == 2


def test_lost_reply_is_repeated_before_the_successor_is_used(under, database):
    device = under(superseded="revoked")
    old, key = device.operational, new_key()
    expect(device.renew(key), 200)
    device.operational = old
    expect(device.renew(key), 200)
    assert revoked(database) == []


# ---- A9, A10: signs of a clone


def quarantined(database):
    return database.value(
        "SELECT count(*) FROM birth WHERE quarantined_at IS NOT NULL") > 0


def test_a9_renewal_beside_the_used_successor_is_a_sign_of_a_clone(
        enrolled, operator, database):
    thief, key = enrolled.operational, new_key()
    first = enrolled.serial_number.hex()
    expect(enrolled.renew(key), 200)
    second = enrolled.serial_number.hex()
    expect(enrolled.renew(), 200)
    mine, enrolled.operational = enrolled.operational, thief
    refused = expect(enrolled.renew(key), 403)
    (event,) = events(enrolled, "device.clone_suspected", operator)
    assert event["request_id"] == refused.headers["X-Request-Id"]
    assert first in event["detail"] and second in event["detail"]
    assert first not in refused.text
    assert not quarantined(database), "the default refuses alone"
    enrolled.operational = mine
    expect(enrolled.renew(), 200)


def test_a9_another_key_before_the_successors_use_is_no_sign_of_a_clone(
        under, database):
    """The reply may have been lost with the key that it was for."""
    device = under(clone="quarantine")
    old = device.operational
    expect(device.renew(new_key()), 200)
    mine, device.operational = device.operational, old
    expect(device.renew(csr=csr_der(new_key())), 403)
    assert not quarantined(database)
    assert len(events(device, "device.renewed_already")) == 1
    device.operational = mine
    expect(device.renew(), 200)


def test_a10_label_quarantines_a_suspected_clone_once(under, database):
    device = under(clone="quarantine")
    thief, key = device.operational, device.key
    expect(device.renew(new_key()), 200)
    expect(device.renew(), 200)
    mine, device.operational = device.operational, thief
    for _ in range(3):
        expect(device.renew(csr=csr_der(key)), 403)
    assert quarantined(database)
    assert database.query("SELECT kind, device_id::text, reason FROM "
        "revocation") == [("quarantine", device.id, "suspected clone")]
    assert len(events(device, "device.quarantined")) == 1
    assert len(events(device, "device.clone_suspected")) == 3
    shown = device.stack.cli("audit", "--device", device.id,
        token=database.admin_token)
    assert "suspected clone" in shown and "beside its successor" in shown
    expect(device.operator.lift(device.id), 200)
    device.operational = mine
    expect(device.renew(), 200)


def test_a10_who_proves_nothing_changes_nothing(under, database):
    device = under(clone="quarantine")
    stolen = device.certificate
    expect(device.renew(new_key()), 200)
    expect(device.renew(), 200)
    other = Device(device.stack, device.maker)
    device.operator.allow(other)
    before = database.value("SELECT count(*) FROM event WHERE kind LIKE "
        "'device.%%'")
    csr = csr_der(device.key)
    for client in (Client(device.stack), device.birth, other.birth,
            forged(device, stolen)):
        device.operational = client
        assert device.renew(csr=csr).status_code in (401, 403)
    assert not quarantined(database)
    assert database.value("SELECT count(*) FROM event WHERE kind LIKE "
        "'device.%%'") == before
    assert database.value("SELECT count(*) FROM revocation") == 0


def forged(device, stolen):
    """Who has the certificate, which is public, and another key: the name
    and serial number of it, signed by nobody we know."""
    key = new_key()
    certificate = (x509.CertificateBuilder().subject_name(stolen.subject)
        .issuer_name(stolen.issuer).serial_number(stolen.serial_number)
        .public_key(key.public_key())
        .not_valid_before(stolen.not_valid_before)
        .not_valid_after(stolen.not_valid_after)
        .add_extension(x509.SubjectAlternativeName(
            [x509.UniformResourceIdentifier(f"urn:uuid:{device.id}")]), False)
        .add_extension(x509.ExtendedKeyUsage(
            [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        .sign(key, hashes.SHA256()))
    return Client(device.stack, [certificate.public_bytes(PEM)], key_pem(key))


def test_a10_wrong_request_from_the_device_itself_is_no_sign(
        under, database):
    """All checks of the request come before what it is a sign of."""
    device = under(clone="quarantine", renew_key="same")
    old = device.operational
    expect(device.renew(), 200)
    device.operational = old
    expect(device.renew(new_key()), 403)
    expect(device.renew(csr=b"garbage"), 400)
    expect(device.renew(csr=request(device, "other")), 403)
    assert not quarantined(database)


# ---- R5: quarantine is a place


def units(device):
    return [a.value for a in device.certificate.subject.get_attributes_for_oid(
        NameOID.ORGANIZATIONAL_UNIT_NAME)]


def test_r5_certificate_renews_into_quarantine_and_back(under, database):
    """At once both ways, however young it is; the label it belongs to is not
    lost on the way, nor what that asks."""
    device = under(renew_after=90, renew_key="same")
    assert expect(device.renew(), 429).headers["Retry-After"]
    expect(device.operator.quarantine(device.id), 200)
    shown = expect(device.owner.device(device.id), 200).json()
    assert shown["quarantine_reason"] == "odd traffic"
    assert shown["quarantined_at"] >= shown["created_at"]
    expect(device.renew(csr=csr_der(new_key())), 403)
    expect(device.renew(), 200)
    narrow = device.operational
    assert units(device) == ["quarantine"]
    expect(device.renew(), 429)
    expect(device.operator.lift(device.id), 200)
    assert "quarantined_at" not in device.owner.device(device.id).json()
    expect(device.renew(), 200)
    assert units(device) == []
    assert [row[0] for row in database.query("SELECT profile FROM certificate "
        "ORDER BY not_before, profile")] == ["device", "device", "quarantine"]
    expect(device.renew(), 429)
    # The way back in leads through its present certificate alone.
    device.operational = narrow
    expect(device.renew(), 403)


def test_r5_no_model_and_nobody_else_chooses_quarantine(under):
    device = under()
    with pytest.raises(AssertionError, match="in quarantine alone"):
        device.operator.register(Maker("other"), profile="quarantine")
    expect(device.operator.call("DELETE", "/labels/quarantine"), 409)
    expect(device.operational.post("/.well-known/est/quarantine/"
        "simplereenroll", data=base64.b64encode(csr_der(device.key)),
        headers={"Content-Type": "application/pkcs10"}), 403)


# ---- R4: back after a longer absence than the certificate's life


def expire(database):
    """As if all certificates had been made long before they were."""
    database.query("UPDATE certificate SET not_after = "
        "now() - interval '1 hour'")


def by_key(device):
    """Lists the unit by its birth key instead of its serial number."""
    answer = expect(device.operator.import_lines(device.maker.id,
        f"key_sha256,model\n{device.birth_key_sha256},{device.maker.model}\n"),
        200).json()
    assert answer["state"] == "done", answer


@pytest.mark.parametrize("listed", ["serial", "key"])
def test_r4_comes_back_without_its_owner_with_the_same_key(
        stack, maker, operator, owner, database, listed):
    device = Device(stack, maker)
    device.operator = operator
    operator.allow(device) if listed == "serial" else by_key(device)
    device.onboard(owner)
    device.token, old_id, old = None, device.id, device.certificate
    expire(database)
    expect(device.enroll(), 200)
    assert device.id == old_id and device.certificate != old
    first = device.certificate
    expect(device.enroll(), 200)
    assert device.certificate == first, "a repeat gets the same"
    expect(device.renew(), 200)


def test_r4_comes_back_after_a_rekey_with_the_newest_key_alone(
        enrolled, database):
    old_key, enrolled.token = enrolled.key, None
    expect(enrolled.renew(new_key()), 200)
    expire(database)
    expect(enrolled.enroll(csr_der(old_key)), 403)
    expect(enrolled.enroll(csr_der(new_key())), 403)
    expect(enrolled.enroll(), 200)


@pytest.mark.parametrize("end", ["revoked", "lost", "quarantined",
    "decommissioned", "released", "compromised"])
def test_r4_does_not_come_back_when_trust_was_taken(
        enrolled, owner, database, end):
    enrolled.token = None
    expire(database)
    if end == "released":
        expect(owner.release(enrolled.id), 204)
    elif end == "compromised":
        database.query("UPDATE key_use SET compromised = true")
    else:
        database.query(f"UPDATE birth SET {end}_at = now()")
    expect(enrolled.enroll(), 403)


def test_r4_after_the_grace_the_owner_decides_again(
        enrolled, owner, operator, database):
    """Partitions of certificates go four weeks after the last has ended."""
    old_id, enrolled.token = enrolled.id, None
    database.query("DELETE FROM certificate")
    assert "four weeks" in expect(enrolled.enroll(), 403).text
    assert events(enrolled, "device.away_too_long", operator)
    expect(enrolled.authorize(), 200)
    expect(owner.approve(enrolled.grant["user_code"]), 200)
    expect(enrolled.enroll(), 200)
    assert enrolled.id == old_id


def test_r4_device_without_an_owner_is_back_after_the_grace(
        make_stack, database):
    database.query("UPDATE label SET settings = %s WHERE name = 'device'",
        (json.dumps({"owner_approval": "none"}),))
    stack = make_stack()
    operator, maker = Operator(stack, database.admin_token), Maker()
    operator.register(maker)
    device = Device(stack, maker)
    operator.allow(device)
    expect(device.enroll(), 200)
    old_id = device.id
    expire(database)
    expect(device.enroll(), 200)
    database.query("DELETE FROM certificate")
    first = expect(device.enroll(), 200).content
    assert expect(device.enroll(), 200).content == first
    assert device.id == old_id
    expect(device.enroll(csr_der(new_key())), 403)


def test_r4_repeats_at_once_get_one_certificate(enrolled, database):
    enrolled.token = None
    expire(database)

    def one(_):
        client = Client(enrolled.stack)
        client.session.cert = enrolled.birth.session.cert
        return client.post("/.well-known/est/simpleenroll",
            data=base64.b64encode(csr_der(enrolled.key)),
            headers={"Content-Type": "application/pkcs10"})

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(one, range(12)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
    assert database.value("SELECT count(*) FROM certificate") == 2


def test_renewal_keeps_what_the_labels_templates_made(under):
    device = under(subject="O=%M, OU=%m, serialNumber=%s, CN=%d")
    subject = device.certificate.subject
    expect(device.renew(), 200)
    assert device.certificate.subject == subject
    csr = (x509.CertificateSigningRequestBuilder().subject_name(subject)
        .sign(device.key, hashes.SHA256()).public_bytes(DER))
    expect(device.renew(csr=csr), 200)
    assert device.certificate.subject == subject
