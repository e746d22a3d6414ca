"""serverkeygen: keys that the service makes (RFC 7030 section 4.4; est.md 46
to 50)."""

import base64
import email
import email.policy
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.crypto import certs_of_cms, csr_der, key_pem, new_key, spki
from harness.der import CHALLENGE_PASSWORD, attribute, csr, san, seq, tlv
from harness.http import Client, expect
from harness.players import Device
from harness.process import run

PKCS10 = {"Content-Type": "application/pkcs10"}
# RFC 7030 section 4.4.1, RFC 8551 section 2.5.2, RFC 3565, RFC 5652.
CLIENT_KEY = bytes.fromhex("060b2a864886f70d0109100236")
SHARED_KEY = bytes.fromhex("060b2a864886f70d0109100225")
CAPABILITIES = bytes.fromhex("06092a864886f70d01090f")
AES128 = bytes.fromhex("060960864801650304" "0102")
AES256 = bytes.fromhex("060960864801650304" "012a")
AES128_GCM = bytes.fromhex("060960864801650304" "0106")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def label(operator, maker):
    """label(**settings): the maker's units enroll under "tiny"."""
    def put(**settings):
        expect(operator.call("PUT", "/labels/tiny", json={
            "authentication": ["birth", "bootstrap"],
            "owner_approval": "none", "server_key": "on", **settings}),
            200, 201)
        expect(operator.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": "Lamp",
            "client_id": maker.client_id, "profile": "tiny"}), 200)
    put()
    return put


@pytest.fixture
def unit(stack, operator, maker, label):
    """unit(make_key): a listed one whose birth certificate has a
    subjectKeyIdentifier, or not."""
    def make(make_key=new_key, key_id=True):
        key = make_key()
        names = [x509.SubjectKeyIdentifier(bytes(range(20)))] if key_id else []
        device = Device(stack, maker, make_key=lambda: key, extensions=names)
        operator.allow(device)
        device.key_id = bytes(range(20)) if key_id else (
            x509.SubjectKeyIdentifier.from_public_key(
                key.public_key()).digest)
        return device
    return make


def ask(client, body=None, path="", **kwargs):
    return client.post(f"/.well-known/est/{path}serverkeygen",
        data=base64.b64encode(body or csr_der(new_key())), headers=PKCS10,
        **kwargs)


def parts(answer, kind="application/pkcs8"):
    """What Python's parser of mail reads: the two parts, in DER."""
    expect(answer, 200)
    message = email.message_from_bytes(b"Content-Type: " +
        answer.headers["Content-Type"].encode() + b"\r\n\r\n" +
        answer.content, policy=email.policy.default)
    assert message.get_content_type() == "multipart/mixed"
    assert not message.defects
    first, second = message.iter_parts()
    assert not first.defects and not second.defects
    assert first.get_content_type() == kind
    assert second.get_content_type() == "application/pkcs7-mime"
    assert second["Content-Type"].params["smime-type"] == "certs-only"
    for part in (first, second):
        assert part["Content-Transfer-Encoding"] == "base64"
    (made,) = certs_of_cms(base64.b64encode(second.get_content()))
    return first, made


def key_of(der):
    return serialization.load_der_private_key(der, None)


# ---- 46: as in simpleenroll, but for key and signature


def test_made_key_fits_its_certificate_and_is_used(stack, unit, workdir):
    device = unit()
    asked = new_key()
    first, made = parts(ask(device.birth, csr_der(asked)))
    key = key_of(first.get_content())
    assert spki(key) == spki(made.public_key()) != spki(asked)
    device.key, device.certificate = key, made
    device.operational = Client(stack, device.chain, key_pem(key))
    expect(device.renew(), 200)


def test_curl_and_openssl_read_both_parts(stack, unit, workdir):
    device = unit()
    body = workdir / "body"
    body.write_bytes(base64.b64encode(csr_der(device.key)))
    crt, key = device.birth.session.cert
    answer = run("curl", "-sS", "--fail-with-body", "--cacert",
        stack.material.ca, "--cert", crt, "--key", key, "-H",
        "Content-Type: application/pkcs10", "--data-binary", f"@{body}",
        f"{stack.url}/.well-known/est/serverkeygen")
    one, two = (p.split("\n\n")[1].strip() for p in
        answer.replace("\r\n", "\n").split("--latchkey-part")[1:3])
    der, p7 = workdir / "key.der", workdir / "certs.p7"
    der.write_bytes(base64.b64decode(one, validate=True))
    p7.write_bytes(base64.b64decode(two, validate=True))
    public = run("openssl", "pkey", "-inform", "DER", "-in", der, "-pubout")
    # A true PrivateKeyInfo: nothing else is read by this command.
    run("openssl", "pkcs8", "-nocrypt", "-inform", "DER", "-in", der,
        "-outform", "DER", "-out", workdir / "again.der")
    certs = workdir / "certs.pem"
    certs.write_text(run("openssl", "pkcs7", "-inform", "DER", "-in", p7,
        "-print_certs"))
    assert run("openssl", "x509", "-in", certs, "-noout", "-pubkey") == public


def test_signature_of_the_request_is_ignored(unit):
    body = bytearray(csr_der(new_key()))
    body[-1] ^= 1
    parts(ask(unit().birth, bytes(body)))


def test_weak_or_unknown_key_of_the_request_is_ignored(unit, label):
    """The label's first kind of key is made then."""
    label(key_types=["p384", "ed25519"])
    old = rsa.generate_private_key(65537, 1024)
    odd = seq(seq(tlv(0x06, b"\x2a\x03")), tlv(0x03, b"\0\1\2"))
    for public in (spki(old), odd, spki(new_key())):
        _, made = parts(ask(unit().birth, csr(new_key(), public=public)))
        assert made.public_key().curve.name == "secp384r1"


@pytest.mark.parametrize("make_key", [new_key,
    lambda: ec.generate_private_key(ec.SECP384R1()),
    ed25519.Ed25519PrivateKey.generate, rsa_key],
    ids=["p256", "p384", "ed25519", "rsa"])
def test_key_is_of_the_kind_of_the_request(unit, make_key):
    asked = make_key()
    first, made = parts(ask(unit().birth, csr(new_key(), public=spki(asked))))
    key = key_of(first.get_content())
    assert spki(key) == spki(made.public_key())
    assert type(key) is type(asked)
    assert getattr(key, "key_size", 0) == getattr(asked, "key_size", 0)


@pytest.mark.parametrize("body", [b"", b"\x30\x00", csr_der(new_key())[:-1],
    csr_der(new_key()) + b"\0"], ids=["empty", "sequence", "short", "long"])
def test_request_is_still_parsed_strictly(unit, body):
    answer = unit().birth.post("/.well-known/est/serverkeygen",
        data=base64.b64encode(body), headers=PKCS10)
    expect(answer, 400)


def test_rules_of_simpleenroll_hold(operator, stack, maker, unit, label,
        database):
    device = unit()
    expect(ask(Client(stack)), 401)
    expect(ask(Device(stack, maker).birth), 403)
    ca = seq(bytes.fromhex("06092a864886f70d01090e"), tlv(0x31, seq(seq(
        bytes.fromhex("0603551d13"), tlv(0x04, seq(tlv(0x01, b"\xff")))))))
    expect(ask(device.birth, csr(new_key(), attributes=tlv(0xa0, ca))), 400)
    wrong = attribute(CHALLENGE_PASSWORD, tlv(0x0c, b"AAAA"))
    expect(ask(device.birth, csr(new_key(), attributes=tlv(0xa0, wrong))),
        403)
    label(csr_must_have=["subjectAltName"])
    expect(ask(device.birth), 400)
    name = san((0x86, b"urn:x"))
    parts(ask(device.birth, csr(new_key(), attributes=tlv(0xa0, name))))
    label()
    other = unit()
    database.query("UPDATE birth SET quarantined_at = now() WHERE serial = "
        f"'{other.serial}'")
    expect(ask(other.birth), 403)


def test_path_names_the_label(stack, operator, unit):
    device = unit()
    expect(ask(device.birth, path="nobody/"), 404)
    expect(operator.call("PUT", "/labels/other", json={
        "owner_approval": "none", "server_key": "on"}), 201)
    expect(ask(device.birth, path="other/"), 403)
    parts(ask(unit().birth, path="tiny/"))
    answer = unit().birth.post("/tiny/.well-known/est/serverkeygen",
        data=base64.b64encode(csr_der(new_key())), headers=PKCS10)
    parts(answer)


# ---- only where no owner is asked


def test_a2_owner_is_never_asked_for_a_key_that_the_device_has_not(operator,
        maker, stack, unit, label):
    label(owner_approval="required", bootstrap_replaces_owner=True)
    expect(ask(unit().birth), 403)
    device = Device(stack, maker)
    operator.allow(device)
    token = make_token(operator, maker, device)
    parts(ask(Client(stack), auth=token))


def make_token(operator, maker, device):
    (made,) = expect(operator.call("POST", "/bootstrap-tokens", json={
        "manufacturer": maker.id, "label": "tiny",
        "serials": [device.serial]}), 201).json()["tokens"]
    return made["id"], made["password"]


# ---- a repeat after a lost answer


def test_a1_repeat_is_a_second_key_and_refused(operator, unit, database):
    device = unit()
    parts(ask(device.birth))
    expect(ask(device.birth), 403)
    assert "device.second_key" in [e["kind"] for e in operator.events()]
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_a12_token_makes_one_key(operator, maker, stack, label, database):
    device = Device(stack, maker)
    operator.allow(device)
    token = make_token(operator, maker, device)
    first, made = parts(ask(Client(stack), auth=token))
    assert spki(key_of(first.get_content())) == spki(made.public_key())
    expect(ask(Client(stack), auth=token), 403)
    assert "bootstrap.second_key" in [e["kind"] for e in operator.events()]
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_lost_answer_is_made_good_by_an_operator(operator, maker, stack, unit,
        database):
    """The unit was bound to a key that nobody has."""
    device, other = unit(), Device(stack, maker)
    operator.allow(other)
    parts(ask(device.birth))
    parts(ask(Client(stack), auth=make_token(operator, maker, other)))
    expect(ask(device.birth), 403)
    expect(ask(Client(stack), auth=make_token(operator, maker, other)), 403)
    first = {str(i) for i, in database.query("SELECT id FROM device")}
    for device_id in first:
        assert "released" in stack.cli("device", "release", device_id,
            token=database.admin_token)
        expect(operator.call("DELETE", f"/devices/{device_id}"), 404)
    parts(ask(device.birth))
    parts(ask(Client(stack), auth=make_token(operator, maker, other)))
    rows = database.query("SELECT id FROM device WHERE state = 'owned'")
    assert len(rows) == 2 and not first & {str(i) for i, in rows}
    assert {r for r, in database.query("SELECT reason FROM revocation")} == {
        "released"}


def test_nobody_makes_us_make_keys_for_nothing(stack, operator, maker, unit,
        label):
    """One stolen unit would keep all processors busy: a key of 4096 bits
    takes one of them for seconds."""
    label(key_types=["rsa"], rsa_bits=4096)
    device, done = unit(), unit()
    _, made = parts(ask(done.birth))
    assert made.public_key().key_size == 4096
    other = Device(stack, maker)
    operator.allow(other)
    token = make_token(operator, maker, other)
    parts(ask(Client(stack), auth=token))
    wrong = csr(new_key(), attributes=tlv(0xa0, attribute(CHALLENGE_PASSWORD,
        tlv(0x0c, b"AAAA"))))
    bearer = {**PKCS10, "Authorization": "Bearer abc"}
    label(key_types=["rsa"], rsa_bits=4096,
        authentication=["birth", "bootstrap", "token"])
    before = cpu_of(stack.process.pid)
    for _ in range(3):
        expect(ask(done.birth), 403)
        expect(ask(Client(stack), auth=token), 403)
        expect(ask(device.birth, wrong), 403)
        expect(ask(device.birth, wrapped(b"another")), 403)
        expect(device.birth.post("/.well-known/est/serverkeygen",
            data=base64.b64encode(csr_der(new_key())), headers=bearer), 403)
    assert cpu_of(stack.process.pid) - before < 1.5


def cpu_of(pid):
    """Seconds of processor that a process took."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- 48: encrypted


def wrapped(key_id, *capabilities):
    """A request that names its key, and what it can decrypt."""
    asked = [attribute(CLIENT_KEY, tlv(0x04, key_id))]
    if capabilities:
        asked.append(attribute(CAPABILITIES, seq(*map(seq, capabilities))))
    return csr(new_key(), attributes=tlv(0xa0, *asked))


def unwrap(stack, device, first, workdir):
    """By openssl: EnvelopedData, SignedData, AsymmetricKeyPackage."""
    assert first["Content-Type"].params["smime-type"] == (
        "server-generated-key")
    outer, inner, package = (workdir / n for n in ("outer", "inner", "package"))
    outer.write_bytes(first.get_content())
    crt, key = device.birth.session.cert
    run("openssl", "cms", "-decrypt", "-inform", "DER", "-in", outer,
        "-inkey", key, "-recip", crt, "-binary", "-out", inner)
    inner.write_bytes(seq(SIGNED_DATA, tlv(0xa0, inner.read_bytes())))
    run("openssl", "cms", "-verify", "-inform", "DER", "-in", inner,
        "-CAfile", stack.material.ca, "-binary", "-out", package)
    der = package.read_bytes()
    assert der[0] == 0x30 and seq(der[head(der):]) == der
    return key_of(der[head(der):])


def head(der):
    return 2 if der[1] < 0x80 else 2 + (der[1] & 0x7f)


@pytest.mark.parametrize("make_key", [new_key,
    lambda: ec.generate_private_key(ec.SECP384R1()), rsa_key],
    ids=["p256", "p384", "rsa"])
@pytest.mark.parametrize("setting", ["on", "encrypted"])
def test_key_is_encrypted_to_the_birth_key(stack, unit, label, make_key,
        setting, workdir):
    label(server_key=setting)
    device = unit(make_key)
    answer = ask(device.birth, wrapped(device.key_id))
    first, made = parts(answer, "application/pkcs7-mime")
    key = unwrap(stack, device, first, workdir)
    assert spki(key) == spki(made.public_key())
    text = run("openssl", "cms", "-cmsout", "-print", "-noout", "-inform",
        "DER", "-in", workdir / "outer")
    assert "aes-256-cbc" in text and "sha1" not in text.lower()


def test_certificate_without_identifier_goes_by_the_hash_of_its_key(stack,
        unit, workdir):
    device = unit(key_id=False)
    first, made = parts(ask(device.birth, wrapped(device.key_id)),
        "application/pkcs7-mime")
    assert spki(unwrap(stack, device, first, workdir)) == spki(
        made.public_key())


@pytest.mark.parametrize("capabilities, cipher", [
    ([AES128], "aes-128-cbc"), ([AES128, AES256], "aes-256-cbc"),
    ([AES128_GCM, AES256], "aes-256-cbc"), ([AES128_GCM], None),
    ([b"\x05\x00"], None)])
def test_capabilities_choose_the_cipher(unit, capabilities, cipher, workdir):
    device = unit()
    answer = ask(device.birth, wrapped(device.key_id, *capabilities))
    if cipher is None:
        expect(answer, 403)
        return
    first, _ = parts(answer, "application/pkcs7-mime")
    outer = workdir / "outer"
    outer.write_bytes(first.get_content())
    assert cipher in run("openssl", "cms", "-cmsout", "-print", "-noout",
        "-inform", "DER", "-in", outer)


@pytest.mark.parametrize("setting", ["on", "encrypted"])
def test_what_cannot_be_encrypted_is_refused_and_never_sent_in_clear(stack,
        operator, maker, unit, label, database, setting):
    label(server_key=setting)
    device = unit()
    shared = attribute(SHARED_KEY, tlv(0x04, b"k"))
    both = tlv(0xa0, shared, attribute(CLIENT_KEY,
        tlv(0x04, device.key_id)))
    for body in (wrapped(b"another"), wrapped(b""),
            csr(new_key(), attributes=tlv(0xa0, shared)),
            csr(new_key(), attributes=both)):
        expect(ask(device.birth, body), 403)
    no_octets = attribute(CLIENT_KEY, tlv(0x0c, device.key_id))
    expect(ask(device.birth, csr(new_key(), attributes=tlv(0xa0,
        no_octets))), 400)
    if setting == "encrypted":
        expect(ask(device.birth), 403)
    signer = unit(ed25519.Ed25519PrivateKey.generate)
    expect(ask(signer.birth, wrapped(signer.key_id)), 403)
    # A certificate beside a token is nobody's that was judged.
    other = Device(stack, maker)
    operator.allow(other)
    token = make_token(operator, maker, other)
    expect(ask(device.birth, wrapped(device.key_id), auth=token), 403)
    assert database.value("SELECT count(*) FROM certificate") == 0


# ---- 49, 50


def test_key_is_in_no_row_and_no_log(stack, unit, database):
    first, _ = parts(ask(unit().birth))
    der = first.get_content()
    secret = key_of(der).private_numbers().private_value.to_bytes(32, "big")
    assert secret in der
    forms = [form for part in (secret, der) for form in (part.hex(),
        base64.b64encode(part).decode(),
        base64.urlsafe_b64encode(part).decode())]
    tables = [name for name, in database.query("SELECT format('%I.%I', "
        "schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN "
        "('pg_catalog', 'information_schema')")]
    rows = "".join(str(database.query(f"SELECT t::text FROM {table} t"))
        for table in tables)
    for form in forms:
        assert form not in rows and form not in stack.log()


def memory_of(pid):
    """All that a process can write to."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem",
            "rb") as memory:
        for line in maps:
            span, mode = line.split()[:2]
            start, end = (int(n, 16) for n in span.split("-"))
            if mode.startswith("rw") and end - start < 1 << 28:
                memory.seek(start)
                try:
                    yield memory.read(end - start)
                except OSError:
                    continue


@pytest.mark.parametrize("encrypted", [False, True])
def test_key_is_wiped_after_the_answer(stack, unit, workdir, encrypted):
    """Neither as a number, nor as DER, nor as base64."""
    device = unit()
    if encrypted:
        first, _ = parts(ask(device.birth, wrapped(device.key_id)),
            "application/pkcs7-mime")
        key = unwrap(stack, device, first, workdir)
    else:
        first, _ = parts(ask(device.birth))
        key = key_of(first.get_content())
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    text = base64.b64encode(first.get_content()).rstrip(b"=")
    device.birth.close()
    stack.process.wait_log("serverkeygen status=200")
    found = [name for name, form in (("number", secret),
        ("reversed", secret[::-1]), ("base64", text[-64:]))
        for chunk in memory_of(stack.process.pid) if form in chunk]
    assert not found


def test_answer_is_not_cached(unit):
    answer = ask(unit().birth)
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_off_by_default(unit, label, device):
    label(server_key="off")
    expect(ask(device.birth), 404)
    expect(ask(unit().birth, path="tiny/"), 404)


def test_off_under_the_shipped_label(device):
    expect(ask(device.birth), 404)


def test_lines_end_as_rfc_2046_wants(unit):
    body = expect(ask(unit().birth), 200).content
    assert body.count(b"\n") == body.count(b"\r\n")
    assert body.startswith(b"--latchkey-part\r\n")
    assert body.endswith(b"\r\n--latchkey-part--\r\n")
