"""EST checklist 1 to 6: what TLS and HTTP/1.1 must do for EST clients."""

import base64
import datetime
import re
import socket
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU

from api.test_http_hostile import request
from harness.crypto import csr_der, key_pem
from harness.http import Client, expect
from harness.players import Device, Maker, now
from harness.raw import Raw, exchange

CACERTS = request("GET /.well-known/est/cacerts HTTP/1.1")


def enroll_text(device, *headers, body=None, version="HTTP/1.1"):
    """A simpleenroll as it goes over the wire."""
    body = base64.b64encode(csr_der(device.key)).decode() if body is None \
        else body
    return request(f"POST /.well-known/est/simpleenroll {version}",
        "Content-Type: application/pkcs10", f"Content-Length: {len(body)}",
        *headers, body=body)


def s_client(stack, *options, expect_ok=True):
    done = subprocess.run(["openssl", "s_client", "-connect",
        f"localhost:{stack.port}", "-CAfile", str(stack.material.ca),
        *options], input="", capture_output=True, text=True, timeout=120)
    assert (done.returncode == 0) == expect_ok, done.stdout + done.stderr
    return done.stdout


# -- 1: versions and suites; the versions are in test_http_hostile.py


def test_no_suite_without_cipher_certificate_or_secrecy(stack):
    # A client that offers these alone; some it does not even have.
    for suites in ("eNULL", "aNULL", "aNULL:eNULL", "RC4", "3DES", "EXPORT",
            "kRSA", "PSK", "SRP"):
        s_client(stack, "-tls1_2", "-cipher", f"{suites}:@SECLEVEL=0",
            expect_ok=False)


def test_nothing_older_than_tls_1_2(stack):
    for version in ("-tls1_1", "-tls1"):
        out = s_client(stack, version, "-cipher", "ALL:@SECLEVEL=0",
            expect_ok=False)
        assert "Cipher is (NONE)" in out


# -- 2: resumption is in test_tls_resumption.py and test_est_flood.py


# -- 3: the client's certificate


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_client_certificate_is_asked_for_and_not_demanded(stack, version):
    out = s_client(stack, version, "-msg")
    assert "CertificateRequest" in out
    assert "Verify return code: 0 (ok)" in out


def test_without_a_certificate_cacerts_is_served_and_enrollment_is_401(
        stack, device):
    with Raw(stack) as raw:
        assert raw.send(CACERTS).read_answer()[0] == 200
        status, headers, _ = raw.send(enroll_text(device)).read_answer()
        assert status == 401
        assert headers["www-authenticate"]
        assert raw.send(CACERTS).read_answer()[0] == 200


def refused_certificate(stack, device, **birth):
    """The answer to an enrollment under a birth certificate of that kind."""
    chain = device.maker.birth_certificate(device.birth_key, device.serial,
        **birth)
    client = Client(stack, chain, key_pem(device.birth_key))
    return device.enroll(client=client)


def test_untrusted_client_certificate_is_403_and_closed(stack, device):
    stranger = Device(stack, Maker())
    with Raw(stack, certificate=stranger.birth.session.cert) as raw:
        status, headers, _ = raw.send(enroll_text(stranger)).read_answer()
        assert (status, headers["connection"]) == (403, "close")
        assert raw.is_closed(2)


def test_expired_client_certificate_is_403(stack, device):
    expect(refused_certificate(stack, device,
        not_before=now() - datetime.timedelta(days=9),
        not_after=now() - datetime.timedelta(days=2)), 403)


def test_client_certificate_not_yet_valid_is_403(stack, device):
    expect(refused_certificate(stack, device,
        not_before=now() + datetime.timedelta(days=2)), 403)


def test_client_certificate_for_another_purpose_is_403(stack, device):
    expect(refused_certificate(stack, device, extensions=[
        x509.ExtendedKeyUsage([EKU.SERVER_AUTH])]), 403)


def test_revoked_client_certificate_is_403(enrolled, operator):
    expect(enrolled.renew(), 200)
    expect(operator.revoke(enrolled.id), 200)
    expect(enrolled.renew(), 403)


# -- 4: key shares


def test_first_key_share_of_common_clients_needs_no_second_round(stack):
    for groups in ("P-256", "X25519", "X25519:P-256", "P-256:X25519",
            "P-256:P-384:P-521"):
        out = s_client(stack, "-tls1_3", "-msg", "-groups", groups)
        assert out.count("ServerHello") == 1, groups
        assert "Verify return code: 0 (ok)" in out


# -- 5: time limits and idle connections; more in test_http_hostile.py


@pytest.mark.settings(workers=1, idle_timeout="15s")
def test_idle_connections_never_hold_a_worker(stack):
    silent = [socket.create_connection(("127.0.0.1", stack.port))
        for _ in range(40)]
    idle = [Raw(stack) for _ in range(20)]
    half = [Raw(stack).send("POST /v1/claims HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(20)]
    began = time.monotonic()
    for _ in range(20):
        assert exchange(stack, request("GET /readyz HTTP/1.1",
            "Connection: close")).startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - began < 40
    for s in silent:
        s.close()
    for raw in idle + half:
        raw.tls.close()


@pytest.mark.settings(request_timeout="2s", idle_timeout="15s")
def test_stalled_handshake_is_dropped(stack):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", stack.port)) as silent:
        silent.settimeout(60)
        assert silent.recv(1) == b""
        assert time.monotonic() - began > 1


# -- 6: connections


def test_connection_lives_on_after_200_202_and_every_refusal(stack, device):
    with Raw(stack, certificate=device.birth.session.cert) as raw:
        for text, status in [
                (CACERTS, 200), (enroll_text(device), 202),
                (enroll_text(device, body="nonsense!"), 400),
                (request("GET /.well-known/est/nothing HTTP/1.1"), 404),
                (request("GET /.well-known/est/simpleenroll HTTP/1.1"), 405),
                (request("POST /.well-known/est/simpleenroll HTTP/1.1",
                    "Content-Type: text/plain", "Content-Length: 1",
                    body="x"), 415),
                (enroll_text(device, body="A" * 70000), 413),
                (request("POST /.well-known/est/simpleenroll HTTP/1.1",
                    "Content-Type: application/pkcs10"), 411),
                (CACERTS, 200)]:
            got, headers, _ = raw.send(text).read_answer()
            assert got == status
            assert headers.get("connection") != "close", status


def test_pipelined_requests_are_answered_in_order(stack, device):
    with Raw(stack, certificate=device.birth.session.cert) as raw:
        raw.send(enroll_text(device) + CACERTS + enroll_text(device,
            body="!") + request("GET /healthz HTTP/1.1", "Connection: close"))
        answer = raw.read_to_end()
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"202", b"200",
        b"400", b"200"]


@pytest.mark.parametrize("headers", [[], ["Connection: keep-alive"]])
def test_http_1_0_is_served_and_closed(stack, headers):
    with Raw(stack) as raw:
        answer = raw.send(request(
            "GET /.well-known/est/cacerts HTTP/1.0", *headers,
            host=False) + CACERTS).read_to_end()
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200"]
    assert b"\r\nConnection: close\r\n" in answer


def test_absolute_form_that_names_us_is_served(stack):
    for scheme in ("https", "HTTPS"):
        answer = exchange(stack, request(
            f"GET {scheme}://localhost/.well-known/est/cacerts HTTP/1.1",
            "Connection: close"))
        assert answer.startswith(b"HTTP/1.1 200 "), answer


def test_missing_host_is_400_and_closed(stack):
    answer = exchange(stack, request(
        "GET /.well-known/est/cacerts HTTP/1.1", host=False) + CACERTS)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
