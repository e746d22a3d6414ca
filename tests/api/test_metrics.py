"""Metrics: what happened is counted where operators look for it, in the text
that Prometheus reads, and nothing of a person or a device is in it."""

import re
import socket
import ssl
import subprocess
import time

import pytest

from api.test_attestation import Unit, ask
from harness.crypto import b64u
from harness.evidence import DEBUG, nonce_of
from harness.http import Client, expect
from harness.metrics import promtool, scrape
from harness.players import Device, Maker
from harness.process import BUILD, REPO, until


def test_a_device_s_way_is_counted_and_names_nobody(stack, operator, enrolled,
        owner):
    expect(enrolled.renew(), 200)
    expect(Client(stack).get("/v1/devices"), 401)
    expect(Client(stack).get("/nowhere/at/all"), 404)
    now = scrape(operator)
    route = "/.well-known/est/simpleenroll"
    assert now("latchkey_http_requests_total", listener="main",
        method="POST", route=route, status=200) == 1
    assert now("latchkey_http_request_seconds_count", route=route) == 1
    assert now("latchkey_http_request_seconds_bucket", route=route,
        le="+Inf") == 1
    assert 0 < now("latchkey_http_request_seconds_sum", route=route) < 600
    assert now("latchkey_http_requests_total", route="/v1/devices",
        status=401) == 1
    # A path is no label, whatever it is.
    assert now("latchkey_http_requests_total", route="-", status=404) == 1
    assert now("latchkey_refusals_total", code="unauthenticated") == 1
    assert now("latchkey_certificates_total", kind="issued",
        model=enrolled.maker.model) == 1
    assert now("latchkey_certificates_total", kind="renewed",
        model=enrolled.maker.model) == 1
    assert now("latchkey_tokens_total", grant="device-code") == 1
    assert now("latchkey_queue_wait_seconds_count") > 5
    assert now("latchkey_workers_busy") == 1  # which answers this
    assert now("latchkey_workers") == 8
    assert now("latchkey_connections") >= 1
    assert now("latchkey_ready") == now("latchkey_check", check="keys") == 1
    day = 86400
    assert now("latchkey_ca_expiry_timestamp_seconds", ca="issuing") \
        > time.time() + day
    assert now("latchkey_tls_certificate_expiry_timestamp_seconds") \
        > time.time() + day
    until(lambda: scrape(operator)(
        "latchkey_crl_next_update_timestamp_seconds", ca="issuing")
        > time.time())
    for secret in (enrolled.id, enrolled.serial, owner.id, "127.0.0.1",
            enrolled.serial_number.hex()):
        assert str(secret).lower() not in now.text.lower()


def test_prometheus_takes_the_text(operator, enrolled):
    """promtool knows naming conventions, too."""
    promtool("check", "metrics", stdin=scrape(operator).text)


def test_verdicts_are_counted_by_format_and_reason(stack, operator):
    maker = Maker()
    operator.register(maker)
    unit = Unit(stack, maker)
    unit.list(operator)
    expect(unit.attest(), 200)
    expect(ask(operator, maker, formats=["psa"], secure_boot=True), 200)
    expect(unit.attest(lifecycle=DEBUG), 400)
    expect(unit.attest(evidence=b"\xff"), 400)
    expect(unit.authorize(), 400)
    expect(unit.authorize(evidence_format="magic", evidence="AAAA",
        evidence_nonce=b64u(nonce_of(stack))), 400)
    now = scrape(operator)
    name = "latchkey_attestation_verdicts_total"
    assert now(name, format="psa", reason="accepted") == 1
    assert now(name, format="psa", reason="parse") == 1
    assert now(name, format="psa") == 3
    assert now(name, format="none") == 2 and now(name, format="magic") == 0


def failed(stack, material, **wanted):
    """A client that cannot have a handshake; what its side says of it."""
    context = ssl.create_default_context(cafile=wanted.get("ca", material.ca))
    if "version" in wanted:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = wanted["version"]
    if "ciphers" in wanted:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(wanted["ciphers"])
    with socket.create_connection(("127.0.0.1", stack.port)) as tcp:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(tcp, server_hostname="localhost")


def ends(stack, alert):
    """A client of TLS 1.2 that says why it ends once our certificate came."""
    context = ssl.create_default_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(received, sent,
            server_hostname="localhost").do_handshake()
    with socket.create_connection(("127.0.0.1", stack.port)) as tcp:
        tcp.sendall(sent.read())
        assert tcp.recv(1) == b"\x16"
        # RFC 5246 section 7.2: a record of its own, fatal.
        tcp.sendall(bytes.fromhex("1503030002") + bytes([2, alert]))


@pytest.mark.settings(request_timeout="10s")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_handshakes_and_why_others_failed(stack, operator, material,
        enrolled, workdir):
    name = "latchkey_tls_handshake_failures_total"
    before = scrape(operator)
    assert before("latchkey_tls_handshakes_total", version="1.3") >= 1

    def count(reason):
        return until(lambda: scrape(operator)(name, reason=reason)
            - before(name, reason=reason))

    silent = socket.create_connection(("127.0.0.1", stack.port))
    with socket.create_connection(("127.0.0.1", stack.port)) as tcp:
        tcp.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert tcp.recv(1) == b""
    assert count("no-hello") == 1
    failed(stack, material, version=ssl.TLSVersion.TLSv1_1)
    assert count("version") == 1
    failed(stack, material, ciphers="AES128-SHA256")
    assert count("nothing-in-common") == 1
    # OpenSSL says in clear what RFC 8446 section 6 has encrypted.
    failed(stack, material, ca=None)
    assert count("abandoned") == 1
    for alert, reason in ((48, "untrusted"), (45, "expired"), (44, "revoked"),
            (80, "alert")):
        ends(stack, alert)
        assert count(reason) == 1
    other = workdir / "other.crt"
    other.write_text(Maker().anchor_pem)
    done = subprocess.run(["gnutls-cli", f"--x509cafile={other}", "-p",
        str(stack.port), "localhost"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False)
    assert "NOT trusted" in done.stdout + done.stderr
    until(lambda: scrape(operator)(name, reason="untrusted")
        - before(name, reason="untrusted") == 2)
    with silent:
        assert silent.recv(1) == b""
    assert count("timeout") == 1


def test_certificates_of_devices_that_end_soon_are_counted(stack, operator,
        maker, owner, database):
    units = [Device(stack, maker) for _ in range(4)]
    for unit in units:
        operator.allow(unit)
        unit.onboard(owner)
    renewed, revoked, soon, later = units
    expect(renewed.renew(), 200)
    expect(operator.revoke(revoked.id), 200)
    database.query("UPDATE certificate SET not_after = now() + CASE device_id "
        "WHEN %s THEN interval '30 minutes' WHEN %s THEN interval '3 days' "
        "ELSE interval '10 minutes' END WHERE successor IS NULL OR "
        "device_id = %s", (soon.id, later.id, renewed.id))
    database.query("UPDATE certificate SET not_after = now() + interval "
        "'10 days' WHERE device_id = %s AND successor IS NULL", (renewed.id,))

    def counted():
        # A count that was under way says when the next one is, too.
        database.query("UPDATE expiry_ahead SET next_at = now()")
        now = scrape(operator)
        return [now("latchkey_device_certificates_expiring", within=within)
            for within in ("1h", "1d", "7d")]

    until(lambda: counted() == [1, 1, 2])
    assert scrape(operator)("latchkey_device_certificates_counted_timestamp_"
        "seconds") > time.time() - 3600


def test_the_page_has_every_metric_and_check(operator):
    page = (REPO / "docs/observability.md").read_text()
    now = scrape(operator)
    table = dict(re.findall(r"^\| `(latchkey_\w+)` \| (\w+) \|", page, re.M))
    assert {k: v for k, v in table.items() if "_broker_" not in k} \
        == now.described()
    checks = {dict(labels)["check"] for name, labels in now.samples
        if name == "latchkey_check"}
    assert checks == set(re.findall(
        r"^\| `(\w+)` \| (?:not ready|warning) \|", page, re.M))


def test_ready_says_what_is_missing_and_what_to_do(stack, database):
    http = Client(stack)

    def checks(status):
        answer = expect(http.get("/readyz"), status).json()
        return answer, {c["name"]: c for c in answer["checks"]}

    # In its first moment it has read nothing yet and made no list.
    until(lambda: checks(200)[0]["warnings"] == [])
    answer, each = checks(200)
    assert answer["status"] == "ready"
    assert all(c == {"name": n, "ok": True} for n, c in each.items())
    # Someone has migrated to a version that this program does not know.
    database.query("INSERT INTO schema_migration (version, name, sha256) "
        "VALUES (9999, 'later', '')")
    database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()")
    # For a moment its database is not to be had at all.
    until(lambda: http.get("/readyz").json().get("type", "").endswith(
        "schema-version"))
    answer, each = checks(503)
    assert "latchkey migrate" in each["schema"]["action"]
    assert not each["schema"]["ok"] and each["database"]["ok"]
    assert each["keys"]["ok"] and "partitions" not in each
    done = subprocess.run([BUILD / "latchkey", "health", "--ready"],
        env={"LATCHKEY_URL": stack.url,
            "LATCHKEY_CA": str(stack.material.ca)}, capture_output=True,
        text=True)
    assert done.returncode == 1 and "refused (503)" in done.stderr
    assert re.search(r"^schema +no +.*latchkey migrate", done.stdout, re.M)
    assert re.search(r"^keys +yes *$", done.stdout, re.M)
    expect(http.get("/healthz"), 200)
