"""Certificates for clients with one-time bootstrap tokens, under the label
"bench": authentication bootstrap alone, an owner's approval required.  The
owner has approved each unit; the rest of the checks is the service's."""

import json

from harness.process import REPO, run
from peer import on_cpu_us
from rig import Load, copy, load

SETTINGS = {"authentication": ["bootstrap"]}
MODEL = "bench-1"
EST = "/.well-known/est/simpleenroll"
SIGN = "/api/v1/cfssl/sign"

LABEL = """
INSERT INTO label (name, settings) VALUES ('bench', %(settings)s);
INSERT INTO model (id, manufacturer_id, name, client_id, profile)
    VALUES (%(model)s, %(maker)s, 'bench', %(client)s, 'bench');
"""

# As the service makes its ids (base/rng.h).
UUID = """(SELECT (left(h, 8) || '-' || right(h, 4) || '-7' ||
    substr(gen_random_uuid()::text, 16))::uuid FROM lpad(to_hex((1000 *
    extract(epoch FROM clock_timestamp()))::bigint + 0 * {}), 12, '0') h)"""

# What an import, a batch of tokens and thousands of owners' decisions leave
# in the database.
APPROVE = f"""
INSERT INTO birth (manufacturer_id, model_id, serial)
    SELECT %(maker)s, %(model)s, serial FROM unit;
INSERT INTO bootstrap_token (id, mac, label, birth_id, key_sha256,
    admin_token_id, expires_at)
    SELECT u.token, u.mac, 'bench', b.id, u.key, 'bench',
    now() + interval '1 day'
    FROM unit u JOIN birth b ON b.serial = u.serial;
INSERT INTO device (id, birth_id, owner_id, model_id, profile, state)
    SELECT {UUID.format('b.id')}, b.id, %(owner)s, b.model_id, 'bench', 'owned'
    FROM unit u JOIN birth b ON b.serial = u.serial;
INSERT INTO approval (id, kind, birth_id, client_id, key_sha256, state,
    facts, label, owner_id, device_id, decided_at, expires_at)
    SELECT {UUID.format('b.id')}, 'claim', b.id, %(client)s, u.key,
    'approved', '{{}}', 'bench', %(owner)s, d.id, now(),
    now() + interval '1 day'
    FROM unit u JOIN birth b ON b.serial = u.serial
    JOIN device d ON d.birth_id = b.id;
INSERT INTO event (kind, birth_id, device_id, owner_id, approval_id)
    SELECT 'approval.approved', a.birth_id, a.device_id, a.owner_id, a.id
    FROM unit u JOIN approval a ON a.key_sha256 = u.key;
"""

STORED = """
SELECT count(*), count(DISTINCT c.serial), count(DISTINCT c.key_sha256),
    count(DISTINCT c.device_id), count(DISTINCT d.birth_id),
    count(DISTINCT e.device_id)
    FROM unit u JOIN bootstrap_token t ON t.id = u.token
    JOIN device d ON d.birth_id = t.birth_id
    JOIN certificate c ON c.device_id = d.id AND c.key_sha256 = u.key
    JOIN event e ON e.device_id = d.id AND e.kind = 'certificate.issued'
    WHERE t.used_at IS NOT NULL
"""


class Tokens:
    """Units with tokens in a rig's database, and runs that use them up."""

    def __init__(self, rig):
        self.rig = rig
        self.file = rig.dir / "tokens"
        self.made = 0
        self.args = {"maker": rig.maker.id, "owner": rig.owner.id,
            "model": MODEL, "client": "bench-1-app"}
        for statement in LABEL.strip().split(";\n"):
            rig.database.query(statement,
                {**self.args, "settings": json.dumps(SETTINGS)})

    def options(self, n, prefix):
        return {"units": n, "prefix": prefix,
            "units_file": self.rig.dir / "units",
            "mac_key": self.rig.material.mac_key}

    def approve(self):
        self.rig.prepare("token text, mac bytea, key bytea",
            [[u[0], u[1], rf"\\x{u[2]}", rf"\\x{u[3]}"]
                for u in self.rig.units()], APPROVE, self.args)

    def make(self, n, prefix, approve=True):
        """n units, in the database and in a file for wrk."""
        self.made = n
        load("tokens", tokens_file=self.file, **self.options(n, prefix))
        if approve:
            self.approve()

    def stored(self):
        """Certificates of the units of the last run: each new, each for
        another key of another device of another unit, with its event."""
        connection = self.rig.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE unit (serial text, token text, "
                "mac bytea, key bytea)")
            copy(cursor, "unit", "".join("\t".join(
                [u[0], u[1], rf"\\x{u[2]}", rf"\\x{u[3]}"]) + "\n"
                for u in self.rig.units()))
            cursor.execute("ANALYZE unit")
            cursor.execute(STORED)
            counts = cursor.fetchone()
        connection.close()
        assert min(counts) == max(counts), counts
        return counts[0]

    def wrk(self, kind, port, seconds, connections, cpu):
        """What wrk counted, with the CPU of the groups while it ran."""
        url, path = ((f"https://localhost:{port}", EST) if kind == "est" else
            (f"http://127.0.0.1:{port}", SIGN))
        before = {g: {p: on_cpu_us(p) for p in pids}
            for g, pids in cpu.items()}
        out = run("wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
            "--timeout", "10s", "-s", REPO / "tests/bench/enroll.lua", url,
            "--", kind, self.file, path, timeout=seconds + 60)
        result = json.loads(out.strip().splitlines()[-1])
        # A process that has ended meanwhile counts nothing, not less.
        result["cpu_us"] = {g: sum(max(0, on_cpu_us(p) - us)
            for p, us in pids.items()) for g, pids in before.items()}
        assert result["failed"] == 0, out
        assert result["n"] < self.made - connections, (
            f"{self.made} units were too few for {seconds} s")
        return result

    def enroll(self, seconds, connections):
        """By wrk; every certificate that it counted stands in Postgres."""
        result = self.wrk("est", self.rig.stack.port, seconds, connections,
            self.rig.cpu())
        stored = self.stored()
        # Those that were under way when wrk stopped are not counted.
        assert result["n"] <= stored <= result["n"] + connections, (
            result, stored)
        return result

    def offer(self, n, rate, connections, prefix):
        """n units, open loop; at a rate beyond all reach, each connection
        sends its next request upon an answer."""
        one = Load("offer", port=self.rig.stack.port, path=EST, rate=rate,
            connections=connections, cpu=self.rig.cpu(),
            **self.options(n, prefix))
        one.read()
        self.approve()
        one.go()
        result = one.read()
        one.end()
        assert result["failed"] == 0, result
        assert result["n"] == n == self.stored(), result
        return result
