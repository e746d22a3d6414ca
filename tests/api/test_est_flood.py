"""SECURITY.md H3: who floods us with connections is refused before a
handshake costs anything, and nobody else notices; what a ticket may and may
not do."""

import re
import socket
import ssl
import subprocess
import time

import pytest

from api.test_http_hostile import request
from api.test_tls_resumption import VERSIONS, context as client_context
from api.test_tls_resumption import renew as renew_with
from harness.http import expect
from harness.stack import Material


def connect_from(stack, address):
    """A TCP connection from that loopback address."""
    to = "::1" if ":" in address else "127.0.0.1"
    return socket.create_connection((to, stack.port), 60, (address, 0))


def handshakes(stack, address, n):
    """How many of n handshakes from that address succeed."""
    context = ssl.create_default_context(cafile=str(stack.material.ca))
    done = 0
    for _ in range(n):
        try:
            with connect_from(stack, address) as tcp, context.wrap_socket(
                    tcp, server_hostname="localhost"):
                done += 1
        except (ConnectionError, ssl.SSLError):
            pass
    return done


@pytest.mark.settings(handshakes=1, handshakes_burst=10)
def test_flood_of_one_address_leaves_others_served(stack):
    began = time.monotonic()
    served = handshakes(stack, "127.0.5.1", 40)
    assert 10 <= served <= 11 + (time.monotonic() - began)
    stack.process.wait_log(r"event=connections\.refused n=\d+")
    assert handshakes(stack, "127.0.5.2", 5) == 5
    assert handshakes(stack, "127.0.6.1", 5) == 5


@pytest.mark.settings(handshakes=1, handshakes_burst=5)
def test_flood_of_a_network_leaves_other_networks_served(stack):
    began = time.monotonic()
    served = sum(handshakes(stack, f"127.0.5.{n}", 5) for n in range(1, 20))
    assert 20 <= served <= 21 + 4 * (time.monotonic() - began)
    assert handshakes(stack, "127.0.6.1", 5) == 5


@pytest.mark.settings(handshakes=1, handshakes_burst=10)
def test_flood_over_ipv6_leaves_ipv4_served(stack):
    try:
        connect_from(stack, "::1").close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    began = time.monotonic()
    served = handshakes(stack, "::1", 40)
    assert 9 <= served <= 11 + (time.monotonic() - began)
    assert handshakes(stack, "127.0.5.2", 5) == 5


@pytest.mark.settings(handshakes=0, handshakes_burst=1)
def test_limit_of_handshakes_can_be_turned_off(stack):
    assert handshakes(stack, "127.0.0.1", 50) == 50


# -- tickets


def s_client(stack, *options, text=""):
    return subprocess.run(["openssl", "s_client", "-connect",
        f"localhost:{stack.port}", "-CAfile", str(stack.material.ca),
        *map(str, options)], input=text, capture_output=True, text=True,
        timeout=120).stdout


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_ticket_lives_an_hour_at_most(stack, version):
    # OpenSSL reads the tickets of 1.3 with the answer.
    out = s_client(stack, version, "-ign_eof", text=request(
        "GET /healthz HTTP/1.1", "Connection: close"))
    hints = re.findall(r"ticket lifetime hint: (\d+)", out)
    assert hints and all(0 < int(h) <= 3600 for h in hints), out


def test_early_data_is_never_taken(stack, workdir):
    session, early = workdir / "session", workdir / "early"
    text = request("GET /healthz HTTP/1.1", "Connection: close")
    early.write_text(text)
    s_client(stack, "-tls1_3", "-sess_out", session, "-ign_eof", text=text)
    out = s_client(stack, "-tls1_3", "-sess_in", session, "-early_data",
        early, "-ign_eof", text=text)
    assert "Reused, TLSv1.3" in out
    assert "Early data was not sent" in out or (
        "Early data was rejected" in out)
    assert "Max Early Data: 0" in out


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_ticket_of_another_service_is_no_session(
        make_stack, enrolled, tmp_path, version):
    """Another service: another MAC key, all else the same."""
    made = client_context(enrolled, version)
    status, session, _ = renew_with(enrolled, made)
    assert status == 200
    other = Material(tmp_path / "other").mac_key
    enrolled.stack = make_stack(mac_key=other)
    status, _, resumed = renew_with(enrolled, made, session)
    assert (status, resumed) == (200, False)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_resumed_session_is_judged_by_the_device_as_it_is_now(
        enrolled, owner, version):
    made = client_context(enrolled, version)
    _, session, _ = renew_with(enrolled, made)
    expect(owner.release(enrolled.id), 200, 204)
    status, _, resumed = renew_with(enrolled, made, session)
    assert (status, resumed) == (403, True)
