"""TLS sessions are resumed, and nothing but the handshake is saved by it
(SECURITY.md A4, H3)."""

import base64
import http.client
import socket
import ssl

import pytest

from harness.crypto import csr_der
from harness.http import expect


def context(device, version):
    made = ssl.create_default_context(cafile=device.stack.material.ca)
    made.minimum_version = made.maximum_version = version
    made.load_cert_chain(*device.files())
    return made


def renew(device, made, session=None):
    """Status of a renewal on a new connection, its session, and whether it
    was resumed."""
    connection = http.client.HTTPSConnection("localhost", device.stack.port,
        context=made)
    connection.sock = made.wrap_socket(
        socket.create_connection(
            ("localhost", device.stack.port)),
        server_hostname="localhost", session=session)
    # Kept, since an answer that closes takes it away.
    sock = connection.sock
    resumed = sock.session_reused
    connection.request("POST", "/.well-known/est/simplereenroll",
        base64.b64encode(csr_der(device.key)),
        {"Content-Type": "application/pkcs10"})
    status = connection.getresponse().status
    result = status, sock.session, resumed
    connection.close()
    return result


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_resumed_session_keeps_the_client_and_is_judged_again(
        enrolled, operator, version):
    made = context(enrolled, version)
    status, session, resumed = renew(enrolled, made)
    assert (status, resumed) == (200, False)
    status, session, resumed = renew(enrolled, made, session)
    assert (status, resumed) == (200, True)
    expect(operator.revoke(enrolled.id), 200)
    status, _, resumed = renew(enrolled, made, session)
    assert (status, resumed) == (403, True)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_ticket_of_one_node_serves_at_the_other(
        make_stack, enrolled, version):
    made = context(enrolled, version)
    _, session, _ = renew(enrolled, made)
    enrolled.stack = make_stack()
    status, _, resumed = renew(enrolled, made, session)
    assert (status, resumed) == (200, True)
