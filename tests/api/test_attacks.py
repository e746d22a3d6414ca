"""What an attacker sends on purpose.  Nothing here may end the process, make
it answer 500, or leave memory or rows behind."""

import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.crypto import PEM, key_pem, new_key
from harness.http import Client, expect
from harness.players import Maker

EST = {"Content-Type": "application/pkcs10"}


def heavy_name(oid, value, size=14500):
    """A name that takes six times as much room in print."""
    filler = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME,
        "\u00e9" * 64, _type=_ASN1Type.T61String)
    return x509.Name([x509.NameAttribute(oid, value),
        *[filler] * (size // 141)])


def certificate(key, subject, issuer=None, signer=None, ca=False,
        extensions=()):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(subject)
        .issuer_name(issuer or subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca, None), True))
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    return builder.sign(signer or key, hashes.SHA256()).public_bytes(PEM)


def heavy_chain(key, issuers, subject):
    """As many certificates, of as many bytes, as are ever read."""
    client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return [certificate(key, subject, issuers[0], extensions=[client])] + [
        certificate(new_key(), heavy_name(NameOID.COMMON_NAME, "CA"), issuer,
            ca=True) for issuer in issuers[1:]]


def test_chain_that_is_large_in_print_does_not_end_the_service(stack):
    key, subject = new_key(), heavy_name(NameOID.COMMON_NAME, "leaf")
    issuing = x509.load_pem_x509_certificate(
        (stack.material.pki / "issuing.crt").read_bytes()).subject
    client = Client(stack, heavy_chain(key, [issuing] * 5, subject),
        key_pem(key))
    expect(client.post("/.well-known/est/simplereenroll",
        data=base64.b64encode(bytes(40000)), headers=EST), 403)


def test_chain_that_is_judged_against_many_anchors_does_not_end_it(
        stack, operator, maker, device):
    roots = [Maker() for _ in range(5)]
    for root in roots:
        expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors",
            json={"certificate": root.anchor_pem}), 201)
    key = new_key()
    client = Client(stack, heavy_chain(key, [root.name for root in roots],
        heavy_name(NameOID.SERIAL_NUMBER, device.serial)), key_pem(key))
    expect(client.post("/.well-known/est/simpleenroll",
        data=base64.b64encode(bytes(40000)), headers=EST), 403)
