"""Devices from owner to owner (SECURITY.md P5), and homes whose members see
and do not decide."""

import threading

import pytest

from harness.crypto import new_key
from harness.http import expect
from harness.passkey import Person

FAST = pytest.mark.settings(code_interval="1s")


def code_of(answer):
    return answer.json()["type"].rsplit(":", 1)[1]


def sign_up(stack, name):
    person = Person(stack, name)
    expect(person.sign_up(), 201)
    return person


def join(person, device):
    expect(device.authorize(), 200)
    expect(person.approve(device.grant["user_code"]), 200)
    return device.onboard_after_yes()


@pytest.fixture
def ada(stack):
    return sign_up(stack, "Ada")


@pytest.fixture
def grace(stack):
    return sign_up(stack, "Grace")


def offer(person, device_id, touch=None):
    return person.call("POST", f"/v1/devices/{device_id}/transfer",
        json=touch or person.touch("transfer", device_id))


def look(person, code):
    return person.call("POST", "/v1/transfers/lookup", json={"code": code})


def take(person, code, shown, touch=None):
    return person.call("POST", f"/v1/transfers/{shown['id']}/acceptance",
        json={"code": code, "digest": shown["digest"], "touch": touch or
            person.touch("accept", f"{shown['id']} {shown['digest']}")})


@FAST
def test_p5_transfer_takes_both_passkeys_and_makes_another_device(ada, grace,
        device, database, operator):
    join(ada, device)
    old, key = device.id, device.key
    # Its own touch, for this device.
    for touch in (ada.touch("release", old), ada.touch("transfer"),
            grace.touch("transfer", old)):
        expect(offer(ada, old, touch), 403)
    expect(offer(grace, old), 404)
    offered = expect(offer(ada, old), 201).json()
    assert offered["link"].endswith("/accept#" + offered["code"])
    assert offered["qr"]["size"] >= 21 and offered["qr"]["path"][0] == "M"
    seen = expect(ada.call("GET", f"/v1/devices/{old}"), 200).json()
    assert seen["transfer_until"] == offered["expires_at"]
    # What the code is for: the facts, and no name of who offers.
    assert code_of(expect(look(grace, "0000-0000-0000-0000"),
        404)) == "no-offer"
    answer = expect(look(grace, offered["code"].lower()), 200)
    shown = answer.json()
    assert shown["facts"]["serial"] == device.serial
    assert shown["account"] == grace.id
    assert "Ada" not in answer.text and ada.id not in answer.text
    target = f"{shown['id']} {shown['digest']}"
    for touch in (grace.touch("approve", target),
            grace.touch("accept", shown["id"]), ada.touch("accept", target)):
        expect(take(grace, offered["code"], shown, touch), 403)
    assert code_of(expect(take(ada, offered["code"],
        look(ada, offered["code"]).json()), 409)) == "own-device"
    expect(device.renew(), 200)
    touch = grace.touch("accept", target)
    taken = expect(take(grace, offered["code"], shown, touch), 200).json()
    # A lost reply; the code is good for nobody else.
    assert expect(take(grace, offered["code"], shown, touch),
        200).json() == taken
    expect(look(ada, offered["code"]), 404)
    # Another device (A5): the old one's certificate and history are over.
    assert taken["device_id"] != old
    assert device.renew().status_code in (401, 403)
    expect(ada.call("GET", f"/v1/devices/{old}"), 404)
    assert database.value("SELECT reason FROM revocation WHERE kind = "
        "'device' AND device_id = %s", (old,)) == "transferred"
    events = expect(grace.call("GET",
        f"/v1/devices/{taken['device_id']}/history"), 200).json()["events"]
    assert [e["kind"] for e in events] == ["device.received"]
    page = f"/v1/devices/{taken['device_id']}/history?limit=1"
    first = expect(grace.call("GET", page), 200).json()
    assert first["events"] == events
    assert expect(grace.call("GET", f"{page}&after={first['next']}"),
        200).json() == {"events": []}
    expect(grace.call("GET", f"{page}&after=1"), 400)
    # It proves itself anew, with a new key, for the new owner's yes.
    assert device.key is key
    expect(device.authorize(), 400)
    device.key = new_key()
    expect(device.authorize(), 200)
    expect(ada.lookup(device.grant["user_code"]), 404)
    expect(grace.approve(device.grant["user_code"]), 200)
    device.onboard_after_yes()
    assert device.id == taken["device_id"]


@FAST
def test_p5_no_transfer_while_flagged_held_withdrawn_or_over(ada, grace, device,
        operator, database):
    expect(device.authorize(), 200)
    made = expect(ada.approve(device.grant["user_code"]), 200).json()
    assert code_of(expect(offer(ada, made["device_id"]), 409)) == "not-joined"
    device.onboard_after_yes()
    code = expect(offer(ada, device.id), 201).json()["code"]
    shown = expect(look(grace, code), 200).json()

    def refused(status, kind):
        assert code_of(expect(take(grace, code, shown), status)) == kind
        expect(device.renew(), 200)

    # Flags, from the offer to the end.
    expect(operator.quarantine(device.id), 200, 204)
    assert code_of(expect(offer(ada, device.id), 409)) == "device-flagged"
    assert code_of(expect(take(grace, code, shown), 409)) == "not-now"
    expect(operator.lift(device.id), 200, 204)
    # A recovery code on either side (P4), after the offer, too.
    database.query("UPDATE owner SET held_until = now() + interval '1 day' "
        "WHERE id = %s", (grace.id,))
    refused(403, "account-held")
    database.query("UPDATE owner SET held_until = NULL")
    database.query("UPDATE owner SET held_until = now() + interval '1 day' "
        "WHERE id = %s", (ada.id,))
    assert code_of(expect(offer(ada, device.id), 403)) == "account-held"
    refused(409, "not-now")
    database.query("UPDATE owner SET held_until = NULL")
    # Taken back, replaced, and over.
    expect(ada.call("DELETE", f"/v1/devices/{device.id}/transfer"), 204)
    expect(ada.call("DELETE", f"/v1/devices/{device.id}/transfer"), 204)
    expect(grace.call("DELETE", f"/v1/devices/{device.id}/transfer"), 404)
    refused(404, "no-offer")
    codes = [expect(offer(ada, device.id), 201).json()["code"]
        for _ in range(2)]
    expect(look(grace, codes[0]), 404)
    shown, code = expect(look(grace, codes[1]), 200).json(), codes[1]
    database.query("UPDATE transfer SET expires_at = now() - "
        "interval '1 second'")
    refused(404, "no-offer")
    # Nothing that could be used stands in the database.
    assert database.value("SELECT count(*) FROM transfer WHERE "
        "code_mac = %s", (code.encode(),)) == 0


@FAST
def test_released_device_is_not_transferred(ada, grace, device):
    join(ada, device)
    code = expect(offer(ada, device.id), 201).json()["code"]
    shown = expect(look(grace, code), 200).json()
    expect(ada.release(device.id), 204)
    assert code_of(expect(take(grace, code, shown), 404)) == "no-offer"


def invite(person, touch=None):
    return person.call("POST", "/v1/home/invitations",
        json=touch or person.touch("invite"))


def enter(person, code, touch=None):
    shown = expect(person.call("POST", "/v1/invitations/lookup",
        json={"code": code}), 200).json()
    return person.call("POST", f"/v1/invitations/{shown['id']}/acceptance",
        json={"code": code,
            "touch": touch or person.touch("join", shown["id"])})


@FAST
def test_member_of_a_home_sees_and_does_not_decide(ada, grace, device, stack,
        database):
    join(ada, device)
    expect(invite(ada, ada.touch("join")), 403)
    invited = expect(invite(ada), 201).json()
    expect(enter(grace, invited["code"], grace.touch("join")), 403)
    assert code_of(expect(enter(ada, invited["code"]), 409)) == "own-home"
    expect(enter(grace, invited["code"]), 204)
    # Once.
    assert code_of(expect(grace.call("POST", "/v1/invitations/lookup",
        json={"code": invited["code"]}), 404)) == "no-invitation"
    home, = expect(grace.call("GET", "/v1/homes"), 200).json()["homes"]
    assert (home["id"], home["name"]) == (ada.id, "Ada")
    answer = expect(grace.call("GET", f"/v1/homes/{ada.id}/devices"), 200)
    seen, = answer.json()["devices"]
    assert seen["id"] == device.id and seen["model_name"] == "Lamp-1"
    assert device.serial not in answer.text
    # What she may not: as if there were none (E5).
    for path in ("", "/history", "/attestations"):
        expect(grace.call("GET", f"/v1/devices/{device.id}{path}"), 404)
    assert expect(grace.call("GET", "/v1/devices"), 200).json() == {
        "devices": []}
    for deed in ("release", "lost", "found", "transfer"):
        expect(grace.call("POST", f"/v1/devices/{device.id}/{deed}",
            json=grace.touch(deed, device.id)), 404)
    expect(grace.call("DELETE", f"/v1/devices/{device.id}/transfer"), 404)
    # Nor say yes to what asks again in that home.
    device.key = new_key()
    expect(device.authorize(), 200)
    expect(grace.lookup(device.grant["user_code"]), 404)
    shown = expect(ada.lookup(device.grant["user_code"]), 200).json()
    expect(grace.decide(shown, "approve"), 404)
    # Nor let others in; and a stranger sees nothing.
    expect(grace.call("DELETE", f"/v1/home/members/{grace.id}"), 404)
    stranger = sign_up(stack, "Eve")
    expect(stranger.call("GET", f"/v1/homes/{ada.id}/devices"), 404)
    expect(stranger.call("DELETE", f"/v1/homes/{ada.id}"), 404)
    # Ada's own are not a home that she was let into.
    expect(ada.call("GET", f"/v1/homes/{ada.id}/devices"), 404)
    assert [m["name"] for m in ada.call("GET", "/v1/home").json()[
        "members"]] == ["Grace"]
    expect(ada.call("DELETE", f"/v1/home/members/{grace.id}"), 204)
    expect(grace.call("GET", f"/v1/homes/{ada.id}/devices"), 404)
    assert database.query("SELECT kind, owner_id, detail FROM event WHERE "
        "kind LIKE 'home.%' ORDER BY at") == [
        ("home.invited", ada.id, None),
        ("home.member_joined", ada.id, grace.id),
        ("home.member_removed", ada.id, grace.id)]


def test_invitations_end_and_members_leave(ada, grace, database):
    first, second = (expect(invite(ada), 201).json() for _ in range(2))
    assert len(ada.call("GET", "/v1/home").json()["invitations"]) == 2
    expect(grace.call("DELETE", f"/v1/home/invitations/{first['id']}"), 404)
    expect(ada.call("DELETE", f"/v1/home/invitations/{first['id']}"), 204)
    expect(grace.call("POST", "/v1/invitations/lookup",
        json={"code": first["code"]}), 404)
    expect(enter(grace, second["code"]), 204)
    expect(grace.call("DELETE", f"/v1/homes/{ada.id}"), 204)
    expect(grace.call("DELETE", f"/v1/homes/{ada.id}"), 404)
    third = expect(invite(ada), 201).json()
    expect(enter(grace, third["code"]), 204)
    # Whose account is gone is no member, and has none (V1).
    expect(ada.call("POST", "/v1/account/deletion",
        json=ada.touch("account-delete")), 204)
    assert grace.call("GET", "/v1/homes").json() == {"homes": []}
    assert database.value("SELECT count(*) FROM home_member") == 0
    fourth = expect(invite(grace), 201).json()
    database.query("UPDATE home_invitation SET expires_at = now() - "
        "interval '1 second'")
    eve = sign_up(grace.stack, "Eve")
    expect(eve.call("POST", "/v1/invitations/lookup",
        json={"code": fourth["code"]}), 404)


@FAST
def test_a3_one_offer_is_taken_once_however_many_try(ada, grace, device, stack,
        database):
    """Forced: a transfer that waits for a release, and the reverse."""
    join(ada, device)
    code = expect(offer(ada, device.id), 201).json()["code"]
    shown = expect(look(grace, code), 200).json()
    touch = grace.touch("accept", f"{shown['id']} {shown['digest']}")
    release = ada.touch("release", device.id)
    answers = []
    with database.connect() as held:
        held.cursor().execute("SELECT 1 FROM device WHERE id = %s FOR UPDATE",
            (device.id,))
        threads = [threading.Thread(target=lambda f=f: answers.append(f()))
            for f in (lambda: take(grace, code, shown, touch),
                lambda: ada.release(device.id, release))]
        for thread in threads:
            thread.start()
        database.wait_blocked(2)
        held.rollback()
    for thread in threads:
        thread.join()
    assert sorted(a.ok for a in answers) == [False, True]
    assert database.value("SELECT count(*) FROM device WHERE "
        "state = 'owned'") <= 1
    assert device.renew().status_code in (401, 403)
