"""What a million revoked certificates that have not expired cost: one more
revocation, the list of them all, and those who enroll meanwhile."""

import os
import statistics
import threading
import time

from cryptography import x509

from harness.http import Client, expect
from harness.process import until

REVOKED = int(os.environ.get("LARGE_REVOKED", 1_000_000))
RUNS, EACH = 5, 40
PAIRS = 3
LIST_SECONDS = 2.5
CHUNK = 50_000  # in one transaction
UNITS, RATE, CONNECTIONS = 3000, 150, 32
PATIENCE = 600
# As a recovery writes them: the head of the feed is moved once.
INSERT = """DO $$
DECLARE
    head feed_head;
    r revocation;
BEGIN
    SELECT * FROM feed_head INTO head FOR UPDATE;
    r.kind := 'certificate';
    r.until := now() + interval '60 days';
    r.reason := 'superseded';
    FOR i IN %s + 1 .. %s LOOP
        r.serial := substr(sha256(('revoked ' || i)::bytea), 1, 16);
        head := recover_put(head, r);
    END LOOP;
    UPDATE feed_head SET position = head.position, sha256 = head.sha256;
    PERFORM pg_notify('latchkey_feed', head.epoch || ':' || head.position);
END $$"""
DEVICES = """SELECT d.id::text FROM device d JOIN approval a
    ON a.device_id = d.id WHERE d.state = 'owned' AND a.state = 'consumed'
    AND d.created_at > now() - interval '1 day' LIMIT %s"""


def one_more(rig):
    """Milliseconds of a revocation by an operator's call: the median."""
    took = []
    for (device,) in rig.database.query(DEVICES, (EACH,)):
        began = time.monotonic()
        expect(rig.operator.revoke(device), 200)
        took.append((time.monotonic() - began) * 1e3)
    assert len(took) == EACH, "too few devices"
    return statistics.median(took)


def entries(rig):
    """Of the list that is sent now; 0 while there is none."""
    answer = Client(rig.stack).get("/crl/issuing.crl", timeout=PATIENCE)
    assert answer.status_code in (200, 503)
    return answer.ok and len(x509.load_der_x509_crl(answer.content))


def p99(tokens, prefix):
    return tokens.offer(UNITS, RATE, CONNECTIONS, prefix)["p99_us"] / 1e3


def beside_revocations(tokens, prefix):
    """p99 of enrollments while a certificate is revoked each time that a list
    of a million may just be done: the list is made anew."""
    over = threading.Event()

    def revoke():
        n = REVOKED
        while not over.wait(LIST_SECONDS):
            tokens.rig.database.query(INSERT, (n, n + 1))
            n += 1

    thread = threading.Thread(target=revoke, daemon=True)
    thread.start()
    try:
        return p99(tokens, prefix)
    finally:
        over.set()
        thread.join()


def measure(rows, empty, full):
    """Of two rigs' tokens: nothing was revoked yet in either."""
    for n in range(0, REVOKED, CHUNK):
        full.rig.database.query(INSERT, (n, min(n + CHUNK, REVOKED)))
    full.rig.database.query("VACUUM ANALYZE revocation")
    until(lambda: full.rig.database.value("SELECT min(position) FROM "
        "feed_consumer") >= REVOKED, PATIENCE)
    until(lambda: entries(full.rig) >= REVOKED, PATIENCE)
    began = time.monotonic()
    full.rig.stack.restart()
    until(lambda: entries(full.rig) >= REVOKED, PATIENCE)
    made = time.monotonic() - began
    for tokens in empty, full:
        tokens.offer((RUNS + 1) * EACH, 1e6, CONNECTIONS, "REVOKE")
    got = [(one_more(empty.rig), one_more(full.rig))
        for _ in range(RUNS + 1)][1:]  # the first warms
    none, many = (statistics.median(run[i] for run in got) for i in (0, 1))
    until(lambda: entries(full.rig) >= REVOKED, PATIENCE)
    # What was written so far does not reach the disk meanwhile.
    full.rig.database.query("CHECKPOINT")
    # Beside both: a revocation is noted on the disk, whatever is listed.
    got = [(beside_revocations(empty, f"NONE{i}"),
        beside_revocations(full, f"MANY{i}")) for i in range(PAIRS)]
    short, long = (statistics.median(run[i] for run in got) for i in (0, 1))
    rows.add("revocation, nothing else revoked", none)
    rows.add("revocation, a million revoked", many, none)
    rows.add("list of a million, from the service's start", made)
    rows.add("certificates while lists are made: p99", long, short)
