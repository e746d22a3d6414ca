"""Clients that take their time: handshakes that stall, headers by the byte,
answers that nobody reads; and a working client beside them."""

import contextlib
import itertools
import socket
import ssl
import time

HALF_A_HELLO = b"\x16\x03\x01\x02\x00\x01"
GET = b"GET /.well-known/est/cacerts HTTP/1.1\r\nHost: localhost\r\n\r\n"


def whole_hello():
    """A complete ClientHello: the server answers it, at the cost of a
    signature, and then waits."""
    out = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out,
        server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


@contextlib.contextmanager
def stalled_handshakes(port, n):
    """n connections whose handshake never ends: silent, in the middle of the
    first message, and after it.  They come from many addresses."""
    starts = itertools.cycle([b"", HALF_A_HELLO, whole_hello()])
    with contextlib.ExitStack() as stack:
        clients = []
        for i, start in zip(range(n), starts):
            clients.append(stack.enter_context(socket.create_connection(
                ("127.0.0.1", port), 60, (f"127.0.7.{i % 100 + 1}", 0))))
            clients[-1].sendall(start)
        yield clients


def tls_context(ca):
    return ssl.create_default_context(cafile=str(ca))


def connect(port, context, address="127.0.0.1"):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port),
        60, (address, 0)), server_hostname="localhost")


def read_answer(tls):
    """One answer; True if it is a 200."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = tls.recv(65536)
        assert part, "closed"
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    size = int(head.lower().split(b"content-length:")[1].split()[0])
    while len(body) < size:
        part = tls.recv(65536)
        assert part, "closed"
        body += part
    return head.startswith(b"HTTP/1.1 200 ")


def latencies(port, ca, n, new_connection=False):
    """Seconds of n requests, one after the other; each with its handshake if
    they are to come on new connections.  Sorted."""
    context, times = tls_context(ca), []
    tls = None if new_connection else connect(port, context)
    for _ in range(n):
        began = time.monotonic()
        if new_connection:
            tls = connect(port, context)
        tls.sendall(GET)
        assert read_answer(tls)
        times.append(time.monotonic() - began)
        if new_connection:
            tls.close()
    if not new_connection:
        tls.close()
    return sorted(times)


def p99(times):
    return times[int(len(times) * 0.99)]
