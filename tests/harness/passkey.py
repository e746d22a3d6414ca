"""A passkey in software, and a person at the pages who has it."""

import hashlib
import json
import secrets
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from .crypto import b64u
from .http import Client, expect

UP, UV, AT = 0x01, 0x04, 0x40


def cbor(value):
    """As much of RFC 8949 as a passkey needs."""
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        return bytes([major << 5 | 24, n]) if n < 256 else bytes(
            [major << 5 | 25]) + n.to_bytes(2, "big")
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    return head(5, len(value)) + b"".join(
        cbor(k) + cbor(v) for k, v in value.items())


class Passkey:
    """An authenticator with one credential (ES256, attestation none)."""

    def __init__(self, origin, rp_id="localhost"):
        self.origin, self.rp_id = origin, rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id, self.count = secrets.token_bytes(32), 0

    def client_data(self, kind, challenge, **changes):
        return json.dumps({"type": kind, "challenge": challenge,
            "origin": self.origin, "crossOrigin": False, **changes}).encode()

    def data(self, flags, more=b""):
        self.count += 1
        return (hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags])
            + struct.pack(">I", self.count) + more)

    def make(self, challenge, flags=UP | UV | AT, **changes):
        """navigator.credentials.create, as the service is told of it."""
        point = self.key.public_key().public_numbers()
        cose = cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"),
            -3: point.y.to_bytes(32, "big")})
        data = self.data(flags, bytes(16) + struct.pack(">H", len(self.id))
            + self.id + cose)
        return {"challenge": challenge,
            "client_data": b64u(self.client_data("webauthn.create", challenge,
                **changes)),
            "attestation": b64u(cbor({"fmt": "none", "attStmt": {},
                "authData": data}))}

    def touch(self, challenge, flags=UP | UV, **changes):
        """navigator.credentials.get, in the same way."""
        client = self.client_data("webauthn.get", challenge, **changes)
        data = self.data(flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(),
            ec.ECDSA(hashes.SHA256()))
        return {"challenge": challenge, "credential_id": b64u(self.id),
            "client_data": b64u(client), "authenticator_data": b64u(data),
            "signature": b64u(signature)}


class Person:
    """Who uses the pages: a browser's calls, without the browser."""

    def __init__(self, stack, name="Ada"):
        self.stack, self.name = stack, name
        self.http = Client(stack)
        self.passkey, self.csrf, self.id = Passkey(stack.url), "", None

    def call(self, method, path, **kwargs):
        """As a page of ours sends it."""
        headers = {"Origin": self.stack.url, "Sec-Fetch-Site": "same-origin",
            "X-CSRF-Token": self.csrf, **kwargs.pop("headers", {})}
        return self.http.call(method, path, headers={
            k: v for k, v in headers.items() if v is not None}, **kwargs)

    def _signed_in(self, answer):
        if answer.ok:
            self.csrf, self.id = answer.json()["csrf"], answer.json()["account"]
        return answer

    def sign_up(self, **changes):
        asked = expect(self.call("POST", "/v1/accounts/challenges"),
            200).json()
        return self._signed_in(self.call("POST", "/v1/accounts", json={
            "account": asked["account"], "name": self.name,
            "passkey": "Ada's phone",
            "made": self.passkey.make(asked["touch"]["challenge"]),
            **changes}))

    def sign_in(self, **changes):
        asked = expect(self.call("POST", "/v1/session/challenges"),
            200).json()
        return self._signed_in(self.call("POST", "/v1/session",
            json=self.passkey.touch(asked["challenge"], **changes)))

    def sign_out(self):
        return self.call("DELETE", "/v1/session")

    def recover(self, code):
        return self._signed_in(self.call("POST", "/v1/session/recovery",
            json={"code": code}))

    def ask(self, action, target=""):
        """The challenge for an action."""
        return expect(self.call("POST", "/v1/account/challenges", json={
            "action": action, "target": target}), 200).json()["challenge"]

    def touch(self, action, target="", **changes):
        return self.passkey.touch(self.ask(action, target), **changes)

    def add_passkey(self, new, touch=True):
        challenge = self.ask("passkey-add")
        return self.call("POST", "/v1/account/passkeys", json={
            "name": "Second", "made": new.make(challenge),
            **({"touch": self.passkey.touch(challenge)} if touch else {})})

    def recovery_codes(self):
        return expect(self.call("POST", "/v1/account/recovery-codes",
            json=self.touch("recovery-codes")), 200).json()["codes"]

    def account(self):
        return expect(self.call("GET", "/v1/account"), 200).json()

    # -- what an owner does, by the names of harness.players.Owner

    def lookup(self, user_code):
        return self.call("POST", "/v1/approvals/lookup",
            json={"user_code": user_code})

    def decide(self, approval, decision, touch=None):
        target = f"{approval['id']} {approval['digest']}"
        return self.call("POST", f"/v1/approvals/{approval['id']}/decision",
            json={"decision": decision, "digest": approval["digest"],
                "touch": touch or self.touch(decision, target)})

    def approve(self, user_code):
        return self.decide(expect(self.lookup(user_code), 200).json(),
            "approve")

    def release(self, device_id, touch=None):
        return self.call("POST", f"/v1/devices/{device_id}/release",
            json=touch or self.touch("release", device_id))
