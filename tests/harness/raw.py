"""Bytes over TLS, for what no honest HTTP client sends."""

import re
import socket
import ssl


class Raw:
    """One TLS connection whose bytes the test chooses."""

    def __init__(self, stack, timeout=120, certificate=None, source=None):
        tcp = socket.create_connection(("127.0.0.1", stack.port), timeout,
            (source, 0) if source else None)
        context = ssl.create_default_context(cafile=str(stack.material.ca))
        if certificate:
            context.load_cert_chain(*certificate)
        self.tls = context.wrap_socket(tcp, server_hostname="localhost")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tls.close()

    def send(self, data):
        self.tls.sendall(data if isinstance(data, bytes) else data.encode())
        return self

    def read_to_end(self):
        """All bytes until the server closes."""
        data = b""
        while True:
            try:
                part = self.tls.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return data
            if not part:
                return data
            data += part

    def read_answer(self):
        """One answer by its Content-Length: status, headers, body."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.tls.recv(65536)
            assert part, f"closed after {data!r}"
            data += part
        head, body = data.split(b"\r\n\r\n", 1)
        status, headers = parse_head(head)
        while len(body) < int(headers.get("content-length", 0)):
            part = self.tls.recv(65536)
            assert part, f"closed after {body!r}"
            body += part
        return status, headers, body

    def is_closed(self, within):
        """Whether the server closes in that many seconds."""
        self.tls.settimeout(within)
        try:
            return self.tls.recv(1) == b""
        except socket.timeout:
            return False
        except (ConnectionError, ssl.SSLError):
            return True


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    status = int(re.match(r"HTTP/1\.1 (\d{3}) ", lines[0])[1])
    headers = {}
    for line in lines[1:]:
        name, value = line.split(": ", 1)
        # RFC 9110 section 5.3.
        headers[name.lower()] = ", ".join(
            filter(None, (headers.get(name.lower()), value)))
    return status, headers


def exchange(stack, data):
    """Sends bytes on a connection of their own; what came before the close."""
    with Raw(stack) as raw:
        return raw.send(data).read_to_end()
