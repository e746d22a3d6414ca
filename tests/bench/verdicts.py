"""What verdicts on evidence cost, beside the bare signature checks that they
contain: the published evidence that the engine accepts, and a birth
certificate's made here, each judged again and again in memory."""

import collections
import json
import pathlib
import subprocess
import sys

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
sys.path.insert(0, str(VECTORS))

from common import NotCovered  # noqa: E402
from folder_idevid import idevid  # noqa: E402
from harness.process import BUILD  # noqa: E402
import run as vectors  # noqa: E402

TIMES = 300
MANY = 1_000_000
FORMATS = ("idevid", "psa", "eat", "matter", "tpm", "dice")


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
