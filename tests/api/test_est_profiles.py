"""What is issued under a label says what the label says, and passes a lint
of it: python's strict parser, openssl verify and -purpose, strongSwan."""

import datetime
import json
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import (AuthorityInformationAccessOID,
    ExtendedKeyUsageOID, ExtensionOID, NameOID)

from harness.crypto import PEM, new_key
from harness.http import expect
from harness.players import Device, Maker, Operator

DOMAIN = "fleet.example"
SMART_CARD = "1.3.6.1.4.1.311.20.2.2"
POLICY = "1.3.6.1.4.1.99999.1"

PROFILES = {
    "default": {},
    "everything": {
        "lifetime": 7200, "backdate": 60, "spiffe": True,
        "subject": "C=SE, O=Acme %M, OU=%m, serialNumber=%s, CN=%d",
        "dns": ["%m.%M.example"], "extended_key_usage": [SMART_CARD],
        "policies": [POLICY], "ocsp_url": "http://ocsp.example/",
        "ca_issuers_url": "http://ca.example/issuing.crt",
        "crl_url": "http://ca.example/issuing.crl"},
    "urn with names": {"lifetime": 60, "backdate": 0,
        "dns": ["pump.example"], "crl_url": "https://ca.example/x.crl"},
}


@pytest.fixture
def under(make_stack, database):
    """under(settings) -> a device enrolled under a label with those."""

    def enroll(settings):
        database.query("UPDATE label SET settings = %s WHERE name = 'device'",
            (json.dumps(settings),))
        stack = make_stack(trust_domain=DOMAIN)
        operator = Operator(stack, database.admin_token)
        maker = Maker()
        operator.register(maker)
        device = Device(stack, maker)
        operator.allow(device)
        return device.onboard(operator.add_owner())

    return enroll


def extension(certificate, oid):
    try:
        found = certificate.extensions.get_extension_for_oid(oid)
    except x509.ExtensionNotFound:
        return None
    return found.value


def lint_names(device, settings):
    c = device.certificate
    values = {"d": device.id, "m": device.maker.model,
        "M": device.maker.id, "s": device.serial}
    wanted = settings.get("subject", "CN=%d")
    for letter, value in values.items():
        wanted = wanted.replace(f"%{letter}", value)
    names = {NameOID.COUNTRY_NAME: "C", NameOID.ORGANIZATION_NAME: "O",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "OU", NameOID.COMMON_NAME: "CN",
        NameOID.SERIAL_NUMBER: "serialNumber"}
    assert ", ".join(f"{names[a.oid]}={a.value}"
        for a in c.subject) == wanted
    san = extension(c, ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    uri = (f"spiffe://{DOMAIN}/device/{device.id}" if settings.get("spiffe")
        else f"urn:uuid:{device.id}")
    assert san.get_values_for_type(x509.UniformResourceIdentifier) == [uri]
    assert san.get_values_for_type(x509.DNSName) == [
        d.replace("%m", device.maker.model).replace("%M", device.maker.id)
        for d in settings.get("dns", [])]


def lint_extensions(c, settings):
    assert not c.extensions.get_extension_for_oid(
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME).critical
    usage = extension(c, ExtensionOID.KEY_USAGE)
    assert usage.digital_signature and not usage.key_cert_sign
    assert [o.dotted_string for o in
        extension(c, ExtensionOID.EXTENDED_KEY_USAGE)] == [
        ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
        *settings.get("extended_key_usage", [])]
    policies = extension(c, ExtensionOID.CERTIFICATE_POLICIES) or []
    assert [p.policy_identifier.dotted_string for p in policies] == (
        settings.get("policies", []))
    access = extension(c, ExtensionOID.AUTHORITY_INFORMATION_ACCESS) or []
    assert {a.access_method: a.access_location.value for a in access} == {
        oid: settings[key] for oid, key in (
            (AuthorityInformationAccessOID.OCSP, "ocsp_url"),
            (AuthorityInformationAccessOID.CA_ISSUERS, "ca_issuers_url"))
        if key in settings}
    points = extension(c, ExtensionOID.CRL_DISTRIBUTION_POINTS) or []
    assert [p.full_name[0].value for p in points] == (
        [settings["crl_url"]] if "crl_url" in settings else [])


def lint_by_others(device, workdir):
    """The verdict of programs that are not ours."""
    leaf = workdir / "leaf.crt"
    leaf.write_bytes(device.certificate.public_bytes(PEM))
    pki = device.stack.material.pki
    root, issuing = pki / "root.crt", pki / "issuing.crt"
    purpose = run("openssl", "x509", "-in", leaf, "-noout", "-purpose")
    for line in ("SSL client : Yes", "SSL client CA : No", "SSL server : No",
            "SSL server CA : No", "CRL signing : No",
            "Time Stamp signing : No"):
        assert line in purpose.splitlines(), purpose
    run("openssl", "verify", "-x509_strict", "-purpose", "sslclient",
        "-CAfile", root, "-untrusted", issuing, leaf)
    run("pki", "--verify", "--in", leaf, "--cacert", root, "--cacert",
        issuing)


def run(*argv):
    done = subprocess.run(list(map(str, argv)), capture_output=True,
        text=True, timeout=120, check=False)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def lint(device, settings, workdir):
    c = device.certificate
    assert c.version == x509.Version.v3
    assert 120 <= c.serial_number.bit_length() <= 127
    assert c.not_valid_after - c.not_valid_before == datetime.timedelta(
        seconds=settings.get("lifetime", 86400)
        + settings.get("backdate", 300))
    lint_names(device, settings)
    lint_extensions(c, settings)
    lint_by_others(device, workdir)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_issued_passes_a_lint_of_its_profile(under, workdir,
        profile):
    settings = PROFILES[profile]
    device = under(settings)
    lint(device, settings, workdir)
    expect(device.renew(new_key()), 200)
    lint(device, settings, workdir)


def test_spiffe_id_of_another_trust_domain_is_no_identity_here(under):
    """R7: the same certificate where no trust domain is set."""
    device = under({"spiffe": True})
    expect(device.renew(), 200)
    device.stack.settings["trust_domain"] = "other.example"
    device.stack.restart()
    expect(device.renew(), 403)


@pytest.mark.parametrize("listed", ["serial", "key"])
def test_serial_number_that_is_named_is_the_listed_one(stack, operator, maker,
        owner, listed):
    """What the birth certificate says is not known at a renewal, so units
    that are listed by their key have none to name, then or at first."""
    expect(operator.call("PUT", "/labels/device", json={
        "subject": "serialNumber=%s, CN=%d"}), 200)
    device = Device(stack, maker)
    column = {"serial": device.serial, "key": device.birth_key_sha256}[listed]
    expect(operator.import_lines(maker.id,
        f"{'serial' if listed == 'serial' else 'key_sha256'},model\n"
        f"{column},{maker.model}\n"), 200)
    expect(device.authorize(), 200)
    expect(owner.approve(device.grant["user_code"]), 200)
    while not device.poll().ok:
        pass
    if listed == "key":
        expect(device.enroll(), 403)
        return
    expect(device.enroll(), 200)
    expect(device.renew(), 200)
    (name,) = device.certificate.subject.get_attributes_for_oid(
        NameOID.SERIAL_NUMBER)
    assert name.value == device.serial
