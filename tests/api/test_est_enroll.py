"""simpleenroll and simplereenroll as RFC 7030 sections 4.2.1 and 4.2.2 and
RFC 8951 have them: what a request may look like, and what each fault gets.
Each test is held for both operations."""

import base64
import concurrent.futures
import textwrap

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import (ExtendedKeyUsageOID as EKU,
    ExtensionOID)

from harness.crypto import (DER, certs_of_cms, csr_der, new_key, spki)
from harness.http import Client, expect
from harness.players import Device

EST = "/.well-known/est"
PKCS10 = "application/pkcs10"
CMC_RA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")


@pytest.fixture(params=["simpleenroll", "simplereenroll"])
def ask(request, enrolled):
    """ask(body, kind, headers) posts as who may; ask.device is who."""
    client = {"simpleenroll": enrolled.birth,
        "simplereenroll": enrolled.operational}[request.param]

    def post(body, kind=PKCS10, **headers):
        if kind:
            headers["Content-Type"] = kind
        return client.post(f"{EST}/{request.param}", data=body,
            headers=headers)

    post.device, post.operation = enrolled, request.param
    return post


def b64(der):
    return base64.b64encode(der)


def good(ask):
    """A request that is granted, as base64."""
    return b64(csr_der(ask.device.key))


# ---- 21: the media type


def test_media_type_is_compared_without_case_and_exactly(ask):
    for kind in ("application/pkcs10", "Application/PKCS10",
            "application/pkcs10; charset=us-ascii"):
        expect(ask(good(ask), kind), 200)
    for kind in ("application/pkcs10x", "application/pkcs", "text/plain",
            None):
        expect(ask(good(ask), kind), 415)


def test_content_transfer_encoding_is_ignored(ask):
    for encoding in ("binary", "base64", "nonsense"):
        expect(ask(good(ask), **{"Content-Transfer-Encoding": encoding}), 200)


# ---- 10, 13: the body


def lines(text, width, end):
    return end.join(textwrap.wrap(text.decode(), width)).encode() + end.encode()


SHAPES = {
    "one line": lambda b: b,
    "one line and newline": lambda b: b + b"\n",
    "columns of 20": lambda b: lines(b, 20, "\n"),
    "CRLF": lambda b: lines(b, 64, "\r\n"),
    "MIME": lambda b: lines(b, 76, "\n"),
    "leading space": lambda b: b" " + b,
    "white space around": lambda b: b"\r\n\t " + b + b" \t\r\n",
}


def test_body_may_be_broken_anywhere(ask):
    for name, shape in SHAPES.items():
        answer = ask(shape(good(ask)))
        assert answer.status_code == 200, (name, answer.text)
        assert b"\n" not in answer.content[:-1], name
        assert answer.content[-1:] == b"\n"


def pem(der):
    return (b"-----BEGIN CERTIFICATE REQUEST-----\n" + lines(b64(der), 64, "\n")
        + b"-----END CERTIFICATE REQUEST-----\n")


def flip(der):
    return der[:-1] + bytes([der[-1] ^ 1])


SPOILT = {
    "PEM armour": pem,
    "DER": lambda d: d,
    "base64url": lambda d: base64.urlsafe_b64encode(d + bytes(3)).replace(
        b"A", b"-"),
    "empty": lambda d: b"",
    "white space": lambda d: b" \n",
    "cut base64": lambda d: b64(d)[:-8],
    "cut DER": lambda d: b64(d[:-3]),
    "garbage": lambda d: b"garbage!",
    "base64 of garbage": lambda d: b64(b"garbage"),
    "a byte after the CSR": lambda d: b64(d + b"\0"),
    "two CSRs": lambda d: b64(d + d),
    "no padding": lambda d: b64(d + bytes((1 - len(d)) % 3)).rstrip(b"="),
    "too much padding": lambda d: b64(d) + b"====",
    "base64 after the end": lambda d: b64(d) + b"AAAA",
    "NUL": lambda d: b64(d).replace(b"A", b"A\0", 1),
    "wrong signature": lambda d: b64(flip(d)),
}


def test_malformed_body_is_400_with_a_line_of_text(ask):
    for name, spoil in SPOILT.items():
        answer = ask(spoil(csr_der(ask.device.key)))
        assert answer.status_code == 400, (name, answer.text)
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.text.count("\n") == 1 and answer.text.endswith("\n")


def test_refusal_leaves_the_connection_open(ask):
    expect(ask(b"garbage"), 400)
    expect(ask(good(ask)), 200)


# ---- 22, 29: who asks


def test_no_credentials_are_401_with_a_challenge_and_stay_connected(
        ask, stack):
    nobody = Client(stack)
    for _ in range(2):
        answer = expect(nobody.post(f"{EST}/{ask.operation}", data=good(ask),
            headers={"Content-Type": PKCS10}), 401)
        assert answer.headers["WWW-Authenticate"]
        assert answer.headers.get("Connection", "").lower() != "close"


def test_known_but_not_listed_is_403(stack, maker):
    stranger = Device(stack, maker)
    expect(stranger.enroll(), 403)


def test_certificate_of_the_other_operation_is_403(enrolled):
    body, headers = b64(csr_der(enrolled.key)), {"Content-Type": PKCS10}
    expect(enrolled.operational.post(f"{EST}/simpleenroll", data=body,
        headers=headers), 403)
    expect(enrolled.birth.post(f"{EST}/simplereenroll", data=body,
        headers=headers), 403)


# ---- 23: the request's own shape and strength


def request_by(key, hash_=None):
    return b64(csr_der(key, hash_=hash_))


def test_rsa_1024_is_403_by_policy(ask):
    answer = ask(request_by(rsa.generate_private_key(65537, 1024)))
    assert "2048" in expect(answer, 403).text
    expect(ask(request_by(rsa.generate_private_key(3, 2048))), 403)


def test_other_curves_are_403_by_policy(ask):
    for curve in (ec.SECP521R1(), ec.SECP256K1(), ec.SECP192R1()):
        expect(ask(request_by(ec.generate_private_key(curve))), 403)


def test_sha_1_is_400(ask):
    expect(ask(request_by(ask.device.key, hashes.SHA1())), 400)


def test_version_other_than_0_is_400(ask):
    der = bytearray(csr_der(ask.device.key))
    at = der.index(b"\x02\x01\x00")
    der[at + 2] = 1
    expect(ask(b64(bytes(der))), 400)


# ---- 24, 25, 27: what is issued


def asking(key, *extensions, subject="whatever"):
    return csr_der(key, subject, extensions=extensions)


@pytest.fixture
def approved(device, owner):
    """A unit whose owner said yes to its key, before it enrolls."""
    expect(device.authorize(), 200)
    expect(owner.approve(device.grant["user_code"]), 200)
    return device


def test_empty_subject_is_accepted_since_the_subject_is_ours(approved):
    expect(approved.enroll(csr_der(approved.key), token=False), 200)
    assert approved.id
    (san,) = approved.certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    assert approved.id in san.value


def test_answer_is_the_new_certificate_alone(approved):
    answer = expect(approved.enroll(token=False), 200)
    (only,) = certs_of_cms(answer.content)
    assert spki(only.public_key()) == spki(approved.key)


def test_asking_to_be_a_ca_is_refused_and_never_granted(approved):
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False,
        False)
    for extension in (x509.BasicConstraints(True, None), usage):
        expect(approved.enroll(asking(approved.key, extension),
            token=False), 400)


def test_requested_extensions_pass_through_the_profile(approved):
    expect(approved.enroll(asking(approved.key,
        x509.BasicConstraints(False, None),
        x509.ExtendedKeyUsage([EKU.CLIENT_AUTH, CMC_RA, EKU.CODE_SIGNING]),
        x509.SubjectAlternativeName([x509.DNSName("device.example")]),
        x509.KeyUsage(True, True, True, True, True, False, False, False,
            False)), token=False), 200)
    extensions = approved.certificate.extensions
    assert list(extensions.get_extension_for_class(
        x509.ExtendedKeyUsage).value) == [EKU.CLIENT_AUTH]
    names = extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    assert [type(n) for n in names] == [x509.UniformResourceIdentifier]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and not usage.key_cert_sign
    assert not usage.key_encipherment and not usage.data_encipherment
    try:
        assert not extensions.get_extension_for_oid(
            ExtensionOID.BASIC_CONSTRAINTS).value.ca
    except x509.ExtensionNotFound:
        pass


def test_serial_numbers_are_random(enrolled):
    serials = set()
    for _ in range(8):
        expect(enrolled.renew(), 200)
        serials.add(enrolled.certificate.serial_number)
    assert len(serials) == 8
    assert all(s.bit_length() > 100 for s in serials)
    ordered = sorted(serials)
    assert min(b - a for a, b in zip(ordered, ordered[1:])) > 2**64


# ---- 26: repeats


def test_certificate_is_stored_before_it_is_sent(approved, stack, database):
    expect(approved.enroll(token=False), 200)
    stack.kill()
    assert database.value("SELECT count(*) FROM certificate WHERE der = %s",
        (approved.certificate.public_bytes(DER),)) == 1
    assert database.value("SELECT count(*) FROM event WHERE "
        "kind = 'certificate.issued'") == 1
    stack.start()


def test_repeats_at_once_get_one_certificate(ask, database):
    """Each on a connection of its own, and each with another signature."""
    device, key = ask.device, new_key()
    if ask.operation == "simpleenroll":
        key = device.key
    before = database.value("SELECT count(*) FROM certificate")
    birth = ask.operation == "simpleenroll"
    pair = (device.birth if birth else device.operational).session.cert

    def one(_):
        client = Client(device.stack)
        client.session.cert = pair
        return client.post(f"{EST}/{ask.operation}", data=b64(csr_der(key)),
            headers={"Content-Type": PKCS10})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(16)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
    assert database.value("SELECT count(*) FROM certificate") == before + (
        0 if birth else 1)
