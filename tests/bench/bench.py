"""Measures the service on this machine, prints a table and writes
build/bench.json.  tests/bench/rows says which rows there must be; a row that
is missing, or whose limit was not measured, is a failure.  Slow is not.
Names of steps as arguments measure those alone."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.http import expect  # noqa: E402
from harness.process import BUILD, REPO, run  # noqa: E402
from rig import RAISED, Load, Rig, load  # noqa: E402

ENROLLMENTS, AT_ONCE = 6000, 128
HANDSHAKERS, HANDSHAKE_SECONDS = 16, 5
POLLERS, CODES, PASSES = 160, 28, 12
CACERTS = "/.well-known/est/cacerts"


class Rows:
    """The rows file, and what was measured for it."""

    def __init__(self):
        self.wanted, self.got = {}, {}
        text = (REPO / "tests/bench/rows").read_text()
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, unit, source, bar = (
                    s.strip() for s in line.split("|"))
                self.wanted[name] = (unit, source,
                    None if bar == "-" else float(bar))

    def add(self, name, value, limit=None):
        unit, source, bar = self.wanted[name]
        assert value is not None and value >= 0, name
        assert source == "-" or limit, f"{name}: no limit by {source}"
        ok = bar is None or (value >= bar if unit == "/s" else value <= bar)
        self.got[name] = {"name": name, "value": round(value, 3),
            "unit": unit, "limit": limit and round(limit, 3),
            "ratio": limit and round(value / limit, 4), "bar": bar, "ok": ok}

    def missing(self):
        return [name for name in self.wanted if name not in self.got]

    def print(self):
        print(f"\n{'':48}{'value':>10} {'unit':4}{'limit':>11}{'ratio':>8}"
            f"{'bar':>9}  limit is")
        for name, (unit, source, bar) in self.wanted.items():
            row = self.got.get(name)
            if not row:
                print(f"{name:48}{'MISSING':>10}")
                continue
            limit = "" if row["limit"] is None else f"{row['limit']:,.1f}"
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
            print(f"{name:48}{row['value']:>10,.1f} {unit:4}{limit:>11}"
                f"{ratio:>8}{bar or '':>9}  "
                f"{'' if source == '-' else source}"
                f"{'' if row['ok'] else '  BAR MISSED'}")


def openssl(rows):
    """The limit: one verify and one sign; a second of both cores, and us of
    one core."""
    out = run("openssl", "speed", "-seconds", 3, "-multi", os.cpu_count(),
        "ecdsap256", timeout=60)
    found = re.search(r"nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)", out)
    sign, verify = float(found[1]), float(found[2])
    rows.add("P-256 sign, both cores", sign)
    rows.add("P-256 verify, both cores", verify)
    rows.limit = 1 / (1 / sign + 1 / verify)
    rows.limit_us = os.cpu_count() * 1e6 / rows.limit


def memory(rig, rows):
    """At rest and beside idle devices; p99 of a request, and beside them."""
    request = {"port": rig.stack.port, "path": CACERTS, "seconds": 3}
    load("request", connections=2, **request)
    rows.add("memory at rest", rig.resident())
    rows.add("request p99", load("request", **request)["p99_us"] / 1e3)
    idle = Load("idle", port=rig.stack.port, connections=500,
        maker=rig.maker_dir, prefix="IDLE")
    assert idle.read()["ready"] == 500
    beside = load("request", **request)
    resident = rig.resident()
    idle.go()
    assert idle.read()["open"] == 500, "idle connections were closed"
    idle.end()
    rows.add("memory with 500 idle connections", resident)
    rows.add("request p99 with 500 idle connections",
        beside["p99_us"] / 1e3)


def handshakes(rig, rows):
    """New connections, one small request each; ours and nginx's in turn."""
    for kind, options in (("full", {}), ("mutual", {"maker": rig.maker_dir}),
            ("resumed", {"resume": True})):
        got = []
        for port, cpu in ((rig.stack.port, rig.cpu()),
                (rig.nginx.port, rig.nginx_cpu())):
            result = load("connect", port=port, cpu=cpu, tls="1.3",
                connections=HANDSHAKERS, seconds=HANDSHAKE_SECONDS,
                **options)
            assert result["failed"] == 0, result
            got.append((result["n"] / result["seconds"],
                result["cpu_us"]["service"] / result["n"],
                result["resumed"] / result["n"]))
        ours, theirs = got
        if kind == "resumed":
            assert theirs[2] > 0.99, "nginx resumes no sessions"
            if ours[2] < 0.99:
                print("note: the service resumed "
                    f"{ours[2]:.0%} of these handshakes", flush=True)
        rows.add(f"{kind} handshakes", ours[0], theirs[0])
        rows.add(f"{kind} handshakes: CPU", ours[1], theirs[1])


def cacerts(rig, rows):
    """By wrk; nginx serves the same bytes from a file."""
    rates = []
    for port in (rig.stack.port, rig.nginx.port):
        out = run("wrk", "-t1", "-c64", "-d6s",
            f"https://localhost:{port}{CACERTS}")
        assert "Non-2xx" not in out and "Socket errors" not in out, out
        rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]))
    rows.add("cacerts", *rates)


def polls(rig, rows):
    """Codes, then polls of them: each once a second, so all are pending."""
    one = Load("poll", port=rig.stack.port, units=POLLERS, codes=CODES,
        connections=POLLERS, passes=PASSES, prefix="POLL", cpu=rig.cpu(),
        **rig.files())
    one.read()
    rig.allow()
    one.go()
    codes, polled = one.read(), one.read()
    one.end()
    assert codes["failed"] == polled["failed"] == 0, (codes, polled)
    assert polled["slow_down"] == 0, polled
    assert polled["pending"] == POLLERS * CODES * PASSES, polled
    peer = load("request", port=rig.nginx.port, path="/oauth2/token",
        body="x" * 250, status=400, connections=POLLERS, seconds=4,
        maker=rig.maker_dir, prefix="PEER", cpu=rig.nginx_cpu())
    assert peer["failed"] == 0, peer
    rows.add("device authorizations", codes["n"] / codes["seconds"],
        rows.limit)
    rows.add("device-code polls", polled["n"] / polled["seconds"],
        peer["n"] / peer["seconds"])
    rows.add("device-code polls: service CPU",
        polled["cpu_us"]["service"] / polled["n"],
        peer["cpu_us"]["service"] / peer["n"])


def enroll(rig, prefix, n, **options):
    """n units that were approved; what counts is in Postgres after it."""
    one = Load("enroll", port=rig.stack.port, units=n, prefix=prefix,
        connections=AT_ONCE, cpu=rig.cpu(), **rig.files(), **options)
    one.read()
    rig.allow()
    rig.approve()
    one.go()
    result = one.read()
    one.end()
    assert result["failed"] == 0, result
    assert result["issued"] == n == rig.stored(), result
    return result


def enrollments(rig, rows):
    enroll(rig, "WARM", 512)
    for kind, options in (("enrollments", {}),
            ("enrollments with their handshakes", {"fresh": True})):
        r = enroll(rig, f"E{len(options)}", ENROLLMENTS, **options)
        rows.add(kind, r["n"] / r["seconds"], rows.limit)
        rows.add(f"{kind}: service CPU", r["cpu_us"]["service"] / r["n"],
            rows.limit_us)
        if not options:
            rows.add(f"{kind}: Postgres CPU",
                r["cpu_us"]["postgres"] / r["n"], rows.limit_us)
            rows.add(f"{kind}: p99 at 128 at once", r["p99_us"] / 1e3)


def revocations(rig, rows):
    """From sending the call to end of file on the device's socket."""
    n, cuts, changed = 200, {}, threading.Condition()
    one = Load("broker", port=rig.stack.port, mqtt_port=rig.broker.port,
        units=n, prefix="CUT", **rig.files())
    one.read()
    rig.allow()
    rig.approve()
    one.go()
    assert one.read()["connected"] == n

    def listen():
        for _ in range(n):
            cut = one.read()
            with changed:
                cuts[cut["cut"]] = cut["us"]
                changed.notify()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    took = []
    for line in (rig.dir / "issued").read_text().splitlines():
        device = line.split("\t")[2]
        assert device not in cuts, f"{device} was cut before"
        # Else each call would come right after the broker's last turn.
        time.sleep(random.uniform(0, 0.1))
        began = time.monotonic_ns() // 1000
        expect(rig.operator.revoke(device), 200)
        with changed:
            assert changed.wait_for(lambda: device in cuts, 10), device
        took.append((cuts[device] - began) / 1e3)
    listener.join()
    one.go()
    one.end()
    took.sort()
    rows.add("revoke to cut p50, 200 connected", took[n // 2])
    rows.add("revoke to cut p99, 200 connected", took[n - 1 - n // 100])


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    kernel = os.uname().release
    return (f"{os.cpu_count()} CPUs ({model[1] if model else '?'}), Linux "
        f"{kernel}; service, Postgres and load generator share them")


def main(argv):
    began = time.monotonic()
    rows, rig = Rows(), Rig()
    print(machine())
    print("shipped limits raised: "
        + ", ".join(f"{k} = {v}" for k, v in RAISED.items()), flush=True)
    try:
        rig.start()
        openssl(rows)
        for step in (memory, handshakes, cacerts, polls, enrollments,
                revocations):
            if not argv or step.__name__ in argv:
                print(f"measuring {step.__name__} ...", flush=True)
                step(rig, rows)
    finally:
        rows.print()
        out = BUILD / "bench.json"
        out.write_text(json.dumps([rows.got[name] for name in rows.wanted
            if name in rows.got], indent=1) + "\n")
        rig.stop()
    print(f"\n{out}; {time.monotonic() - began:.0f} s")
    for name in rows.missing():
        print(f"bench: row missing: {name}", file=sys.stderr)
    return 1 if rows.missing() else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (AssertionError, subprocess.SubprocessError) as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(1)
