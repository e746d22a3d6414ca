"""Manual approval in EST (RFC 7030 section 4.2.3): a unit that asks before
its owner said yes waits with 202, and what it waits for is its own."""

import base64
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AttributeOID

from harness.crypto import DER, certs_of_cms, csr_der, new_key
from harness.http import expect
from harness.players import Device
from harness.raw import parse_head

CODE = "TULIP-42"


@pytest.fixture
def unit(stack, maker, operator):
    """A unit with a printed code, as it asks for the first time."""
    unit = Device(stack, maker)
    operator.allow_with_code(unit, CODE)
    expect(unit.enroll(), 202)
    return unit


def approve(unit, owner):
    expect(owner.decide(expect(owner.claim(unit.serial, CODE), 200).json(),
        "approve"), 200)


def test_202_says_in_seconds_when_to_ask_again(unit):
    answer = expect(unit.enroll(), 202)
    assert 5 <= int(answer.headers["Retry-After"]) <= 9
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert "Transfer-Encoding" not in answer.headers


def test_202_retry_after_grows_with_the_age_of_the_request(unit, database):
    database.query(
        "UPDATE approval SET created_at = now() - interval '5 minutes'")
    assert 25 <= int(unit.enroll().headers["Retry-After"]) <= 32
    database.query(
        "UPDATE approval SET created_at = now() - interval '12 minutes'")
    assert 45 <= int(unit.enroll().headers["Retry-After"]) <= 59


def test_202_retry_after_is_spread(unit):
    assert len({unit.enroll().headers["Retry-After"]
        for _ in range(20)}) > 1


def test_202_early_repeats_get_it_again_and_ask_the_owner_once(
        unit, database):
    for _ in range(5):
        expect(unit.enroll(), 202)
    assert database.value("SELECT count(*) FROM approval") == 1


@pytest.mark.parametrize("end", ["restart", "crash"])
def test_202_state_survives(unit, stack, owner, end):
    if end == "crash":
        stack.kill()
        stack.start()
    else:
        stack.restart()
    expect(unit.enroll(), 202)
    approve(unit, owner)
    if end == "crash":
        stack.kill()
        stack.start()
    expect(unit.enroll(), 200)


def test_202_approved_gives_200_once_and_again(unit, owner, database):
    approve(unit, owner)
    first = expect(unit.enroll(), 200).content
    for _ in range(3):
        assert expect(unit.enroll(), 200).content == first
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_202_refused_gives_403_once_and_again(unit, owner):
    shown = expect(owner.claim(unit.serial, CODE), 200).json()
    expect(owner.decide(shown, "deny"), 200)
    for _ in range(2):
        answer = expect(unit.enroll(), 403)
        assert "Retry-After" not in answer.headers


def test_202_another_client_with_the_same_csr_learns_nothing(
        stack, maker, operator, owner, unit):
    other = Device(stack, maker)
    operator.allow_with_code(other, CODE)
    request = csr_der(unit.key)
    expect(unit.enroll(request), 202)
    expect(other.enroll(request), 202)
    approve(unit, owner)
    expect(other.enroll(request), 202)
    expect(unit.enroll(request), 200)
    # It is told nothing new, and its own owner cannot approve that key (A5).
    expect(other.enroll(request), 202)
    shown = expect(owner.claim(other.serial, CODE), 200).json()
    expect(owner.decide(shown, "approve"), 409)
    expect(other.enroll(request), 202)


def test_202_a_client_that_is_refused_learns_nothing_of_it(
        stack, maker, unit):
    stranger = Device(stack, maker)
    expect(stranger.enroll(csr_der(unit.key)), 403)


def bound_csr(tls, key):
    """A request with the challengePassword that RFC 7030 section 3.5 asks
    for: another one on each connection."""
    binding = base64.b64encode(tls.get_channel_binding("tls-unique"))
    return (x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_attribute(AttributeOID.CHALLENGE_PASSWORD, binding)
        .sign(key, hashes.SHA256()).public_bytes(DER))


def ask_bound(unit):
    """(request, status, body) on a TLS 1.2 connection of its own."""
    context = ssl.create_default_context(cafile=str(unit.stack.material.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*unit.birth.session.cert)
    tcp = socket.create_connection(("127.0.0.1", unit.stack.port), 60)
    with context.wrap_socket(tcp, server_hostname="localhost") as tls:
        request = bound_csr(tls, unit.key)
        body = base64.b64encode(request)
        tls.sendall(b"POST /.well-known/est/simpleenroll HTTP/1.1\r\n"
            b"Host: localhost\r\nContent-Type: application/pkcs10\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n"
            % len(body) + body)
        data = b""
        while part := tls.recv(65536):
            data += part
    head, body = data.split(b"\r\n\r\n", 1)
    return request, parse_head(head)[0], body


def test_202_repeat_with_another_channel_binding_continues(
        unit, owner, database):
    first, status, _ = ask_bound(unit)
    assert status == 202
    approve(unit, owner)
    second, status, body = ask_bound(unit)
    assert status == 200 and first != second
    (certificate,) = certs_of_cms(body)
    third, status, body = ask_bound(unit)
    assert status == 200 and third != second
    assert certs_of_cms(body) == [certificate]
    assert database.value("SELECT count(*) FROM approval") == 1


def test_202_another_key_is_another_request(unit, owner, operator):
    first, unit.key = unit.key, new_key()
    expect(unit.enroll(), 202)
    expect(owner.claim(unit.serial, CODE), 409)
    unit.key = first
    expect(unit.enroll(), 202)
