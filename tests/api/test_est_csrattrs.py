"""csrattrs by label (RFC 7030 section 4.5, RFC 9908) and its enforcement
(est.md 51 to 55)."""

import base64
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness.crypto import csr_der
from harness.http import Client, expect
from harness.players import Device
from harness.process import REPO, run

EST = "/.well-known/est"
EC = "1.2.840.10045.2.1"
CHALLENGE = "1.2.840.113549.1.9.7"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
TEMPLATE = "1.2.840.113549.1.9.16.2.61"
EXTENSION_TEMPLATE = "1.2.840.113549.1.9.16.2.62"
SAN, USAGE, PURPOSE = "2.5.29.17", "2.5.29.15", "2.5.29.37"
ALL = ["subjectAltName", "keyUsage", "extendedKeyUsage"]


def items(data):
    """DER as a list of (tag, list or bytes), strictly."""
    out = []
    while data:
        tag, n, at = data[0], data[1], 2
        if n & 0x80:
            size = n & 0x7f
            n = int.from_bytes(data[2:2 + size], "big")
            assert n >= 128 and data[2] != 0, "length is not minimal"
            at += size
        assert len(data) >= at + n
        body = data[at:at + n]
        out.append((tag, items(body) if tag & 0x20 else body))
        data = data[at + n:]
    return out


def dotted(item):
    tag, body = item
    assert tag == 0x06
    arcs, value = [], 0
    for byte in body:
        value = value << 7 | byte & 0x7f
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def read(der):
    """CsrAttrs as ([bare OIDs], {attribute: [values]})."""
    ((tag, content),) = items(der)
    assert tag == 0x30
    oids, attributes = [], {}
    for item in content:
        if item[0] == 0x06:
            oids.append(dotted(item))
            continue
        assert item[0] == 0x30
        name, (set_tag, values) = dotted(item[1][0]), item[1][1]
        assert set_tag == 0x31 and len(item[1]) == 2 and values
        assert name not in attributes, "repeated"
        attributes[name] = values
    return oids, attributes


@pytest.fixture
def anyone(stack):
    return Client(stack)


@pytest.fixture
def put(operator):
    def make(name, **settings):
        expect(operator.call("PUT", f"/labels/{name}", json=settings),
            200, 201)
        return name
    return make


def ask(anyone, label):
    answer = expect(anyone.get(f"{EST}/{label}/csrattrs"), 200)
    assert answer.headers["Content-Type"] == "application/csrattrs"
    assert answer.content.endswith(b"\n") and answer.content.count(b"\n") == 1
    return base64.b64decode(answer.content[:-1], validate=True)


def template_of(attributes):
    """(algorithm or None, placeholder or None, {extension: its items})."""
    ((tag, fields),) = attributes[TEMPLATE]
    assert tag == 0x30 and fields[0] == (0x02, b"\0")
    assert fields[-1][0] == 0xa1, "attributes are always there"
    assert [f[0] for f in fields[1:-1]] in ([], [0xa0])
    algorithm = placeholder = None
    if len(fields) == 3:
        algorithm, *placeholder = fields[1][1]
    extensions = {}
    for attribute in fields[-1][1]:
        assert dotted(attribute[1][0]) == EXTENSION_TEMPLATE
        (values,) = attribute[1][1][1]
        for extension in values[1]:
            name = dotted(extension[1][0])
            assert name not in extensions
            extensions[name] = extension[1][1:]
    return algorithm, placeholder, extensions


def test_51_nothing_asked_is_204(put, anyone):
    put("plain")
    for path in "csrattrs", "plain/csrattrs":
        answer = expect(anyone.get(f"{EST}/{path}"), 204)
        assert answer.content == b""
    expect(anyone.get("/plain/.well-known/est/csrattrs"), 204)
    expect(anyone.get(f"{EST}/nobody/csrattrs"), 404)
    refused = expect(anyone.post(f"{EST}/csrattrs", data=b""), 405)
    assert refused.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("kind, algorithm, parameter", [
    ("p256", EC, "1.2.840.10045.3.1.7"), ("p384", EC, "1.3.132.0.34"),
    ("ed25519", "1.3.101.112", None),
    ("rsa", "1.2.840.113549.1.1.1", 3072)])
def test_52_53_key_type_is_one_attribute_and_in_the_template(put, anyone,
        kind, algorithm, parameter):
    put("one", key_types=[kind], rsa_bits=3072)
    oids, attributes = read(ask(anyone, "one"))
    in_template, placeholder, extensions = template_of(attributes)
    assert extensions == {} and dotted(in_template[1][0]) == algorithm
    del attributes[TEMPLATE]
    if kind == "ed25519":
        assert oids == [algorithm] and attributes == {}
        return
    assert len(oids) == 1 and list(attributes) == [algorithm]
    (value,) = attributes[algorithm]
    if kind != "rsa":
        assert dotted(value) == dotted(in_template[1][1]) == parameter
        return
    assert int.from_bytes(value[1], "big") == parameter
    assert in_template[1][1] == (0x05, b"")
    (bits,) = placeholder
    ((_, (modulus, exponent)),) = items(bits[1][1:])
    assert int.from_bytes(modulus[1], "big").bit_length() == parameter
    assert exponent == (0x02, b"\x01\0\x01")


def test_52_53_extensions_in_list_and_template(put, anyone):
    put("all", csr_must_have=ALL, channel_binding="required")
    oids, attributes = read(ask(anyone, "all"))
    assert oids == [CHALLENGE, SAN]
    assert set(attributes) == {EXTENSION_REQUEST, TEMPLATE}
    (extensions,) = attributes[EXTENSION_REQUEST]
    assert [dotted(e[1][0]) for e in extensions[1]] == [USAGE, PURPOSE]
    assert all(e[1][-1][0] == 0x04 for e in extensions[1])
    algorithm, _, wanted = template_of(attributes)
    assert algorithm is None and set(wanted) == {USAGE, PURPOSE, SAN}
    assert wanted[SAN] == [], "the client's to fill in"


def test_51_curl_and_openssl_read_it(stack, put):
    put("all", csr_must_have=ALL, key_types=["p256"])
    body = run("curl", "-sf", "--cacert", stack.material.ca,
        f"https://localhost:{stack.port}{EST}/all/csrattrs")
    der = base64.b64decode(body)
    shown = subprocess.run(["openssl", "asn1parse", "-inform", "DER", "-i"],
        input=der, capture_output=True, check=True).stdout.decode()
    for name in "id-ecPublicKey", "prime256v1", "Extension Request":
        assert name in shown


@pytest.mark.parametrize("file", ["harkins02", "potato-example",
    "rfc7030-example01", "example01.acp"])
def test_54_our_reader_reads_published_ones(file):
    """The reader that judges us is no friend of ours alone."""
    der = (REPO / f"tests/vectors/csrattrs/{file}.csrattr.der").read_bytes()
    oids, attributes = read(der)
    assert oids or attributes


NAMES = x509.SubjectAlternativeName([x509.DNSName("lamp.example")])
USES = x509.KeyUsage(True, *[False] * 8)
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def test_55_what_is_asked_is_enforced(stack, operator, maker, put):
    put("all", csr_must_have=ALL, owner_approval="none")
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "Lamp", "profile": "all",
        "client_id": maker.client_id}), 200)
    device = Device(stack, maker)
    operator.allow(device)
    for missing, extensions in [("subjectAltName", [USES, CLIENT]),
            ("keyUsage", [NAMES, CLIENT]),
            ("extendedKeyUsage", [NAMES, USES])]:
        answer = expect(device.enroll(csr_der(device.key,
            extensions=extensions)), 400)
        assert missing in answer.text
    asked = csr_der(device.key, extensions=[NAMES, USES, CLIENT])
    expect(device.enroll(asked), 200)
    assert "keyUsage" in expect(device.renew(csr=csr_der(device.key,
        extensions=[CLIENT, device.certificate.extensions
            .get_extension_for_class(x509.SubjectAlternativeName).value])),
        400).text
