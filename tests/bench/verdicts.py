"""What verdicts on evidence cost, beside the bare signature checks that they
contain: the published evidence that the engine accepts, and a birth
certificate's made here, each judged again and again in memory."""

import collections
import datetime
import json
import pathlib
import subprocess
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
sys.path.insert(0, str(VECTORS))

from common import NotCovered  # noqa: E402
from harness.crypto import new_key  # noqa: E402
from harness.players import Maker  # noqa: E402
from harness.process import BUILD  # noqa: E402
import run as vectors  # noqa: E402

TIMES = 300
MANY = 1_000_000
FORMATS = ("idevid", "psa", "eat", "matter", "tpm", "dice")
DER = serialization.Encoding.DER


class Engine:
    """The engine of the vectors, which says what each verdict cost."""

    def __init__(self, times=TIMES):
        self.popen = subprocess.Popen(
            [BUILD / "vectors-engine", "cost", str(times)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.cost = collections.defaultdict(lambda: [0, 0, 0])

    def ask(self, op, inputs):
        self.popen.stdin.write(
            " ".join([op, *(i.hex() or "-" for i in inputs)]) + "\n")
        self.popen.stdin.flush()
        told = None
        while (line := self.popen.stdout.readline().split()):
            if line[0] != "cost":
                return line[0]
            told = line
            ns, bare, checks = map(int, told[2:])
            # A MAC alone is no signature.
            if checks:
                sums = self.cost[told[1]]
                sums[0] += ns
                sums[1] += bare
                sums[2] += 1
        raise AssertionError(f"the engine is gone after {op}")

    def resident(self):
        """MiB."""
        status = pathlib.Path(f"/proc/{self.popen.pid}/status").read_text()
        (line,) = (s for s in status.splitlines() if s.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def end(self):
        self.popen.stdin.close()
        self.popen.wait()


def head(major, n):
    return bytes([major << 5 | 25]) + n.to_bytes(2, "big")


def idevid():
    """Evidence of a unit with a chain of two (attest/fmt_idevid)."""
    root = Maker()
    maker, key = Maker(parent=root), new_key()
    chain = [x509.load_pem_x509_certificate(c).public_bytes(DER)
        for c in maker.birth_certificate(key, "SN-1",
            not_before=datetime.datetime(2026, 1, 1))]
    spki = new_key().public_key().public_bytes(DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    said = (b"https://enroll.example", bytes(32), spki)
    signature = key.sign(b"latchkey evidence 1\0idevid\0" + b"".join(
        len(p).to_bytes(4, "big") + p for p in said),
        ec.ECDSA(hashes.SHA256()))
    parts = {"issuer": said[0], "nonce": said[1], "key": said[2],
        "signature": signature}
    evidence = head(5, len(parts) + 1) + head(3, 5) + b"chain" + head(
        4, len(chain)) + b"".join(head(2, len(c)) + c for c in chain)
    for name, value in parts.items():
        evidence += head(3, len(name)) + name.encode()
        evidence += head(2, len(value)) + value
    return "idevid", [evidence, root.certificate.public_bytes(DER), said[1],
        spki, said[0]]


def published():
    """The questions of the vectors whose evidence is to be accepted."""
    for name in sorted(vectors.EVIDENCE):
        folder = VECTORS / name
        for case in json.loads((folder / "cases.json").read_text())["cases"]:
            for _, expect, question in vectors.FOLDERS[name](folder, case):
                if not isinstance(question, NotCovered) and (
                        expect == "accept"):
                    yield question


def memory(rows):
    """Resident after each tenth of a million verdicts on all formats."""
    questions = [idevid(), *published()]
    # Each question is judged twice so often.
    engine = Engine(MANY // 10 // 2 // len(questions) + 1)
    resident = []
    for _ in range(10):
        for question in questions:
            engine.ask(*question)
        resident.append(engine.resident())
    engine.end()
    rows.add("memory after a tenth of a million verdicts", resident[0])
    rows.add("memory after a million verdicts", resident[-1], resident[0])


def measure(rows):
    engine = Engine()
    assert engine.ask(*idevid()) == "accept", "our own idevid is refused"
    for question in published():
        engine.ask(*question)
    engine.end()
    for name in FORMATS:
        ns, bare, n = engine.cost[name]
        rows.add(f"verdicts, {name}", 1e9 * n / ns)
        rows.add(f"verdicts, {name}: CPU", ns / n / 1e3, bare / n / 1e3)
