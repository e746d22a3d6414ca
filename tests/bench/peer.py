"""The peer that issues: cfssl with Postgres, the same cluster's, a database of
its own, and a CA with a P-256 key; HTTP without TLS, and nobody asked who
they are."""

import json
import os
import time
import urllib.parse
import urllib.request

from harness.process import Process, free_port, run

# Of cfssl's own migration (certdb/pg/migrations), of the packaged version.
TABLES = """
CREATE TABLE certificates (
    serial_number bytea NOT NULL,
    authority_key_identifier bytea NOT NULL,
    ca_label bytea,
    status bytea NOT NULL,
    reason int,
    expiry timestamptz,
    revoked_at timestamptz,
    pem bytea NOT NULL,
    PRIMARY KEY (serial_number, authority_key_identifier)
);
CREATE TABLE ocsp_responses (
    serial_number bytea NOT NULL,
    authority_key_identifier bytea NOT NULL,
    body bytea NOT NULL,
    expiry timestamptz,
    PRIMARY KEY (serial_number, authority_key_identifier),
    FOREIGN KEY (serial_number, authority_key_identifier)
        REFERENCES certificates
);
GRANT ALL ON certificates, ocsp_responses TO latchkey_service;
"""


class Cfssl:
    """One "cfssl serve"."""

    def __init__(self, directory, cluster):
        self.dir, self.port = directory, free_port()
        self.database = cluster.create()
        self.database.query(TABLES)
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
            "-out", directory / "ca.key")
        run("openssl", "req", "-x509", "-new", "-key", directory / "ca.key",
            "-subj", "/CN=peer", "-days", 30, "-out", directory / "ca.crt")
        (directory / "config.json").write_text(json.dumps({"signing": {
            "default": {"expiry": "24h",
                "usages": ["digital signature", "client auth"]}}}))
        password = urllib.parse.quote(cluster.passwords["service"])
        host = urllib.parse.quote(cluster.socket, safe="")
        (directory / "db.json").write_text(json.dumps({"driver": "postgres",
            "data_source": f"postgres://latchkey_service:{password}@/"
                f"{self.database.name}?host={host}&sslmode=disable"}))
        self.process = Process(["/usr/bin/cfssl", "serve", "-address",
            "127.0.0.1", "-port", self.port, "-ca", directory / "ca.crt",
            "-ca-key", directory / "ca.key", "-config",
            directory / "config.json", "-db-config", directory / "db.json",
            "-loglevel", 3], directory / "cfssl.log")
        self.wait()

    def wait(self):
        """Until it answers."""
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}"
                    "/api/v1/cfssl/scaninfo", timeout=5).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(self.process.log())

    def stored(self):
        return self.database.value("SELECT count(*) FROM certificates")

    def stop(self):
        self.process.popen.kill()
        self.process.popen.wait()


def on_cpu_us(pid):
    """Microseconds on a processor so far, of all its threads; 0 when it has
    ended."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    except OSError:
        pass
    return total / 1000
