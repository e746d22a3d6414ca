"""Sensors behind a hub, and the tokens that the hub trades for them: RFC 8693
and rule A13."""

import base64
import json
import uuid

import pytest
from cryptography.hazmat.primitives import hashes

from harness.app import CHILD, App, Hub, decide_child
from harness.crypto import b64u
from harness.http import Client, expect
from harness.players import Device

ACCESS = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture
def hub(enrolled):
    return Hub(enrolled)


@pytest.fixture
def checker(stack, operator):
    return App(stack, operator, "checker", confidential=True, dpop=False,
        redirect_uris=[], introspects=True)


@pytest.fixture
def child(hub, owner):
    """One that its owner has approved."""
    child = expect(hub.register(), 200).json()
    expect(decide_child(owner, hub, child["id"], "approve"), 204)
    return child


def error(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def claims_of(jwt):
    text = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def is_active(checker, token):
    return expect(checker.post("/oauth2/introspect", {"token": token,
        **checker.credentials()}), 200).json()


def test_a13_hub_trades_after_its_owners_yes(hub, owner, operator, checker):
    child = expect(hub.register(), 200).json()
    assert child["state"] == "pending"
    assert error(hub.trade(child["subject_token"])) == "invalid_request"
    (seen,) = expect(owner.call("GET", hub.path), 200).json()["children"]
    assert seen["serial"] == "T-1" and seen["state"] == "pending"
    expect(decide_child(owner, hub, child["id"], "approve"), 204)
    again = expect(hub.register(), 200).json()
    assert again["subject_token"] == child["subject_token"]
    assert again["state"] == "approved"

    answer = expect(hub.trade(child["subject_token"]), 200)
    assert answer.headers["Cache-Control"] == "no-store"
    got = answer.json()
    assert got["issued_token_type"] == ACCESS
    assert 0 < got["expires_in"] <= 120 and got["token_type"] == "Bearer"
    claims = claims_of(got["access_token"])
    x5t = b64u(hub.device.certificate.fingerprint(hashes.SHA256()))
    assert claims["sub"] == child["id"]
    assert claims["act"] == {"sub": hub.device.id}
    assert claims["cnf"] == {"x5t#S256": x5t}
    assert claims["aud"] != hub.device.stack.url
    assert "enroll" not in claims["scope"]
    narrow = expect(hub.trade(child["subject_token"], scope="telemetry",
        requested_token_type=ACCESS, audience=claims["aud"]), 200).json()
    assert claims_of(narrow["access_token"])["scope"] == "telemetry"
    said = is_active(checker, got["access_token"])
    assert said["active"] and said["act"] == {"sub": hub.device.id}
    assert said["sub"] == child["id"] and said["cnf"] == claims["cnf"]
    kinds = [e["kind"] for e in operator.events()]
    assert {"child.registered", "child.approved",
        "child.token_issued"} <= set(kinds)


def test_rfc8693_exchanges_that_are_refused(hub, child, stack, operator,
        owner, maker):
    token = child["subject_token"]
    for bad in ({"subject_token": None}, {"subject_token_type": None},
            {"subject_token_type": ACCESS}, {"actor_token": "x"},
            {"actor_token_type": ACCESS},
            {"requested_token_type": CHILD},
            {"subject_token": token[:-2] + "xx"},
            {"subject_token": f"{uuid.uuid4()}{token[36:]}"},
            {"subject_token": "x" * 2000}):
        assert error(hub.trade(token, **bad)) == "invalid_request", bad
    for bad in ("enroll", "telemetry enroll", "devices",
            "telemetry telemetry"):
        assert error(hub.trade(token, scope=bad)) == "invalid_scope", bad
    for name in ("resource", "audience"):
        assert error(hub.trade(token, **{name: stack.url})) == \
            "invalid_target"
    assert error(hub.trade(token, Client(stack)), 401) == "invalid_client"
    assert error(hub.trade(token, hub.device.birth)) == "unauthorized_client"
    other = Device(stack, maker)
    operator.allow(other)
    other.onboard(owner)
    assert error(hub.trade(token, other.operational)) == "invalid_request"
    expect(other.operational.post(hub.path, json={"serial": "T-2",
        "name": "Thief"}), 404)
    for bad in ({"serial": ""}, {"name": "a\u202eb"}, {"scope": "enroll"}):
        expect(hub.register(**bad), 400)


def test_a13_token_of_a_child_opens_nothing_of_its_owners(hub, child):
    token = expect(hub.trade(child["subject_token"]), 200).json()
    for http in (hub.device.operational, Client(hub.device.stack)):
        expect(http.get("/v1/devices", headers={
            "Authorization": f"Bearer {token['access_token']}"}), 401)


@pytest.mark.parametrize("end", ["removed", "released", "quarantined",
    "revoked", "lost", "expired"])
def test_a13_token_dies_with_hub_child_or_yes(hub, child, owner, operator,
        checker, database, end):
    token = expect(hub.trade(child["subject_token"]), 200).json()[
        "access_token"]
    assert is_active(checker, token)["active"]
    hub_id = hub.device.id
    if end == "removed":
        expect(decide_child(owner, hub, child["id"], "release"), 204)
        expect(decide_child(owner, hub, child["id"], "release"), 404)
    elif end == "released":
        expect(owner.release(hub_id), 204)
    elif end == "quarantined":
        expect(operator.quarantine(hub_id), 200)
    elif end == "revoked":
        expect(operator.revoke(hub_id), 200)
    elif end == "lost":
        database.query("UPDATE birth SET lost_at = now()")
    else:
        database.query("UPDATE child SET expires_at = now() - interval '1 s'")
    assert is_active(checker, token) == {"active": False}
    assert hub.trade(child["subject_token"]).status_code == 400
    if end == "removed":
        assert "child.removed" in [e["kind"] for e in operator.events()]
        renewed = expect(hub.register(), 200).json()
        assert renewed["id"] != child["id"] and renewed["state"] == "pending"


def test_only_the_hubs_owner_decides_and_once(hub, owner, operator):
    child = expect(hub.register(), 200).json()
    stranger = operator.add_owner("Eve")
    expect(stranger.call("GET", hub.path), 404)
    expect(decide_child(stranger, hub, child["id"], "approve"), 404)
    expect(decide_child(owner, hub, child["id"], "adopt"), 400)
    expect(decide_child(owner, hub, child["id"], "deny"), 204)
    expect(decide_child(owner, hub, child["id"], "approve"), 404)
    assert error(hub.trade(child["subject_token"])) == "invalid_request"


def test_who_looks_sees_what_is_alive_first(hub, owner, operator, database):
    """Its owner, and the operator's command line; and the tokens that are
    traded do not hide what else happened."""
    def news(cursor=None):
        return expect(owner.call("GET", "/v1/events", f"?after={cursor}" if
            cursor else ""), 200).json()

    begun = news()["next"]
    children = [expect(hub.register(f"T-{i}"), 200).json() for i in range(3)]
    path = f"/v1/devices/{hub.device.id}"
    waiting = lambda: expect(owner.call("GET", path), 200).json()[
        "children_waiting"]
    assert waiting() == 3
    for child, word in zip(children, ("approve", "deny")):
        expect(decide_child(owner, hub, child["id"], word), 204)
    assert waiting() == 1
    database.query("UPDATE child SET expires_at = now() - interval '1 s' "
        "WHERE serial = 'T-2'")
    assert waiting() == 0
    expect(hub.trade(children[0]["subject_token"]), 200)
    assert [(e["kind"], e["device_id"]) for e in news(begun)["events"]] == [
        (f"child.{kind}", hub.device.id) for kind in ("registered",
        "registered", "registered", "approved", "denied")]
    seen = expect(owner.call("GET", hub.path), 200).json()["children"]
    # Denied after it was asked for, and yet behind one that is older.
    assert [c["serial"] for c in seen] == ["T-2", "T-0", "T-1"]
    kinds = [e["kind"] for e in expect(owner.call("GET", path + "/history"),
        200).json()["events"]]
    assert kinds[:2] == ["child.denied", "child.approved"]
    assert kinds.count("child.registered") == 3
    assert operator.events()[-1]["kind"] == "child.token_issued"
    token = database.admin_token
    said = hub.device.stack.cli("device", "children", hub.device.id,
        token=token)
    for word in ("T-0", "approved", "T-1", "denied", "telemetry commands"):
        assert word in said, said
    assert json.loads(hub.device.stack.cli("device", "children",
        hub.device.id, "--json", token=token))["children"] == seen
    # What has an end stays to be seen by operators.
    expect(owner.release(hub.device.id), 204)
    expect(owner.call("GET", hub.path), 404)
    assert "T-0" in hub.device.stack.cli("device", "children", hub.device.id,
        token=token)
    expect(operator.call("GET", f"/devices/{uuid.uuid4()}/children"), 404)
