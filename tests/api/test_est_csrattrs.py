"""EST checklist 51 to 55: what csrattrs asks for, in both forms (RFC 7030
section 4.5, RFC 9908), and that it is enforced."""

import base64
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness import csrattrs
from harness.crypto import csr_der, new_key
from harness.der import EXTENSION_REQUEST, attribute, seq, tlv
from harness.http import Client, expect
from harness.process import REPO, run

EST = "/.well-known/est"
VECTORS = REPO / "tests/vectors/csrattrs"
EXTENSIONS = {
    "subjectAltName": x509.SubjectAlternativeName([
        x509.DNSName("lamp.example")]),
    "keyUsage": x509.KeyUsage(True, *[False] * 8),
    "extendedKeyUsage": x509.ExtendedKeyUsage([
        ExtendedKeyUsageOID.CLIENT_AUTH])}
OIDS = {"subjectAltName": csrattrs.SAN, "keyUsage": csrattrs.KEY_USAGE,
    "extendedKeyUsage": csrattrs.EKU}
SIGNATURES = {csrattrs.P256: "1.2.840.10045.4.3.2",
    csrattrs.P384: "1.2.840.10045.4.3.3",
    csrattrs.RSA: "1.2.840.113549.1.1.11"}


@pytest.fixture
def label(operator, maker):
    """label(**settings): the model's units enroll under "plant", without
    an owner."""
    def put(**settings):
        expect(operator.call("PUT", "/labels/plant", json={
            "owner_approval": "none", **settings}), 200, 201)
        expect(operator.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": "Lamp",
            "client_id": maker.client_id, "profile": "plant"}), 200)
    return put


def ask(stack, path="/plant"):
    """What csrattrs answers, read."""
    answer = expect(Client(stack).get(f"{EST}{path}/csrattrs"), 200)
    assert answer.headers["Content-Type"] == "application/csrattrs"
    assert answer.content[-1:] == b"\n" and answer.content.count(b"\n") == 1
    return csrattrs.read(base64.b64decode(answer.content[:-1], validate=True))


# -- 54: the vectors


@pytest.mark.parametrize("name, key", [
    ("harkins02", (csrattrs.EC, csrattrs.P384)),
    ("potato-example", (csrattrs.EC, "1.3.132.0.35")),
    ("rfc7030-example01", (csrattrs.EC, csrattrs.P384))])
def test_54_reader_reads_the_vectors(name, key):
    der = (VECTORS / f"{name}.csrattr.der").read_bytes()
    asked = csrattrs.read(der)
    assert asked.key == key
    assert asked.extensions == {} and asked.template is None
    for end in range(len(der)):
        with pytest.raises((AssertionError, IndexError, ValueError)):
            csrattrs.read(der[:end])


def test_54_extension_of_an_early_draft_lacks_its_list():
    """What the draft's example holds is one Extension in the place of
    Extensions; with the missing level it is read."""
    der = (VECTORS / "example01.acp.csrattr.der").read_bytes()
    with pytest.raises(AssertionError):
        csrattrs.read(der)
    at = der.index(tlv(0x06, b"\x55\x1d\x11")) - 2
    asked = csrattrs.read(seq(attribute(EXTENSION_REQUEST, seq(der[at:]))))
    assert b"acp.example.com" in asked.extensions[csrattrs.SAN]


# -- 51: who may ask, and what comes


def test_51_no_authentication_and_204_when_nothing_is_asked(stack):
    client = Client(stack)
    for path in (f"{EST}/csrattrs", f"{EST}/device/csrattrs",
            "/device/.well-known/est/csrattrs"):
        assert expect(client.get(path), 204).content == b""
    expect(client.get(f"{EST}/nobody/csrattrs"), 404)
    refused = expect(client.post(f"{EST}/csrattrs", data=b""), 405)
    assert refused.headers["Allow"] == "GET, HEAD"


def test_51_each_label_asks_for_itself_and_follows_its_settings(stack, label,
        operator):
    label(key_types=["p384"])
    assert ask(stack).key == (csrattrs.EC, csrattrs.P384)
    expect(Client(stack).get(f"{EST}/csrattrs"), 204)
    label(key_types=["p256"])
    assert ask(stack).key == (csrattrs.EC, csrattrs.P256)
    expect(operator.call("PUT", "/labels/device",
        json={"channel_binding": "required"}), 200)
    assert csrattrs.CHALLENGE_PASSWORD in ask(stack, "").oids


def test_51_curl_and_openssl_read_it(stack, label):
    label(csr_must_have=list(OIDS), key_types=["p256"])
    body = run("curl", "-sf", "--cacert", stack.material.ca,
        f"https://localhost:{stack.port}{EST}/plant/csrattrs")
    shown = subprocess.run(["openssl", "asn1parse", "-inform", "DER", "-i"],
        input=base64.b64decode(body), capture_output=True,
        check=True).stdout.decode()
    for name in "id-ecPublicKey", "prime256v1", "Extension Request":
        assert name in shown


# -- 52 and 53: both forms


def test_52_53_key_type_is_one_attribute_and_the_template_says_the_same(
        stack, label):
    for settings, key in [
            ({"key_types": ["p256"]}, (csrattrs.EC, csrattrs.P256)),
            ({"key_types": ["p384"]}, (csrattrs.EC, csrattrs.P384)),
            ({"key_types": ["ed25519"]}, (csrattrs.ED25519, None)),
            ({"key_types": ["rsa"]}, (csrattrs.RSA, 2048)),
            ({"key_types": ["rsa"], "rsa_bits": 3071}, (csrattrs.RSA, 3071)),
            ({"key_types": ["rsa"], "rsa_bits": 4096}, (csrattrs.RSA, 4096)),
            # One of those that do.
            ({"key_types": ["rsa", "p384"]}, (csrattrs.EC, csrattrs.P384))]:
        label(**settings)
        asked = ask(stack)
        assert asked.key == key and asked.template.key == key, settings
        assert asked.extensions == {} and asked.template.oids == []
        assert SIGNATURES.get(key[1], SIGNATURES.get(key[0],
            csrattrs.ED25519)) in asked.oids


def test_52_53_extensions_are_one_request_and_one_template(stack, label):
    for names in ["subjectAltName"], ["keyUsage"], ["extendedKeyUsage"], OIDS:
        label(csr_must_have=list(names))
        asked = ask(stack)
        oids = {OIDS[name] for name in names}
        # The list has no way to leave a value to the client but to name the
        # extension alone.
        assert set(asked.extensions) == oids - {csrattrs.SAN}
        assert (csrattrs.SAN in asked.oids) == (csrattrs.SAN in oids)
        in_template = asked.template.extensions
        assert in_template == {**asked.extensions,
            **({csrattrs.SAN: None} if csrattrs.SAN in oids else {})}
        assert asked.key is None and asked.template.key is None


def test_53_binding_is_in_both_forms(stack, label):
    """Who reads the template reads nothing else (RFC 9908 section 4)."""
    label(channel_binding="required", csr_must_have=list(OIDS))
    asked = ask(stack)
    assert csrattrs.CHALLENGE_PASSWORD in asked.oids
    assert csrattrs.CHALLENGE_PASSWORD in asked.template.oids


# -- 55: enforced


def test_55_missing_extension_is_400_and_named(label, device):
    label(csr_must_have=list(OIDS))

    def csr(missing=None):
        return csr_der(device.key, extensions=[EXTENSIONS[name]
            for name in OIDS if name != missing])

    for missing in OIDS:
        answer = expect(device.enroll(csr(missing)), 400)
        assert missing in answer.text
        assert not any(n in answer.text for n in OIDS if n != missing)
    expect(device.enroll(csr()), 200)
    own = device.certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    assert "keyUsage" in expect(device.renew(csr=csr_der(device.key,
        extensions=[own, EXTENSIONS["extendedKeyUsage"]])), 400).text


def test_55_values_of_the_list_would_do(stack, label, device):
    label(csr_must_have=["keyUsage", "extendedKeyUsage"])
    asked = ask(stack)
    expect(device.enroll(csr_der(device.key, extensions=[
        x509.UnrecognizedExtension(x509.ObjectIdentifier(name), value)
        for name, value in asked.extensions.items()])), 200)


def test_55_key_that_is_asked_for_is_enforced(label, device):
    label(key_types=["p384"])
    expect(device.enroll(csr_der(new_key())), 403)
    label(key_types=["p256"])
    expect(device.enroll(), 200)
