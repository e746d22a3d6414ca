"""A companion app as OAuth sees it: its keys, its proofs, its calls."""

import datetime
import hashlib
import json
import secrets
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from .crypto import b64u, jws, new_key, spki_pem
from .http import Client, expect

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REDIRECT = "https://app.example/done"


def sha256(text):
    return b64u(hashlib.sha256(text.encode()).digest())


def public_jwk(key):
    n = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64u(n.x.to_bytes(32, "big")),
        "y": b64u(n.y.to_bytes(32, "big"))}


def thumbprint(key):
    """RFC 7638."""
    return sha256(json.dumps(public_jwk(key), sort_keys=True,
        separators=(",", ":")))


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def tls_certificate(key=None):
    """Of nobody in particular, and its key: RFC 8705 section 2.2."""
    key, name = key or new_key(), x509.Name([x509.NameAttribute(
        NameOID.COMMON_NAME, "app")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(
        name).public_key(key.public_key()).serial_number(1).not_valid_before(
        now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    return built, key


class App:
    """A registered client; with a key of its own unless public, with a DPoP
    key unless plain."""

    def __init__(self, stack, operator, client_id="lamp-app", dpop=True,
            confidential=False, http=None, **fields):
        self.stack, self.id, self.redirect = stack, client_id, REDIRECT
        self.key = new_key() if confidential else None
        self.dpop = new_key() if dpop else None
        self.nonce = None
        self.http = http or Client(stack)
        body = {"name": "Lamp app", "redirect_uris": [REDIRECT],
            "scope": "openid approvals devices", **fields}
        if self.key:
            body["key"] = spki_pem(self.key)
        expect(operator.call("PUT", f"/clients/{client_id}",
            json=body), 200, 201)

    def assertion(self, key=None, **changes):
        claims = {"iss": self.id, "sub": self.id, "aud": self.stack.url,
            "jti": secrets.token_hex(8), "exp": int(time.time()) + 60,
            **changes}
        return jws(key or self.key, {"alg": "ES256"}, claims)

    def credentials(self):
        if not self.key:
            return {"client_id": self.id}
        return {"client_assertion_type": ASSERTION,
            "client_assertion": self.assertion()}

    def proof(self, method, path, token=None, key=None, header=None,
            **changes):
        key = key or self.dpop
        claims = {"jti": secrets.token_hex(8), "htm": method,
            "htu": self.stack.url + path, "iat": int(time.time())}
        if self.nonce:
            claims["nonce"] = self.nonce
        if token:
            claims["ath"] = sha256(token)
        claims.update(changes)
        return jws(key, {"typ": "dpop+jwt", "alg": "ES256",
            "jwk": public_jwk(key), **(header or {})},
            {k: v for k, v in claims.items() if v is not None})

    def post(self, path, form, dpop=True, **kwargs):
        """One form; with a proof where the app has a key, again with the
        nonce that the service asks for."""
        for _ in range(2):
            headers = ({"DPoP": self.proof("POST", path)}
                if self.dpop and dpop else {})
            answer = self.http.post(path, data=form, headers=headers, **kwargs)
            self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
            if (answer.status_code != 400 or
                    answer.json()["error"] != "use_dpop_nonce"):
                break
        return answer

    def question(self, verifier, **changes):
        return {k: v for k, v in {"client_id": self.id,
            "response_type": "code", "redirect_uri": self.redirect,
            "code_challenge": sha256(verifier),
            "code_challenge_method": "S256", "state": "s-1", "nonce": "n-1",
            **changes}.items() if v is not None}

    def authorize(self, **params):
        return self.http.get("/oauth2/authorize", params=params)

    def ask(self, **changes):
        """To the page: the handle of the question, and its verifier."""
        verifier = secrets.token_urlsafe(48)
        answer = expect(self.authorize(**self.question(verifier, **changes)),
            302)
        page, handle = answer.headers["Location"].split("#")
        assert page == f"{self.stack.url}/authorize"
        return handle, verifier

    def code(self, owner, **changes):
        """The owner's yes: the code and its verifier."""
        handle, verifier = self.ask(**changes)
        location = expect(decide(owner, handle), 200).json()["location"]
        return query_of(location)["code"], verifier

    def redeem(self, code, verifier, **changes):
        form = {"grant_type": "authorization_code", "code": code,
            "redirect_uri": self.redirect, "code_verifier": verifier,
            **self.credentials(), **changes}
        return self.post("/oauth2/token",
            {k: v for k, v in form.items() if v is not None})

    def tokens(self, owner, **changes):
        return expect(self.redeem(*self.code(owner, **changes)), 200).json()

    def refresh(self, token, **changes):
        return self.post("/oauth2/token", {"grant_type": "refresh_token",
            "refresh_token": token, **self.credentials(), **changes})

    def call(self, method, path, token, proof=None):
        """A call for the owner, with the access token."""
        if not self.dpop:
            return self.http.call(method, path,
                headers={"Authorization": f"Bearer {token}"})
        for _ in range(2):
            answer = self.http.call(method, path, headers={
                "Authorization": f"DPoP {token}",
                "DPoP": proof or self.proof(method, path, token)})
            self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
            if "use_dpop_nonce" not in answer.headers.get(
                    "WWW-Authenticate", ""):
                break
        return answer


    def send(self, method, path, token, query="", **kwargs):
        """call with a body; as a page of another origin where one is said."""
        for _ in range(2):
            headers = {"Authorization": f"DPoP {token}",
                "DPoP": self.proof(method, path, token)}
            answer = self.http.call(method, path + query, headers={**headers,
                **kwargs.get("headers", {})}, **{k: v for k, v in
                kwargs.items() if k != "headers"})
            self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
            if "use_dpop_nonce" not in answer.headers.get(
                    "WWW-Authenticate", ""):
                break
        return answer

    def decide(self, approval, decision, token, passkey, **client_data):
        """The owner's decision in the app: its challenge, the touch."""
        path = f"/v1/approvals/{approval['id']}"
        body = {"decision": decision, "digest": approval["digest"]}
        asked = expect(self.send("POST", path + "/challenges", token,
            json=body), 200).json()
        return self.send("POST", path + "/decision", token, json={**body,
            "touch": passkey.touch(asked["challenge"], **client_data)})


def decide(owner, handle, decision="allow"):
    return owner.call("POST", "/v1/authorizations/decision",
        json={"request": handle, "decision": decision})


EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CHILD = "urn:latchkey:token-type:child"


class Hub:
    """An enrolled device, and what it says and trades."""

    def __init__(self, device):
        self.device, self.path = device, f"/v1/devices/{device.id}/children"

    def register(self, serial="T-1", **fields):
        return self.device.operational.post(self.path, json={"serial": serial,
            "name": "Thermometer", "scope": "telemetry commands", **fields})

    def trade(self, token, http=None, **fields):
        form = {"grant_type": EXCHANGE, "subject_token": token,
            "subject_token_type": CHILD, **fields}
        return (http or self.device.operational).post("/oauth2/token",
            data={k: v for k, v in form.items() if v is not None})


def decide_child(owner, hub, child_id, decision):
    return owner.call("POST", f"{hub.path}/{child_id}/decision",
        json={"decision": decision})
