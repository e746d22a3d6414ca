"""SECURITY.md H1 through a proxy: HAProxy and the service never disagree on
where a request ends, so nothing passes the proxy unseen."""

import socket
import subprocess

import pytest

from api.test_http_hostile import GARBAGE, SHAPES, SMUGGLED
from harness.process import Process, free_port, until

# The proxy refuses what the smuggled request asks: should the service ever
# answer it, it came past the proxy within another one.
CONFIG = """
global
    maxconn 100
defaults
    mode http
    timeout connect 60s
    timeout client 3s
    timeout server 60s
    http-reuse always
frontend edge
    bind 127.0.0.1:{port}
    http-request deny deny_status 403 if {{ path /healthz }}
    default_backend latchkey
backend latchkey
    default-server ssl verify required sni str(localhost) verifyhost localhost
    server one 127.0.0.1:{server} ca-file {ca}
"""


@pytest.fixture
def proxy(stack, workdir):
    port = free_port()
    config = workdir / "haproxy.cfg"
    config.write_text(CONFIG.format(port=port, server=stack.port,
        ca=stack.material.ca))
    subprocess.run(["/usr/sbin/haproxy", "-c", "-q", "-f", config],
        check=True)
    process = Process(["/usr/sbin/haproxy", "-db", "-f", config],
        workdir / "haproxy.log")

    def listens():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    until(listens)
    yield port
    process.kill()


def send(port, data, first=60):
    """What comes back until the proxy closes or is silent a while; the first
    of it may take longer."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        s.settimeout(first)
        try:
            s.sendall(data)
            while part := s.recv(65536):
                answer += part
                s.settimeout(0.3)
        except OSError:
            pass
    return answer


def test_nothing_is_smuggled_past_a_proxy(stack, proxy):
    victim = b"GET /activate HTTP/1.1\r\nHost: localhost\r\n" \
        b"Connection: close\r\n\r\n"
    assert send(proxy, victim).startswith(b"HTTP/1.1 200 ")
    assert send(proxy, SMUGGLED.encode()).startswith(b"HTTP/1.1 403 ")
    shapes = {**{k: v.encode() for k, v in SHAPES.items()},
        **{repr(g[:40]): g for g in GARBAGE}}
    for shape, data in shapes.items():
        answer = send(proxy, data + SMUGGLED.encode(), 0.3)
        assert b"HTTP/1.1 500" not in answer, shape
        assert "route=/healthz" not in stack.log(), shape
        assert send(proxy, victim).startswith(b"HTTP/1.1 200 "), shape
