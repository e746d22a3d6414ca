"""A TLS 1.3 connection whose exporter is known (RFC 9266)."""

import re
import subprocess


class Exporter:
    """openssl s_client, which shows the exported value and then passes its
    standard input through."""

    def __init__(self, stack, files=None, *more):
        self.reused = False
        self.process = subprocess.Popen(["openssl", "s_client", "-connect",
            f"127.0.0.1:{stack.port}", "-servername", "localhost", "-CAfile",
            str(stack.material.ca), *(["-cert", files[0], "-cert_chain",
            files[0], "-key", files[1]] if files else []), "-tls1_3",
            "-ign_eof",
            "-keymatexport", "EXPORTER-Channel-Binding",
            "-keymatexportlen", "32", *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        for line in self.process.stdout:
            self.reused |= line.startswith(b"Reused, ")
            found = re.search(rb"Keying material: ([0-9A-F]{64})", line)
            if found:
                self.binding = bytes.fromhex(found[1].decode())
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def send(self, message):
        """(status, body) of one request."""
        self.process.stdin.write(message)
        self.process.stdin.flush()
        status = length = None
        for line in self.process.stdout:
            # What openssl says of tickets stands before it.
            found = re.search(rb"HTTP/1.1 (\d+)", line)
            if found:
                status = int(found[1])
            found = re.match(rb"(?i)content-length: (\d+)", line)
            if found:
                length = int(found[1])
            if status and line == b"\r\n":
                return status, self.process.stdout.read(length)
        raise AssertionError("closed")
