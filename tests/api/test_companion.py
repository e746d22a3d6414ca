"""Companion apps: what they are to phones and browsers, how they learn that
a device waits, and how their owner decides in them."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.app import App
from harness.crypto import b64u, new_key
from harness.http import Client, expect
from harness.passkey import Person
from harness.process import until

PRINT = ":".join(f"{n:02X}" for n in range(32))
ANDROID = f"com.acme.lamp={PRINT}"
ANDROID_ORIGIN = "android:apk-key-hash:" + b64u(bytes(range(32)))
IOS = "A1B2C3D4E5.com.acme.lamp"
WEB = "https://lamp.acme.example"


@pytest.fixture
def person(stack):
    person = Person(stack)
    expect(person.sign_up(), 201)
    return person


@pytest.fixture
def app(stack, operator):
    return App(stack, operator, origins=[WEB], android_apps=[ANDROID],
        ios_apps=[IOS])


def problem(answer, status, code):
    body = expect(answer, status).json()
    assert body["type"] == f"urn:latchkey:error:{code}", body


def lookup(app, token, device):
    return expect(app.send("POST", "/v1/approvals/lookup", token,
        json={"user_code": device.grant["user_code"]}), 200).json()


def test_clients_are_listed_shown_and_withdrawn(stack, operator):
    token = operator.token
    stack.cli("client", "add", "lamp-app", "--name", "Lamp app",
        "--redirect-uri", "https://lamp.acme.example/done", "--origin", WEB,
        "--android", ANDROID, "--ios", IOS, token=token)
    http = Client(stack)
    for path, holds in (("assetlinks.json", (PRINT, "com.acme.lamp",
            "get_login_creds", "handle_all_urls")),
            ("apple-app-site-association", (IOS, "/activate")),
            ("webauthn", (WEB,))):
        answer = expect(http.get("/.well-known/" + path), 200)
        assert answer.headers["Content-Type"] == "application/json", path
        for word in holds:
            assert word in answer.text, (path, word)
    shown = stack.cli("client", "show", "lamp-app", token=token)
    assert PRINT in shown and IOS in shown and WEB in shown
    expect(operator.call("GET", "/clients/nobody"), 404)
    stack.cli("client", "remove", "lamp-app", token=token)
    expect(operator.call("GET", "/clients/lamp-app"), 404)
    assert expect(http.get("/.well-known/assetlinks.json"), 200).json() == []
    assert expect(http.get("/.well-known/webauthn"),
        200).json() == {"origins": []}
    assert IOS not in http.get(
        "/.well-known/apple-app-site-association").text
    for bad in ({"android_apps": ["com.acme.lamp"]},
            {"android_apps": [f"lamp={PRINT}"]},
            {"android_apps": [f"com.acme.lamp={PRINT.lower()}"]},
            {"ios_apps": ["com.acme.lamp"]},
            {"origins": ["https://Lamp.acme.example"]},
            {"origins": ["https://lamp.acme.example:443"]}):
        expect(operator.call("PUT", "/clients/other", json={"name": "Other",
            "redirect_uris": [], "scope": "devices", **bad}), 400)


def test_a7_decision_in_an_app_is_the_owners_touch_in_that_app(
        app, stack, operator, person, device, database):
    token = app.tokens(person)["access_token"]
    expect(device.authorize(), 200)
    shown = lookup(app, token, device)
    body = {"decision": "approve", "digest": shown["digest"]}
    path = f"/v1/approvals/{shown['id']}/decision"
    problem(app.send("POST", path, token, json=body), 403, "passkey-refused")
    # A signature is the development app's, and no word of this owner's.
    problem(app.send("POST", path, token, json={**body,
        "signature": b64u(bytes(64))}), 403, "passkey-refused")
    # Made for our pages, another app, or a site that nobody registered.
    for origin in (stack.url, "https://evil.example", "null",
            WEB + ":8443", "android:apk-key-hash:" + b64u(bytes(32)),
            "https://LAMP.acme.example", "https://x.lamp.acme.example"):
        problem(app.decide(shown, "approve", token, person.passkey,
            origin=origin), 403, "passkey-refused")
    # For another decision, and what was asked for on the pages.
    deny = expect(app.send("POST", f"/v1/approvals/{shown['id']}/challenges",
        token, json={**body, "decision": "deny"}), 200).json()
    problem(app.send("POST", path, token, json={**body,
        "touch": person.passkey.touch(deny["challenge"], origin=WEB)}), 403,
        "passkey-refused")
    # Of somebody else's passkey.
    other = Person(stack, "Bob")
    expect(other.sign_up(), 201)
    problem(app.decide(shown, "approve", token, other.passkey, origin=WEB),
        403, "passkey-refused")
    # A stranger's app, though it has a token of the same owner.
    rogue = App(stack, operator, "rogue-app", origins=["https://rogue.example"])
    rogue_token = rogue.tokens(person)["access_token"]
    problem(rogue.decide(shown, "approve", rogue_token, person.passkey,
        origin=WEB), 403, "passkey-refused")
    # And without the scope there is no asking.
    narrow = app.tokens(person, scope="devices")["access_token"]
    problem(app.send("POST", path, narrow, json=body), 403,
        "insufficient-scope")
    assert device.poll().json()["error"] in ("authorization_pending",
        "slow_down")
    made = expect(app.decide(shown, "approve", token, person.passkey,
        origin=ANDROID_ORIGIN), 200).json()
    assert made["state"] == "approved"
    device.onboard_after_yes()
    assert device.id == made["device_id"]


@pytest.mark.parametrize("origin", [WEB, "https://localhost"])
def test_a7_app_of_the_web_or_ios_denies(app, person, device, origin):
    token = app.tokens(person)["access_token"]
    expect(device.authorize(), 200)
    shown = lookup(app, token, device)
    expect(app.send("POST", f"/v1/approvals/{shown['id']}/report", token), 204)
    made = expect(app.decide(shown, "deny", token, person.passkey,
        origin=origin), 200).json()
    assert made["state"] == "denied"
    assert device.poll_until_decided().json()["error"] == "access_denied"


HOSTILE = ("null", "https://evil.example", "https://x.lamp.acme.example",
    "https://lamp.acme.example.evil.example", "https://lamp.acme.example:444",
    "https://lamp.acme.example:443", "https://Lamp.acme.example",
    "http://lamp.acme.example", "https://lamp.acme.example/",
    "https://lamp.acme.example https://evil.example", "*", WEB + "'")
CORS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers", "Access-Control-Allow-Credentials")


def preflight(http, path, origin, method):
    return http.call("OPTIONS", path, headers={"Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,dpop"})


def test_cors_is_for_exact_origins_of_registered_apps(
        app, stack, operator, person):
    http = Client(stack)
    for path, method in (("/v1/devices", "GET"), ("/oauth2/token", "POST"),
            ("/v1/approvals/lookup", "POST"), ("/oauth2/revoke", "POST"),
            ("/v1/approvals", "GET"), ("/v1/events", "GET")):
        answer = expect(preflight(http, path, WEB, method), 204)
        assert answer.headers["Access-Control-Allow-Origin"] == WEB
        assert answer.headers["Access-Control-Allow-Methods"] == method
        assert "DPoP" in answer.headers["Access-Control-Allow-Headers"]
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        for origin in HOSTILE:
            answer = preflight(http, path, origin, method)
            assert answer.status_code in (400, 403), (origin, answer.text)
            assert not set(CORS) & set(answer.headers), origin
    # Where apps have no business there is no preflight.
    for path, method in (("/v1/account", "GET"), ("/v1/session", "DELETE"),
            ("/v1/admin/clients", "GET"), ("/oauth2/introspect", "POST"),
            ("/v1/authorizations/decision", "POST"), ("/v1/devices", "PUT"),
            ("/oauth2/device_authorization", "POST"), ("/healthz", "GET")):
        answer = expect(preflight(http, path, WEB, method), 405)
        assert not set(CORS) & set(answer.headers), path

    token = app.tokens(person)["access_token"]
    answer = expect(app.send("GET", "/v1/devices", token,
        headers={"Origin": WEB}), 200)
    assert answer.headers["Access-Control-Allow-Origin"] == WEB
    assert answer.headers["Vary"] == "Origin"
    assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"]
    # A refusal is to be read as well.
    answer = expect(http.get("/v1/devices", headers={"Origin": WEB,
        "Authorization": "Bearer x"}), 401)
    assert answer.headers["Access-Control-Allow-Origin"] == WEB
    for origin in HOSTILE:
        answer = app.send("GET", "/v1/devices", token,
            headers={"Origin": origin})
        assert not set(CORS) & set(answer.headers), origin
        assert answer.headers["Vary"] == "Origin"
    # Another app's origin reads nothing that this app's token opens.
    rogue = "https://rogue.example"
    App(stack, operator, "rogue-app", origins=[rogue])
    expect(preflight(http, "/v1/devices", rogue, "GET"), 204)
    answer = expect(app.send("GET", "/v1/devices", token,
        headers={"Origin": rogue}), 200)
    assert not set(CORS) & set(answer.headers)
    # The owner's cookie goes with no call from there.
    answer = person.call("GET", "/v1/devices", headers={"Origin": WEB,
        "Sec-Fetch-Site": "cross-site"})
    problem(answer, 403, "foreign-site")
    expect(operator.call("DELETE", "/clients/lamp-app"), 204)
    expect(preflight(http, "/v1/devices", WEB, "GET"), 403)


def events(app, token, after=None, wait=0):
    query = f"?wait={wait}" + (f"&after={after}" if after else "")
    return app.send("GET", "/v1/events", token, query=query)


def waiting(app, token):
    return expect(app.send("GET", "/v1/approvals", token),
        200).json()["approvals"]


def kinds(answer):
    return [e["kind"] for e in expect(answer, 200).json()["events"]]


@pytest.fixture
def owned(person, device):
    """A device of the person's, factory reset: it makes a new key."""
    expect(device.authorize(), 200)
    expect(person.approve(device.grant["user_code"]), 200)
    device.onboard_after_yes()
    device.key = new_key()
    return device


def test_app_learns_at_once_that_a_device_waits_on_any_node(
        app, person, owned, make_stack, stack):
    token = app.tokens(person)["access_token"]
    # Another node serves the app that waits.
    other = make_stack(issuer=stack.url)
    start = expect(events(app, token), 200).json()
    assert start["events"] == [] and not start["reset"]
    assert kinds(events(app, token, start["next"])) == []
    far = copy.copy(app)
    far.http = Client(other)
    with ThreadPoolExecutor() as pool:
        waits = [pool.submit(events, a, token, start["next"], 50)
            for a in (app, far)]
        expect(owned.authorize(), 200)
        answers = [expect(w.result(), 200).json() for w in waits]
    for answer in answers:
        (event,) = answer["events"]
        assert event["kind"] == "approval.requested"
        assert event["device_id"] == owned.id
        assert answer["next"] != start["next"]
    # It sees that the device waits; deciding takes what the device shows.
    (seen,) = waiting(app, token)
    assert seen["id"] == answers[0]["events"][0]["approval_id"]
    assert "digest" not in seen and seen["facts"]["serial"] == owned.serial
    shown = lookup(app, token, owned)
    assert [a["digest"] for a in waiting(app, token)] == [shown["digest"]]
    expect(app.decide(shown, "approve", token, person.passkey, origin=WEB),
        200)
    assert waiting(app, token) == []
    assert kinds(events(app, token, start["next"])) == ["approval.requested",
        "approval.approved"]
    assert kinds(events(app, token, answers[0]["next"])) == [
        "approval.approved"]


def wait_as_many_as_may(pool, person, cursor):
    """Four calls that wait, and the proof that they do: a fifth may not."""
    path = f"/v1/events?after={cursor}&wait="

    def wait():
        mine = copy.copy(person)
        mine.http = Client(person.stack)
        mine.http.session.cookies.update(person.http.session.cookies)
        while (answer := mine.call("GET", path + "50")).status_code == 429:
            pass
        return answer

    waits = [pool.submit(wait) for _ in range(4)]
    until(lambda: person.call("GET", path + "1").status_code == 429)
    return waits


def test_events_are_the_owners_alone_and_bounded(
        app, stack, person, owned, operator, database):
    token = app.tokens(person)["access_token"]
    start = expect(events(app, token), 200).json()["next"]
    eve = Person(stack, "Eve")
    expect(eve.sign_up(), 201)
    expect(owned.authorize(), 200)
    assert expect(eve.call("GET", "/v1/approvals"), 200).json() == {
        "approvals": []}
    assert expect(eve.call("GET", "/v1/events?after=1.0"), 200).json()[
        "events"] == []
    # The pages may ask for the same, and without the scope no app may.
    mine = expect(person.call("GET", "/v1/approvals"), 200).json()
    assert len(mine["approvals"]) == 1
    narrow = app.tokens(person, scope="devices")["access_token"]
    problem(events(app, narrow), 403, "insufficient-scope")
    for query in ("wait=51", "wait=-1", "wait=x", "after=x", "after=1.01"):
        expect(person.call("GET", f"/v1/events?{query}"), 400)
    # A cursor that leads nowhere says so: a restored database, old notices.
    for cursor in ("2.1", "1.999999"):
        assert expect(person.call("GET", f"/v1/events?after={cursor}&wait=9"),
            200).json()["reset"] is True
    database.query("DELETE FROM notice")
    assert expect(events(app, token, start, 9), 200).json()["reset"] is True

    # Four wait, one more may not; news and the end of the service wake all.
    now = expect(events(app, token), 200).json()["next"]
    with ThreadPoolExecutor(4) as pool:
        waits = wait_as_many_as_may(pool, person, now)
        expect(operator.revoke(owned.id), 200)
        (answer,) = {w.result().text for w in waits}
        assert '"kind":"device.revoked"' in answer
        now = expect(events(app, token), 200).json()["next"]
        waits = wait_as_many_as_may(pool, person, now)
        stack.stop()
        for w in waits:
            assert expect(w.result(), 200).json() == {"events": [],
                "next": now, "reset": False}


def test_events_that_wait_end_with_the_app(app, person, operator, database):
    token = app.tokens(person)["access_token"]
    now = expect(events(app, token), 200).json()["next"]
    with ThreadPoolExecutor() as pool:
        wait = pool.submit(events, app, token, now, 50)
        expect(operator.call("DELETE", "/clients/lamp-app"), 204)
        database.query("SELECT pg_notify('latchkey_notice', %s)",
            (person.id,))
        assert wait.result().status_code == 401
