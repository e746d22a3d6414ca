"""What "make bench" measures on: a durable Postgres, the service, the
broker, nginx with the same certificate, and the load generator."""

import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading


from harness.cluster import Cluster
from harness.crypto import PEM, key_pem
from harness.players import Maker, Operator
from harness.process import BUILD, Process, free_port, run
from harness.stack import Broker, Material, Stack

# Shipped limits that the run raises; the table names them.
RAISED = {"per_address": 2000, "handshakes": 0, "code_interval": "1s",
    "guesses_owner": 1000000, "guesses_address": 1000000,
    "guesses_unit": 1000000, "guesses_service": 1000000,
    "requests_address": 0, "requests_model": 0,
    "status_listen": "127.0.0.1", "status_port": 0, "ocsp_cache": 131072}
SCOPES = ("read", "registry", "revoke", "lift", "keys", "tokens")

NGINX = """
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/nginx.error.log;
worker_processes 2;
{user}
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    keepalive_requests 100000000;
    types {{ application/pkcs7-mime cacerts; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {pki}/server.crt;
        ssl_certificate_key {pki}/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ecdh_curve X25519:prime256v1;
        ssl_verify_client optional_no_ca;
        ssl_session_cache shared:tls:10m;
        ssl_session_tickets on;
        root {dir}/www;
        location = /healthz {{ return 200 "ok\\n"; }}
        location = /oauth2/token {{
            default_type application/json;
            return 400 '{pending}';
        }}
    }}
}}
"""


def children(pid):
    """The processes a process started."""
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(p) for p in text.split()]


class Nginx:
    """The peer: the same certificate, TLS versions and groups."""

    def __init__(self, directory, material, cacerts, pending):
        self.dir, self.port = directory, free_port()
        www = directory / "www/.well-known/est"
        www.mkdir(parents=True)
        (www / "cacerts").write_bytes(cacerts)
        directory.chmod(0o755)
        config = directory / "nginx.conf"
        config.write_text(NGINX.format(dir=directory, port=self.port,
            pki=material.pki, pending=pending,
            user="user root;" if directory.owner() == "root" else ""))
        self.process = Process(["/usr/sbin/nginx", "-c", config],
            directory / "nginx.log")

    def workers(self):
        return children(self.process.pid)

    def stop(self):
        self.process.stop()


class Load:
    """One run of the load generator; a line of JSON at a time."""

    def __init__(self, command, **options):
        argv = [str(BUILD / "bench-load"), command]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            if value is True:
                argv.append(flag)
            elif isinstance(value, dict):
                for group, pids in value.items():
                    argv += [flag, f"{group}={','.join(map(str, pids))}"]
            elif value is not None:
                argv += [flag, str(value)]
        self.popen = subprocess.Popen(argv, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        # Whatever hangs, the bench ends.
        self.watch = threading.Timer(180, self.popen.kill)
        self.watch.start()

    def read(self):
        line = self.popen.stdout.readline()
        assert line, f"load generator ended ({self.popen.wait()})"
        return json.loads(line)

    def go(self):
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()

    def end(self):
        self.popen.stdin.close()
        status = self.popen.wait()
        self.watch.cancel()
        assert status == 0, f"load generator: exit status {status}"


def load(command, **options):
    """A run that needs nobody's hand: its one line."""
    one = Load(command, **options)
    result = one.read()
    one.end()
    return result


class Rig:
    """Everything started, in a directory of its own."""

    def __init__(self, cluster=None):
        """With a cluster of another rig, a database of its own in that."""
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-bench-"))
        self.dir.chmod(0o711)
        self.nginx = self.stack = self.broker = None
        self.cluster, self.is_guest = cluster, cluster is not None

    def start(self):
        self.start_service()
        self.broker = self.make(Broker, "broker", self.stack).start()
        cacerts = self.owner.http.get("/.well-known/est/cacerts").content
        (self.dir / "nginx").mkdir()
        self.nginx = Nginx(self.dir / "nginx", self.material, cacerts,
            '{"error":"authorization_pending","error_description":'
            '"The owner has not decided yet.","request_id":'
            '"00000000-0000-4000-8000-000000000000"}')
        return self

    def start_service(self):
        """Postgres and the service alone, with a manufacturer and an
        owner."""
        self.material = Material(self.dir / "material")
        if not self.is_guest:
            self.cluster = Cluster(self.dir / "cluster", durable=True)
        self.database = self.cluster.create()
        run(BUILD / "latchkey", "migrate",
            env={"LATCHKEY_DB": self.database.conninfo("migrator")})
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert self.database.value(f"SHOW {name}") == "on", name
        token = self.material.token(self.database, SCOPES)
        self.stack = self.make(Stack, "stack", self.database, self.material,
            **RAISED).start()
        self.operator = Operator(self.stack, token)
        self.maker = Maker()
        self.operator.register(self.maker)
        self.owner = self.operator.add_owner()
        self.maker_dir = self.dir / "maker"
        self.maker_dir.mkdir()
        (self.maker_dir / "maker.crt").write_bytes(
            self.maker.certificate.public_bytes(PEM))
        (self.maker_dir / "maker.key").write_bytes(key_pem(self.maker.key))
        return self

    def make(self, kind, name, *args, **kwargs):
        directory = self.dir / name
        directory.mkdir()
        return kind(directory, *args, **kwargs)

    def stop(self):
        try:
            for part in (self.nginx, self.broker, self.stack):
                if part:
                    part.stop()
        finally:
            if self.cluster and not self.is_guest:
                self.cluster.remove()
            shutil.rmtree(self.dir)

    # -- whose CPU

    def data(self):
        """The directory of Postgres."""
        return pathlib.Path(
            (self.cluster.dir / "pg.data").read_text().strip())

    def postgres_pids(self):
        data = self.data()
        main = int((data / "postmaster.pid").read_text().split()[0])
        return [main] + children(main)

    def warm(self):
        """Waits until each worker has its session of Postgres: what a
        process costs that starts during a run would not be counted."""
        workers = int(self.stack.settings.get("workers", 8))
        callers = [Operator(self.stack, self.operator.token)
            for _ in range(4 * workers)]
        with concurrent.futures.ThreadPoolExecutor(len(callers)) as pool:
            while self.database.value("SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND "
                    "usename = 'latchkey_service'") <= workers:
                list(pool.map(lambda c: c.call("GET", "/manufacturers"),
                    callers))
        for caller in callers:
            caller.http.close()

    def cpu(self):
        self.warm()
        return {"service": [self.stack.process.pid],
            "postgres": self.postgres_pids()}

    def nginx_cpu(self):
        return {"service": self.nginx.workers()}

    def resident(self):
        """Of the service, MiB."""
        text = pathlib.Path(
            f"/proc/{self.stack.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    # -- fleets

    def units(self):
        """Of the run that is ready: (serial, hashes in hex) rows."""
        text = (self.dir / "units").read_text()
        return [line.split("\t") for line in text.splitlines()]

    def allow(self):
        """The units on the allowlist, as an operator imports it."""
        lines = ["serial,model"] + [
            f"{u[0]},{self.maker.model}" for u in self.units()]
        answer = self.operator.import_lines(self.maker.id,
            "\n".join(lines) + "\n", timeout=120).json()
        assert answer["state"] == "done", answer

    def approve(self):
        """What thousands of owners' decisions leave in the database, put
        there at once: the pinned birth key, the device and the approval."""
        self.prepare("birth_key bytea, birth_cert bytea, key bytea",
            [[u[0]] + [rf"\\x{h}" for h in u[1:]] for u in self.units()],
            APPROVE, {"owner": self.owner.id, "maker": self.maker.id,
                "client": self.maker.client_id})

    def prepare(self, columns, rows, statements, args):
        """Runs statements with a table "unit" of a serial number and these
        columns, then leaves the database as if at rest."""
        connection = self.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE unit (serial text, {columns})")
            copy(cursor, "unit",
                "".join("\t".join(row) + "\n" for row in rows))
            cursor.execute("ANALYZE unit")
            # No owner has thousands of devices, each with a notice.
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statements, args)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE birth, bootstrap_token, device, "
                "approval")
            cursor.execute("CHECKPOINT")
        connection.close()

    def stored(self):
        """How many of the certificates that clients got are in Postgres:
        each new, each of another device, alone under its serial."""
        connection = self.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE issued (unit text, "
                "serial text, device uuid)")
            copy(cursor, "issued", (self.dir / "issued").read_text())
            cursor.execute("SELECT count(*), count(DISTINCT c.serial), "
                "count(DISTINCT c.device_id) FROM issued i "
                "JOIN certificate c ON c.serial = decode(i.serial, 'hex') "
                "AND c.device_id = i.device")
            counts = cursor.fetchone()
        connection.close()
        return min(counts)

    def files(self):
        return {"maker": self.maker_dir, "client_id": self.maker.client_id,
            "units_file": self.dir / "units",
            "issued_file": self.dir / "issued"}


APPROVE = """
UPDATE birth b SET pinned_key_sha256 = u.birth_key FROM unit u
    WHERE b.serial = u.serial AND b.manufacturer_id = %(maker)s;
INSERT INTO device (id, birth_id, owner_id, model_id, profile, state)
    SELECT gen_random_uuid(), b.id, %(owner)s, b.model_id, m.profile, 'owned'
    FROM unit u JOIN birth b ON b.serial = u.serial
    JOIN model m ON m.id = b.model_id;
INSERT INTO approval (id, kind, birth_id, client_id, key_sha256,
    birth_key_sha256, birth_cert_sha256, state, facts, owner_id, device_id,
    decided_at, expires_at)
    SELECT gen_random_uuid(), 'claim', b.id, %(client)s, u.key,
    u.birth_key, u.birth_cert, 'approved', '{}', %(owner)s, d.id, now(),
    now() + interval '1 hour'
    FROM unit u JOIN birth b ON b.serial = u.serial
    JOIN device d ON d.birth_id = b.id;
INSERT INTO event (kind, birth_id, device_id, owner_id, approval_id)
    SELECT 'approval.approved', a.birth_id, a.device_id, a.owner_id, a.id
    FROM unit u JOIN approval a ON a.key_sha256 = u.key;
"""


def copy(cursor, table, text):
    """COPY from a string."""
    with tempfile.TemporaryFile("w+") as f:
        f.write(text)
        f.seek(0)
        cursor.copy_expert(f"COPY {table} FROM STDIN", f)
