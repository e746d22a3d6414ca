"""SECURITY.md H1 through the proxy as we ship it: HAProxy and the service never
disagree on where a request ends, so nothing passes the proxy unseen."""

import socket
import ssl

import pytest

from api.test_http_hostile import GARBAGE, SHAPES, SMUGGLED
from harness.edge import Edge

# The proxy refuses what the smuggled request asks: should the service ever
# answer it, it came past the proxy within another one.


@pytest.fixture
def edge(workdir, material):
    (workdir / "edge").mkdir()
    edge = Edge(workdir / "edge", material)
    yield edge
    edge.stop()


@pytest.fixture
def stack(make_stack, edge):
    stack = make_stack(**edge.node())
    # Silent clients need not be waited for.
    edge.start(stack, client="3s")
    return stack


def send(stack, data, first=60):
    """What comes back until the proxy closes or is silent a while; the first
    of it may take longer."""
    answer = b""
    tls = ssl.create_default_context(cafile=str(stack.material.ca))
    with socket.create_connection(("127.0.0.1", stack.port), 60) as tcp:
        with tls.wrap_socket(tcp, server_hostname="localhost") as s:
            s.settimeout(first)
            try:
                s.sendall(data)
                while part := s.recv(65536):
                    answer += part
                    s.settimeout(0.3)
            except OSError:
                pass
    return answer


def test_h1_a_path_in_other_words_is_not_past_the_proxys_rules(stack):
    for path in ("/readyz", "/readyz?x", "/%72eadyz", "/%2572eadyz", "//readyz",
            "https://localhost/readyz", "/metri%63s", "/%68%65%61%6c%74%68%7A",
            "/./healthz"):
        answer = send(stack, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: close\r\n\r\n".encode())
        assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), path
    for route in ("/healthz", "/metrics"):
        assert f"route={route}" not in stack.log()


def test_nothing_is_smuggled_past_a_proxy(stack):
    victim = b"GET /activate HTTP/1.1\r\nHost: localhost\r\n" \
        b"Connection: close\r\n\r\n"
    assert send(stack, victim).startswith(b"HTTP/1.1 200 ")
    assert send(stack, SMUGGLED.encode()).startswith(b"HTTP/1.1 404 ")
    shapes = {**{k: v.encode() for k, v in SHAPES.items()},
        **{repr(g[:40]): g for g in GARBAGE}}
    for shape, data in shapes.items():
        answer = send(stack, data + SMUGGLED.encode(), 0.3)
        assert b"HTTP/1.1 500" not in answer, shape
        assert "route=/healthz" not in stack.log(), shape
        assert send(stack, victim).startswith(b"HTTP/1.1 200 "), shape
