"""The revocation plane under faults, at random: never is a revoked device let
in after its revocation was acknowledged and the feed was reachable.  A short
run is part of make check; make check-faults has a thousand (FAULTS), and SEED
repeats a run."""

import base64
import collections
import datetime
import os
import random
import socket
import ssl
import time
import types

import psycopg2
import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding

from broker.world import Issuer, new_id
from harness.cluster import Cluster
from harness.crypto import csr_der, key_pem, spki_sha256
from harness.players import Maker, Operator
from harness.process import BUILD, run, until
from harness.proxy import Proxy
from harness.stack import Broker, Stack
from harness.standby import Standby

FAULTS = int(os.environ.get("FAULTS", 8))
BROKERS = 2
ALIVE = 12  # devices that are not revoked, at any moment
SCOPES = ("read", "registry", "revoke", "lift", "keys", "tokens")


def connect_packet(client_id):
    """MQTT 3.1.1 section 3.1: clean, kept alive for an hour."""
    name = client_id.encode()
    body = (b"\0\4MQTT\4\2\x0e\x10" + len(name).to_bytes(2, "big") + name)
    return b"\x10" + bytes([len(body)]) + body


class Unit:
    """A device as the database has it, with a certificate of its own."""

    def __init__(self, place):
        self.id = new_id()
        self.leaf = place.issuer.device(self.id, seconds=7 * 86400)
        self.files = place.dir / f"{self.id}.pem"
        chain = b"".join(c.public_bytes(Encoding.PEM)
            for c in (self.leaf.certificate, *self.leaf.chain))
        self.files.write_bytes(key_pem(self.leaf.key) + chain)
        self.context = ssl.create_default_context(cafile=place.material.ca)
        self.context.load_cert_chain(self.files)
        self.position = None  # of its revocation, once acknowledged
        self.followed = False  # by all brokers, as the answer said
        self.socket = None
        place.store(self)

    def connect(self, port):
        """in, out, or down: no broker answered."""
        raw = None
        try:
            raw = socket.create_connection(("127.0.0.1", port), 30)
            tls = self.context.wrap_socket(raw, server_hostname="localhost")
            tls.sendall(connect_packet(self.id))
            answer = tls.recv(4)
        except OSError:
            if raw:
                raw.close()
            return "down", None
        if answer == b"\x20\x02\0\0":
            return "in", tls
        tls.close()
        return ("out" if answer else "down"), None

    def hold_session(self, port):
        if self.socket is None:
            _, self.socket = self.connect(port)

    def is_online(self):
        """Whether its session stands: nothing to read is no end."""
        if self.socket is None:
            return False
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1) != b""
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False

    def close(self):
        if self.socket:
            self.socket.close()


class Place:
    """A primary with a standby that has every commit, a node and brokers,
    each with a network of its own to the database; and the test's record."""

    def __init__(self, workdir, material, dice):
        self.material, self.dice, self.dir = material, dice, workdir
        workdir.chmod(0o711)
        self.issuer = Issuer(material.pki / "issuing.crt",
            material.pki / "issuing.key")
        self.cluster = Cluster(workdir / "pg")
        self.database = self.cluster.create()
        run(BUILD / "latchkey", "migrate", env={
            "LATCHKEY_DB": self.database.conninfo("migrator")})
        self.token = material.token(self.database, SCOPES)
        self.standby = Standby(self.cluster)
        self.proxies = [Proxy(self.cluster.socket)
            for _ in range(1 + BROKERS)]
        (workdir / "node").mkdir()
        self.stack = Stack(workdir / "node", self.seen_by(0), material,
            consumer_alert="1h").start()
        self.operator = Operator(self.stack, self.token)
        self.maker = Maker()
        self.operator.register(self.maker)
        self.brokers = []
        for n in range(BROKERS):
            directory = workdir / f"broker{n}"
            directory.mkdir()
            self.brokers.append(Broker(directory, types.SimpleNamespace(
                material=material, database=self.seen_by(1 + n)),
                plugin_opt_name=f"b{n}", plugin_opt_stale_after=5).start())
        self.reached = [0] * BROKERS
        self.restarted = set()
        self.alive, self.revoked = [], []
        self.counts = collections.Counter()
        for _ in range(ALIVE):
            self.alive.append(Unit(self))

    def seen_by(self, n):
        """The database over the nth network."""
        place = self

        class Seen:
            def conninfo(self, role):
                name = place.database.name
                password = place.cluster.passwords[role]
                return (f"host={place.proxies[n].dir} dbname={name} "
                    f"user=latchkey_{role} password={password}")
        return Seen()

    def close(self):
        for unit in self.alive + self.revoked:
            unit.close()
        self.stack.stop()
        for broker in self.brokers:
            broker.stop()
        for proxy in self.proxies:
            proxy.close()
        self.standby.remove()
        self.cluster.remove()

    def store(self, unit):
        """Rows as enrollment makes them."""
        c = unit.leaf.certificate
        self.query("WITH b AS (INSERT INTO birth (manufacturer_id, "
            "model_id, serial) VALUES (%s, %s, %s) RETURNING id), "
            "d AS (INSERT INTO device (id, birth_id, model_id, profile, "
            "state) SELECT %s, id, %s, 'device', 'owned' FROM b) "
            "INSERT INTO certificate (serial, not_before, not_after, "
            "device_id, profile, key_sha256, der) VALUES "
            "(%s, %s, %s, %s, 'device', %s, %s)", (self.maker.id,
            self.maker.model, unit.id, unit.id, self.maker.model,
            unit.leaf.serial, utc(c.not_valid_before),
            utc(c.not_valid_after), unit.id, spki_sha256(unit.leaf.key),
            c.public_bytes(Encoding.DER)))

    def query(self, text, args=None):
        """As the present primary has it."""
        connection = psycopg2.connect(
            f"host={self.standby.primary.socket} dbname={self.database.name} "
            "user=latchkey_super password="
            + self.cluster.passwords["super"])
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(text, args)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    # ---- what is done

    def revoke(self, unit):
        """Until it is acknowledged; from then on it is refused."""
        def acknowledged():
            try:
                answer = self.operator.revoke(unit.id)
            except requests.RequestException:
                return None
            return answer if answer.status_code == 200 else None

        answer = until(acknowledged, every=0.1)
        unit.followed = answer.headers["Latchkey-Followed"] == "true"
        self.counts["followed" if unit.followed else "not followed"] += 1
        if unit.followed:
            self.try_in(unit)
        unit.position = self.query("SELECT max(position) FROM revocation "
            "WHERE device_id = %s", (unit.id,))[0][0]
        self.alive.remove(unit)
        self.revoked.append(unit)
        self.alive.append(Unit(self))

    def learn(self, n):
        """What the broker says that it has read.  It says so after it was
        handed over; its thread takes it before it judges anybody."""
        rows = self.query("SELECT position FROM feed_consumer "
            "WHERE kind = 'broker' AND name = %s", (f"b{n}",))
        if rows:
            self.reached[n] = max(self.reached[n], rows[0][0])

    # ---- what must hold at every moment

    def check(self):
        for unit in self.dice.sample(self.revoked, min(2, len(self.revoked))):
            self.try_in(unit)
            assert self.renew(unit) != 200, f"{unit.id} renewed"

    def try_in(self, unit):
        """No broker that has read of its revocation lets it in: by what the
        broker said, or by the answer to the operator.  One that was killed
        since may know less until it reaches the feed again (R9)."""
        for n, broker in enumerate(self.brokers):
            known = (unit.followed and n not in self.restarted) or (
                unit.position and self.reached[n] >= unit.position)
            state, session = unit.connect(broker.port)
            self.counts[state] += 1
            if session:
                session.close()
            assert state != "in" or not known, (
                f"{unit.id}, revoked at {unit.position}, was let in by "
                f"b{n}, which had read {self.reached[n]}; the answer said "
                f"followed: {unit.followed}")

    def renew(self, unit):
        try:
            return requests.post(self.stack.url
                + "/.well-known/est/simplereenroll", data=base64.b64encode(
                csr_der(unit.leaf.key)), headers={
                "Content-Type": "application/pkcs10"},
                cert=str(unit.files), verify=str(self.material.ca),
                timeout=60).status_code
        except requests.RequestException:
            return None

    def is_whole(self):
        """Healed: both brokers have read all of the feed, no session of a
        revoked device stands, and devices are let in."""
        head = self.query("SELECT position FROM feed_head")[0][0]

        def all_read():
            for n in range(BROKERS):
                self.learn(n)
            return min(self.reached) >= head

        until(all_read)
        self.restarted.clear()
        until(lambda: not any(u.is_online() for u in self.revoked[-50:]))
        unit = self.dice.choice(self.alive)
        for broker in self.brokers:
            def let_in():
                state, session = unit.connect(broker.port)
                if session:
                    session.close()
                return state == "in"
            until(let_in)

    # ---- the faults

    def cut(self):
        self.dice.choice(self.proxies).cut()

    def hold(self):
        self.dice.choice(self.proxies).hold()

    def deaf(self):
        self.dice.choice(self.proxies).deaf = True

    def cut_all(self):
        for proxy in self.proxies:
            proxy.cut()

    def restart(self, n):
        self.restarted.add(n)
        self.brokers[n].process.kill()
        self.brokers[n].process = None
        self.brokers[n].start()

    def kill_broker(self):
        self.restart(self.dice.randrange(BROKERS))

    def kill_blind_broker(self):
        """It comes back without the database."""
        n = self.dice.randrange(BROKERS)
        self.proxies[1 + n].cut()
        self.restart(n)

    def kill_node(self):
        self.stack.kill()
        self.stack.start()

    def stop_postgres(self):
        self.standby.primary.stop(self.dice.choice(("fast", "immediate")))

    def fail_over(self):
        directory = self.standby.fail_over()
        for proxy in self.proxies:
            proxy.cut()
            proxy.upstream = directory
            proxy.heal()

    FAULTS = ((cut, 30), (hold, 12), (deaf, 20), (cut_all, 12),
        (kill_broker, 8), (kill_blind_broker, 4), (kill_node, 6),
        (stop_postgres, 6), (fail_over, 2))

    def node_has_postgres(self):
        """Else nothing can be acknowledged."""
        try:
            self.standby.primary.sql("SELECT 1")
        except AssertionError:
            return False
        return not self.proxies[0].is_cut and self.proxies[0].flowing.is_set()

    def heal(self):
        for proxy in self.proxies:
            proxy.heal()
        try:
            self.standby.primary.sql("SELECT 1")
        except AssertionError:
            self.standby.primary.start()


def utc(when):
    return when.replace(tzinfo=datetime.timezone.utc)


@pytest.fixture
def place(workdir, material):
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print(f"SEED={seed}")
    place = Place(workdir, material, random.Random(seed))
    yield place
    place.close()


def test_no_revoked_device_is_let_in_whatever_fails(place):
    names, weights = zip(*Place.FAULTS)
    started = time.monotonic()
    done = collections.Counter()
    place.is_whole()
    for step in range(FAULTS):
        # The rarest comes to each run.
        fault = (Place.fail_over if step == FAULTS // 2
            else place.dice.choices(names, weights)[0])
        unit = place.dice.choice(place.alive)
        unit.hold_session(place.dice.choice(place.brokers).port)
        when = place.dice.choice(("before", "during", "after"))
        if when == "before":
            place.revoke(unit)
        fault(place)
        done[fault.__name__] += 1
        place.check()
        if when == "during" and place.node_has_postgres():
            place.revoke(unit)
        place.check()
        place.heal()
        if unit.position is None:
            place.revoke(unit)
        place.check()
        place.is_whole()
        place.check()
    print(f"{FAULTS} faults in {time.monotonic() - started:.0f} s: "
        f"{dict(done)}; {len(place.revoked)} revoked, answers to them "
        f"{dict(place.counts)}")
    assert place.counts["out"] > FAULTS
    assert place.counts["followed"] > 0


def test_r1_a_standby_that_may_lag_is_warned_of(place):
    def warnings():
        return place.operator.http.get("/readyz").text

    primary = place.standby.primary
    assert "synchronous" not in warnings()
    primary.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
    primary.sql("SELECT pg_reload_conf()")
    until(lambda: "no standby is synchronous" in warnings())
