"""OCSP over plain HTTP with keep-alive, by wrk: 100,000 certificates, each
asked about in its turn, from memory once all were signed; beside cfssl's
responder with answers that were signed beforehand, and openssl's."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from harness.process import REPO, Process, free_port, run, until

BIN = pathlib.Path("/usr/bin")
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

    def wrk(self, port, n, seconds, *how):
        file = self.dir / "serials"
        file.write_bytes(b"".join(self.serials[:n]))
        return run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
            "--timeout", "10s", "-s", REPO / "tests/bench/ocsp.lua",
            f"http://127.0.0.1:{port}", "--", self.head.hex(), file,
            "/ocsp", *how, timeout=seconds + 60)

    def once(self, port):
        """Answers a second when each is asked about for the first time."""
        began = time.monotonic()
        self.wrk(port, SERIALS, PATIENCE, "once")
        return SERIALS / (time.monotonic() - began)

    def again(self, port, n, pid):
        """Answers a second about the first n of them, one after the other
        and again, and the process's CPU time for each in us."""
        before = cpu(pid)
        out = self.wrk(port, n, SECONDS)
        result = json.loads(out.strip().splitlines()[-1])
        assert result["failed"] == 0, out
        return (result["n"] / result["us"] * 1e6,
            (cpu(pid) - before) * 1e6 / result["n"])

    def answers(self, port, n):
        """What is said there of the first n, a line of base64 each."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for serial in self.serials[:n]:
            connection.request("POST", "/ocsp", self.head + serial, TYPE)
            answer = connection.getresponse()
            assert answer.status == 200
            yield base64.b64encode(answer.read()).decode()
        connection.close()


def cpu(pid):
    """Seconds that a process has used."""
    after_name = pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[1]
    return sum(map(int, after_name.split()[11:13])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def responder(asker, argv, ready):
    """Another's, once ready says so of its log."""
    log = asker.dir / f"{argv[0].name}.log"
    process = Process(argv, log)
    try:
        until(lambda: ready(log.read_text()), PATIENCE)
        yield process.pid
    finally:
        process.kill()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except ConnectionError:
        return False


def cfssl(asker, port):
    """"cfssl ocspserve" with the service's own answers: rate and CPU."""
    file, peer = asker.dir / "responses", free_port()
    file.write_text("\n".join(asker.answers(port, PEER_SERIALS)) + "\n")
    with responder(asker, [BIN / "cfssl", "ocspserve", "-address",
            "127.0.0.1", "-port", peer, "-responses", file, "-path",
            "/ocsp", "-loglevel", "5"], lambda _: listens(peer)) as pid:
        return asker.again(peer, PEER_SERIALS, pid)


def openssl(asker, pki):
    """"openssl ocsp", which signs each time: its CPU time for each in us.  It
    serves one connection at a time, and hangs on one without a request, such
    as wrk's first."""
    index, peer = asker.dir / "index.txt", free_port()
    index.write_text("".join(
        f"V\t491231235959Z\t\t{serial.hex().upper()}\tunknown\t/CN={n}\n"
        for n, serial in enumerate(asker.serials)))
    with responder(asker, [BIN / "openssl", "ocsp", "-index", index,
            "-port", peer, "-CA", pki / "issuing.crt", "-rsigner",
            pki / "issuing.crt", "-rkey", pki / "issuing.key", "-nmin", "5"],
            lambda log: "waiting for OCSP client" in log) as pid:
        before = cpu(pid)
        for _ in asker.answers(peer, PEER_SERIALS):
            pass
        return (cpu(pid) - before) * 1e6 / PEER_SERIALS


def measure(rig, rows):
    asker, pid = Asker(rig), rig.stack.process.pid
    port = int(re.findall(r"event=listening_too for=status .*port=(\d+)",
        rig.stack.log())[-1])
    # Each signed, and from now on answered from memory.
    signed = asker.once(port)
    rate, us = asker.again(port, SERIALS, pid)
    peer, peer_us = cfssl(asker, port)
    signer_us = openssl(asker, rig.material.pki)
    rows.add("OCSP, 100,000 serials, not yet signed", signed)
    rows.add("OCSP, 100,000 serials", rate, peer)
    rows.add("OCSP, 100,000 serials: CPU", us, peer_us)
    rows.add("OCSP, 100,000 serials: CPU beside openssl", us, signer_us)
