"""Authorization code with PKCE, pushed requests, and the clients that use
them: RFC 6749, 7636, 8252, 8414, 9126, 9207."""

import base64
import concurrent.futures
import copy
import hashlib
import json
import secrets
import time
import urllib.parse

import pytest

from harness.app import App, decide, query_of, sha256
from harness.crypto import b64u, new_key
from harness.http import Client, expect
from harness.passkey import Passkey, Person


@pytest.fixture
def app(stack, operator):
    return App(stack, operator)


def error(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def refusal(answer):
    """What the app is told at its redirect URI."""
    location = expect(answer, 302).headers["Location"]
    assert location.startswith("https://app.example/done?")
    query = query_of(location)
    assert "code" not in query
    return query


def test_app_from_question_to_calls_for_its_owner(app, owner, operator):
    handle, verifier = app.ask(scope="openid devices")
    shown = expect(owner.call("POST", "/v1/authorizations/lookup",
        json={"request": handle}), 200).json()
    assert shown == {"client_id": "lamp-app", "client_name": "Lamp app",
        "redirect_host": "https://app.example", "scope": "openid devices"}
    location = expect(decide(owner, handle), 200).json()["location"]
    answer = query_of(location)
    assert answer["state"] == "s-1"
    assert answer["iss"] == app.stack.url, "RFC 9207"
    tokens = expect(app.redeem(answer["code"], verifier), 200)
    assert tokens.headers["Cache-Control"] == "no-store"
    tokens = tokens.json()
    assert tokens["token_type"] == "DPoP"
    assert tokens["scope"] == "openid devices"
    assert expect(app.call("GET", "/v1/devices", tokens["access_token"]),
        200).json() == {"devices": []}
    expect(app.call("POST", "/v1/approvals/lookup", tokens["access_token"]),
        415, 403)
    kinds = [e["kind"] for e in operator.events()]
    assert {"client.added", "app.allowed", "app.token_issued"} <= set(kinds)


def test_openid_question_by_post_is_the_same(app, owner):
    verifier = secrets.token_urlsafe(48)
    answer = expect(app.http.post("/oauth2/authorize",
        data=app.question(verifier)), 302)
    handle = answer.headers["Location"].split("#")[1]
    code = query_of(expect(decide(owner, handle),
        200).json()["location"])["code"]
    expect(app.redeem(code, verifier), 200)
    expect(app.http.post("/oauth2/authorize", data={"client_id": "nobody"}),
        400)


def test_rfc6749_refusal_is_told_at_the_redirect_uri(app, owner):
    wrong = refusal(app.authorize(**app.question("v" * 43, scope="all")))
    assert wrong["error"] == "invalid_scope"
    assert "enroll" not in wrong["error_description"]
    handle, _ = app.ask()
    location = expect(decide(owner, handle, "refuse"), 200).json()["location"]
    query = query_of(location)
    assert query["error"] == "access_denied" and query["state"] == "s-1"
    expect(decide(owner, handle), 404)


def test_rfc6749_unknown_client_or_redirect_uri_is_never_redirected(app):
    verifier = secrets.token_urlsafe(48)
    for changes in ({"client_id": "nobody"}, {"client_id": None},
            {"redirect_uri": None},
            {"redirect_uri": "https://app.example/done/"},
            {"redirect_uri": "https://app.example/done?x=1"},
            {"redirect_uri": "https://app.example/Done"},
            {"redirect_uri": "https://evil.example/done"}):
        answer = app.authorize(**app.question(verifier, **changes))
        assert answer.status_code == 400 and "Location" not in answer.headers


BAD_QUESTIONS = (
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": None}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"scope": "enroll"}, "invalid_scope"),
    ({"scope": "devices devices"}, "invalid_scope"),
    ({"resource": "https://other.example"}, "invalid_target"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"prompt": "none"}, "login_required"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"dpop_jkt": "AAAA"}, "invalid_request"))


def test_rfc7636_and_others_bad_question_is_refused(app):
    for changes, code in BAD_QUESTIONS:
        query = refusal(app.authorize(**app.question("v" * 43, **changes)))
        assert (query["error"], query["iss"]) == (code, app.stack.url), changes


def test_rfc7636_wrong_missing_or_malformed_verifier(app, owner):
    code, verifier = app.code(owner)
    assert error(app.redeem(code, None)) == "invalid_grant"
    assert error(app.redeem(code, "a" * 42)) == "invalid_request"
    assert error(app.redeem(code, verifier[:-1] + "+")) == "invalid_request"
    assert error(app.redeem(code, sha256(verifier))) == "invalid_grant"
    expect(app.redeem(code, verifier), 200)


def test_rfc6749_code_is_bound_to_client_and_redirect_uri(
        app, stack, operator, owner):
    other = App(stack, operator, "other-app")
    code, verifier = app.code(owner)
    assert error(other.redeem(code, verifier)) == "invalid_grant"
    assert error(app.redeem(code, verifier,
        redirect_uri="https://app.example/other")) == "invalid_grant"
    assert error(app.redeem(code, verifier, redirect_uri=None)) == \
        "invalid_request"
    assert error(app.redeem("x" * 43, verifier)) == "invalid_grant"
    assert error(app.redeem(None, verifier)) == "invalid_request"


def test_a10_code_again_by_the_same_key_is_the_same_answer(
        app, owner, database):
    code, verifier = app.code(owner)
    first = expect(app.redeem(code, verifier), 200).json()
    again = expect(app.redeem(code, verifier), 200).json()
    assert again["refresh_token"] == first["refresh_token"]
    key, app.dpop = app.dpop, new_key()
    assert error(app.redeem(code, verifier)) == "invalid_grant"
    app.dpop = key
    expect(app.refresh(first["refresh_token"]), 200)


def test_rfc6749_code_of_a_bearer_used_twice_ends_what_it_gave(
        stack, operator, owner):
    app = App(stack, operator, dpop=False)
    code, verifier = app.code(owner)
    tokens = expect(app.redeem(code, verifier), 200).json()
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 200)
    assert error(app.redeem(code, verifier)) == "invalid_grant"
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 401)
    assert error(app.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a10_code_that_comes_twice_at_once_is_for_the_first_key_alone(
        app, owner, operator, database):
    """Both see a code that nobody used; the later one has another key."""
    other = copy.copy(app)
    other.http, other.dpop = Client(app.stack), new_key()
    code, verifier = app.code(owner)
    blocker = database.connect("super")
    blocker.cursor().execute("SELECT FROM owner FOR UPDATE")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(one.redeem, code, verifier)
            for one in (app, other)]
        database.wait_blocked(2)
        blocker.rollback()
        answers = [one.result(60) for one in tries]
    blocker.close()
    assert sorted(a.status_code for a in answers) == [200, 400]
    first, = (a for a in answers if a.ok)
    holder = (app, other)[answers.index(first)]
    expect(holder.call("GET", "/v1/devices", first.json()["access_token"]),
        200)
    assert "app.token_without_key" in [e["kind"] for e in operator.events()]


def test_expired_code_is_refused(app, owner, database):
    code, verifier = app.code(owner)
    database.query("UPDATE token_family SET code_expires_at = now() - "
        "interval '2 s'")
    assert error(app.redeem(code, verifier)) == "invalid_grant"


def test_rfc8252_loopback_takes_any_port(stack, operator, owner):
    app = App(stack, operator,
        redirect_uris=["http://127.0.0.1/cb", "http://[::1]/cb"])
    for uri in ("http://127.0.0.1:49152/cb", "http://[::1]:1/cb",
            "http://127.0.0.1/cb"):
        app.redirect = uri
        expect(app.redeem(*app.code(owner)), 200)
    for uri in ("http://127.0.0.1:x/cb", "http://127.0.0.1:1/other",
            "http://127.0.0.1:123456/cb", "http://localhost:1/cb",
            "http://127.0.0.1:1@evil.example/cb", "https://127.0.0.1:1/cb"):
        expect(app.authorize(**app.question("v" * 43, redirect_uri=uri)), 400)


def test_rfc9126_pushed_request_is_used_once_by_its_client(
        app, stack, operator, owner, database):
    verifier = secrets.token_urlsafe(48)
    pushed = expect(app.post("/oauth2/par", app.question(verifier)), 201)
    assert pushed.headers["Cache-Control"] == "no-store"
    uri = pushed.json()["request_uri"]
    App(stack, operator, "other-app")
    expect(app.authorize(client_id="other-app", request_uri=uri), 400)
    answer = expect(app.authorize(client_id=app.id, request_uri=uri), 302)
    expect(app.authorize(client_id=app.id, request_uri=uri), 400)
    handle = answer.headers["Location"].split("#")[1]
    code = query_of(expect(decide(owner, handle), 200).json()["location"])
    expect(app.redeem(code["code"], verifier), 200)

    uri = expect(app.post("/oauth2/par", app.question(verifier)),
        201).json()["request_uri"]
    database.query("UPDATE authorization_request SET expires_at = now() - "
        "interval '2 s'")
    expect(app.authorize(client_id=app.id, request_uri=uri), 400)


@pytest.mark.settings(requests_address=3)
def test_questions_of_nobody_in_particular_fill_no_store(
        stack, app, operator):
    server = App(stack, operator, "server", confidential=True)
    verifier = secrets.token_urlsafe(48)
    question = app.question(verifier)
    expect(app.post("/oauth2/par", question), 201)
    for _ in range(2):
        app.ask()
    for _ in range(2):
        refused = expect(app.authorize(**question), 429)
        assert 1 <= int(refused.headers["Retry-After"]) <= 600
    assert error(app.post("/oauth2/par", question), 429) == \
        "temporarily_unavailable"
    expect(server.post("/oauth2/par", {**server.question(verifier),
        **server.credentials()}), 201)
    told = [e for e in operator.events() if e["kind"] == "requests.limited"]
    assert [e["detail"] for e in told] == ["questions-address"]


def test_rfc9126_what_par_refuses(app):
    question = app.question("v" * 43)
    assert error(app.post("/oauth2/par", {**question,
        "request_uri": "urn:x"})) == "invalid_request"
    assert error(app.post("/oauth2/par", {**question,
        "redirect_uri": "https://evil.example/"})) == "invalid_request"
    assert error(app.post("/oauth2/par", {**question,
        "code_challenge_method": "plain"})) == "invalid_request"
    assert error(app.post("/oauth2/par", {**question,
        "client_id": "nobody"}), 401) == "invalid_client"
    expect(app.http.get("/oauth2/par"), 405)
    expect(app.http.post("/oauth2/par", data={"state": "x" * 40000}), 413)


def test_rfc9449_code_is_bound_to_the_key_of_dpop_jkt_or_of_par(app, owner):
    verifier = secrets.token_urlsafe(48)
    uri = expect(app.post("/oauth2/par", app.question(verifier)),
        201).json()["request_uri"]
    handle = expect(app.authorize(client_id=app.id, request_uri=uri),
        302).headers["Location"].split("#")[1]
    code = query_of(expect(decide(owner, handle),
        200).json()["location"])["code"]
    key, app.dpop = app.dpop, new_key()
    assert error(app.redeem(code, verifier)) == "invalid_grant"
    app.dpop = key
    expect(app.redeem(code, verifier), 200)


def test_private_key_jwt_counts_once_and_must_be_for_us(
        stack, operator, owner):
    app = App(stack, operator, confidential=True)
    code, verifier = app.code(owner)
    for bad in (app.assertion(aud="https://other.example"),
            app.assertion(iss="other-app"), app.assertion(sub="other-app"),
            app.assertion(exp=int(time.time()) - 1),
            app.assertion(exp=int(time.time()) + 4000),
            app.assertion(key=new_key()), "x.y.z"):
        assert error(app.redeem(code, verifier, client_assertion=bad),
            401) == "invalid_client"
    assert error(app.redeem(code, verifier, client_assertion=None,
        client_id=app.id), 401) == "invalid_client"
    good = app.assertion()
    expect(app.http.post("/oauth2/revoke", data={"token": "x",
        "client_assertion_type": app.credentials()["client_assertion_type"],
        "client_assertion": good}), 200)
    assert error(app.redeem(code, verifier, client_assertion=good),
        401) == "invalid_client", "an assertion counts once"
    expect(app.redeem(code, verifier), 200)


def test_what_operators_may_register(stack, operator, owner):
    app = App(stack, operator)
    tokens = app.tokens(owner)
    for bad in ({"redirect_uris": ["http://app.example/"]},
            {"redirect_uris": ["https://app.example/#x"]},
            {"redirect_uris": ["https://u@app.example/"]},
            {"redirect_uris": ["https://app.example"]},
            {"redirect_uris": ["lamp:/done"]},
            {"redirect_uris": ["http://localhost/"]},
            {"redirect_uris": ["http://127.0.0.1:80/"]},
            {"origins": ["https://app.example/"]}, {"origins": ["null"]},
            {"scope": "everything"}, {"scope": ""}, {"key": "none"},
            {"introspects": True}):
        expect(operator.call("PUT", "/clients/lamp-app", json={
            "name": "Lamp app", "redirect_uris": [], "scope": "devices",
            **bad}), 400)
    token = operator.token
    assert "lamp-app" in stack.cli("client", "list", token=token)
    stack.cli("client", "add", "cli-app", "--name", "By hand",
        "--redirect-uri", "https://a.example/x", "--scopes",
        "openid,devices", token=token)
    rows = operator.call("GET", "/clients").json()["clients"]
    assert [r["scope"] for r in rows] == ["openid devices",
        "openid approvals devices"]
    stack.cli("client", "remove", "lamp-app", token=token)
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 401)
    assert error(app.refresh(tokens["refresh_token"]), 401) == \
        "invalid_client"
    expect(operator.call("PUT", "/clients/lamp-app", json={
        "name": "Again", "redirect_uris": [], "scope": "devices"}), 409)


def test_a7_no_token_lets_an_app_in_decides_or_releases(
        app, owner, enrolled):
    token = app.tokens(owner)["access_token"]
    handle, _ = app.ask()
    bodies = {"/v1/authorizations/decision": {"request": handle,
        "decision": "allow"}}
    for path, body in bodies.items():
        answer = app.http.post(path, json=body, headers={
            "Authorization": f"DPoP {token}",
            "DPoP": app.proof("POST", path, token)})
        assert answer.status_code == 403, answer.text
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]
    expect(app.call("DELETE", f"/v1/devices/{enrolled.id}", token), 403)
    expect(owner.device(enrolled.id), 200)


@pytest.fixture
def person(stack):
    person = Person(stack)
    expect(person.sign_up(), 201)
    return person


def test_p4_removing_a_passkey_signs_apps_out(app, person, operator):
    """What was on a phone that is gone is gone with it, for 90 days else."""
    tokens = app.tokens(person)
    expect(person.add_passkey(Passkey(person.stack.url)), 204)
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 200)
    gone = person.account()["passkeys"][1]["id"]
    expect(person.call("POST", f"/v1/account/passkeys/{gone}/removal",
        json=person.touch("passkey-remove", gone)), 204)
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 401)
    assert error(app.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert [e["kind"] for e in operator.events()].count("app.signed_out") == 1


def test_a3_who_is_signed_out_meanwhile_lets_no_app_in(
        app, person, database):
    thief = Person(person.stack)
    expect(person.add_passkey(thief.passkey), 204)
    expect(thief.sign_in(), 200)
    gone = person.account()["passkeys"][1]["id"]
    touch = person.touch("passkey-remove", gone)
    handle, _ = app.ask()
    blocker = database.connect("super")
    blocker.cursor().execute("SELECT FROM owner FOR UPDATE")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        removed = pool.submit(person.call, "POST",
            f"/v1/account/passkeys/{gone}/removal", json=touch)
        database.wait_blocked(1)
        allowed = pool.submit(decide, thief, handle)
        database.wait_blocked(2)
        blocker.rollback()
        expect(removed.result(60), 204)
        expect(allowed.result(60), 401)
    blocker.close()
    assert database.value("SELECT count(*) FROM token_family") == 0


def claims_of(jwt):
    text = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_openid_auth_time_is_the_sign_ins_and_ages(app, person, database):
    # An hour ago, and the app asks now.
    signed_in = int(time.time()) - 3600

    def age():
        database.query("UPDATE session SET created_at = to_timestamp(%s)",
            (signed_in,))

    age()
    tokens = app.tokens(person, max_age="4000")
    identity = claims_of(tokens["id_token"])
    access = claims_of(tokens["access_token"])
    assert identity["auth_time"] == access["auth_time"] == signed_in
    assert identity["sub"] == access["sub"] == person.id
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()
    assert identity["at_hash"] == b64u(digest[:16])
    # Section 12.2: the same sign-in, and no nonce.
    again = expect(app.refresh(tokens["refresh_token"]), 200).json()
    later = claims_of(again["id_token"])
    assert later["auth_time"] == signed_in and "nonce" not in later
    for wish in ({"max_age": "60"}, {"max_age": "0"}, {"prompt": "login"},
            {"prompt": "consent select_account"}):
        age()
        handle, verifier = app.ask(**wish)
        for answer in (decide(person, handle), person.call("POST",
                "/v1/authorizations/lookup", json={"request": handle})):
            assert expect(answer, 401).json()["type"].endswith(
                ":sign-in-again"), wish
        expect(person.sign_in(), 200)
        location = expect(decide(person, handle), 200).json()["location"]
        tokens = expect(app.redeem(query_of(location)["code"], verifier),
            200).json()
        assert claims_of(tokens["id_token"])["auth_time"] > signed_in


def test_metadata_says_what_there_is(stack):
    http = Client(stack)
    oauth = expect(http.get("/.well-known/oauth-authorization-server"),
        200).json()
    assert oauth == expect(http.get("/.well-known/openid-configuration"),
        200).json()
    assert oauth["code_challenge_methods_supported"] == ["S256"]
    for name in ("request", "request_uri", "claims"):
        assert oauth[f"{name}_parameter_supported"] is False
    assert "userinfo_endpoint" not in oauth
    assert "none" in oauth["prompt_values_supported"]
    for name, url in oauth.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            path = urllib.parse.urlsplit(url).path
            assert url == stack.url + path
            assert http.get(path).status_code != 404
