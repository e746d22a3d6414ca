"""SECURITY.md H3: who floods us with connections is refused before a
handshake costs anything, and nobody else notices; what a ticket may and may
not do."""

import socket
import ssl

import pytest


def connect_from(stack, address):
    """A TCP connection from that loopback address."""
    return socket.create_connection(("127.0.0.1", stack.port), 10,
        (address, 0))


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
    assert 10 <= handshakes(stack, "127.0.5.1", 40) <= 15
    stack.process.wait_log(r"event=connections\.refused n=\d+")
    assert handshakes(stack, "127.0.5.2", 5) == 5
    assert handshakes(stack, "127.0.6.1", 5) == 5


@pytest.mark.settings(handshakes=1, handshakes_burst=5)
def test_flood_of_a_network_leaves_other_networks_served(stack):
    served = sum(handshakes(stack, f"127.0.5.{n}", 5) for n in range(1, 20))
    assert 20 <= served <= 35
    assert handshakes(stack, "127.0.6.1", 5) == 5


@pytest.mark.settings(handshakes=0, handshakes_burst=1)
def test_limit_of_handshakes_can_be_turned_off(stack):
    assert handshakes(stack, "127.0.0.1", 50) == 50
