"""EST checklist 57 and 58: requests of malformed ASN.1, paths and headers,
signed well so that only their shape is wrong.  Each is refused with a 4xx,
never a 500, the service answers on, and its memory stays what it was."""

import base64
import re
import subprocess

import pytest

from api.test_est_transport import CACERTS, enroll_text
from api.test_http_hostile import GARBAGE, SHAPES, assert_serves, request
from harness.crypto import csr_der, key_pem, new_key
from harness.der import (CHALLENGE_PASSWORD, COMMON_NAME, EXTENSION_REQUEST,
    SUBJECT_ALT_NAME, attribute, common_name, csr, san, seq, set_of, tlv)
from harness.http import Client
from harness.raw import Raw, exchange

DNS, URI = 0x82, 0x86
UNKNOWN = tlv(0x06, b"\x2a\x03\x04")
ONE_SAN = seq(SUBJECT_ALT_NAME, tlv(0x04, seq(tlv(DNS, b"a.example"))))


def nested(depth, tag=0x30):
    data = b""
    for _ in range(depth):
        data = tlv(tag, data)
    return data


def attributes(*them):
    return tlv(0xa0, *them)


def requests_of(key):
    """{what is wrong: DER}"""
    good = csr_der(key)
    challenge = attribute(CHALLENGE_PASSWORD, tlv(0x0c, b"secret"))
    point = csr(key).find(b"\x03\x42\0\x04")
    assert point > 0
    return {
        "deep": nested(10000),
        "deep in an attribute": csr(key, attributes=attributes(
            attribute(EXTENSION_REQUEST, nested(5000)))),
        "deep in the subject": csr(key, subject=nested(5000)),
        "deep sets": nested(10000, 0x31),
        "indefinite": b"\x30\x80" + good[3:] + b"\0\0",
        "indefinite without an end": b"\x30\x80" * 5000,
        "length of 4 GB": b"\x30\x84\xff\xff\xff\xff" + good[3:],
        "length of 2^64": b"\x30\x88" + b"\xff" * 8 + good[3:],
        "length of 2^1000": b"\x30\xfd" + b"\xff" * 125,
        "length in long form": b"\x30\x82\0" + good[2:],
        "reserved length": b"\x30\xff" + good,
        "tag of many bytes": b"\x3f" + b"\xff" * 100 + b"\x01\0",
        "version -1": csr(key, version=tlv(0x02, b"\xff")),
        "version 1": csr(key, version=tlv(0x02, b"\x01")),
        "version of 2000 bytes": csr(key, version=tlv(0x02, b"\x7f" * 2000)),
        "version of no bytes": csr(key, version=tlv(0x02)),
        "no attributes": seq(seq(tlv(0x02, b"\0"), seq())),
        "attribute twice": csr(key, attributes=attributes(challenge,
            challenge)),
        "extensions twice": csr(key, attributes=attributes(san(
            (DNS, b"a.example")), san((DNS, b"b.example")))),
        "one extension twice": csr(key, attributes=attributes(attribute(
            EXTENSION_REQUEST, seq(ONE_SAN, ONE_SAN)))),
        "attribute of no value": csr(key, attributes=attributes(
            attribute(CHALLENGE_PASSWORD))),
        "attribute of two values": csr(key, attributes=attributes(
            attribute(EXTENSION_REQUEST, seq(ONE_SAN), seq(ONE_SAN)))),
        "challenge of two values": csr(key, attributes=attributes(
            attribute(CHALLENGE_PASSWORD, tlv(0x0c, b"a"), tlv(0x0c, b"b")))),
        "second value cut": csr(key, attributes=attributes(
            attribute(UNKNOWN, tlv(0x0c, b"a"), b"\x0c\x05b"))),
        "attribute without an OID": csr(key, attributes=attributes(
            attribute(tlv(0x06), tlv(0x0c, b"x")))),
        "attribute with an odd OID": csr(key, attributes=attributes(
            attribute(tlv(0x06, b"\x80\x01"), tlv(0x0c, b"x")))),
        "1000 attributes": csr(key, attributes=attributes(*(
            attribute(tlv(0x06, b"\x2a", bytes([0x81, n // 100, n % 100])),
                tlv(0x0c, b"x")) for n in range(1000)))),
        "NUL in the name": csr(key, subject=common_name(b"unit\0other")),
        "NUL in a printable name": csr(key, subject=common_name(
            b"a\0b", 0x13)),
        "NUL in a DNS name": csr(key, attributes=attributes(
            san((DNS, b"a.example\0.evil.example")))),
        "NUL in a URI": csr(key, attributes=attributes(
            san((URI, b"urn:uuid:1\0")))),
        "name of bad UTF-8": csr(key, subject=common_name(b"\xff\xfe")),
        "name of 20 kB": csr(key, subject=common_name(b"n" * 20000)),
        "name of 2000 parts": csr(key, subject=seq(*(set_of(seq(COMMON_NAME,
            tlv(0x0c, b"n"))) for _ in range(2000)))),
        "SANs of 20 kB": csr(key, attributes=attributes(
            san(*((DNS, b"a%d.example" % n) for n in range(1400))))),
        "SAN of no names": csr(key, attributes=attributes(san())),
        "SAN of an unknown kind": csr(key, attributes=attributes(
            san((0x9e, b"x")))),
        "key off its curve": csr(key)[:point + 10] + bytes(64)
            + csr(key)[point + 74:],
        "key of another shape": csr(key, public=nested(50)),
        "signature of another key": seq(*(
            lambda a, b: [a[3:-200], b[-200:]])(csr(key), csr(new_key()))),
    }


@pytest.fixture
def post(device):
    def call(der):
        return device.birth.post("/.well-known/est/simpleenroll",
            data=base64.b64encode(der),
            headers={"Content-Type": "application/pkcs10"})
    return call


def test_malformed_request_is_400(stack, device, post):
    assert post(csr(device.key)).status_code == 202
    wrong = {}
    for what, der in requests_of(device.key).items():
        status = post(der).status_code
        # 403 for what may be a key of a kind that is not allowed.
        if status != 400 and (status, "key" in what) != (403, True):
            wrong[what] = status
    assert wrong == {}
    assert_serves(stack)


def test_attribute_that_nobody_reads_may_have_several_values(device, post):
    """RFC 2986 section 4.1."""
    assert post(csr(device.key, attributes=attributes(attribute(UNKNOWN,
        tlv(0x0c, b"a"), tlv(0x0c, b"b"))))).status_code == 202


def test_no_cut_and_no_flipped_bit_is_read(
        stack, device, post):
    der = csr(device.key, attributes=attributes(san((DNS, b"a.example"))))
    assert {post(der[:n]).status_code
        for n in range(0, len(der), 7)} == {400}
    for at in range(0, len(der), 5):
        flipped = der[:at] + bytes([der[at] ^ 0x81]) + der[at + 1:]
        assert post(flipped).status_code in (400, 403), at
    assert_serves(stack)


def test_sans_of_64_kb_are_413(device, post):
    der = csr(device.key, attributes=attributes(
        san(*((DNS, b"name-%08d.example" % n) for n in range(2900)))))
    assert len(der) > 64 * 1024
    assert post(der).status_code == 413


# -- the client's certificate


def openssl_certificate(device, workdir, serial):
    """A birth certificate with a serial number as no library makes it."""
    maker = device.maker
    files = {"ca.key": key_pem(maker.key), "dev.key": key_pem(
        device.birth_key), "ca.crt": maker.anchor_pem.encode()}
    for name, data in files.items():
        (workdir / name).write_bytes(data)

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=workdir, check=True,
            capture_output=True)

    openssl("req", "-new", "-key", "dev.key", "-subj",
        f"/O={maker.id}/serialNumber={device.serial}", "-out", "dev.csr")
    openssl("x509", "-req", "-in", "dev.csr", "-CA", "ca.crt", "-CAkey",
        "ca.key", "-set_serial", serial, "-days", "30", "-out", "dev.crt")
    return Client(device.stack, [(workdir / "dev.crt").read_bytes()],
        files["dev.key"])


@pytest.mark.parametrize("serial", ["-5", "0", "0x" + "7f" * 30,
    "-0x" + "7f" * 20])
def test_client_certificate_with_an_odd_serial_is_403(device, workdir,
        serial):
    client = openssl_certificate(device, workdir, serial)
    assert device.enroll(client=client).status_code == 403


# -- paths and headers; more in test_http_hostile.py


ODD_PATHS = ("/.well-known/est/%00", "/.well-known/est/cacerts%00",
    "/.well-known/est/%2e%2e/cacerts", "/.well-known/est/a%2fb/cacerts",
    "/.well-known/est//cacerts", f"/.well-known/est/{'a' * 400}/cacerts",
    "/.well-known", "/.well-known/", "/.well-known/est",
    "/.well-known/est/cacerts/", "/.well-known/est/a/b/cacerts",
    "/.well-known/est/;/cacerts", "//", "/%",
    "/.well-known/est/%ff/cacerts")


def test_odd_path_is_400_or_404(stack):
    for path in ODD_PATHS:
        answer = exchange(stack, request(f"GET {path} HTTP/1.1",
            "Connection: close"))
        assert re.match(rb"HTTP/1\.1 40[04] ", answer), (path, answer)


def assert_refused_with(stack, headers):
    text = request("GET /.well-known/est/cacerts HTTP/1.1",
        *(f"X-{n}: 1" for n in range(headers)))
    with Raw(stack) as raw:
        try:
            raw.send(text)
        except OSError:
            pass  # it has read enough, and closed
        answer = raw.read_to_end()
    assert re.match(rb"HTTP/1\.1 4(00|31) ", answer) or headers == 10000
    assert_serves(stack)


def test_10000_headers_are_refused(stack):
    for headers in (65, 1000, 10000):
        assert_refused_with(stack, headers)


@pytest.mark.settings(request_timeout="5s")
def test_half_a_request_line_is_dropped(stack):
    texts = ("GET", "GET /.well-known/est/cace", "\r\n\r\n", "\n")
    for raw in [Raw(stack).send(text) for text in texts]:
        with raw:
            answer = raw.read_to_end()
        assert b"HTTP/1.1 5" not in answer and b" 200 " not in answer
    assert_serves(stack)


# -- 58: memory


def resident(stack):
    """kB."""
    with open(f"/proc/{stack.process.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


def storm(stack, device, shapes):
    """One round of everything above, on few connections."""
    texts = [enroll_text(device, body=base64.b64encode(der).decode())
        for der in shapes if len(der) < 45000]
    with Raw(stack, certificate=device.birth.session.cert) as raw:
        for text in texts * 2:
            assert raw.send(text).read_answer()[0] == 400
    for text in [*SHAPES.values(), *GARBAGE[:7], CACERTS[:20]]:
        with Raw(stack) as raw:
            raw.send(text if isinstance(text, bytes) else text.encode())


def test_memory_is_flat_under_malformed_requests(device):
    # The sanitizer keeps freed memory for a while: here, not much of it.
    stack = device.stack
    stack.env = {"ASAN_OPTIONS": "abort_on_error=0:quarantine_size_mb=1"}
    stack.restart()
    shapes = list(requests_of(device.key).values())
    # Each thread's heap grows to what its requests need at most, and which
    # thread serves a connection is chance: it comes to rest, a leak does not.
    for _ in range(20):
        before = resident(stack)
        for _ in range(3):
            storm(stack, device, shapes)
        if resident(stack) < before * 1.02 + 500:
            break
    else:
        raise AssertionError(f"still growing: {before} kB, {resident(stack)}")
    assert_serves(stack)
