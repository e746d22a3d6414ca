"""What an attacker sends on purpose.  Nothing here may end the process, make
it answer 500, or leave memory or rows behind."""

import base64
import concurrent.futures
import datetime
import http.client
import math
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import uuid

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.crypto import DER, PEM, b64u, csr_der, jws, key_pem, new_key
from harness.der import common_name, seq, tlv
from harness.http import Client, expect
from harness.players import Device, Maker
from harness.raw import Raw

EST = {"Content-Type": "application/pkcs10"}
CSRS = pathlib.Path(__file__).parents[1] / "vectors/csr"


def seeded():
    seed = random.randrange(2 ** 32)
    print(f"seed {seed}")
    return random.Random(seed)


def heavy_name(oid, value, size=14500):
    """A name that takes six times as much room in print."""
    filler = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME,
        "\u00e9" * 64, _type=_ASN1Type.T61String)
    return x509.Name([x509.NameAttribute(oid, value),
        *[filler] * (size // 141)])


def certificate(key, subject, issuer=None, signer=None, ca=False,
        extensions=()):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(subject)
        .issuer_name(issuer or subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca, None), True))
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    return builder.sign(signer or key, hashes.SHA256()).public_bytes(PEM)


def heavy_chain(key, issuers, subject):
    """As many certificates, of as many bytes, as are ever read."""
    client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return [certificate(key, subject, issuers[0], extensions=[client])] + [
        certificate(new_key(), heavy_name(NameOID.COMMON_NAME, "CA"), issuer,
            ca=True) for issuer in issuers[1:]]


def post_heavy(stack, path, chain, key):
    """The answer's status.  Without a session ticket: it would hold the
    chain, and not be readable."""
    client = Client(stack, chain, key_pem(key))
    context = ssl.create_default_context(cafile=str(stack.material.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.load_cert_chain(*client.session.cert)
    https = http.client.HTTPSConnection("localhost", stack.port, timeout=120,
        context=context)
    https.request("POST", path, base64.b64encode(bytes(40000)), EST)
    status = https.getresponse().status
    https.close()
    return status


def test_chain_that_is_large_in_print_does_not_end_the_service(stack):
    key, subject = new_key(), heavy_name(NameOID.COMMON_NAME, "leaf")
    issuing = x509.load_pem_x509_certificate(
        (stack.material.pki / "issuing.crt").read_bytes()).subject
    chain = heavy_chain(key, [issuing] * 5, subject)
    assert post_heavy(stack, "/.well-known/est/simplereenroll", chain,
        key) == 403


def test_chain_that_is_judged_against_many_anchors_does_not_end_it(
        stack, operator, maker, device):
    roots = [Maker() for _ in range(5)]
    for root in roots:
        expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors",
            json={"certificate": root.anchor_pem}), 201)
    key = new_key()
    chain = heavy_chain(key, [root.name for root in roots],
        heavy_name(NameOID.SERIAL_NUMBER, device.serial))
    assert post_heavy(stack, "/.well-known/est/simpleenroll", chain,
        key) == 403


# ---- bytes that are nearly right


def mutated(rng, data):
    """One to three wounds of the kinds that parsers die of."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(out))
        kind = rng.randrange(5)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.choice((0, 0x7f, 0x80, 0x81, 0x84, 0xff))
        elif kind == 2:
            del out[at:at + rng.randint(1, 8)]
        elif kind == 3:
            out[at:at] = rng.randbytes(rng.randint(1, 8))
        else:
            other = rng.randrange(len(out))
            out[at:at + 8] = out[other:other + 8]
        out = out or bytearray(1)
    return bytes(out)


def test_wounded_requests_for_certificates_are_never_granted(device):
    rng = seeded()
    whole = [path.read_bytes() for path in sorted(CSRS.glob("*.der"))]
    whole += [csr_der(device.key)] * 20
    wrong = {}
    for _ in range(1500):
        source = rng.choice(whole)
        csr = (rng.randbytes(rng.randint(1, 400)) if rng.random() < 0.05
            else mutated(rng, source))
        if csr in whole:
            continue
        answer = device.enroll(csr)
        # 403 for a key of a kind that is not certified here.
        if answer.status_code not in (400, 403):
            wrong[csr.hex()] = answer.status_code
    assert wrong == {}


def test_wounded_certificates_authenticate_nobody(
        stack, operator, maker, device):
    """Those that OpenSSL lets a client load; the key stays the right one."""
    rng, statuses = seeded(), set()
    der = x509.load_pem_x509_certificate(
        device.birth_chain[0]).public_bytes(DER)
    for _ in range(150):
        broken = mutated(rng, der)
        if broken == der:
            continue
        client = Client(stack, [pem_of(broken)], key_pem(device.birth_key))
        try:
            answer = client.post("/.well-known/est/simpleenroll",
                data=base64.b64encode(csr_der(device.key)), headers=EST)
        except (requests.exceptions.RequestException, OSError):
            continue
        statuses.add(answer.status_code)
    assert statuses <= {400, 401, 403}
    assert device.enroll().status_code == 202


def pem_of(der):
    text = base64.encodebytes(der).decode()
    return (f"-----BEGIN CERTIFICATE-----\n{text}"
        "-----END CERTIFICATE-----\n").encode()


# ---- certificates of the wrong kind


def attempt(client, path="/.well-known/est/simplereenroll"):
    """The status, or None if the handshake already failed."""
    try:
        return client.post(path, data=base64.b64encode(csr_der(new_key())),
            headers=EST).status_code
    except requests.exceptions.RequestException:
        return None


def test_certificates_of_other_kinds_are_refused(
        stack, operator, maker, enrolled):
    pki, root = stack.material.pki, stack.material.root
    service = operator.add_service("billing", ["a"], ["b"])
    read = pathlib.Path.read_bytes
    wrong = {
        "root": ([read(pki / "root.crt")], read(root / "root.key")),
        "issuing CA": ([read(pki / "issuing.crt")],
            read(pki / "issuing.key")),
        "server": ([read(pki / "server.crt")], read(pki / "server.key")),
        "service": ([service[0].encode()], service[1]),
        "maker": ([maker.anchor_pem.encode()], key_pem(maker.key)),
    }
    for name, (chain, key) in wrong.items():
        for path in ("simpleenroll", "simplereenroll"):
            status = attempt(Client(stack, chain, key),
                "/.well-known/est/" + path)
            assert status in (None, 403), (name, path, status)
    assert attempt(enrolled.birth) == 403, "birth, where a device belongs"
    assert attempt(enrolled.operational,
        "/.well-known/est/simpleenroll") == 403, "and the other way"


def birth(maker, key, serial, **changes):
    return maker.birth_certificate(key, serial, **changes)


def costly_key(bits):
    """An RSA key whose exponent is as long as its modulus: certificate and
    key, PEM."""
    number = lambda n: tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))
    k = rsa.generate_private_key(65537, bits).private_numbers()
    order = math.lcm(k.p - 1, k.q - 1)
    e = order // 2 | 1
    while math.gcd(e, order) > 1:
        e += 2
    d, n = pow(e, -1, order), k.p * k.q
    key = seq(*map(number, (0, n, e, d, k.p, k.q, d % (k.p - 1),
        d % (k.q - 1), pow(k.q, -1, k.p))))
    rsa_oid, sha256 = (seq(bytes.fromhex(f"06092a864886f70d0101{n}"),
        tlv(5)) for n in ("01", "0b"))
    public = seq(rsa_oid, tlv(3, b"\0", seq(number(n), number(e))))
    days = seq(tlv(0x17, b"250101000000Z"), tlv(0x17, b"350101000000Z"))
    tbs = seq(tlv(0xa0, number(2)), number(1), sha256, common_name(b"x"),
        days, common_name(b"x"), public)
    crt = seq(tbs, sha256, tlv(3, bytes(257)))
    return [b"-----BEGIN %s-----\n%s-----END %s-----\n" % (kind,
        base64.encodebytes(der), kind) for kind, der in (
            (b"CERTIFICATE", crt), (b"RSA PRIVATE KEY", key))]


def test_e4_key_that_costs_too_much_ends_the_handshake(stack, maker, workdir):
    """TLS verifies with the client's key before anybody is judged: one of
    16,384 bits with such an exponent took a second of an I/O thread."""
    crt, key = workdir / "costly.crt", workdir / "costly.key"

    def served(version):
        tls = ssl.create_default_context(cafile=str(stack.material.ca))
        tls.minimum_version = tls.maximum_version = version
        tls.load_cert_chain(crt, key)
        try:
            with tls.wrap_socket(socket.create_connection(("127.0.0.1",
                    stack.port), 60), server_hostname="localhost") as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return s.recv(100).startswith(b"HTTP/1.1 200")
        except (ssl.SSLError, ConnectionError):
            return False

    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        for path, text in zip((crt, key), costly_key(2048)):
            path.write_bytes(text)
        assert not served(version)
        small = rsa.generate_private_key(65537, 2048)
        crt.write_bytes(birth(maker, small, "x")[0])
        key.write_bytes(key_pem(small))
        assert served(version)
    expect(Client(stack).get("/healthz"), 200)


def test_birth_certificates_beyond_the_limits_are_refused(
        stack, operator, maker, device):
    """E4: before anything is verified."""
    serial = device.serial
    name = x509.NameAttribute
    oids = [x509.UnrecognizedExtension(x509.ObjectIdentifier(
        f"1.3.6.1.4.1.99999.{n}"), b"\5\0") for n in range(60)]
    names = x509.SubjectAlternativeName(
        [x509.DNSName(f"n{n}.example") for n in range(200)])
    deep = maker
    chain = []
    for _ in range(5):
        deep = Maker(maker.id, parent=deep)
        chain.insert(0, deep.certificate.public_bytes(PEM))
    k = new_key()
    small, odd = rsa.generate_private_key(65537, 1024), ec.SECP521R1()
    p521 = ec.generate_private_key(odd)
    e3 = rsa.generate_private_key(3, 2048)
    ended = datetime.datetime.utcnow() - datetime.timedelta(minutes=1)
    wrong = {
        "P-521": (birth(maker, p521, serial), p521),
        "RSA 1024": (birth(maker, small, serial), small),
        "RSA with exponent 3": (birth(maker, e3, serial), e3),
        "60 extensions": (birth(maker, k, serial, extensions=oids), k),
        "200 names": (birth(maker, k, serial, extensions=[names]), k),
        "six certificates": (birth(deep, k, serial)[:1] + chain, k),
        "expired": (birth(maker, k, serial, not_after=ended), k),
        "two serial numbers": (birth(maker, k, serial, subject=[
            name(NameOID.SERIAL_NUMBER, serial),
            name(NameOID.SERIAL_NUMBER, serial)]), k),
        "NUL in the serial number": (birth(maker, k, serial, subject=[
            name(NameOID.SERIAL_NUMBER, serial + "\0x",
                _type=_ASN1Type.UTF8String)]), k),
        "serial number that is no text": (birth(maker, k, serial, subject=[
            name(NameOID.SERIAL_NUMBER, serial + "\u202e",
                _type=_ASN1Type.UTF8String)]), k),
        "serial number of another alphabet": (birth(maker, k, serial,
            subject=[name(NameOID.SERIAL_NUMBER, serial + "' OR '1'='1",
                _type=_ASN1Type.UTF8String)]), k),
    }
    got = {n: attempt(Client(stack, chain, key_pem(key)),
        "/.well-known/est/simpleenroll") for n, (chain, key) in wrong.items()}
    assert {n: s for n, s in got.items() if s not in (None, 400, 403)} == {}
    assert list(got.values()).count(None) < 6, got
    expect(device.enroll(), 202)


def explicit_curve(maker, serial, directory):
    """P-256 in a birth certificate, its parameters written out: chain, key
    (RFC 5480 section 2.1.1 forbids them)."""
    names = ("k.pem", "r.pem", "ca.pem", "ca.key", "c.pem")
    key, csr, ca, ca_key, crt = (directory / n for n in names)
    ca.write_text(maker.anchor_pem)
    ca_key.write_bytes(key_pem(maker.key))
    for argv in (["ecparam", "-name", "prime256v1", "-param_enc", "explicit",
            "-genkey", "-noout", "-out", key],
            ["req", "-new", "-key", key, "-subj",
                f"/O={maker.id}/serialNumber={serial}", "-out", csr],
            ["x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key,
                "-set_serial", "77", "-days", "30", "-out", crt]):
        subprocess.run(["openssl", *argv], check=True, capture_output=True)
    assert b"Field Type" in subprocess.run(["openssl", "x509", "-in", crt,
        "-noout", "-text"], check=True, capture_output=True).stdout
    return [crt.read_bytes()], key.read_bytes()


def test_e4_long_rsa_key_and_explicit_curve_are_refused(
        stack, maker, device, workdir):
    """Of the device's own maker and serial number: the key is what is
    refused, whether in the handshake or after it."""
    long_key = rsa.generate_private_key(65537, 4160)
    serial = device.serial
    for chain, key in ((birth(maker, long_key, serial), key_pem(long_key)),
            explicit_curve(maker, serial, workdir)):
        client = Client(stack, chain, key)
        # It is not our own side that refuses it.
        ssl.create_default_context().load_cert_chain(*client.session.cert)
        assert attempt(client, "/.well-known/est/simpleenroll") in (
            None, 400, 403)
    expect(device.enroll(), 202)


# ---- words where ids belong


WORDS = ["", "0", "x", "-1", "%27", "NULL", "00000000-0000-0000-0000-00000000",
    "{00000000-0000-0000-0000-000000000000}",
    "00000000-0000-0000-0000-00000000000A",
    "00000000-0000-0000-0000-000000000000%20", "99999999999999999999",
    "9223372036854775808", "1_x", "999999999999999999_00000000-0000-0000-"
    "0000-000000000000", "%C3%A9", "%00", "%FF", "a" * 400, "..", "%2e%2e",
    "\u202e".encode().hex(), "1e9", "0x10", "infinity", "now"]


@pytest.mark.settings(guesses_owner=9999, guesses_address=9999,
    guesses_unit=9999, guesses_service=9999)
def test_words_where_ids_belong_are_never_our_failure(
        stack, operator, maker, owner):
    wrong = {}

    def ask(who, method, path, query="", **kwargs):
        if who is owner:
            headers = {"Authorization":
                f"Bearer {owner.bearer(method, path)}"}
        else:
            headers = {"Authorization": f"Bearer {operator.token}"}
        answer = who.http.session.request(method, stack.url + path + query,
            headers=headers, timeout=120, **kwargs)
        if answer.status_code >= 500:
            wrong[method, path, query] = answer.text

    m = f"/v1/admin/manufacturers/{maker.id}"
    for word in WORDS:
        ask(owner, "GET", "/v1/devices", f"?after={word}")
        ask(owner, "GET", "/v1/devices", f"?limit={word}")
        ask(owner, "GET", f"/v1/devices/{word}")
        ask(owner, "DELETE", f"/v1/devices/{word}")
        ask(owner, "POST", f"/v1/approvals/{word}/decision", json={
            "decision": "approve", "digest": word, "signature": "A" * 86})
        ask(owner, "POST", "/v1/approvals/lookup", json={"user_code": word})
        ask(owner, "POST", "/v1/claims", json={"serial": word[:64],
            "claim_code": word[:64], "manufacturer": word[:60]})
        for path in (f"/v1/admin/manufacturers/{word}",
                f"{m}/anchors/{word}", f"/v1/admin/models/{word}",
                f"/v1/admin/imports/{word}", f"/v1/admin/devices/{word}",
                f"/v1/admin/services/{word}"):
            for method in ("GET", "PUT", "DELETE"):
                ask(operator, method, path, json={"name": word,
                    "manufacturer": word, "publish": [word],
                    "subscribe": [word]})
        for verb in ("revoke", "quarantine", "lift"):
            ask(operator, "POST", f"/v1/admin/devices/{word}/{verb}",
                json={"reason": word} if verb != "lift" else {})
        ask(operator, "POST", f"/v1/admin/services/{word}/certificates",
            json={"csr": word})
        for path, key in (("/v1/admin/events", "after"),
                ("/v1/admin/events", "device"),
                ("/v1/admin/events", "request"),
                ("/v1/admin/events", "limit"), (m + "/births", "after"),
                (m + "/births", "serial"), ("/v1/admin/devices", "after"),
                ("/v1/admin/devices", "manufacturer"),
                ("/v1/admin/owners", "after"),
                ("/v1/admin/models", "after"),
                ("/v1/admin/services", "after"),
                ("/v1/admin/manufacturers", "after")):
            ask(operator, "GET", path, f"?{key}={word}")
        ask(operator, "PUT", f"/v1/admin/imports/{uuid.uuid4()}",
            f"?manufacturer={word}&skip_bad={word}", data="serial,model\n",)
    assert wrong == {}


def test_forged_owner_tokens_are_refused(stack, owner, device):
    path, now = "/v1/devices", int(datetime.datetime.utcnow().timestamp())
    good = {"alg": "ES256", "typ": "owner+jwt"}
    head, body, signature = owner.bearer("GET", path).split(".")
    none = b64u(b'{"alg":"none","typ":"owner+jwt"}')

    def signed(header=None, **claims):
        return jws(owner.key, header or good, {"iss": owner.id,
            "aud": stack.url, "iat": now, "exp": now + 100, "htm": "GET",
            "htu": stack.url + path, **claims})

    wrong = [f"{none}.{body}.", f"{none}.{body}.{signature}",
        f"{head}.{body}.{'A' * 86}", f"{head}.{body}", f"{head}.{body}.",
        owner.bearer("DELETE", path), owner.bearer("GET", path + "/x"),
        signed({**good, "typ": "JWT"}), signed({**good, "crit": ["b64"]}),
        signed(aud="https://other.example"), signed(iss=owner.id.upper()),
        signed(iss=str(uuid.uuid4())), signed(iss="x"), signed(exp=1),
        signed(iat=-2 ** 63), signed(exp=2 ** 63 - 1, iat=2 ** 63 - 2),
        signed(exp=2 ** 64), signed(iat=now + 4000, exp=now + 4100),
        signed(exp=now + 4000), signed(iat=1.5), signed(exp=None),
        signed(aud=[stack.url]), signed(iss="a" * 3000)]
    for token in wrong:
        answer = owner.http.get(path,
            headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token
    expect(owner.devices(), 200)


# ---- many at once, and those that leave


def test_one_request_is_decided_once_by_many_hands(
        database, device, owner):
    expect(device.authorize(), 200)
    shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
    words = ["approve", "deny"] * 8
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda w: owner.decide(shown, w).status_code,
            words))
    state = database.value("SELECT state FROM approval")
    won = {"approved": "approve", "denied": "deny"}[state]
    assert {(w, s) for w, s in zip(words, got)} == {
        (won, 200), ("deny" if won == "approve" else "approve", 409)}
    assert database.value("SELECT count(*) FROM device") == (
        state == "approved")
    kinds = dict(database.query("SELECT kind, count(*) FROM event WHERE "
        "kind LIKE 'approval.%' GROUP BY kind"))
    assert kinds == {"approval.requested": 1, f"approval.{state}": 1,
        "approval.late": 8}, "the words that came too late are on record"


def test_clients_that_leave_without_goodbye_leave_nothing(
        stack, device, database):
    body = base64.b64encode(csr_der(device.key)).decode()
    text = ("POST /.well-known/est/simpleenroll HTTP/1.1\r\n"
        "Host: localhost\r\nContent-Type: application/pkcs10\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}")
    files = device.birth.session.cert
    rng = seeded()

    def leave(n):
        raw = Raw(stack, certificate=files)
        raw.send(text if n % 3 else text[:rng.randrange(len(text))])
        if n % 2:  # a reset, while a worker has the request
            raw.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                struct.pack("ii", 1, 0))
        raw.tls.close()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(leave, range(160)))
    expect(device.enroll(), 202)
    assert database.value("SELECT count(*) FROM approval WHERE "
        "state = 'pending'") == 1


def test_as_many_connections_as_are_let_in_leave_no_trace(stack, device):
    opened = []
    try:
        for _ in range(1000):
            try:
                opened.append(socket.create_connection(
                    ("127.0.0.1", stack.port), 2))
            except OSError:
                break
        assert len(opened) > 200
    finally:
        for tcp in opened:
            tcp.close()
    expect(device.enroll(), 202)


def test_one_unit_cannot_fill_the_store_with_keys(device, database):
    statuses = [device.enroll(csr_der(new_key())).status_code
        for _ in range(32)]
    assert statuses == [202] * 30 + [429] * 2
    assert database.value("SELECT count(*) FROM approval") == 30
    refused = expect(device.authorize(), 429)
    assert refused.json()["error"] == "temporarily_unavailable"
    assert int(refused.headers["Retry-After"]) >= 1


def test_certificates_of_nobody_cannot_fill_the_store(stack, database):
    stranger = Device(stack, Maker("nobody"))
    expect(stranger.enroll(), 403)
    assert database.value("SELECT count(*) FROM event WHERE "
        "kind = 'attestation.refused'") == 1
    database.query("UPDATE guess SET n = 10000 "
        "WHERE bucket = 'unknown-maker'")
    expect(stranger.enroll(), 403)
    assert database.value("SELECT count(*) FROM event WHERE "
        "kind = 'attestation.refused'") == 1
    assert stack.log().count("no manufacturer has such an anchor") == 2
