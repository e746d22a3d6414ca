"""Standard OAuth clients against the running service, which they find by
its metadata alone: openid-client and oauth4webapi, run by node.  Not a part of
make check, since they come from elsewhere: "make check-clients"."""

import json
import os
import pathlib
import subprocess
import time

import pytest
import requests
from cryptography.hazmat.primitives import hashes

from harness.app import App, decide, public_jwk, tls_certificate
from harness.crypto import PEM, b64u, csr_der, key_pem
from harness.http import Client, expect
from harness.players import Device, Maker, Operator
from harness.process import free_port, until

HERE = pathlib.Path(__file__).parent
# Node 18 has the Web Crypto API, but not under its global name.
NODE = ("/usr/bin/node", "--experimental-global-webcrypto", "--no-warnings")


def pair(http):
    """The files of a client's certificate, for node."""
    return dict(zip(("cert", "key"), http.session.cert))


def private_jwk(key):
    d = key.private_numbers().private_value
    return {**public_jwk(key), "d": b64u(d.to_bytes(32, "big"))}


def tls_client(stack):
    built, key = tls_certificate()
    return {**pair(Client(stack, [built.public_bytes(PEM)], key_pem(key))),
        "x5t": b64u(built.fingerprint(hashes.SHA256()))}


class Case:
    """One function of a script, and the owner it talks to."""

    def __init__(self, stack, operator, owner, device):
        self.stack, self.owner, self.device = stack, owner, device
        app = App(stack, operator, dpop=False)
        checker = App(stack, operator, "checker", confidential=True,
            dpop=False, redirect_uris=[], introspects=True)
        self.facts = {"url": stack.url, "app": app.id, "owner": owner.id,
            "redirect": app.redirect, "csr": b64u(csr_der(device.key)),
            "deviceClient": device.maker.client_id,
            "birth": pair(device.birth), "tls": tls_client(stack),
            "checker": {"id": checker.id,
                "jwk": private_jwk(checker.key)}}
        self.code, self.acts = None, {}

    def answer(self, what, argument):
        """What the script asked for."""
        if what in ("allow", "refuse"):
            return expect(decide(self.owner, argument, what),
                200).json()["location"]
        if what == "code":
            self.code = argument
        elif what == "approve":
            expect(self.owner.approve(argument), 200)
        elif what == "told" and argument[0] in self.acts:
            self.acts.pop(argument[0])()
        return None

    def play(self, script, name):
        with subprocess.Popen([*NODE, HERE / script, name],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, env={**os.environ,
                "NODE_EXTRA_CA_CERTS": str(self.stack.material.ca)}) as node:
            print(json.dumps(self.facts), file=node.stdin, flush=True)
            done = False
            for line in node.stdout:
                what, argument = json.loads(line)
                done = done or what == "done"
                print(json.dumps(self.answer(what, argument)),
                    file=node.stdin, flush=True)
            errors = node.stderr.read()
        assert done and node.returncode == 0, errors


class Issuer:
    """oidc-provider with the service's own TLS certificate, and a code for
    each login."""

    def __init__(self, material, audience, logins):
        self.port = free_port()
        self.url, self.ca = f"https://localhost:{self.port}", material.ca
        self.popen = subprocess.Popen([*NODE, HERE / "issuer.mjs"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        print(json.dumps({"port": self.port, "audience": audience,
            "cert": str(material.pki / "server.crt"), "logins": logins,
            "key": str(material.pki / "server.key")}),
            file=self.popen.stdin, flush=True)
        self.codes = json.loads(self.popen.stdout.readline())

    def token(self, code):
        answer = expect(requests.post(self.url + "/token", data={
            "grant_type": "authorization_code", "code": code,
            "redirect_uri": "https://platform.example/done",
            "client_id": "platform", "client_secret": "secret-of-platform"},
            verify=str(self.ca), timeout=60), 200).json()
        return answer["access_token"], answer["id_token"]

    def stop(self):
        self.popen.kill()
        self.popen.communicate()


@pytest.fixture
def case(stack, operator, owner, device):
    return Case(stack, operator, owner, device)


@pytest.mark.parametrize("name", ["discovery", "codeBearer", "codeDpop",
    "codeMtls", "codeDenied", "codeMixUp"])
def test_openid_client_as_an_app(case, name):
    case.play("openid_client.mjs", name)


@pytest.mark.settings(code_interval="10s")
def test_openid_client_as_a_device_that_is_told_to_slow_down(case):
    case.acts["slow_down"] = lambda: expect(
        case.owner.approve(case.code), 200)
    case.play("openid_client.mjs", "deviceSlowDown")


# As short as an interval can be: clients wait for real.
@pytest.mark.settings(code_interval="1s")
def test_openid_client_as_a_device(case, database):
    case.acts["authorization_pending"] = lambda: expect(
        case.owner.approve(case.code), 200)
    case.play("openid_client.mjs", "devicePending")
    case.acts["authorization_pending"] = lambda: expect(
        case.owner.deny(case.code), 200)
    case.play("openid_client.mjs", "deviceDenied")

    def end():
        """As another node would hear of it."""
        database.query("UPDATE approval SET expires_at = now() - "
            "interval '1 s' WHERE state = 'pending'")
        database.value("SELECT pg_notify('latchkey_decision', id::text) "
            "FROM approval ORDER BY created_at DESC LIMIT 1")

    case.acts["authorization_pending"] = end
    case.play("openid_client.mjs", "deviceExpired")


@pytest.mark.settings(code_interval="60s")
@pytest.mark.parametrize("name", ["accessToken", "refreshRotation",
    "revocationAndIntrospection", "mtlsBound", "deviceGrant"])
def test_oauth4webapi(case, name):
    case.play("oauth4webapi.mjs", name)


def test_oidc_provider_as_the_platforms_own(make_stack, material, database):
    """Its tokens decide for its owners: RFC 9068, RFC 9470."""
    audience, now = "https://latchkey.example", int(time.time())
    issuer = Issuer(material, audience, [
        {"sub": "ada", "auth_time": now, "acr": "strong"},
        {"sub": "ada", "auth_time": now - 3600, "acr": "strong"}])
    try:
        stack = make_stack(idp_issuer=issuer.url, idp_ca=material.ca,
            idp_audience=audience, idp_acr="strong", idp_max_age="30m")
        until(lambda: "event=idp.keys" in stack.log())
        maker, operator = Maker(), Operator(stack, database.admin_token)
        operator.register(maker)
        device = Device(stack, maker)
        operator.allow(device)
        expect(device.authorize(), 200)
        (fresh, identity), (old, _) = map(issuer.token, issuer.codes)

        def call(token, method, path, **kwargs):
            return Client(stack).call(method, path, headers={
                "Authorization": f"Bearer {token}"}, **kwargs)

        expect(call(identity, "GET", "/v1/devices"), 401)
        shown = expect(call(old, "POST", "/v1/approvals/lookup", json={
            "user_code": device.grant["user_code"]}), 200).json()
        path = f"/v1/approvals/{shown['id']}/decision"
        word = {"decision": "approve", "digest": shown["digest"]}
        answer = expect(call(old, "POST", path, json=word), 401)
        assert "insufficient_user_authentication" in answer.headers[
            "WWW-Authenticate"]
        expect(call(fresh, "POST", path, json=word), 200)
        device.onboard_after_yes()
        (mine,) = expect(call(old, "GET", "/v1/devices"), 200).json()[
            "devices"]
        assert mine["id"] == device.id
        # What the pages ask a touch for, and what has no body.
        path = f"/v1/devices/{device.id}"
        for act, status in (("lost", 204), ("found", 204), ("transfer", 201),
                ("release", 204)):
            answer = expect(call(old, "POST", f"{path}/{act}", json={}), 401)
            assert 'acr_values="strong", max_age="1800"' in answer.headers[
                "WWW-Authenticate"]
            expect(call(fresh, "POST", f"{path}/{act}", json={}), status)
        expect(call(old, "POST", "/v1/home/invitations", json={}), 401)
        expect(call(fresh, "POST", "/v1/home/invitations", json={}), 201)
        expect(call(old, "POST", "/v1/account/deletion", json={}), 401)
        expect(call(fresh, "POST", "/v1/account/deletion", json={}), 204)
    finally:
        issuer.stop()
