"""What the plugin costs the broker: a message beside a broker without it, and
the memory of a million refusals."""

import pathlib
import re
import socket
import ssl
import statistics

from broker.world import Issuer, new_id
from harness.crypto import PEM, key_pem
from harness.process import until
from harness.stack import Broker

MESSAGES, BURST, RUNS = 200_000, 200, 5
REFUSED = 1_000_000


class Bare(Broker):
    """The same listener, without the plugin."""

    def config(self):
        lines = super().config().splitlines()
        return "\n".join([line for line in lines
            if not line.startswith("plugin")]
            + ["use_identity_as_username true", ""])


def packet(kind, rest):
    assert len(rest) < 128
    return bytes([kind, len(rest)]) + rest


def text(value):
    return len(value).to_bytes(2, "big") + value.encode()


class Talker:
    """A device that publishes as fast as it is read (MQTT 3.1.1)."""

    def __init__(self, rig, broker):
        self.broker, self.id = broker, new_id()
        leaf = Issuer(rig.material.pki / "issuing.crt",
            rig.material.pki / "issuing.key").device(self.id)
        path = rig.dir / f"{self.id}.pem"
        path.write_bytes(key_pem(leaf.key) + b"".join(
            c.public_bytes(PEM) for c in (leaf.certificate, *leaf.chain)))
        context = ssl.create_default_context(cafile=str(rig.material.ca))
        context.load_cert_chain(path)
        self.sock = context.wrap_socket(socket.create_connection(
            ("localhost", broker.port)), server_hostname="localhost")
        self.sock.sendall(packet(0x10,
            b"\0\4MQTT\4\2\2\x58" + text(self.id)))
        assert self.sock.recv(4) == b"\x20\2\0\0"
        self.burst = packet(0x30,
            text(f"devices/{self.id}/up/t") + b"21.5") * BURST

    def cpu_ns(self):
        """Of the broker's one loop."""
        pid = self.broker.process.popen.pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat")
            .read_text().split()[0])

    def run(self):
        """Microseconds of the loop a message, of a run."""
        began = self.cpu_ns()
        for _ in range(MESSAGES // BURST):
            self.sock.sendall(self.burst)
        self.sock.sendall(packet(0xc0, b""))
        assert self.sock.recv(2) == b"\xd0\0"
        return (self.cpu_ns() - began) / 1e3 / MESSAGES


def measure(rig, rows):
    """Runs in turn, and the medians of each; the first warms up."""
    bare = rig.make(Bare, "bare", rig.stack).start()
    try:
        talkers = {"plugin": Talker(rig, rig.broker),
            "bare": Talker(rig, bare)}
        took = {name: [] for name in talkers}
        for n in range(RUNS + 1):
            for name, talker in talkers.items():
                us = talker.run()
                if n > 0:
                    took[name].append(us)
    finally:
        bare.stop()
    mine, without = (statistics.median(took[name])
        for name in ("plugin", "bare"))
    rows.add("message at the broker: CPU", mine, without)
    rows.add("message at the broker: the plugin's own",
        max(mine - without, 0))


def resident(broker):
    """MiB."""
    status = pathlib.Path(
        f"/proc/{broker.process.popen.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def refuse_many(database, n):
    """As a feed of so many entries would be; written at once, since each by
    itself takes the head's lock."""
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE revocation DISABLE TRIGGER ALL")
        cursor.execute("INSERT INTO revocation (epoch, position, at, kind, "
            "serial, until, reason, previous_sha256, sha256) "
            "SELECT h.epoch, h.position + n, now(), 'certificate', "
            "decode(md5(n::text), 'hex'), now() + interval '30 days', "
            "'superseded', h.sha256, sha256(n::text::bytea) "
            "FROM feed_head h, generate_series(1, %s) n", (n,))
        cursor.execute("UPDATE feed_head SET position = position + %s, "
            "sha256 = sha256(%s::text::bytea)", (n, n))
        cursor.execute("ALTER TABLE revocation ENABLE TRIGGER ALL")
        cursor.execute("ANALYZE revocation")
    connection.close()


def memory(rig, rows):
    """The broker with a million refused beside the same with none, each from
    its start; then with what came by the snapshot."""
    metrics = rig.dir / "million.prom"
    rig.stack.stop()  # it would make a list of them all
    # What ten thousand sessions left behind is none of the plugin's.
    rig.broker.stop()
    rig.broker.start()
    before = resident(rig.broker)
    refuse_many(rig.database, REFUSED)
    broker = rig.make(Broker, "million", rig.stack,
        plugin_opt_metrics=metrics).start()
    try:
        def entries():
            found = re.search(r'entries\{kind="certificate"\} (\d+)',
                metrics.read_text() if metrics.exists() else "")
            return found and int(found[1]) >= REFUSED

        until(entries, 120)
        read = resident(broker)
        broker.stop()
        metrics.unlink()
        broker.start()
        until(entries, 120)
        loaded = resident(broker)
    finally:
        broker.stop()
    rows.add("memory of the plugin, 1,000,000 refused", read - before)
    rows.add("memory of the plugin, 1,000,000 refused, by the snapshot",
        loaded - before)
