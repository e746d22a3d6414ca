"""What needs millions of rows: CPU per certificate beside an empty store, and
the service's memory as enrollments add up; what a million revoked ones cost.
Prints a table and writes
build/bench-large.json; tests/bench/rows-large says which rows there must be.
LARGE_ROWS, LARGE_ENROLLMENTS and LARGE_REVOKED in the environment make it
smaller; names of steps as arguments measure those alone."""

import functools
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.cluster import Cluster  # noqa: E402
from harness.stack import Broker  # noqa: E402
import cuts  # noqa: E402
import messages  # noqa: E402
from revoked import REVOKED  # noqa: E402
from revoked import measure as revoked_measure  # noqa: E402
from rig import RAISED, Rig  # noqa: E402
from store import Store  # noqa: E402
from table import Rows, machine, openssl  # noqa: E402
from tokens import Tokens  # noqa: E402
from verdicts import memory as verdicts_memory  # noqa: E402

ROWS = int(os.environ.get("LARGE_ROWS", 10_000_000))
ENROLLMENTS = int(os.environ.get("LARGE_ENROLLMENTS", 1_000_000))
RUNS, RUN_UNITS = 5, 5000
CONNECTIONS = 32
CHUNK = 10_000  # by connections of its own
SESSIONS = 10_000
BEYOND = 1_000_000  # a rate
BUFFERS = "4GB"


def cpu_per_certificate(tokens, prefix):
    """All units of one run: the service's, and Postgres's."""
    r = tokens.offer(RUN_UNITS, BEYOND, CONNECTIONS, prefix)
    return (r["cpu_us"]["service"] / r["n"],
        r["cpu_us"]["postgres"] / r["n"])


def stores(rows, empty, full):
    """Runs in turn, and the medians of each store's."""
    got = {"empty": [], "full": []}
    for n in range(RUNS + 1):
        for name, tokens in (("empty", empty), ("full", full)):
            cpu = cpu_per_certificate(tokens, f"{name[0].upper()}{n}")
            print(f"run {n}, {name}: service {cpu[0]:.1f} us, "
                f"Postgres {cpu[1]:.1f} us", flush=True)
            # The first of each warms caches and plans.
            if n > 0:
                got[name].append(cpu)
    service = {name: statistics.median(c[0] for c in v)
        for name, v in got.items()}
    both = {name: statistics.median(c[0] + c[1] for c in v)
        for name, v in got.items()}
    rows.add("CPU per certificate, empty store", both["empty"],
        rows.limit_us)
    rows.add("CPU per certificate, full store", both["full"], both["empty"])
    rows.add("CPU per certificate, full store: service", service["full"],
        service["empty"])


def memory(rows, tokens):
    """From a tenth of the enrollments to all of them, by one process.

    Connections are made anew for each part: how they fall on the threads is
    chance, and what each thread has once needed its heap keeps.
    """
    tokens.rig.stack.restart()
    done, young, began = 0, None, time.monotonic()
    while done < ENROLLMENTS:
        n = min(CHUNK, max(ENROLLMENTS // 10, 1), ENROLLMENTS - done)
        r = tokens.offer(n, BEYOND, CONNECTIONS, f"M{done}")
        done += r["n"]
        resident = tokens.rig.resident()
        if done % (5 * CHUNK) == 0:
            print(f"{time.monotonic() - began:7.0f} s  {done} enrollments, "
                f"{r['n'] / r['seconds']:.0f}/s, {resident:.2f} MiB",
                flush=True)
        if young is None and done >= ENROLLMENTS // 10:
            young = resident
    rows.add("memory after a tenth of the enrollments", young)
    rows.add("memory after all enrollments", resident, young)
    rows.add("enrollments", done)


def fill(rows, rig, tokens):
    """As long as the certificates that the service makes now."""
    tokens.offer(CONNECTIONS, BEYOND, CONNECTIONS, "LENGTH")
    der = rig.database.value(
        "SELECT avg(octet_length(der))::int FROM certificate")
    rig.stack.stop()
    rows.add("rows of certificates loaded",
        Store(rig, {**tokens.args, "maker": rig.maker.id}).fill(ROWS, der))
    rig.stack.start()


def memory_of_a_server(directory):
    """A cluster that may keep the pages it needs, as one of this size is
    given memory for."""
    cluster = Cluster(directory, durable=True)
    cluster.sql(f"ALTER SYSTEM SET shared_buffers = '{BUFFERS}'")
    cluster.stop()
    cluster.start()
    return cluster


tokens_of = functools.cache(Tokens)


def stores_step(rows, rigs):
    tokens = [tokens_of(rig) for rig in rigs[:2]]
    fill(rows, rigs[1], tokens[1])
    stores(rows, *tokens)


def revoked_step(rows, rigs):
    revoked_measure(rows, *(tokens_of(rig) for rig in rigs[:2]))


def memory_step(rows, rigs):
    memory(rows, tokens_of(rigs[0]))


def broker_of(rig):
    if rig.broker is None:
        rig.start_service()
        rig.broker = rig.make(Broker, "broker", rig.stack).start()
    return rig


def broker_step(rows, rigs):
    """Many sessions."""
    cuts.measure(broker_of(rigs[2]), rows, SESSIONS)


def plugin_step(rows, rigs):
    """Many refusals."""
    messages.memory(broker_of(rigs[2]), rows)


STEPS = {"stores": stores_step, "revoked": revoked_step,
    "memory": memory_step, "verdicts": lambda rows, _: verdicts_memory(rows),
    "broker": broker_step, "plugin": plugin_step}


def main():
    """All steps, or those named."""
    began = time.monotonic()
    chosen = sys.argv[1:] or list(STEPS)
    if not set(chosen) <= set(STEPS):
        sys.exit(f"usage: large.py [{'|'.join(STEPS)}]...")
    rows = Rows("rows-large")
    print(f"{machine()}\n{ROWS} rows, {ENROLLMENTS} enrollments, "
        f"{REVOKED} revoked; "
        "shipped limits raised: "
        + ", ".join(f"{k} = {v}" for k, v in RAISED.items())
        + f"; shared_buffers = {BUFFERS}", flush=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-bench-"))
    directory.chmod(0o711)
    cluster = memory_of_a_server(directory)
    empty, full, guest = Rig(cluster), Rig(cluster), Rig(cluster)
    try:
        openssl(rows)
        empty.start_service()
        full.start_service()
        for step in chosen:
            STEPS[step](rows, (empty, full, guest))
    finally:
        for rig in (full, empty, guest):
            rig.stop()
        cluster.remove()
        shutil.rmtree(directory)
        rows.print("bench-large.json", began)
    return 1 if rows.missing() else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (AssertionError, subprocess.SubprocessError) as e:
        print(f"bench-large: {e}", file=sys.stderr)
        sys.exit(1)
