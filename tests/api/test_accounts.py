"""Accounts with passkeys: who gets in, and what only a touch can do."""

import pytest

from harness.crypto import new_key
from harness.http import expect
from harness.passkey import UP, Passkey, Person

FAST = pytest.mark.settings(code_interval="1s")


@pytest.fixture
def person(stack):
    person = Person(stack)
    expect(person.sign_up(), 201)
    return person


def code_of(answer):
    return answer.json()["type"].rsplit(":", 1)[1]


def test_sign_up_sign_out_and_sign_in_again(person, database):
    cookie, = person.http.session.cookies
    assert (cookie.name, cookie.secure, cookie.path, cookie.domain) == (
        "__Host-latchkey", True, "/", "localhost.local")
    assert cookie.has_nonstandard_attr("HttpOnly")
    seen = expect(person.call("GET", "/v1/session"), 200).json()
    assert seen["account"] == person.id and seen["name"] == "Ada"
    key, = person.account()["passkeys"]
    assert key["name"] == "Ada's phone"
    # The store knows neither the cookie nor a code of it.
    assert database.value("SELECT count(*) FROM session WHERE mac = %s",
        (cookie.value.encode(),)) == 0
    expect(person.sign_out(), 204)
    person.http.session.cookies.set_cookie(cookie)
    assert person.call("GET", "/v1/session").status_code == 401
    account = person.id
    expect(person.sign_in(), 200)
    assert person.id == account


def test_answers_of_a_passkey_that_are_not_for_this_are_refused(person):
    expect(person.sign_out(), 204)
    for wrong in ({"origin": "https://localhost.example"},
            {"crossOrigin": True}, {"type": "webauthn.create"},
            {"flags": UP}, {"flags": 0x04},
            {"topOrigin": "https://evil.example"}):
        answer = person.sign_in(**wrong)
        assert (answer.status_code, code_of(answer)) == (403,
            "passkey-refused"), wrong
    # Another site's, another key, a counter that stood still, a used one.
    own, person.passkey.rp_id = person.passkey, "evil.example"
    expect(person.sign_in(), 403)
    own.rp_id = "localhost"
    person.passkey = Passkey(person.stack.url)
    expect(person.sign_in(), 403)
    person.passkey.id = own.id
    expect(person.sign_in(), 403)
    person.passkey = own
    asked = person.call("POST", "/v1/session/challenges").json()["challenge"]
    touch = own.touch(asked)
    expect(person.call("POST", "/v1/session", json=touch), 200)
    expect(person.call("POST", "/v1/session", json=touch), 403)
    expect(person.call("POST", "/v1/session", json=own.touch(asked)), 403)
    own.count -= 2
    expect(person.sign_in(), 403)
    expect(person.sign_in(), 200)


def test_other_sites_requests_are_refused_and_change_nothing(person):
    for headers in ({"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
            {"Origin": None, "Sec-Fetch-Site": None},
            {"X-CSRF-Token": None}, {"X-CSRF-Token": "A" * 43}):
        answer = person.call("DELETE", "/v1/session", headers=headers)
        assert code_of(expect(answer, 403)) == "foreign-site", headers
    for path in ("/v1/accounts/challenges", "/v1/session/challenges"):
        expect(person.call("POST", path,
            headers={"Sec-Fetch-Site": "cross-site"}), 403)
    expect(person.call("GET", "/v1/account",
        headers={"Sec-Fetch-Site": "cross-site"}), 403)
    expect(person.call("GET", "/v1/session"), 200)
    # Two cookies of the name: which is ours is unknown.
    both = "; ".join(f"__Host-latchkey={'A' * 43}" for _ in "ab")
    person.http.session.cookies.clear()
    expect(person.call("GET", "/v1/session", headers={"Cookie": both}), 401)


def test_a_second_passkey_needs_the_first_and_the_last_stays(person):
    second = Passkey(person.stack.url)
    expect(person.add_passkey(second, touch=False), 403)
    expect(person.add_passkey(second), 204)
    assert code_of(expect(person.add_passkey(second), 409)) == "passkey-known"
    other = Person(person.stack, "Grace")
    other.passkey = second
    expect(other.sign_in(), 200)
    assert other.id == person.id
    first = other.account()["passkeys"][0]["id"]
    remove = f"/v1/account/passkeys/{first}/removal"
    # A touch for another one, then the right one.
    expect(other.call("POST", remove, json=other.touch("passkey-remove",
        other.account()["passkeys"][1]["id"])), 403)
    expect(other.call("POST", remove,
        json=other.touch("passkey-remove", first)), 204)
    assert person.call("GET", "/v1/session").status_code == 401
    expect(person.sign_in(), 403)
    last, = other.account()["passkeys"]
    expect(other.call("POST", f"/v1/account/passkeys/{last['id']}/removal",
        json=other.touch("passkey-remove", last["id"])), 409)


def test_recovery_code_opens_passkey_enrolment_alone_and_holds_the_account(
        person, device, database):
    codes = person.recovery_codes()
    assert len(set(codes)) == 8
    thief = Person(person.stack)
    assert code_of(expect(thief.recover("0000-0000-0000-0000"),
        404)) == "wrong-code"
    expect(thief.recover(codes[0].lower().replace("-", " ")), 200)
    expect(Person(person.stack).recover(codes[0]), 404)
    # It adds a passkey and does nothing else.
    assert code_of(expect(thief.call("GET", "/v1/account"),
        403)) == "recovery"
    assert code_of(expect(thief.call("GET", "/v1/devices"),
        403)) == "recovery"
    thief.passkey = Passkey(person.stack.url)
    expect(thief.add_passkey(thief.passkey, touch=False), 204)
    expect(thief.sign_in(), 200)
    # All sessions see it; nothing is decided for three days, and what was
    # there before cannot be thrown out.
    notice = person.call("GET", "/v1/session").json()
    assert notice["held_until"] > notice["recovered_at"]
    expect(device.authorize(), 200)
    for one in (person, thief):
        answer = one.approve(device.grant["user_code"])
        assert code_of(expect(answer, 403)) == "account-held"
    first = thief.account()["passkeys"][0]["id"]
    answer = thief.call("POST", f"/v1/account/passkeys/{first}/removal",
        json=thief.touch("passkey-remove", first))
    assert code_of(expect(answer, 403)) == "passkey-young"
    # A second code of the same sheet, an hour later, makes the passkey of the
    # first no older.
    database.query("UPDATE owner SET recovered_at = now() - interval '1 hour'")
    database.query("UPDATE passkey SET created_at = now() - interval '50 "
        "minutes'")
    expect(Person(person.stack).recover(codes[1]), 200)
    answer = thief.call("POST", f"/v1/account/passkeys/{first}/removal",
        json=thief.touch("passkey-remove", first))
    assert code_of(expect(answer, 403)) == "passkey-young"
    database.query("UPDATE owner SET held_until = now() - interval '1 second'")
    expect(person.approve(device.grant["user_code"]), 200)
    database.query("UPDATE owner SET disabled_at = now()")
    expect(thief.recover(codes[2]), 404)
    assert database.value("SELECT count(*) FROM recovery_code") == 6


@pytest.mark.settings(guesses_address=3)
def test_recovery_codes_cannot_be_guessed(stack, operator):
    codes = [f"000{i}-0000-0000-0000" for i in range(4)]
    assert [Person(stack).recover(code).status_code
        for code in codes] == [404] * 3 + [429]
    assert "codes.limited" in {e["kind"] for e in operator.events()}


@FAST
def test_only_the_touch_for_this_very_decision_decides(person, device):
    expect(device.authorize(), 200)
    shown = expect(person.lookup(device.grant["user_code"]), 200).json()
    assert shown["account"] == person.id
    assert shown["first_seen"] and not shown["owned_before"]
    target = f"{shown['id']} {shown['digest']}"
    for touch in (person.touch("deny", target),
            person.touch("approve", shown["id"]),
            person.touch("approve", f"{shown['id']} {'A' * 43}"),
            person.touch("release", target),
            person.touch("approve", target, flags=UP)):
        expect(person.decide(shown, "approve", touch), 403)
    other = Person(person.stack, "Grace")
    expect(other.sign_up(), 201)
    expect(person.decide(shown, "approve",
        other.touch("approve", target)), 403)
    # No touch at all, and a development app's signature.
    for body in ({}, {"signature": "A" * 86}):
        expect(person.call("POST", f"/v1/approvals/{shown['id']}/decision",
            json={"decision": "approve", "digest": shown["digest"],
                **body}), 403)
    # Facts that are not those shown.
    answer = person.decide({**shown, "digest": "A" * 43}, "approve")
    assert code_of(expect(answer, 409)) == "facts-changed"
    touch = person.touch("approve", target)
    made = expect(person.decide(shown, "approve", touch), 200).json()
    # Its reply was lost: the same again.  The touch is good for nothing else.
    assert expect(person.decide(shown, "approve", touch), 200).json() == made
    expect(person.decide(shown, "deny", touch), 403)
    expect(person.decide({**shown, "digest": "A" * 43}, "approve", touch), 403)
    expect(other.decide(shown, "approve"), 404)
    # Another word that comes too late spends its touch as well.
    late = person.touch("deny", target)
    assert code_of(expect(person.decide(shown, "deny", late), 409)) == \
        "already-decided"
    expect(person.decide(shown, "deny", late), 403)
    device.onboard_after_yes()
    expect(person.call("DELETE", f"/v1/devices/{device.id}"), 403)
    expect(person.release(device.id, person.touch("release")), 403)
    expect(person.release(device.id), 204)
    assert device.renew().status_code in (401, 403)
    device.key = new_key()
    expect(device.authorize(), 200)
    assert expect(other.lookup(device.grant["user_code"]), 200).json()[
        "owned_before"]


@FAST
def test_operator_erases_an_owner_who_asks(person, device, owner, stack,
        database):
    device.onboard(owner)
    expect(person.call("GET", "/v1/session"), 200)
    with pytest.raises(AssertionError, match="--yes"):
        stack.cli("owner", "erase", person.id, token=database.admin_token)
    for who in (person.id, owner.id):
        stack.cli("owner", "erase", who, "--yes", token=database.admin_token)
    assert person.call("GET", "/v1/session").status_code == 401
    assert owner.devices().status_code == 401
    assert device.renew().status_code in (401, 403)
    assert database.query("SELECT DISTINCT name, app_key FROM owner") == [
        ("", None)]
    assert database.value("SELECT count(*) FROM event WHERE "
        "kind = 'account.erased' AND admin_token_id IS NOT NULL") == 2


@FAST
def test_account_that_is_deleted_leaves_no_name_and_no_device(person, device,
        database):
    expect(device.authorize(), 200)
    expect(person.approve(device.grant["user_code"]), 200)
    device.onboard_after_yes()
    expect(person.call("POST", "/v1/account/deletion",
        json=person.touch("account-delete")), 204)
    assert person.call("GET", "/v1/session").status_code == 401
    expect(person.sign_in(), 403)
    assert device.renew().status_code in (401, 403)
    assert database.value("SELECT count(*) FROM owner WHERE name = 'Ada'"
        " OR app_key IS NOT NULL") == 0
    for table in ("passkey", "session", "recovery_code"):
        assert database.value(f"SELECT count(*) FROM {table}") == 0


@FAST
def test_r5_lost_outlives_its_owner_until_an_operator_lifts_it(person, device,
        operator, database, stack):
    expect(device.authorize(), 200)
    expect(person.approve(device.grant["user_code"]), 200)
    device.onboard_after_yes()
    expect(person.call("POST", f"/v1/devices/{device.id}/lost",
        json=person.touch("lost", device.id)), 204)
    # While its owner is there, it is the owner's to clear.
    expect(operator.lift(device.id), 200, 204)
    assert database.value("SELECT lost_at IS NOT NULL FROM birth")
    expect(person.call("POST", "/v1/account/deletion",
        json=person.touch("account-delete")), 204)
    other = Person(stack, "Grace")
    expect(other.sign_up(), 201)
    device.key = new_key()
    expect(device.authorize(), 400)
    stack.cli("device", "lift", device.id, token=database.admin_token)
    assert operator.events("?kind=device.lifted")[0]["device_id"] == device.id
    old = device.id
    expect(device.authorize(), 200)
    expect(other.approve(device.grant["user_code"]), 200)
    device.onboard_after_yes()
    # An ownership that has ended says nothing of the one that lives.
    expect(operator.quarantine(device.id), 200, 204)
    expect(operator.lift(old), 404)


@FAST
def test_same_network_is_shown_and_can_be_demanded(person, device, operator,
        database):
    elsewhere = Person(person.stack)
    elsewhere.http.come_from("127.0.0.2")
    expect(elsewhere.sign_up(), 201)
    expect(device.authorize(), 200)
    code = device.grant["user_code"]
    for who, network in ((person, "same"), (elsewhere, "other")):
        shown = expect(who.lookup(code), 200).json()
        assert shown["network"] == network
        assert not shown["same_network_required"] and shown["asked_at"]
    expect(operator.call("PUT", f"/models/{device.maker.model}/policy",
        json={"policy": {"require_same_network": True}}), 200)
    shown = expect(elsewhere.lookup(code), 200).json()
    assert shown["same_network_required"]
    touch = elsewhere.touch("approve", f"{shown['id']} {shown['digest']}")
    for code_then in "other-network", "passkey-refused":
        answer = elsewhere.decide(shown, "approve", touch)
        assert code_of(expect(answer, 403)) == code_then
    event, = operator.events("?kind=approval.other_network")
    assert event["owner_id"] == elsewhere.id
    # No address is kept, and nothing of it once it is decided (V1).
    kept, = database.query("SELECT network FROM approval")[0]
    assert len(kept) == 33 and b"127.0.0.1" not in bytes(kept)
    expect(person.approve(code), 200)
    assert database.value("SELECT network FROM approval") is None
