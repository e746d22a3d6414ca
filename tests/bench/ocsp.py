"""OCSP over plain HTTP with keep-alive, by wrk: 100,000 certificates, each
asked about in its turn, from memory once all were signed; beside cfssl's
responder with answers that were signed beforehand."""

import base64
import http.client
import json
import re
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from harness.process import REPO, Process, free_port, run

SERIALS, PEER_SERIALS = 100_000, 1000
CONNECTIONS, SECONDS, PATIENCE = 64, 6, 600
TYPE = {"Content-Type": "application/ocsp-request"}
COPY = """INSERT INTO certificate (serial, not_before, not_after, device_id,
    profile, key_sha256, der)
SELECT s, now(), now() + interval '1 day', gen_random_uuid(), 'device',
    sha256(s), c.der
FROM unnest(%s) s, (SELECT der FROM service_certificate LIMIT 1) c"""


class Asker:
    """The certificates, and wrk with a request for each."""

    def __init__(self, rig):
        self.dir = rig.dir
        pem, _ = rig.operator.add_service("asked")
        self.serials = [b"\x01" + i.to_bytes(15, "big")
            for i in range(SERIALS)]
        connection = rig.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(COPY, (self.serials,))
        connection.close()
        ca = x509.load_pem_x509_certificate(
            (rig.material.pki / "issuing.crt").read_bytes())
        whole = ocsp.OCSPRequestBuilder().add_certificate(
            x509.load_pem_x509_certificate(pem.encode()), ca,
            hashes.SHA1()).build().public_bytes(
            serialization.Encoding.DER)
        # The serial number stands last, always of 16 bytes.
        self.head = whole[:-16]

    def ask(self, port, n, seconds):
        """How many answers there were about the first n of them, one after
        the other and again, and how many a second."""
        file = self.dir / "serials"
        file.write_bytes(b"".join(self.serials[:n]))
        out = run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
            "--timeout", "10s", "-s", REPO / "tests/bench/ocsp.lua",
            f"http://127.0.0.1:{port}", "--", self.head.hex(), file,
            "/ocsp", timeout=seconds + 120)
        result = json.loads(out.strip().splitlines()[-1])
        assert result["failed"] == 0, out
        return result["n"], result["n"] / result["us"] * 1e6

    def answers(self, port, n):
        """What the service says of the first n, a line of base64 each."""
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for serial in self.serials[:n]:
            connection.request("POST", "/ocsp", self.head + serial, TYPE)
            yield base64.b64encode(connection.getresponse().read()).decode()
        connection.close()


def cfssl(asker, port):
    """The rate of "cfssl ocspserve" with the service's own answers."""
    file, peer = asker.dir / "responses", free_port()
    file.write_text("\n".join(asker.answers(port, PEER_SERIALS)) + "\n")
    process = Process(["/usr/bin/cfssl", "ocspserve", "-address",
        "127.0.0.1", "-port", peer, "-responses", file, "-path", "/ocsp",
        "-loglevel", "5"], asker.dir / "ocspserve.log")
    try:
        end = time.monotonic() + 60
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", peer).connect()
                break
            except ConnectionError:
                assert time.monotonic() < end
                time.sleep(0.1)
        return asker.ask(peer, PEER_SERIALS, SECONDS)[1]
    finally:
        process.kill()


def measure(rig, rows):
    asker = Asker(rig)
    port = int(re.findall(r"event=listening_plain .*port=(\d+)",
        rig.stack.log())[-1])
    # Until each was asked about once, and so is answered from memory.
    seconds, (n, _) = SECONDS, asker.ask(port, SERIALS, SECONDS)
    while n < SERIALS:
        seconds *= 2
        assert seconds < PATIENCE, f"{n} answers in {seconds // 2} s"
        n, _ = asker.ask(port, SERIALS, seconds)
    _, rate = asker.ask(port, SERIALS, SECONDS)
    rows.add("OCSP, 100,000 serials", rate, cfssl(asker, port))
