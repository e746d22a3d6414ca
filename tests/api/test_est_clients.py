"""The shapes of an EST answer that every known client reads, and those
clients themselves: strongSwan's pki, curl with openssl, and Python's
cryptography for what neither sends."""

import base64
import concurrent.futures
import json
import os
import re
import socket
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from harness.crypto import (DER, PEM, certs_of_cms, csr_der, key_pem, new_key,
    spki)
from harness.http import Client, expect
from harness.players import Device
from harness.process import run, until
from harness.raw import parse_head

EST = "/.well-known/est"
APPLICATION_DATA = 23


class Wire:
    """A TLS connection that keeps the records it received apart: each item
    of read() is what one record of application data held."""

    def __init__(self, stack, version, certificate=None):
        context = ssl.create_default_context(cafile=str(stack.material.ca))
        context.minimum_version = context.maximum_version = version
        if certificate:
            context.load_cert_chain(*certificate)
        self.tcp = socket.create_connection(("127.0.0.1", stack.port), 60)
        self.inbox, self.outbox = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inbox, self.outbox,
            server_hostname="localhost")
        self.pending = b""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.inbox.write(self.record()[1])
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tcp.close()

    def flush(self):
        self.tcp.sendall(self.outbox.read())

    def record(self):
        """(content type, the record as it came)."""
        while (len(self.pending) < 5 or len(self.pending) <
                5 + int.from_bytes(self.pending[3:5], "big")):
            part = self.tcp.recv(65536)
            assert part, "closed"
            self.pending += part
        n = 5 + int.from_bytes(self.pending[3:5], "big")
        record, self.pending = self.pending[:n], self.pending[n:]
        return record[0], record

    def ask(self, request):
        """The records of one answer, until its Content-Length is there."""
        self.tls.write(request)
        self.flush()
        parts = []
        while not whole(b"".join(parts)):
            kind, record = self.record()
            self.inbox.write(record)
            try:
                part = self.tls.read(65536)
            except ssl.SSLWantReadError:
                continue  # a session ticket
            assert kind == APPLICATION_DATA
            parts.append(part)
        return parts


def whole(data):
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    return bool(end and length) and len(body) >= int(length[1])


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path, body, kind="application/pkcs10"):
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        f"{kind}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


@pytest.fixture(params=["1.2", "1.3"])
def answers(request, enrolled):
    """{operation: the records of its 200 answer}, by TLS version."""
    version = {"1.2": ssl.TLSVersion.TLSv1_2,
        "1.3": ssl.TLSVersion.TLSv1_3}[request.param]
    stack, csr = enrolled.stack, base64.b64encode(csr_der(enrolled.key))
    birth = enrolled.birth.session.cert
    with Wire(stack, version) as anyone, Wire(stack, version,
            birth) as unit, Wire(stack, version, enrolled.files()) as device:
        return {"cacerts": anyone.ask(get(f"{EST}/cacerts")),
            "simpleenroll": unit.ask(post(f"{EST}/simpleenroll", csr)),
            "simplereenroll": device.ask(post(f"{EST}/simplereenroll", csr))}


# ---- the shapes of section 1: what each client must get to read us


def test_answer_is_http_1_1_with_canonical_names_and_a_length(answers):
    for operation, parts in answers.items():
        head = b"".join(parts).split(b"\r\n\r\n")[0].decode()
        status, *fields = head.split("\r\n")
        assert status == "HTTP/1.1 200 OK", operation
        names = [f.split(":")[0] for f in fields]
        assert {"Content-Type", "Content-Length"} <= set(names), head
        assert "Transfer-Encoding" not in names
        for name in names:
            assert all(w[:1].isupper() for w in name.split("-")), name
        assert len(head) + 4 < 1000, f"{operation}: {len(head)} bytes"


def test_answer_is_base64_on_one_line_and_one_newline(answers):
    for operation, parts in answers.items():
        body = b"".join(parts).partition(b"\r\n\r\n")[2]
        assert re.fullmatch(rb"[A-Za-z0-9+/]+={0,2}\n", body), operation
        assert certs_of_cms(body)


def test_headers_and_body_are_in_one_tls_record_each_at_most(answers):
    for operation, parts in answers.items():
        assert len(parts) <= 2, (operation, [len(p) for p in parts])
        assert b"\r\n\r\n" in parts[0], f"{operation}: headers are split"
        if len(parts) == 2:
            assert parts[0].endswith(b"\r\n\r\n"), f"{operation}: body is split"


def test_answer_holds_the_new_certificate_alone(answers):
    for operation in ("simpleenroll", "simplereenroll"):
        body = b"".join(answers[operation]).partition(b"\r\n\r\n")[2]
        assert len(certs_of_cms(body)) == 1


def test_media_type_says_certs_only(answers):
    for parts in answers.values():
        _, headers = parse_head(parts[0].split(b"\r\n\r\n")[0])
        assert re.fullmatch(r"application/pkcs7-mime; ?smime-type=certs-only",
            headers["content-type"])


def test_202_and_refusals_have_a_length_too(stack, maker, operator):
    unit = Device(stack, maker)
    operator.allow(unit)
    csr = base64.b64encode(csr_der(unit.key))
    with Wire(stack, ssl.TLSVersion.TLSv1_2,
            unit.birth.session.cert) as wire:
        for body, status in ((csr, 202), (b"garbage", 400)):
            parts = wire.ask(post(f"{EST}/simpleenroll", body))
            assert len(parts) <= 2
            assert parse_head(parts[0].split(b"\r\n\r\n")[0])[0] == status


# ---- strongSwan's pki (libtls), as its users call it


@pytest.fixture(params=["1.2", "1.3"])
def pki(request, stack, workdir):
    """pki(command, *options): its output.  It speaks TLS 1.2 unless it is
    configured otherwise."""
    config = workdir / "strongswan.conf"
    config.write_text("libtls {\n  version_min = %s\n  version_max = %s\n}\n"
        % (request.param, request.param))

    def call(command, *options):
        out = workdir / f"pki-{command.strip('-')}.out"
        with out.open("wb") as stdout:
            run_binary(stdout, {"STRONGSWAN_CONF": str(config)}, "pki",
                command, *options)
        return out.read_bytes()

    return call


def run_binary(stdout, env, *argv):
    done = subprocess.run([str(a) for a in argv], env={**os.environ, **env},
        stdout=stdout, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, (argv, done.stderr.decode())


def test_strongswan_gets_the_ca_certificates(pki, stack, workdir):
    pki("--estca", "--url", stack.url, "--cacert", stack.material.ca,
        "--caout", workdir / "ca.pem", "--outform", "pem", "--force")
    serials = {x509.load_pem_x509_certificate(p.read_bytes()).serial_number
        for p in workdir.glob("ca*.pem")}
    own = {x509.load_pem_x509_certificate(
        (stack.material.pki / f"{n}.crt").read_bytes()).serial_number
        for n in ("root", "issuing")}
    assert own <= serials


@pytest.mark.parametrize("same_key", [True, False], ids=["renew", "rekey"])
def test_strongswan_re_enrolls_by_mutual_tls(pki, enrolled, workdir,
        same_key, stack):
    cert, key = (workdir / n for n in ("old.pem", "old.key"))
    cert.write_bytes(enrolled.certificate.public_bytes(PEM))
    key.write_bytes(key_pem(enrolled.key))
    new = key
    if not same_key:
        new = workdir / "new.key"
        new.write_bytes(pki("--gen", "--type", "ecdsa", "--size", "256",
            "--outform", "pem"))
    csr = workdir / "new.p10"
    csr.write_bytes(pki("--req", "--type", "ecdsa", "--in", new, "--dn",
        f"CN={enrolled.id}", "--outform", "der"))
    renewed = x509.load_pem_x509_certificate(pki("--est", "--url", stack.url,
        "--in", csr, "--cacert", stack.material.ca, "--cacert",
        stack.material.pki / "issuing.crt", "--cert", cert, "--key", key,
        "--outform", "pem"))
    assert renewed.subject == enrolled.certificate.subject
    assert renewed.serial_number != enrolled.certificate.serial_number
    assert (spki(renewed.public_key()) == spki(enrolled.key)) == same_key
    out = workdir / "renewed.pem"
    out.write_bytes(renewed.public_bytes(PEM))
    pki("--verify", "--in", out, "--cacert", stack.material.ca, "--cacert",
        stack.material.pki / "issuing.crt")


# ---- one-time bootstrap tokens, by HTTP Basic (A12)


CODE = "TULIP-42"


@pytest.fixture
def listed(stack, maker, operator, database):
    """listed(setting=...) -> a unit listed by serial number alone, whose
    model has a label that takes bootstrap tokens; token() makes one."""

    def add(**settings):
        database.query("INSERT INTO label (name, settings) VALUES ('kit', %s)",
            (json.dumps({"authentication": ["bootstrap"], **settings}),))
        stack.restart()
        expect(operator.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": "Kit", "profile": "kit",
            "client_id": maker.client_id}), 200)
        unit = Device(stack, maker)
        operator.allow_with_code(unit, CODE)

        def token():
            (made,) = expect(operator.call("POST", "/bootstrap-tokens", json={
                "manufacturer": maker.id, "label": "kit",
                "serials": [unit.serial]}), 201).json()["tokens"]
            return f"{made['id']}:{made['password']}"

        unit.token = token
        return unit

    return add


def strongswan_request(pki, workdir, name, subject):
    key, csr = workdir / f"{name}.key", workdir / f"{name}.p10"
    if not key.exists():
        key.write_bytes(pki("--gen", "--type", "ecdsa", "--size", "256",
            "--outform", "pem"))
    csr.write_bytes(pki("--req", "--type", "ecdsa", "--in", key, "--dn",
        f"CN={subject}", "--outform", "der"))
    return key, csr


def trust(stack):
    return ("--cacert", stack.material.ca, "--cacert",
        stack.material.pki / "issuing.crt")


def test_strongswan_enrolls_by_basic_and_re_enrolls(pki, stack, listed,
        workdir):
    unit = listed(owner_approval="none")
    key, csr = strongswan_request(pki, workdir, "dev", "dev1")
    token = unit.token()
    cert = workdir / "dev.pem"
    pems = set()
    for _ in range(2):  # the second: as after a lost answer
        cert.write_bytes(pki("--est", "--url", stack.url, "--in", csr,
            *trust(stack), "--userpass", token, "--outform", "pem"))
        pems.add(cert.read_bytes())
    assert len(pems) == 1
    pki("--verify", "--in", cert, *trust(stack))
    (cn,) = x509.load_pem_x509_certificate(
        cert.read_bytes()).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    new_key_, csr = strongswan_request(pki, workdir, "next", cn.value)
    renewed = workdir / "renewed.pem"
    renewed.write_bytes(pki("--est", "--url", stack.url, "--in", csr,
        *trust(stack), "--cert", cert, "--key", key, "--outform", "pem"))
    pki("--verify", "--in", renewed, *trust(stack))
    assert new_key_ != key and renewed.read_bytes() != cert.read_bytes()


def test_strongswan_waits_with_202_until_the_owner_claims(pki, stack, listed,
        workdir, owner, database):
    unit = listed()
    _, csr = strongswan_request(pki, workdir, "dev", "dev1")
    token = unit.token()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pki, "--est", "--url", stack.url, "--in", csr,
            *trust(stack), "--userpass", token, "--interval", "1",
            "--maxpolltime", "300", "--outform", "pem")
        until(lambda: database.value("SELECT count(*) FROM approval"))
        shown = expect(owner.claim(unit.serial, CODE), 200).json()
        expect(owner.decide(shown, "approve"), 200)
        certificate = x509.load_pem_x509_certificate(waiting.result(300))
    (device,) = expect(owner.devices(), 200).json()["devices"]
    (cn,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert cn.value == device["id"]


def by_basic(stack, token, key):
    return Client(stack).post(f"{EST}/simpleenroll",
        data=base64.b64encode(csr_der(key)), auth=tuple(token.split(":")),
        headers={"Content-Type": "application/pkcs10"})


def test_r4_bootstrap_unit_comes_back_with_a_new_token_and_the_same_key(
        stack, listed, database, owner):
    unit = listed()
    first, key = unit.token(), new_key()
    expect(by_basic(stack, first, key), 202)
    shown = expect(owner.claim(unit.serial, CODE), 200).json()
    expect(owner.decide(shown, "approve"), 200)
    (old,) = certs_of_cms(expect(by_basic(stack, first, key), 200).content)
    database.query("UPDATE certificate SET not_after = "
        "now() - interval '1 hour'")
    assert by_basic(stack, first, key).status_code in (401, 403), "was used"
    expect(by_basic(stack, unit.token(), new_key()), 403)
    again = unit.token()
    answer = expect(by_basic(stack, again, key), 200)
    (back,) = certs_of_cms(answer.content)
    assert back.subject == old.subject and back != old
    assert expect(by_basic(stack, again, key), 200).content == answer.content
    database.query("UPDATE certificate SET not_after = "
        "now() - interval '1 hour'")
    token = unit.token()
    database.query("UPDATE birth SET quarantined_at = now()")
    assert by_basic(stack, token, key).status_code in (401, 403)


def test_curl_enrolls_by_basic(stack, listed, workdir):
    unit = listed(owner_approval="none")
    _, csr = openssl_request(workdir, "dev", "-algorithm", "EC", "-pkeyopt",
        "ec_paramgen_curve:P-256")
    run("sh", "-ec", f"openssl base64 -in {csr} | curl -sS --fail-with-body "
        f"--cacert {stack.material.ca} -u '{unit.token()}' "
        "-H 'Content-Type: application/pkcs10' --data-binary @- "
        f"{stack.url}{EST}/simpleenroll | openssl base64 -d -A | "
        f"openssl pkcs7 -inform DER -print_certs -out {workdir}/dev.crt")
    run("openssl", "verify", "-CAfile", stack.material.ca, "-untrusted",
        stack.material.pki / "issuing.crt", "-purpose", "sslclient",
        workdir / "dev.crt")


# ---- curl and openssl


def est(stack, operation, identity, csr, out, *options):
    """A POST by curl, base64 in the lines that openssl makes, both ways."""
    cert, key = identity
    run("sh", "-ec", f"openssl base64 -in {csr} | curl -sS --fail-with-body "
        f"--cacert {stack.material.ca} --cert {cert} --key {key} "
        f"-H 'Content-Type: application/pkcs10' {' '.join(options)} "
        f"--data-binary @- {stack.url}{EST}/{operation} | "
        f"openssl base64 -d -A | openssl pkcs7 -inform DER -print_certs "
        f"-out {out}")


def openssl_request(workdir, name, *options, subject="/"):
    key, csr = workdir / f"{name}.key", workdir / f"{name}.csr"
    run("openssl", "genpkey", "-out", key, *options)
    run("openssl", "req", "-new", "-key", key, "-subj", subject, "-outform",
        "DER", "-out", csr)
    return key, csr


@pytest.mark.parametrize("tls", ["--tls-max 1.2", "--tlsv1.3"])
def test_curl_and_openssl_do_every_operation(stack, maker, owner, operator,
        workdir, tls):
    device = Device(stack, maker)
    run("sh", "-ec", f"curl -sS --fail-with-body {tls} --cacert "
        f"{stack.material.ca} {stack.url}{EST}/cacerts | openssl base64 -d -A "
        f"| openssl pkcs7 -inform DER -print_certs -out {workdir}/cas.pem")
    operator.allow_with_code(device, "ROSE-7")
    key, csr = openssl_request(workdir, "dev", "-algorithm", "EC",
        "-pkeyopt", "ec_paramgen_curve:P-256")
    cert = workdir / "dev.crt"
    birth = device.birth.session.cert
    status = run("sh", "-ec", f"openssl base64 -in {csr} | curl -sS {tls} "
        f"--cacert {stack.material.ca} --cert {birth[0]} --key {birth[1]} "
        "-H 'Content-Type: application/pkcs10' --data-binary @- -o /dev/null "
        f"-w '%{{http_code}}' {stack.url}{EST}/simpleenroll")
    assert status == "202"
    shown = expect(owner.claim(device.serial, "ROSE-7"), 200).json()
    expect(owner.decide(shown, "approve"), 200)
    est(stack, "simpleenroll", birth, csr, cert, tls)
    run("openssl", "verify", "-CAfile", workdir / "cas.pem", "-purpose",
        "sslclient", cert)
    for round_, wanted in enumerate((csr, openssl_request(workdir, "next",
            "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")[1])):
        out = workdir / f"renewed{round_}.crt"
        est(stack, "simplereenroll", (cert, key), wanted, out, tls)
        run("openssl", "verify", "-CAfile", workdir / "cas.pem", "-purpose",
            "sslclient", out)
        cert = out


# ---- cryptography, for what the others do not send


@pytest.mark.parametrize("key", [
    ec.generate_private_key(ec.SECP384R1()),
    ed25519.Ed25519PrivateKey.generate(),
    rsa.generate_private_key(65537, 2048)],
    ids=["P-384", "Ed25519", "RSA-2048"])
def test_python_rekeys_to_every_kind_of_key_and_back(enrolled, key):
    csr = key_request(key)
    expect(enrolled.renew(key, csr), 200)
    assert spki(enrolled.certificate.public_key()) == spki(key)
    expect(enrolled.renew(new_key()), 200)


def key_request(key):
    """A request whose hash is the key's own matter."""
    hash_ = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    return (x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([])).sign(key, hash_).public_bytes(DER))


def test_python_reads_cacerts_without_a_client_certificate(stack):
    answer = expect(Client(stack).get(f"{EST}/cacerts"), 200)
    assert len(certs_of_cms(answer.content)) >= 2
