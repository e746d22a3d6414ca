"""The platform's own identity provider: RFC 9068 and 9470, rules A7 and H5.
An issuer is played here, so that it can do what no good one does; a real one
is in clients/clients.py."""

import contextlib
import hmac
import http.server
import json
import secrets
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (Encoding,
    PublicFormat)

from harness.app import public_jwk, thumbprint
from harness.crypto import b64u, jws, new_key
from harness.http import Client, expect
from harness.passkey import Person
from harness.players import Operator
from harness.process import BUILD, until


def number(n):
    return b64u(n.to_bytes((n.bit_length() + 7) // 8, "big"))


class Issuer:
    """Its metadata and keys over HTTP, and its tokens."""

    def __init__(self):
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = new_key()
        self.hold = threading.Event()  # set: answers come
        self.hold.set()
        self.asked, self.extra, self.padding = 0, [], ""
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked += 1
                issuer.hold.wait(60)
                body = issuer.answer(self.path).encode()
                with contextlib.suppress(ConnectionError):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
            Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever,
            daemon=True).start()

    def answer(self, path):
        if path.endswith("openid-configuration"):
            return json.dumps({"issuer": self.url,
                "jwks_uri": self.url + "/jwks", "token_endpoint": "x"})
        return json.dumps({"keys": [self.rsa_jwk(), {**public_jwk(self.ec),
            "kid": "ec", "alg": "ES256", "use": "sig"},
            {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "okp"},
            *self.extra], "more": self.padding})

    def rsa_jwk(self):
        n = self.rsa.public_key().public_numbers()
        return {"kty": "RSA", "kid": "rsa", "use": "sig", "n": number(n.n),
            "e": number(n.e), "x5c": ["A" * 3000]}

    def claims(self, audience, **changes):
        now = int(time.time())
        return {k: v for k, v in {"iss": self.url, "sub": "ada|1",
            "aud": audience, "exp": now + 600, "iat": now, "jti":
            secrets.token_hex(8), "client_id": "platform-app", "scope":
            "approvals devices profile", "auth_time": now, "acr": "strong",
            **changes}.items() if v is not None}

    def token(self, stack, header=None, key=None, **changes):
        """By the RSA key unless the header has another alg."""
        head = {"alg": "RS256", "typ": "at+jwt", "kid": "rsa",
            **(header or {})}
        claims = self.claims(stack.url, **changes)
        if head["alg"] == "ES256":
            return jws(key or self.ec, head, claims)
        text = ".".join(b64u(json.dumps(v).encode()) for v in (head, claims))
        pad = padding.PKCS1v15() if head["alg"] == "RS256" else padding.PSS(
            padding.MGF1(hashes.SHA256()), 32)
        return text + "." + b64u((key or self.rsa).sign(text.encode(), pad,
            hashes.SHA256()))

    def stop(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture
def stack(make_stack, issuer):
    stack = make_stack(idp_issuer=issuer.url, idp_acr="phishing-resistant "
        "strong", idp_max_age="5m")
    until(lambda: "event=idp.keys" in stack.log())
    return stack


def devices(http, token, **headers):
    return http.get("/v1/devices", headers={
        "Authorization": f"Bearer {token}", **headers})


def test_h5_owner_is_who_the_issuer_says_by_subject(stack, issuer, operator,
        database):
    http = Client(stack)
    for header in ({}, {"alg": "PS256"}, {"alg": "ES256", "kid": "ec"},
            {"typ": "application/at+JWT"}):
        expect(devices(http, issuer.token(stack, header)), 200)
    expect(devices(http, issuer.token(stack, aud=["x", stack.url],
        email="ada@example", nbf=int(time.time()))), 200)
    assert database.query("SELECT issuer, subject FROM owner_external") == [
        (issuer.url, "ada|1")]
    expect(devices(http, issuer.token(stack, sub="Eve",
        email="ada@example")), 200)
    assert database.value("SELECT count(*) FROM owner_external") == 2
    database.query("UPDATE owner SET disabled_at = now()")
    expect(devices(http, issuer.token(stack)), 401)
    database.query("UPDATE owner SET erased_at = now()")
    assert database.value("SELECT count(*) FROM owner_external") == 0


def test_rfc9068_tokens_that_are_refused(stack, issuer, owner):
    http, now = Client(stack), int(time.time())
    pem = issuer.rsa.public_key().public_bytes(Encoding.PEM,
        PublicFormat.SubjectPublicKeyInfo)
    other = rsa.generate_private_key(65537, 2048)
    good = issuer.token(stack)
    head, body, sig = good.split(".")

    def by_hmac(secret):
        text = ".".join([b64u(json.dumps({"alg": "HS256", "typ": "at+jwt",
            "kid": "rsa"}).encode()), body])
        return f"{text}.{b64u(hmac.digest(secret, text.encode(), 'sha256'))}"

    none = b64u(json.dumps({"alg": "none", "typ": "at+jwt",
        "kid": "rsa"}).encode())
    n = other.public_key().public_numbers()
    own = {"kty": "RSA", "n": number(n.n), "e": number(n.e), "kid": "rsa"}
    for bad in (f"{none}.{body}.", f"{none}.{body}.{sig}", by_hmac(pem),
            by_hmac(b""), f"{head}.{body}.", f"{head}.{body}.{sig[:-4]}AAAA",
            issuer.token(stack, {"typ": "JWT"}),
            issuer.token(stack, {"typ": "dpop+jwt"}),
            issuer.token(stack, {"kid": "ec"}),
            issuer.token(stack, {"kid": "okp"}),
            issuer.token(stack, {"alg": "ES256", "kid": "rsa"}),
            issuer.token(stack, {"crit": ["exp"]}),
            issuer.token(stack, key=other),
            issuer.token(stack, {"jwk": own}, key=other),
            issuer.token(stack, {"jku": "http://127.0.0.1:1/k"}, key=other),
            issuer.token(stack, {"x5u": "http://127.0.0.1:1/k",
                "x5c": ["AAAA"]}, key=other),
            issuer.token(stack, iss="https://other.example"),
            issuer.token(stack, iss=stack.url),
            issuer.token(stack, aud="https://other.example"),
            issuer.token(stack, aud=[]), issuer.token(stack, aud=None),
            issuer.token(stack, aud=stack.url + "/"),
            issuer.token(stack, exp=now - 1), issuer.token(stack, exp=None),
            issuer.token(stack, exp="9999999999"),
            issuer.token(stack, iat=now + 600),
            issuer.token(stack, nbf=now + 600),
            issuer.token(stack, sub=""), issuer.token(stack, sub=None),
            issuer.token(stack, jti=None), issuer.token(stack, client_id=None),
            issuer.token(stack, cnf={"jwk": own}),
            issuer.token(stack, cnf={"jkt": thumbprint(new_key())}),
            issuer.token(stack, cnf={"x5t#S256": b64u(b"x" * 32)})):
        answer = expect(devices(http, bad), 401)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    expect(devices(http, issuer.token(stack, scope="profile")), 403)
    expect(devices(http, issuer.token(stack, scope=None)), 403)
    expect(devices(http, good), 200)
    asked = issuer.asked
    assert asked == 2, "for metadata and keys, and for no header's sake"
    expect(owner.devices(), 200)


def test_a7_decision_needs_a_fresh_sign_in(stack, issuer, operator, device):
    http, now = Client(stack), int(time.time())

    def call(method, path, token, **kwargs):
        return http.call(method, path, headers={
            "Authorization": f"Bearer {token}"}, **kwargs)

    expect(device.authorize(), 200)
    old = issuer.token(stack, auth_time=now - 3600)
    shown = expect(call("POST", "/v1/approvals/lookup", old,
        json={"user_code": device.grant["user_code"]}), 200).json()
    path = f"/v1/approvals/{shown['id']}/decision"
    word = {"decision": "approve", "digest": shown["digest"]}
    for weak in (old, issuer.token(stack, auth_time=None),
            issuer.token(stack, acr=None), issuer.token(stack, acr="weak")):
        answer = expect(call("POST", path, weak, json=word), 401)
        said = answer.headers["WWW-Authenticate"]
        assert 'error="insufficient_user_authentication"' in said
        assert 'acr_values="phishing-resistant strong"' in said
        assert 'max_age="300"' in said
    expect(call("POST", path, issuer.token(stack, scope="devices"),
        json=word), 403)
    expect(call("POST", path, issuer.token(stack), json={**word,
        "digest": shown["digest"][::-1]}), 409)
    expect(call("POST", path, issuer.token(stack, sub="Eve"), json=word), 404)
    expect(call("POST", path, issuer.token(stack), json=word), 200)
    device.onboard_after_yes()
    expect(call("DELETE", f"/v1/devices/{device.id}", old), 401)
    expect(call("DELETE", f"/v1/devices/{device.id}", issuer.token(stack)),
        204)


class Own:
    """An owner who comes by the issuer, each call with a token as it is
    asked for; call and name are as in harness.passkey.Person."""

    def __init__(self, stack, issuer, sub="ada|1"):
        self.http, self.stack, self.issuer = Client(stack), stack, issuer
        self.sub = sub

    def call(self, method, path, **kwargs):
        changes = {k: kwargs.pop(k) for k in ("acr", "auth_time", "scope")
            if k in kwargs}
        origin = kwargs.pop("origin", None)
        token = self.issuer.token(self.stack, sub=self.sub, **changes)
        return self.http.call(method, path, headers={
            "Authorization": f"Bearer {token}", "Origin": origin}, **kwargs)

    def act(self, method, path, status, **kwargs):
        """What is refused without a fresh sign-in, and done with one."""
        now = int(time.time())
        for weak in ({"auth_time": None}, {"auth_time": now - 3600},
                {"acr": None}, {"acr": "weak"}):
            answer = expect(self.call(method, path, **weak, **kwargs), 401)
            said = answer.headers["WWW-Authenticate"]
            assert 'error="insufficient_user_authentication"' in said
            assert 'acr_values="phishing-resistant strong"' in said
            assert 'max_age="300"' in said
        expect(self.call(method, path, scope="devices", **kwargs), 403)
        answer = expect(self.call(method, path, **kwargs), status)
        return answer.json() if answer.content else None

    def join(self, device):
        expect(device.authorize(), 200)
        shown = expect(self.call("POST", "/v1/approvals/lookup", json={
            "user_code": device.grant["user_code"]}), 200).json()
        self.act("POST", f"/v1/approvals/{shown['id']}/decision", 200, json={
            "decision": "approve", "digest": shown["digest"]})
        return device.onboard_after_yes()


def test_a7_fresh_sign_in_is_the_touch_of_every_act(stack, issuer, operator,
        maker, device, database):
    """And no act of an account with passkeys is done without a touch."""
    ada, eve = Own(stack, issuer), Own(stack, issuer, "Eve")
    person = Person(stack)
    expect(person.sign_up(), 201)
    ada.join(device)
    path = f"/v1/devices/{device.id}"

    def state():
        seen = expect(ada.call("GET", path), 200).json()
        return seen["lost"]

    for act, lost in (("lost", True), ("found", False)):
        expect(person.call("POST", f"{path}/{act}", json={}), 403)
        expect(eve.call("POST", f"{path}/{act}", json={}), 404)
        ada.act("POST", f"{path}/{act}", 204, json={})
        assert state() is lost
    # What is sent has to be whole, and a touch beside a token is no matter.
    expect(ada.call("POST", path + "/lost", json={"challenge": "AAAA"}), 400)
    expect(ada.call("POST", path + "/lost", json=person.touch("lost",
        device.id)), 204)
    ada.act("POST", path + "/found", 204, json={})

    child = expect(device.operational.post(path + "/children", json={
        "serial": "T-1", "name": "Thermometer"}), 200).json()
    word = f"{path}/children/{child['id']}/decision"
    for decision in ("approve", "release"):
        expect(person.call("POST", word, json={"decision": decision}), 403)
        ada.act("POST", word, 204, json={"decision": decision})

    invited = ada.act("POST", "/v1/home/invitations", 201, json={})
    joining = f"/v1/invitations/{invited['id']}/acceptance"
    expect(person.call("POST", "/v1/home/invitations", json={}), 403)
    expect(person.call("POST", joining, json={"code": invited["code"]}), 403)
    eve.act("POST", joining, 204, json={"code": invited["code"]})
    (home,) = eve.act("GET", "/v1/homes", 200)["homes"]
    eve.act("DELETE", f"/v1/homes/{home['id']}", 204)

    offered = ada.act("POST", path + "/transfer", 201, json={})
    expect(person.call("POST", path + "/transfer", json={}), 403)
    shown = eve.act("POST", "/v1/transfers/lookup", 200, json={
        "code": offered["code"]})
    take = {"code": offered["code"], "digest": shown["digest"]}
    taking = f"/v1/transfers/{shown['id']}/acceptance"
    expect(person.call("POST", taking, json=take), 404)
    new = eve.act("POST", taking, 200, json=take)["device_id"]
    expect(eve.call("GET", f"/v1/devices/{new}"), 200)
    expect(ada.call("GET", path), 404)
    expect(person.call("POST", f"/v1/devices/{new}/release", json={}), 403)
    eve.act("POST", f"/v1/devices/{new}/release", 204, json={})

    # The provider keeps what proves who they are.
    for kept in ("/v1/account/recovery-codes",
            f"/v1/account/passkeys/{new}/removal"):
        answer = expect(ada.call("POST", kept, json={}), 409)
        assert answer.json()["type"].endswith(":external-account")
    expect(person.call("POST", "/v1/account/deletion", json={}), 403)
    ada.act("POST", "/v1/account/deletion", 204, json={})
    assert database.value("SELECT count(*) FROM owner_external") == 1
    expect(person.call("GET", "/v1/account"), 200)


def test_a7_no_call_beyond_an_apps_without_a_fresh_sign_in(stack, issuer,
        operator):
    """Each route that no scope opens, whatever it does; an app in a browser
    learns from it what to ask for."""
    ada, some = Own(stack, issuer), "00000000-0000-4000-8000-000000000000"
    web = "https://home.platform.example"
    expect(operator.call("PUT", "/clients/home", json={"name": "Home",
        "redirect_uris": [web + "/done"], "scope": "openid",
        "origins": [web]}), 200, 201)
    closed = [r for r in json.loads(subprocess.run(
        [BUILD / "latchkeyd", "routes"], check=True,
        capture_output=True).stdout) if r["who"] == "owner"
        and not r["scopes"]]
    assert len(closed) > 25
    for route in closed:
        path = route["path"].replace("{id}", some).replace("{child}", some)
        body = {} if route["body"] == "none" else {"json": {}}
        asked = expect(Client(stack).call("OPTIONS", path, headers={
            "Origin": web, "Access-Control-Request-Method":
            route["method"]}), 204)
        answer = expect(ada.call(route["method"], path,
            auth_time=int(time.time()) - 301, origin=web, **body), 401)
        assert "insufficient_user_authentication" in answer.headers[
            "WWW-Authenticate"], route
        for said in (asked, answer):
            assert said.headers["Access-Control-Allow-Origin"] == web


def test_new_key_is_fetched_once_and_nobody_waits_for_it(stack, issuer,
        database):
    """A slow server of keys is no worker's business."""
    http, fresh = Client(stack), new_key()
    operator = Operator(stack, database.admin_token)
    good = issuer.token(stack)
    issuer.extra = [{**public_jwk(fresh), "kid": "new"}]
    new = issuer.token(stack, {"alg": "ES256", "kid": "new"}, key=fresh)
    issuer.hold.clear()
    # The next is not due for half a minute after the first.
    until(lambda: devices(http, new).status_code == 503)
    until(lambda: issuer.asked == 3)
    for i in range(3):
        # 401 where a stalled machine has let the fetch time out.
        answer = expect(devices(http, issuer.token(stack,
            {"kid": f"guess-{i}"})), 503, 401)
        assert "Retry-After" in answer.headers or answer.status_code == 401
    expect(devices(http, good), 200)
    expect(operator.call("GET", "/models"), 200)
    assert issuer.asked == 3
    issuer.hold.set()
    until(lambda: devices(http, new).status_code == 200)
    asked = issuer.asked
    expect(devices(http, issuer.token(stack, {"kid": "guess"})), 401)
    assert issuer.asked == asked


@pytest.mark.parametrize("hostile", ["huge", "twice", "secret", "html",
    "many"])
def test_hostile_key_sets(make_stack, issuer, hostile):
    if hostile == "huge":
        issuer.padding = "A" * 100_000
    elif hostile == "twice":
        issuer.extra = [issuer.rsa_jwk(), {**public_jwk(issuer.ec),
            "kid": "ec"}]
    elif hostile == "secret":
        issuer.extra = [{"kty": "oct", "kid": "oct", "k": "AAAA"}]
    elif hostile == "html":
        issuer.answer = lambda path: "<html>"
    else:
        issuer.extra = [{"kty": "OKP", "kid": str(i)} for i in range(40)]
    stack = make_stack(idp_issuer=issuer.url)
    until(lambda: "event=idp." in stack.log())
    answer = devices(Client(stack), issuer.token(stack))
    if hostile == "secret":
        expect(answer, 200)
    else:
        expect(answer, 503)
        assert "idp.fetch_failed" in stack.log()


def test_settings_that_would_not_be_safe(make_stack, workdir):
    good = make_stack()
    for bad in ({"idp_issuer": "http://idp.example"},
            {"idp_issuer": good.url},
            {"idp_issuer": "https://localhost:1", "idp_jwks": "ftp://x/"},
            {"idp_issuer": "https://localhost:1", "idp_acr": 'a"b'}):
        config = workdir / "bad.conf"
        config.write_text("".join(f"{k} = {v}\n"
            for k, v in {**good.settings, **bad}.items()))
        done = subprocess.run([BUILD / "latchkeyd", "--config", config],
            capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and "idp_" in done.stderr, done.stderr
