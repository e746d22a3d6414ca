"""What apps are given, and how it ends: RFC 6749, 7009, 7662, 8705, 9068,
9449, and rule A10."""

import base64
import copy
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import hashes

from harness.app import App, sha256, thumbprint, tls_certificate
from harness.crypto import PEM, b64u, jws, key_pem, new_key
from harness.http import Client, expect
from harness.players import Operator
from harness.process import until


@pytest.fixture
def app(stack, operator):
    return App(stack, operator)


@pytest.fixture
def checker(stack, operator):
    """A platform's server that asks what tokens are."""
    return App(stack, operator, "checker", confidential=True, dpop=False,
        redirect_uris=[], introspects=True)


def error(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def part(jwt, n):
    text = jwt.split(".")[n]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def introspect(checker, token):
    return expect(checker.post("/oauth2/introspect", {"token": token,
        **checker.credentials()}), 200)


def kinds(operator):
    return [e["kind"] for e in operator.events()]


def test_rfc9068_access_token_is_a_jwt_of_five_minutes(app, owner):
    tokens = app.tokens(owner)
    token = tokens["access_token"]
    keys = app.http.get("/oauth2/jwks").json()["keys"]
    assert part(token, 0) == {"alg": "ES256", "typ": "at+jwt",
        "kid": keys[0]["kid"]}
    claims = part(token, 1)
    assert claims["iss"] == claims["aud"] == app.stack.url
    assert claims["sub"] == owner.id and claims["client_id"] == app.id
    assert claims["exp"] - claims["iat"] == 300
    assert claims["cnf"] == {"jkt": thumbprint(app.dpop)}
    assert set(claims) == {"iss", "sub", "aud", "client_id", "scope", "jti",
        "iat", "exp", "auth_time", "cnf"}
    assert part(tokens["id_token"], 0)["typ"] == "JWT"
    identity = part(tokens["id_token"], 1)
    assert identity["aud"] == app.id and identity["nonce"] == "n-1"
    narrow = app.tokens(owner, scope="devices")
    assert "id_token" not in narrow


def test_h5_no_other_token_is_an_access_token(stack, operator, owner, app):
    tokens = app.tokens(owner)
    bearer = App(stack, operator, "bearer-app", dpop=False)
    good = bearer.tokens(owner)
    head, body, sig = good["access_token"].split(".")
    alg_none = b64u(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    own = new_key()
    forged = jws(own, part(good["access_token"], 0),
        part(good["access_token"], 1))
    for bad in (tokens["access_token"], good["id_token"],
            good["refresh_token"], f"{alg_none}.{body}.", forged,
            f"{head}.{body}.{sig[:-4]}AAAA", operator.token):
        expect(bearer.call("GET", "/v1/devices", bad), 401)
    expect(bearer.call("GET", "/v1/devices", good["access_token"]), 200)
    expect(bearer.http.get("/v1/admin/models", headers={
        "Authorization": f"Bearer {good['access_token']}"}), 401)


def test_tokens_of_a_family_that_is_over_are_refused(
        stack, operator, owner, database):
    app = App(stack, operator, dpop=False)
    tokens = app.tokens(owner)
    database.query("UPDATE token_family SET expires_at = now() - "
        "interval '2 s'")
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 401)
    assert error(app.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_scope_may_shrink_at_refresh_and_not_grow(app, owner):
    tokens = app.tokens(owner, scope="approvals devices")
    smaller = expect(app.refresh(tokens["refresh_token"], scope="devices"),
        200).json()
    assert smaller["scope"] == "devices" and "id_token" not in smaller
    expect(app.call("GET", "/v1/devices", smaller["access_token"]), 200)
    assert error(app.refresh(smaller["refresh_token"],
        scope="openid devices")) == "invalid_scope"
    again = expect(app.refresh(smaller["refresh_token"]), 200).json()
    assert again["scope"] == "approvals devices"
    only = expect(app.refresh(again["refresh_token"], scope="approvals"),
        200).json()
    answer = expect(app.call("GET", "/v1/devices", only["access_token"]), 403)
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_a10_lost_reply_of_a_refresh_is_repeated_to_the_same_key(
        app, owner, database, operator):
    first = app.tokens(owner)["refresh_token"]
    second = expect(app.refresh(first), 200).json()
    again = expect(app.refresh(first), 200).json()
    assert again["refresh_token"] == second["refresh_token"]
    assert part(again["access_token"], 1)["jti"] == part(
        second["access_token"], 1)["jti"]
    key, app.dpop = app.dpop, new_key()
    assert error(app.refresh(first)) == "invalid_grant"
    assert error(app.refresh(second["refresh_token"])) == "invalid_grant"
    app.dpop = key
    assert "app.token_without_key" in kinds(operator)
    third = expect(app.refresh(second["refresh_token"]), 200).json()

    database.query(
        "UPDATE token_family SET issued_at = issued_at - interval '61 s'")
    assert error(app.refresh(second["refresh_token"])) == "invalid_grant"
    assert error(app.refresh(third["refresh_token"])) == "invalid_grant"
    assert "app.token_reused" in kinds(operator)


def test_rfc9700_old_refresh_token_ends_the_family(
        app, owner, operator):
    first = app.tokens(owner)["refresh_token"]
    second = expect(app.refresh(first), 200).json()["refresh_token"]
    third = expect(app.refresh(second), 200).json()
    assert error(app.refresh(first)) == "invalid_grant"
    assert error(app.refresh(third["refresh_token"])) == "invalid_grant"
    expect(app.call("GET", "/v1/devices", third["access_token"]), 401)
    assert "app.token_reused" in kinds(operator)


def test_refresh_token_is_its_clients_and_its_owners(
        app, stack, operator, owner, database):
    token = app.tokens(owner)["refresh_token"]
    other = App(stack, operator, "other-app")
    assert error(other.refresh(token)) == "invalid_grant"
    for bad in (token[:-1] + ("A" if token[-1] != "A" else "B"),
            token.replace(".1.", ".2."), "x", "x" * 2000, token + "."):
        assert error(app.refresh(bad)) == "invalid_grant"
    assert error(app.refresh("")) == "invalid_request"
    database.query("UPDATE owner SET disabled_at = now()")
    assert error(app.refresh(token)) == "invalid_grant", "account gone"


def test_rfc6749_token_endpoint_refuses_in_registered_words(app):
    post = app.http.post
    assert error(post("/oauth2/token", data={"client_id": app.id})) == \
        "invalid_request"
    assert error(post("/oauth2/token", data={"client_id": app.id,
        "grant_type": "password"})) == "unsupported_grant_type"
    assert error(post("/oauth2/token", data={"grant_type":
        "refresh_token", "refresh_token": "x"})) == "invalid_request"
    assert error(post("/oauth2/token", data={"client_id": "nobody",
        "grant_type": "refresh_token"}), 401) == "invalid_client"
    assert error(post("/oauth2/token", data=f"client_id={app.id}&client_id="
        f"{app.id}&grant_type=refresh_token", headers={"Content-Type":
        "application/x-www-form-urlencoded"})) == "invalid_request"
    assert error(post("/oauth2/token", data={"grant_type":
        "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x",
        "client_id": "x"})) == "invalid_grant"
    # No client has a password: section 5.2 wants the scheme that was used.
    for path in ("token", "par", "revoke", "introspect",
            "device_authorization"):
        answer = post(f"/oauth2/{path}", auth=(app.id, "secret"),
            data={"client_id": app.id, "grant_type": "refresh_token",
            "refresh_token": "x", "token": "x"})
        assert error(answer, 401) == "invalid_client"
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_rfc7009_revocation(app, checker, stack, operator, owner):
    tokens = app.tokens(owner)
    other = App(stack, operator, "other-app", dpop=False)

    def revoke(by, token, **form):
        return by.post("/oauth2/revoke", {"token": token,
            **by.credentials(), **form})

    assert expect(revoke(app, "unknown"), 200).content == b""
    assert error(revoke(app, None)) == "invalid_request"
    assert error(revoke(app, tokens["access_token"])) == \
        "unsupported_token_type"
    expect(revoke(other, tokens["refresh_token"]), 200)
    assert error(revoke(checker, tokens["refresh_token"])) == \
        "invalid_request", "who proved to be another is told"
    assert introspect(checker, tokens["access_token"]).json()["active"]
    expect(revoke(app, tokens["refresh_token"],
        token_type_hint="access_token"), 200)
    assert introspect(checker, tokens["access_token"]).json() == {
        "active": False}, "with the refresh token, what it gave"
    assert error(app.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert "app.revoked" in kinds(operator)


def test_rfc7662_introspection(app, checker, stack, operator, owner):
    tokens = app.tokens(owner, scope="devices")
    answer = introspect(checker, tokens["access_token"])
    assert answer.headers["Cache-Control"] == "no-store"
    said = answer.json()
    assert said["cnf"] == {"jkt": thumbprint(app.dpop)}
    assert said["token_type"] == "DPoP" and said["scope"] == "devices"
    assert said["sub"] == owner.id and said["client_id"] == app.id
    assert introspect(checker, tokens["refresh_token"]).json()["active"]
    newer = expect(app.refresh(tokens["refresh_token"]), 200).json()
    for dead in ("x", tokens["refresh_token"], tokens["access_token"] + "A"):
        assert introspect(checker, dead).json() == {"active": False}
    stranger = App(stack, operator, "stranger", confidential=True,
        dpop=False, redirect_uris=[])
    assert introspect(stranger, newer["access_token"]).json() == {
        "active": False}, "not for this client"
    assert error(app.post("/oauth2/introspect", {"token": "x",
        "client_id": app.id}), 401) == "invalid_client"
    assert error(app.http.post("/oauth2/introspect", data={"token": "x"})) \
        == "invalid_request"


def test_rfc8705_client_shows_its_key_in_tls(
        app, checker, stack, operator, owner, database):
    """And its answers, which are kept for seconds, end with what they say."""
    clients = [Client(stack, [built.public_bytes(PEM)], key_pem(key))
        for built, key in (tls_certificate(checker.key), tls_certificate())]

    def ask(token, http=clients[0]):
        return http.post("/oauth2/introspect", data={"token": token,
            "client_id": checker.id})

    tokens = app.tokens(owner)
    for _ in range(2):
        said = expect(ask(tokens["access_token"]), 200)
        assert said.json()["client_id"] == app.id
        assert said.headers["Cache-Control"] == "no-store"
    for stranger in (clients[1], Client(stack)):
        assert error(ask(tokens["access_token"], stranger), 401) == \
            "invalid_client"
    expect(app.post("/oauth2/revoke", {"token": tokens["refresh_token"],
        **app.credentials()}), 200)
    assert ask(tokens["access_token"]).json() == {"active": False}
    tokens = app.tokens(owner)
    assert ask(tokens["access_token"]).json()["active"]
    database.query("UPDATE owner SET disabled_at = now()")
    until(lambda: ask(tokens["access_token"]).json() == {"active": False})


def test_rfc7662_questions_that_come_at_once_have_their_own_answers(
        app, checker, stack, operator, owner, database):
    """They share two look-ups; the second waits until all are there."""
    built, key = tls_certificate(checker.key)
    https = [Client(stack, [built.public_bytes(PEM)], key_pem(key))
        for _ in range(8)]
    alive = [app.tokens(owner)["access_token"] for _ in range(3)]
    over = app.tokens(owner)
    expect(app.post("/oauth2/revoke", {"token": over["refresh_token"],
        **app.credentials()}), 200)
    bodies = [{"token": t} for t in alive] + [
        {"token": over["access_token"]}, {"token": alive[0][:-4] + "AAAA"},
        {}, {"token": "x"}, {"token": alive[1], "client_id": "nobody"}]
    gate = database.connect("super")
    gate.cursor().execute("LOCK TABLE token_family")
    with ThreadPoolExecutor(2 * len(https)) as pool:
        asked = [pool.submit(http.post, "/oauth2/introspect",
            data={"client_id": checker.id, **body})
            for http, body in zip(https, bodies)]
        with_assertion = pool.submit(introspect, checker, alive[2])
        database.wait_blocked()
        gate.close()
        answers = [one.result(30) for one in asked]
        assert with_assertion.result(30).json()["active"]
    assert [a.status_code for a in answers] == [200] * 5 + [400, 200, 401]
    said = [a.json() for a in answers]
    assert [s.get("jti") for s in said[:3]] == [part(t, 1)["jti"]
        for t in alive]
    assert [said[n] for n in (3, 4, 6)] == [{"active": False}] * 3
    assert [said[n]["error"] for n in (5, 7)] == ["invalid_request",
        "invalid_client"]


def test_rfc9449_proofs_that_are_refused(app, owner):
    code, verifier = app.code(owner)
    path, other = "/oauth2/token", new_key()
    expect(app.post("/oauth2/par", {"client_id": app.id}), 400)
    assert app.nonce, "each answer to a proof carries one"

    def send(*proofs, nonce=None):
        answer = app.http.post(path, data={"grant_type":
            "authorization_code", "code": code, "redirect_uri": app.redirect,
            "code_verifier": verifier, "client_id": app.id},
            headers={"DPoP": ", ".join(proofs)})
        assert answer.headers["DPoP-Nonce"]
        return error(answer)

    now = int(time.time())
    good = app.proof("POST", path)
    head, body, sig = good.split(".")
    private = {**part(good, 0)["jwk"], "d": "AAAA"}
    for bad in ("x", f"{head}.{body}.", f"{head}=.{body}.{sig}",
            app.proof("POST", path, header={"typ": "JWT"}),
            app.proof("POST", path, header={"alg": "none"}),
            app.proof("POST", path, header={"alg": "HS256"}),
            app.proof("POST", path, header={"alg": "RS256"}),
            app.proof("POST", path, header={"jwk": private}),
            app.proof("POST", path, header={"jwk": {}}),
            app.proof("POST", path, key=other,
                header={"jwk": part(good, 0)["jwk"]}),
            app.proof("GET", path), app.proof("POST", "/oauth2/par"),
            app.proof("POST", path, jti=None), app.proof("POST", path, jti=""),
            app.proof("POST", path, iat=None),
            app.proof("POST", path, htm=None),
            app.proof("POST", path, htu=None),
            app.proof("POST", path, iat=now - 1000),
            app.proof("POST", path, iat=now + 1000)):
        assert send(bad) == "invalid_dpop_proof", bad
    assert send(good, good) == "invalid_dpop_proof", "exactly one"
    assert send(app.proof("POST", path, nonce=None)) == "use_dpop_nonce"
    assert send(app.proof("POST", path, nonce="AAAA")) == "use_dpop_nonce"
    upper = app.stack.url.replace("https://localhost", "HTTPS://LocalHost")
    tokens = expect(app.http.post(path, data={"grant_type":
        "authorization_code", "code": code, "redirect_uri": app.redirect,
        "code_verifier": verifier, "client_id": app.id}, headers={"DPoP":
        app.proof("POST", path, htu=upper + path + "?x#y", more=1)}), 200)
    assert tokens.json()["token_type"] == "DPoP"


def test_rfc9449_replayed_proof_is_refused_and_an_event(
        app, owner, operator):
    token = app.tokens(owner)["access_token"]
    expect(app.call("GET", "/v1/devices", token), 200)
    proof = app.proof("GET", "/v1/devices", token)
    expect(app.call("GET", "/v1/devices", token, proof), 200)
    answer = expect(app.call("GET", "/v1/devices", token, proof), 401)
    assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]
    (event,) = [e for e in operator.events() if e["kind"] == "dpop.replayed"]
    assert event["detail"] == thumbprint(app.dpop), "whose proof it was"


def test_e3_a_stranger_s_proofs_are_not_stored(app, owner, database):
    """Anybody can make a key, and say that they are a public client."""
    def stored():
        return database.value("SELECT count(*) FROM nonce_used")

    tokens = app.tokens(owner)
    code, verifier = app.code(owner)
    stranger = copy.copy(app)
    stranger.dpop, before = new_key(), stored()
    for answer in (stranger.redeem("x" * 43, verifier),
            stranger.redeem(code, "v" * 43), stranger.refresh("x" * 43),
            stranger.refresh(tokens["refresh_token"]),
            stranger.post("/oauth2/par", stranger.question(verifier,
                redirect_uri="https://evil.example/"))):
        assert error(answer) in ("invalid_grant", "invalid_request")
    expect(stranger.call("GET", "/v1/devices", tokens["access_token"]), 401)
    assert stored() == before
    # Whoever has what it takes shows each of theirs once.
    for path, form in (("/oauth2/par", app.question(verifier)),
            ("/oauth2/token", {"grant_type": "refresh_token", "client_id":
                app.id, "refresh_token": tokens["refresh_token"]})):
        proof = {"DPoP": app.proof("POST", path)}
        expect(app.http.post(path, data=form, headers=proof), 200, 201)
        assert error(app.http.post(path, data=form, headers=proof)) == \
            "invalid_dpop_proof"


def test_rfc9449_bound_token_needs_its_key_at_the_resource(
        app, owner, stack, operator):
    token = app.tokens(owner)["access_token"]
    path = "/v1/devices"
    expect(app.call("GET", path, token), 200)
    expect(app.http.get(path, headers={"Authorization": f"Bearer {token}"}),
        401)
    expect(app.http.get(path, headers={"Authorization": f"DPoP {token}"}),
        401)
    fresh = app.http.get(path, headers={"Authorization": f"DPoP {token}",
        "DPoP": app.proof("GET", path, token, nonce=None)})
    assert expect(fresh, 401).headers["DPoP-Nonce"]
    assert 'error="use_dpop_nonce"' in fresh.headers["WWW-Authenticate"]
    for bad in (app.proof("GET", path), app.proof("POST", path, token),
            app.proof("GET", path, token, key=new_key()),
            app.proof("GET", path, token, ath=sha256("other")),
            app.proof("GET", "/v1/claims", token)):
        answer = expect(app.call("GET", path, token, bad), 401)
        assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
    plain = App(stack, operator, "plain", dpop=False).tokens(owner)
    assert plain["token_type"] == "Bearer"
    expect(app.call("GET", path, plain["access_token"]), 401)


def test_rfc8705_token_is_bound_to_the_certificate(
        stack, operator, owner, checker):
    own, key = tls_certificate()
    other, other_key = tls_certificate()
    app = App(stack, operator, dpop=False, http=Client(stack,
        [own.public_bytes(PEM)], key_pem(key)))
    thief = Client(stack, [other.public_bytes(PEM)], key_pem(other_key))
    tokens = app.tokens(owner)
    assert tokens["token_type"] == "Bearer"
    claims = part(tokens["access_token"], 1)
    x5t = b64u(own.fingerprint(hashes.SHA256()))
    assert claims["cnf"] == {"x5t#S256": x5t}
    assert introspect(checker, tokens["access_token"]).json()["cnf"] == {
        "x5t#S256": x5t}
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 200)
    for http in (thief, Client(stack)):
        expect(http.get("/v1/devices", headers={"Authorization":
            f"Bearer {tokens['access_token']}"}), 401)
        assert error(http.post("/oauth2/token", data={"grant_type":
            "refresh_token", "refresh_token": tokens["refresh_token"],
            "client_id": app.id})) == "invalid_grant"
    expect(app.refresh(tokens["refresh_token"]), 200)


def test_rotated_key_signs_and_the_old_tokens_live_on(
        make_stack, database, workdir, material):
    """Two keys at once: what the old one signed is good until it dies."""
    keys = workdir / "tokens"
    shutil.copytree(material.pki / "tokens", keys)
    stack = make_stack(token_keys=keys)
    operator = Operator(stack, database.admin_token)
    owner = operator.add_owner()
    app = App(stack, operator, dpop=False)
    old = app.tokens(owner)
    stack.cli("keys", "rotate", "--dir", keys, "--after", "0s")
    deadline = time.monotonic() + 60
    # Once for the file that becomes the key, it may be, and once for the key.
    while "token_keys.reloaded n=2" not in stack.log():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    new = expect(app.refresh(old["refresh_token"]), 200).json()
    kid = [part(t["access_token"], 0)["kid"] for t in (old, new)]
    assert kid[0] != kid[1]
    for tokens in (old, new):
        expect(app.call("GET", "/v1/devices", tokens["access_token"]), 200)
