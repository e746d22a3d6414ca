"""PostgreSQL for the tests: one private cluster a run (deploy/dev/pg.sh, the
script of the dev stack), migrated once into a template, a fresh database of
it for each test."""

import itertools
import pathlib
import secrets

import psycopg2

from .process import REPO, run, until

ROLES = ("migrator", "service", "broker")


class Cluster:
    """The private server.  durable: fsync stays on."""

    def __init__(self, directory, durable=False):
        self.dir = directory
        self.mode = "durable" if durable else "fast"
        self.passwords = {r: secrets.token_hex(16) for r in ROLES}
        self.start()
        self.socket = self._pg("socket").strip()
        super_password = secrets.token_hex(16)
        self.passwords["super"] = super_password
        self.sql((REPO / "db/roles.sql").read_text())
        self.sql("CREATE ROLE latchkey_super LOGIN SUPERUSER")
        for role, password in self.passwords.items():
            self.sql(f"ALTER ROLE latchkey_{role} PASSWORD '{password}'")
        self.numbers = itertools.count(1)

    def _pg(self, command, *args, **kwargs):
        return run(REPO / "deploy/dev/pg.sh", command, self.dir, *args,
            **kwargs)

    def start(self):
        self._pg("start", self.mode)

    def stop(self, kill=False):
        """Ends the server, at once and uncleanly if kill is set."""
        self._pg("kill" if kill else "stop")

    def data(self):
        """Where its files are."""
        return pathlib.Path((self.dir / "pg.data").read_text().strip())

    def save(self):
        """A backup: its files as they are now, to be restored."""
        self.stop()
        saved = self.data().with_name(self.data().name + "-saved")
        run("rm", "-rf", saved)
        run("cp", "-a", self.data(), saved)
        self.start()

    def restore(self):
        """Brings the backup back, and forgets what came after it."""
        self.stop()
        saved = self.data().with_name(self.data().name + "-saved")
        run("rm", "-rf", self.data())
        run("cp", "-a", saved, self.data())
        self.start()

    def remove(self):
        saved = self.data().with_name(self.data().name + "-saved")
        self._pg("remove")
        run("rm", "-rf", saved)

    def sql(self, text, database="postgres"):
        """Runs statements as the superuser, outside a transaction."""
        return self._pg("sql", database, input=text)

    def conninfo(self, role, database):
        return (f"host={self.socket} dbname={database} user=latchkey_{role} "
            f"password={self.passwords[role]}")

    def create(self, template="template0"):
        name = f"lk{next(self.numbers)}"
        self.sql(f"CREATE DATABASE {name} OWNER latchkey_migrator "
            f"TEMPLATE {template}")
        return Database(self, name)


# Sessions of the tests themselves.
OURS = "test"
BLOCKED = """
WITH RECURSIVE b AS (
    SELECT pid, false AS waits FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = %s
    UNION SELECT a.pid, true FROM pg_stat_activity a
        JOIN b ON b.pid = ANY (pg_blocking_pids(a.pid))
        WHERE a.datname = current_database())
SELECT count(DISTINCT pid) FROM b WHERE waits
"""


class Database:
    """One database and the ways into it."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name

    def conninfo(self, role):
        return self.cluster.conninfo(role, self.name)

    def connect(self, role="super"):
        return psycopg2.connect(self.conninfo(role),
            application_name=OURS)

    def query(self, text, args=None, role="super"):
        """Rows of one statement, run and committed by itself."""
        connection = self.connect(role)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(text, args)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, text, args=None, role="super"):
        """The first column of the only row."""
        rows = self.query(text, args, role)
        assert len(rows) == 1, rows
        return rows[0][0]

    def wait_blocked(self, n=1):
        """Until n sessions wait for a lock of ours, or for one who does:
        the service's own sessions may wait for each other at any time."""
        until(lambda: self.value(BLOCKED, (OURS,)) >= n)

    def drop(self):
        self.cluster.sql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
