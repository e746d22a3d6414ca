"""Evidence as units make it (docs/attestation.md), written out by hand."""

import base64
import hashlib
import hmac
import time

from vectors.common import cbor_bytes, cbor_head

from .crypto import b64u, csr_der, sign_rs, spki_pem
from .http import Client, expect
from .players import Device

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


def number(n):
    return cbor_head(0, n) if n >= 0 else cbor_head(1, -1 - n)


def text(s):
    return cbor_head(3, len(s.encode())) + s.encode()


def cbor_map(items):
    return cbor_head(5, len(items)) + b"".join(
        number(k) + v for k, v in items.items())


def sign1(key, payload, tag=b"\xd2"):
    """COSE_Sign1 with ES256 (RFC 9052 section 4.2)."""
    protected = cbor_bytes(cbor_map({1: number(-7)}))
    signed = (cbor_head(4, 4) + text("Signature1") + protected +
        cbor_bytes(b"") + cbor_bytes(payload))
    return (tag + cbor_head(4, 4) + protected + cbor_map({}) +
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
    component = cbor_map({1: text("PRoT"), 2: cbor_bytes(bytes(32)),
        4: text(version), 5: cbor_bytes(bytes(32))})
    sign = mac0 if isinstance(root, bytes) else sign1
    return sign(root, cbor_map({10: cbor_bytes(hashed),
        256: cbor_bytes(ueid), 265: text(PSA), 2394: number(1),
        2395: number(lifecycle), 2396: cbor_bytes(bytes(32)),
        2399: cbor_head(4, 1) + component}))


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

    def poll_until_decided(self):
        """The enroll token, once somebody has said yes."""
        for _ in range(80):
            answer = self.poll()
            if answer.ok:
                return answer
            assert answer.json()["error"] in (
                "authorization_pending", "slow_down"), answer.text
            time.sleep(0.25)
        raise AssertionError("nobody decided")

    def enroll_by_handle(self, csr=None, handle=None, client=None, **headers):
        """simpleenroll with the handle in its header."""
        answer = (client or self.birth).post("/.well-known/est/simpleenroll",
            data=base64.b64encode(csr or csr_der(self.key)), headers={
                "Content-Type": "application/pkcs10",
                "Latchkey-Attestation": handle or self.handle, **headers})
        if answer.status_code == 200:
            self._received(answer)
        return answer
