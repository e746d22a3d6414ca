"""Fills a store with the history of a fleet: ten days of daily certificates,
each with another key, for devices with births and used approvals; rows as
long as the service's own.  The indexes are made after the rows."""

import concurrent.futures
import datetime
import shutil
import time

DAYS = 10
BYTES_A_ROW = 2200  # of a certificate with its share of the rest, and WAL
MAKERS = 2          # at once

# {n} a day; {der}: bytes of a certificate.  Devices are md5s and keys and
# serial numbers SHA-256s of their numbers, as spread as real ones.
DAY = """
CREATE TABLE certificate_{day} (LIKE certificate INCLUDING ALL
    EXCLUDING INDEXES);
ALTER TABLE certificate_{day} OWNER TO latchkey_migrator;
INSERT INTO certificate_{day} (serial, not_before, not_after, device_id,
    profile, key_sha256, predecessor, der)
    SELECT substr(sha256(('serial {d} ' || i)::bytea), 1, 16), at,
    at + interval '1 day', md5('device ' || i)::uuid, 'bench',
    sha256(('key {d} ' || i)::bytea),
    substr(sha256(('serial {d} ' || i - 1)::bytea), 1, 16),
    sha256(i::text::bytea) || convert_to(repeat('d', {der} - 32), 'UTF8')
    FROM (SELECT i, '{from_day} 00:00:00+00'::timestamptz +
    (i - 1) * (interval '1 day' / {n}) AS at FROM generate_series(1, {n}) i) s;
ALTER TABLE certificate_{day} ADD PRIMARY KEY (serial, not_before);
CREATE INDEX ON certificate_{day} (device_id, not_before DESC)
"""
ATTACH = """
ALTER TABLE certificate ATTACH PARTITION certificate_{day}
    FOR VALUES FROM ('{from_day} 00:00:00+00') TO ('{to_day} 00:00:00+00')
"""
KEYS = """
INSERT INTO key_use (key_sha256, device_id)
    SELECT sha256(('key {d} ' || i)::bytea), md5('device ' || i)::uuid
    FROM generate_series(1, {n}) i
"""
FLEET = """
INSERT INTO birth (id, manufacturer_id, model_id, serial, batch)
    OVERRIDING SYSTEM VALUE SELECT 1000000000 + i, %(maker)s, %(model)s,
    'OLD-' || i, 'B' || i / 1000 FROM generate_series(1, %(n)s) i;
INSERT INTO device (id, birth_id, owner_id, model_id, profile, state,
    created_at)
    SELECT md5('device ' || i)::uuid, 1000000000 + i, %(owner)s, %(model)s,
    'bench', 'owned', now() - interval '10 days'
    FROM generate_series(1, %(n)s) i;
INSERT INTO approval (id, kind, birth_id, client_id, key_sha256, state,
    facts, label, owner_id, device_id, created_at, decided_at, expires_at)
    SELECT md5('approval ' || i)::uuid, 'claim', 1000000000 + i, %(client)s,
    sha256(('key 0 ' || i)::bytea), 'consumed', '{}', 'bench', %(owner)s,
    md5('device ' || i)::uuid, now() - interval '10 days',
    now() - interval '10 days', now() - interval '9 days'
    FROM generate_series(1, %(n)s) i
"""
FAST = ("synchronous_commit = off", "maintenance_work_mem = '512MB'",
    "work_mem = '64MB'", "session_replication_role = replica")


class Store:
    """One database to be filled, with nobody at work in it."""

    def __init__(self, rig, args):
        self.rig, self.args = rig, args
        self.began = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.0f} s  {text}", flush=True)

    def check_disk(self, rows):
        need = rows * BYTES_A_ROW
        free = shutil.disk_usage(self.rig.data()).free
        self.say(f"needs {need / 1e9:.1f} GB of disk; {free / 1e9:.1f} GB "
            "are free")
        assert free > need, "not enough disk"

    def run(self, statements, args=None):
        """In a session that is made for bulk."""
        connection = self.rig.database.connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            for setting in FAST:
                cursor.execute(f"SET {setting}")
            for statement in statements.strip().split(";\n"):
                cursor.execute(statement, args)
        connection.close()

    def day(self, d, n, der):
        day = datetime.datetime.now(datetime.timezone.utc).date() \
            - datetime.timedelta(DAYS - 1 - d)
        names = {"d": d, "n": n, "der": der, "day": f"{day:%Y%m%d}",
            "from_day": day, "to_day": day + datetime.timedelta(1)}
        self.run(DAY.format(**names))
        self.run(ATTACH.format(**names))
        self.say(f"certificates of {day}")

    def keys(self, d, n):
        self.run(KEYS.format(d=d, n=n))
        self.say(f"keys, part {d + 1} of {DAYS}")

    def cluster(self, *settings):
        for setting in settings:
            self.rig.database.query(f"ALTER SYSTEM SET {setting}")
        self.rig.database.query("SELECT pg_reload_conf()")

    def fill(self, rows, der):
        """Rows in all; der is how long a certificate is."""
        n = rows // DAYS
        self.check_disk(rows)
        self.cluster("max_wal_size = '8GB'", "autovacuum = off")
        for (name,) in self.rig.database.query("SELECT c.relname FROM "
                "pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                "JOIN pg_class p ON p.oid = i.inhparent WHERE "
                "p.relname = 'certificate' AND to_date(right(c.relname, 8), "
                "'YYYYMMDD') <= (now() AT TIME ZONE 'UTC')::date"):
            self.rig.database.query(f"DROP TABLE {name}")
        self.rig.database.query(
            "ALTER TABLE key_use DROP CONSTRAINT key_use_pkey")
        with concurrent.futures.ThreadPoolExecutor(MAKERS) as pool:
            jobs = [pool.submit(self.day, d, n, der) for d in range(DAYS)]
            jobs += [pool.submit(self.keys, d, n) for d in range(DAYS)]
            for job in jobs:
                job.result()
        self.run("ALTER TABLE key_use ADD PRIMARY KEY (key_sha256)")
        self.say("index of the keys")
        self.run(FLEET, {**self.args, "n": n})
        self.say("births, devices and approvals")
        self.run("VACUUM ANALYZE;\nCHECKPOINT")
        self.cluster("max_wal_size = '1GB'", "autovacuum = on")
        self.say("vacuumed")
        return self.rig.database.value("SELECT count(*) FROM certificate")
