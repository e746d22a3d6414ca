"""Measures the service on this machine, prints a table and writes
build/bench.json.  tests/bench/rows says which rows there must be; a row that
is missing, or whose limit was not measured, is a failure.  Slow is not.
Names of steps as arguments measure those alone."""

import pathlib
import re
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cuts  # noqa: E402
import messages  # noqa: E402
import oauth as oauth_step  # noqa: E402
import ocsp  # noqa: E402
from harness.process import run  # noqa: E402
from peer import Cfssl  # noqa: E402
from phone import measure as on_phone  # noqa: E402
from rig import RAISED, Load, Rig, load  # noqa: E402
import timing  # noqa: E402
from table import Rows, machine, openssl  # noqa: E402
from tokens import Tokens  # noqa: E402
from verdicts import measure  # noqa: E402

ENROLLMENTS, AT_ONCE = 6000, 128
HANDSHAKERS, HANDSHAKE_SECONDS = 16, 4
POLLERS, CODES, PASSES = 160, 28, 12
CACERTS = "/.well-known/est/cacerts"
IDLE, IDLE_AT_ONCE, STALLED = 500, 50, 500
WRK_SECONDS, WRK_CONNECTIONS, PEER_UNITS = 6, 32, 18000
WARM_UNITS, BEYOND = 4000, 1_000_000  # a rate
OFFER_SECONDS, OFFER_CONNECTIONS = 5, 128


def memory(rig, rows):
    """At rest and beside idle devices; p99 of a request, and beside them."""
    request = {"port": rig.stack.port, "path": CACERTS, "seconds": 3}
    load("request", connections=2, **request)
    rest = rig.resident()
    rows.add("memory at rest", rest)
    rows.add("request p99", load("request", **request)["p99_us"] / 1e3)
    idle = [idle_devices(rig, n, IDLE_AT_ONCE)
        for n in range(IDLE // IDLE_AT_ONCE)]
    beside = load("request", **request)
    resident = rig.resident()
    for one in idle:
        one.go()
        assert one.read()["open"] == IDLE_AT_ONCE, (
            "idle connections were closed")
        one.end()
    rows.add("memory with 500 idle connections", resident)
    rows.add("memory per idle connection",
        (resident - rest) * 1048576 / 1e3 / IDLE)
    rows.add("request p99 with 500 idle connections",
        beside["p99_us"] / 1e3)


def idle_devices(rig, n, connections):
    """So many more connections, each with its handshake and a request."""
    one = Load("idle", port=rig.stack.port, connections=connections,
        maker=rig.maker_dir, prefix=f"IDLE{n}")
    assert one.read()["ready"] == connections
    return one


def half_hello():
    """Most of a ClientHello, of which the rest never comes."""
    out = ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), out,
        server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def stalled(rig, rows):
    """One client at work beside handshakes that do not go on: half of them
    within the ClientHello, half after the server's answer to it."""
    hello, open_ones = half_hello(), []
    for n in range(STALLED):
        s = socket.create_connection(("127.0.0.1", rig.stack.port))
        s.sendall(hello if n % 2 else hello[:len(hello) // 2])
        open_ones.append(s)
    request = {"port": rig.stack.port, "path": CACERTS, "seconds": 3}
    beside = load("request", **request)
    new = load("connect", tls="1.3", maker=rig.maker_dir, **request)
    assert beside["failed"] == new["failed"] == 0, (beside, new)
    for s in open_ones:
        s.setblocking(False)
        assert not is_closed(s), "a stalled handshake was closed meanwhile"
        s.close()
    rows.add("request p99 beside 500 stalled handshakes",
        beside["p99_us"] / 1e3)
    rows.add("handshake p99 beside 500 stalled handshakes",
        new["p99_us"] / 1e3)


def is_closed(s):
    try:
        while s.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False


def handshakes(rig, rows):
    """New connections, one small request each; ours and nginx's in turn."""
    mutual = {"maker": rig.maker_dir}
    ours, theirs = {}, {}
    for tls in ("1.3", "1.2"):
        for kind, options in (("full", {}), ("mutual", mutual),
                ("resumed mutual", {"resume": True, **mutual})):
            for got, port, cpu in ((ours, rig.stack.port, rig.cpu()),
                    (theirs, rig.nginx.port, rig.nginx_cpu())):
                r = load("connect", port=port, cpu=cpu, tls=tls,
                    connections=HANDSHAKERS, seconds=HANDSHAKE_SECONDS,
                    **options)
                assert r["failed"] == 0, r
                resumed = r["resumed"] / r["n"]
                assert (resumed > 0.99) == (kind == "resumed mutual"), (
                    f"{resumed:.0%} of {kind} handshakes were resumed")
                got[tls, kind] = (r["n"] / r["seconds"],
                    r["cpu_us"]["service"] / r["n"])
    for (tls, kind), (rate, us) in ours.items():
        rows.add(f"{kind} handshakes, TLS {tls}", rate,
            theirs[tls, kind][0])
        rows.add(f"{kind} handshakes, TLS {tls}: CPU", us,
            theirs[tls, kind][1])
    for tls in ("1.3", "1.2"):
        rows.add(f"resumed of mutual handshakes, TLS {tls}: CPU",
            ours[tls, "resumed mutual"][1], ours[tls, "mutual"][1])


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
    codes, statements = one.read(), Statements(rig)
    polled, executed = one.read(), statements.end()
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
    rows.add("device-code polls: Postgres statements",
        executed / polled["n"])
    oauth_step.provider_polls(rig, rows)
    rows.add("memory of 100,000 open device codes",
        load("open-codes", codes=100_000)["bytes"] / 1048576)


class Statements:
    """What Postgres executes for anybody from now on, as its own log has
    it."""

    def __init__(self, rig):
        self.cluster, self.log = rig.cluster, rig.data() / "server.log"
        self.write("all")
        self.since = self.log.stat().st_size

    def write(self, what):
        # Sessions read their settings again before the next statement.
        self.cluster.sql(f"ALTER SYSTEM SET log_statement = '{what}';"
            "SELECT pg_reload_conf()")

    def end(self):
        """How many there were."""
        text = self.log.read_bytes()[self.since:].decode()
        self.write("none")
        return len(re.findall(r"LOG:  (?:execute|statement)", text))


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


def certificates(rig, rows):
    """By wrk with bootstrap tokens, beside cfssl in the same cluster; then
    half of that rate, offered whatever the answers do."""
    tokens = Tokens(rig)
    tokens.make(PEER_UNITS, "PEER", approve=False)
    directory = rig.dir / "cfssl"
    directory.mkdir()
    cfssl = Cfssl(directory, rig.cluster)
    try:
        peer = tokens.wrk("cfssl", cfssl.port, WRK_SECONDS, WRK_CONNECTIONS,
            {"service": [cfssl.process.pid]})
        assert cfssl.stored() >= peer["n"], (cfssl.stored(), peer)
    finally:
        cfssl.stop()
    warm = tokens.offer(WARM_UNITS, BEYOND, WRK_CONNECTIONS, "WARM")
    tokens.make(int(warm["n"] / warm["seconds"] * WRK_SECONDS * 2.5), "KEEP")
    r = tokens.enroll(WRK_SECONDS, WRK_CONNECTIONS)
    rate, cpu = r["n"] / r["seconds"], r["cpu_us"]
    rows.add("certificates", rate, peer["n"] / peer["seconds"])
    rows.add("certificates: service CPU", cpu["service"] / r["n"],
        rows.limit_us)
    rows.add("certificates: service and Postgres CPU",
        (cpu["service"] + cpu["postgres"]) / r["n"], rows.limit_us)
    rows.add("certificates: peer's CPU",
        peer["cpu_us"]["service"] / peer["n"], rows.limit_us)
    half = int(rate / 2)
    r = tokens.offer(half * OFFER_SECONDS, half, OFFER_CONNECTIONS, "OFFER")
    rows.add("certificates at half that rate: p50", r["p50_us"] / 1e3)
    rows.add("certificates at half that rate: p99", r["p99_us"] / 1e3)


def revocations(rig, rows):
    """1,000 connected."""
    cuts.measure(rig, rows, 1000)


def broker(rig, rows):
    """What the plugin costs."""
    messages.measure(rig, rows)


def status(rig, rows):
    """OCSP, over plain HTTP."""
    ocsp.measure(rig, rows)


def oauth(rig, rows):
    """Apps' tokens."""
    oauth_step.measure(rig, rows)


def guessing(rig, rows):
    """What the clock says to who guesses."""
    timing.measure(rig, rows)


def verdicts(_, rows):
    """On evidence of each format, in memory."""
    measure(rows)


def approval(rig, rows):
    """An owner's, in a browser."""
    on_phone(rig, rows)


def main(argv):
    began = time.monotonic()
    rows, rig = Rows("rows"), Rig()
    print(machine())
    print("shipped limits raised: "
        + ", ".join(f"{k} = {v}" for k, v in RAISED.items()), flush=True)
    try:
        rig.start()
        openssl(rows)
        for step in (memory, stalled, handshakes, cacerts, polls,
                certificates, enrollments, revocations, broker, status,
                oauth, guessing, verdicts, approval):
            if not argv or step.__name__ in argv:
                at = time.monotonic()
                print(f"measuring {step.__name__} ...", end=" ", flush=True)
                step(rig, rows)
                print(f"{time.monotonic() - at:.0f} s", flush=True)
    finally:
        rig.stop()
        rows.print("bench.json", began)
    return 1 if rows.missing() else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (AssertionError, subprocess.SubprocessError) as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(1)
