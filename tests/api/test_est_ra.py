"""A registration authority renews for devices (RFC 7030 section 3.7, RFC 6402
section 2.10): SECURITY.md A13.  It is a service whose certificate carries
cmcRA, and stands in for the device's own asking, never for its owner's yes or
its state."""

import base64
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness.crypto import (DER, certs_of_cms, csr_der, new_key, spki)
from harness.http import Client, expect
from harness.players import Device, Maker, Operator

CMC_RA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")
EST = "/.well-known/est"


class Authority:
    """A service as its certificate makes it known."""

    def __init__(self, operator, name="gate-7", labels=("device",)):
        self.operator, self.name = operator, name
        more = {"ra_labels": list(labels)} if labels is not None else {}
        certificate, key = operator.add_service(name, **more)
        self.certificate = x509.load_pem_x509_certificate(
            certificate.encode())
        self.client = Client(operator.stack, [certificate.encode()], key)

    def post(self, operation, csr):
        return self.client.post(f"{EST}/{operation}",
            data=base64.b64encode(csr),
            headers={"Content-Type": "application/pkcs10"})

    def renew(self, device, key=None, csr=None):
        return self.post("simplereenroll",
            csr or csr_der(key or device.key, device.id))


@pytest.fixture
def authority(operator):
    return Authority(operator)


def only(answer):
    (certificate,) = certs_of_cms(expect(answer, 200).content)
    return certificate


def purposes(certificate):
    return list(certificate.extensions.get_extension_for_class(
        x509.ExtendedKeyUsage).value)


def test_cmc_ra_is_off_unless_the_service_has_labels(operator):
    plain, ra = Authority(operator, "plain", None), Authority(operator)
    assert purposes(plain.certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert purposes(ra.certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH,
        CMC_RA]


def test_labels_are_shown_and_must_be_there(operator, authority):
    (shown,) = expect(operator.call("GET", "/services"),
        200).json()["services"]
    assert shown["ra_labels"] == ["device"]
    expect(operator.call("PUT", "/services/other", json={"publish": [],
        "subscribe": [], "ra_labels": ["no-such-label"]}), 400)


def test_ra_renews_and_rekeys_for_a_device(authority, enrolled):
    renewed = only(authority.renew(enrolled))
    assert renewed.subject == enrolled.certificate.subject
    assert spki(renewed.public_key()) == spki(enrolled.key)
    key = new_key()
    rekeyed = only(authority.renew(enrolled, key))
    assert rekeyed.subject == enrolled.certificate.subject
    assert spki(rekeyed.public_key()) == spki(key)
    assert purposes(rekeyed) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_device_may_be_named_by_its_uri(authority, enrolled):
    csr = (x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName(
            [x509.UniformResourceIdentifier(f"urn:uuid:{enrolled.id}")]),
            False).sign(enrolled.key, hashes.SHA256()).public_bytes(DER))
    only(authority.renew(enrolled, csr=csr))


def test_event_names_the_authority(authority, enrolled, operator):
    renewed = only(authority.renew(enrolled))
    (event,) = [e for e in operator.events(f"?device={enrolled.id}")
        if e["kind"] == "certificate.renewed"]
    assert "gate-7" in event["detail"]
    assert f"{renewed.serial_number:x}" in event["detail"]


def test_lost_reply_gets_the_same_certificate(authority, enrolled, database):
    key = new_key()
    first = expect(authority.renew(enrolled, key), 200).content
    assert expect(authority.renew(enrolled, key), 200).content == first
    assert database.value("SELECT count(*) FROM certificate") == 2


def test_predecessor_is_the_newest_certificate(authority, enrolled, database):
    expect(enrolled.renew(new_key()), 200)
    newest = enrolled.serial_number
    only(authority.renew(enrolled, new_key()))
    assert database.value("SELECT predecessor FROM certificate "
        "ORDER BY not_before DESC, successor IS NULL DESC LIMIT 1"
        ) is not None
    assert database.value("SELECT count(*) FROM certificate "
        "WHERE serial = %s AND successor IS NOT NULL", (newest,)) == 1


def test_request_that_names_no_device_is_403(authority, enrolled):
    expect(authority.renew(enrolled, csr=csr_der(enrolled.key)), 403)
    for name in ("gate-7", "4c6c1b9a-6f0f-4f0a-8e27-0d2d5f0a2f11"):
        expect(authority.renew(enrolled, csr=csr_der(enrolled.key, name)),
            403)


def test_request_with_other_names_beside_the_devices_is_403(
        authority, enrolled):
    for san in ("urn:uuid:4c6c1b9a-6f0f-4f0a-8e27-0d2d5f0a2f11",
            "urn:latchkey:service:gate-7"):
        expect(authority.renew(enrolled, csr=csr_der(enrolled.key,
            enrolled.id, extensions=[x509.SubjectAlternativeName(
                [x509.UniformResourceIdentifier(san)])])), 403)


def test_key_of_another_is_refused(authority, enrolled, stack, maker,
        operator, owner):
    other = Device(stack, maker)
    operator.allow(other)
    other.onboard(owner)
    expect(authority.renew(enrolled, other.key), 403)
    expect(authority.renew(enrolled, enrolled.birth_key), 403)


def test_ra_is_limited_to_its_labels(operator, enrolled, database):
    database.query("INSERT INTO label (name, settings) VALUES "
        "('elsewhere', '{}')")
    for _ in range(100):
        made = operator.call("PUT", "/services/far", json={"publish": [],
            "subscribe": [], "ra_labels": ["elsewhere"]})
        if made.status_code != 400:
            break
    stranger = Authority(operator, "far", ["elsewhere"])
    expect(stranger.renew(enrolled), 403)
    assert purposes(stranger.certificate)[1:] == [CMC_RA]


def test_label_that_was_taken_back_is_403_on_the_open_connection(
        authority, operator, enrolled):
    only(authority.renew(enrolled))
    expect(operator.call("PUT", "/services/gate-7", json={"publish": [],
        "subscribe": []}), 200)
    expect(authority.renew(enrolled, new_key()), 403)


def test_withdrawn_service_is_403_on_the_open_connection(
        authority, operator, enrolled):
    expect(operator.call("DELETE", "/services/gate-7"), 204)
    expect(authority.renew(enrolled), 403)


def test_service_without_cmc_ra_is_403(operator, enrolled):
    """Labels that came after the certificate do not make it one."""
    plain = Authority(operator, "plain", None)
    expect(plain.renew(enrolled), 403)
    expect(operator.call("PUT", "/services/plain", json={"publish": [],
        "subscribe": [], "ra_labels": ["device"]}), 200)
    expect(plain.renew(enrolled), 403)


@pytest.mark.parametrize("end", ["revoked", "lost", "decommissioned",
    "released", "expired", "certificate"])
def test_a13_ra_does_not_stand_in_for_the_devices_state(
        authority, enrolled, owner, database, end):
    if end == "released":
        expect(owner.release(enrolled.id), 204)
    elif end == "expired":
        database.query("UPDATE certificate SET not_after = now()")
    elif end == "certificate":
        database.query("UPDATE certificate SET revoked_at = now()")
    else:
        database.query(f"UPDATE birth SET {end}_at = now()")
    for key in (enrolled.key, new_key()):
        expect(authority.renew(enrolled, key), 403)
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_a13_ra_does_not_enroll_for_others(authority, device, enrolled):
    expect(authority.post("simpleenroll", csr_der(device.key)), 403)
    expect(authority.post("simpleenroll", csr_der(enrolled.key,
        enrolled.id)), 403)


def test_a13_ra_certificates_never_come_over_est(authority, enrolled,
        operator):
    asking = csr_der(enrolled.key, enrolled.id, extensions=[
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, CMC_RA])])
    assert CMC_RA not in purposes(only(authority.renew(enrolled, csr=asking)))
    expect(authority.post("simplereenroll", csr_der(new_key(), "gate-7",
        extensions=[x509.SubjectAlternativeName(
            [x509.UniformResourceIdentifier("urn:latchkey:service:gate-7")]
            )])), 403)
    expect(enrolled.renew(csr=csr_der(enrolled.key, extensions=[
        x509.ExtendedKeyUsage([CMC_RA])])), 200)
    assert CMC_RA not in purposes(enrolled.certificate)


def test_a10_ra_gives_no_sign_of_a_clone(make_stack, database):
    database.query("UPDATE label SET settings = %s WHERE name = 'device'",
        (json.dumps({"clone": "quarantine"}),))
    stack = make_stack()
    operator, maker = Operator(stack, database.admin_token), Maker()
    operator.register(maker)
    device = Device(stack, maker)
    operator.allow(device)
    device.onboard(operator.add_owner())
    authority = Authority(operator)
    for _ in range(3):
        only(authority.renew(device, new_key()))
    assert database.value("SELECT count(*) FROM birth WHERE "
        "quarantined_at IS NOT NULL") == 0


def test_renewal_by_ra_keeps_the_labels_rules(authority, enrolled, database,
        stack):
    database.query("UPDATE label SET settings = %s WHERE name = 'device'",
        (json.dumps({"renew_after": 50, "renew_key": "same"}),))
    stack.restart()
    expect(authority.renew(enrolled, new_key()), 403)
    assert "Retry-After" in expect(authority.renew(enrolled), 429).headers


def test_renewal_by_ra_that_is_too_early_supersedes_nothing(authority,
        enrolled, operator, database):
    expect(enrolled.renew(), 200)  # and never used
    expect(operator.call("PUT", "/labels/device", json={"renew_after": 50,
        "superseded": "revoked"}), 200)
    expect(authority.renew(enrolled, new_key()), 429)
    assert database.value("SELECT count(*) FROM certificate WHERE "
        "revoked_at IS NOT NULL") == 0
    assert database.value("SELECT count(*) FROM certificate WHERE "
        "predecessor IS NOT NULL AND first_used_at IS NOT NULL") == 0
    # The renewal that is due supersedes, as ever.
    expect(operator.call("PUT", "/labels/device", json={
        "superseded": "revoked"}), 200)
    expect(authority.renew(enrolled, new_key()), 200)
    assert database.value("SELECT count(*) FROM certificate WHERE "
        "revoked_at IS NOT NULL") == 1


def test_command_line_makes_a_registration_authority(stack, operator,
        database, workdir, enrolled):
    topics = workdir / "topics"
    topics.write_text("publish demo/#\nrenew device\n")
    stack.cli("service", "add", "gate-8", "--topics", topics, "--out",
        workdir, token=database.admin_token)
    pem = (workdir / "gate-8.crt").read_bytes()
    assert CMC_RA in purposes(x509.load_pem_x509_certificate(pem))
    client = Client(stack)
    client.session.cert = (str(workdir / "gate-8.crt"),
        str(workdir / "gate-8.key"))
    answer = client.post(f"{EST}/simplereenroll", data=base64.b64encode(
        csr_der(enrolled.key, enrolled.id)),
        headers={"Content-Type": "application/pkcs10"})
    assert only(answer).subject == enrolled.certificate.subject
    assert "device" in stack.cli("service", "list",
        token=database.admin_token)
