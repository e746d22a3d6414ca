"""Evidence as units make it (docs/attestation.md), written out by hand."""

import base64
import datetime
import hashlib
import hmac

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vectors.common import cbor_bytes, cbor_head, parts

from . import der
from .crypto import DER, b64u, csr_der, new_key, sign_rs, spki_pem
from .http import Client, expect
from .players import Device, now

PSA = "tag:psacertified.org,2023:psa#tfm"
SECURED = 0x3000
DEBUG = 0x4000


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def nonce_of(stack):
    answer = expect(Client(stack).call("POST", "/v1/attestation/nonce"), 200)
    return unb64u(answer.json()["nonce"])


def spki_of(key):
    """In DER."""
    return base64.b64decode("".join(spki_pem(key).splitlines()[1:-1]))


def context(name, issuer, nonce, key):
    """What evidence is signed over (E1)."""
    out = b"latchkey evidence 1\0" + name.encode() + b"\0"
    for part in (issuer.encode(), nonce, key):
        out += len(part).to_bytes(4, "big") + part
    return out


def bound(name, issuer, nonce, key, signer, **more):
    """Evidence of parts that is signed over all of E1."""
    return parts(**more, issuer=issuer.encode(), nonce=nonce, key=key,
        signature=signer.sign(context(name, issuer, nonce, key),
            ec.ECDSA(hashes.SHA256())))


def number(n):
    return cbor_head(0, n) if n >= 0 else cbor_head(1, -1 - n)


def text(s):
    return cbor_head(3, len(s.encode())) + s.encode()


def cbor_map(items):
    return cbor_head(5, len(items)) + b"".join(
        number(k) + v for k, v in items.items())


def x5chain(*certificates):
    """RFC 9360 section 2: one certificate, or an array of them."""
    head = cbor_head(4, len(certificates)) if len(certificates) > 1 else b""
    return {33: head + b"".join(map(cbor_bytes, certificates))}


def sign1(key, payload, tag=b"\xd2", covered=(), uncovered=()):
    """COSE_Sign1 with ES256 (RFC 9052 section 4.2); more parameters of both
    headers."""
    protected = cbor_bytes(cbor_map({1: number(-7), **dict(covered)}))
    signed = (cbor_head(4, 4) + text("Signature1") + protected +
        cbor_bytes(b"") + cbor_bytes(payload))
    return (tag + cbor_head(4, 4) + protected + cbor_map(dict(uncovered)) +
        cbor_bytes(payload) + cbor_bytes(sign_rs(key, signed)))


def mac0(secret, payload):
    """COSE_Mac0 with HMAC 256/256 (RFC 9052 section 6.2)."""
    protected = cbor_bytes(cbor_map({1: number(5)}))
    covered = (cbor_head(4, 4) + text("MAC0") + protected + cbor_bytes(b"") +
        cbor_bytes(payload))
    return (b"\xd1" + cbor_head(4, 4) + protected + cbor_map({}) +
        cbor_bytes(payload) +
        cbor_bytes(hmac.digest(secret, covered, "sha256")))


def psa_token(root, ueid, issuer, nonce, key, version="1.2.0",
        lifecycle=SECURED):
    """RFC 9783, bound to the key as E1 asks; by a key, or under a secret."""
    hashed = hashlib.sha256(context("psa", issuer, nonce, key)).digest()
    sign = mac0 if isinstance(root, bytes) else sign1
    return sign(root, psa_claims(ueid, hashed, version, lifecycle))


def psa_claims(ueid, nonce, version="1.2.0", lifecycle=SECURED):
    component = cbor_map({1: text("PRoT"), 2: cbor_bytes(bytes(32)),
        4: text(version), 5: cbor_bytes(bytes(32))})
    return cbor_map({10: cbor_bytes(nonce),
        256: cbor_bytes(ueid), 265: text(PSA), 2394: number(1),
        2395: number(lifecycle), 2396: cbor_bytes(bytes(32)),
        2399: cbor_head(4, 1) + component})


class Bare(Device):
    """A device that has no birth certificate, only evidence."""

    def __init__(self, stack, maker, serial=None):
        super().__init__(stack, maker, serial)
        self.birth = Client(stack)
        self.handle = None

    @property
    def issuer(self):
        return self.stack.settings["issuer"]

    def send(self, format_, evidence, nonce=None, key=None, client=None,
            fields=()):
        """POST /v1/attestation, with other fields (None: left out); the
        handle is kept."""
        body = {"format": format_, "evidence": b64u(evidence),
            "key": b64u(key or spki_of(self.key)),
            "client_id": self.maker.client_id,
            "nonce": None if nonce is None else b64u(nonce), **dict(fields)}
        answer = (client or self.birth).call("POST", "/v1/attestation",
            json={k: v for k, v in body.items() if v is not None})
        if answer.ok:
            self.handle = answer.json()["attestation"]
        return answer

    def enroll_by_handle(self, csr=None, handle=None, client=None, **headers):
        """simpleenroll with the handle in its header."""
        answer = (client or self.birth).post("/.well-known/est/simpleenroll",
            data=base64.b64encode(csr or csr_der(self.key)), headers={
                "Content-Type": "application/pkcs10",
                "Latchkey-Attestation": handle or self.handle, **headers})
        if answer.status_code == 200:
            self._received(answer)
        return answer


def cose_key(key):
    """RFC 9052 section 7, of P-256."""
    point = key.public_key().public_numbers()
    return cbor_map({1: number(2), -1: number(1),
        -2: cbor_bytes(point.x.to_bytes(32, "big")),
        -3: cbor_bytes(point.y.to_bytes(32, "big"))})


def dice_layer(signer, issuer, subject, key, mode=1):
    """The Open Profile for DICE, in CBOR; mode 1 is normal."""
    return sign1(signer, cbor_map({1: text(issuer), 2: text(subject),
        -4670545: cbor_bytes(bytes(32)), -4670551: cbor_bytes(bytes([mode])),
        -4670552: cbor_bytes(cose_key(key)),
        -4670553: cbor_bytes(b"\x20")}), b"")


class MatterMaker:
    """An authority, an intermediate and who signs declarations, of vendor
    FFF1 (Core Specification 1.3, sections 6.2 and 6.3)."""

    def __init__(self):
        self.keys = {n: new_key() for n in ("paa", "pai", "signer")}
        self.paa = self.certificate("PAA", "PAA", self.keys["paa"], ca=1)
        self.pai = self.certificate("PAI Mvid:FFF1", "PAA",
            self.keys["pai"], ca=0)
        self.signer = self.certificate("CD signer", "CD signer",
            self.keys["signer"])

    def certificate(self, name, issuer, key, ca=None):
        signer = {"PAA": "paa", "PAI Mvid:FFF1": "pai"}.get(issuer, "signer")
        signer = self.keys[signer]
        at = now()
        return (x509.CertificateBuilder()
            .subject_name(common_name(name)).issuer_name(common_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - datetime.timedelta(hours=1))
            .not_valid_after(at + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca is not None, ca), True)
            .add_extension(x509.KeyUsage(ca is None, False, False, False,
                False, ca is not None, ca is not None, False, False), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(
                key.public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    signer.public_key()), False)
            .sign(signer, hashes.SHA256()))

    def declaration(self):
        """Official, for product 8000: SignedData over TLV."""
        tlv = (b"\x15\x24\x00\x01\x25\x01\xf1\xff\x36\x02\x05\x00\x80\x18"
            b"\x25\x03\x34\x12\x2c\x04\x13ZIG20141ZB330001-24\x24\x05\x00"
            b"\x24\x06\x00\x24\x07\x01\x24\x08\x02\x18")
        sha256 = der.seq(bytes.fromhex("0609608648016503040201"))
        key = self.keys["signer"]
        digest = x509.SubjectKeyIdentifier.from_public_key(
            key.public_key()).digest
        info = der.seq(der.tlv(2, b"\3"), der.tlv(0x80, digest), sha256,
            der.ECDSA_SHA256, der.tlv(4, key.sign(tlv,
                ec.ECDSA(hashes.SHA256()))))
        return der.seq(bytes.fromhex("06092a864886f70d010702"), der.tlv(0xa0,
            der.seq(der.tlv(2, b"\3"), der.set_of(sha256), der.seq(
                bytes.fromhex("06092a864886f70d010701"),
                der.tlv(0xa0, der.tlv(4, tlv))), der.set_of(info))))

    def evidence(self, dac, dac_key, nonce, csr, exporter):
        """Both records, signed over the connection's challenge."""
        def signed(record):
            return sign_rs(dac_key, record + exporter[:16])

        def octets(tag, value):
            return (b"\x31" + bytes([tag]) +
                len(value).to_bytes(2, "little") + value)
        elements = (b"\x15" + octets(1, self.declaration()) +
            octets(2, nonce) + b"\x24\x03\x00\x18")
        nocsr = b"\x15" + octets(1, csr) + octets(2, nonce) + b"\x18"
        return parts(dac=dac.public_bytes(DER),
            pai=self.pai.public_bytes(DER), elements=elements,
            elements_signature=signed(elements), nocsr=nocsr,
            nocsr_signature=signed(nocsr))


def common_name(value):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value)])
