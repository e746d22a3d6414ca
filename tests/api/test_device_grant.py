"""RFC 8628 as real devices meet it, and codes as guessers meet them."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import hashes

from harness.crypto import b64u, csr_der, key_pem, new_key
from harness.http import Client, expect
from harness.players import Device, Maker, Operator


def error(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


def test_answer_has_what_rfc8628_asks(device):
    answer = expect(device.authorize(), 200)
    grant = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(grant["device_code"]) >= 43
    letters = grant["user_code"].replace("-", "")
    assert len(letters) == 8 and set(letters) <= set("BCDFGHJKLMNPQRSTVWXZ")
    assert grant["verification_uri"].endswith("/activate")
    assert grant["expires_in"] > 0 and grant["interval"] == 5


@pytest.mark.settings(code_interval="60s")
def test_polls_below_the_interval_are_told_to_slow_down(device):
    """That it grows for good: unit/domain/live_test.c."""
    expect(device.authorize(), 200)
    assert error(device.poll()) == "authorization_pending"
    for _ in range(2):
        assert error(device.poll()) == "slow_down"


def test_expired_code_says_so(device, owner, database):
    expect(device.authorize(), 200)
    database.query("UPDATE approval SET expires_at = now() - "
        "interval '1 s'")
    code = device.grant["user_code"]
    expect(owner.lookup(code), 404)
    other_node = database.value("SELECT pg_notify('latchkey_decision', "
        "(SELECT id::text FROM approval))")
    assert other_node == ""
    assert error(device.poll_until_decided()) == "expired_token"


def test_code_typed_carelessly_is_understood(device, owner):
    expect(device.authorize(), 200)
    code = device.grant["user_code"]
    expect(owner.lookup(f" {code.lower().replace('-', ' ')} "), 200)


def test_newest_code_of_a_unit_and_key_replaces(device, owner):
    expect(device.authorize(), 200)
    first = dict(device.grant)
    expect(device.authorize(), 200)
    expect(owner.lookup(first["user_code"]), 404)
    expect(owner.lookup(device.grant["user_code"]), 200)
    second, device.grant = device.grant, first
    assert error(device.poll()) in ("invalid_grant", "authorization_pending")
    device.grant = second
    assert error(device.poll()) == "authorization_pending"


def test_lost_token_answer_is_repeated_for_a_minute(
        device, owner, database):
    expect(device.authorize(), 200)
    expect(owner.approve(device.grant["user_code"]), 200)
    first = expect(device.poll_until_decided(), 200).json()["access_token"]
    assert expect(device.poll(), 200).json()["access_token"] == first
    database.query(
        "UPDATE approval SET redeemed_at = now() - interval '61 s'")
    assert error(device.poll()) == "invalid_grant"


def test_approval_on_one_node_is_heard_on_the_other(make_stack, database):
    one, two = make_stack(), make_stack()
    operator = Operator(one, database.admin_token)
    maker = Maker()
    operator.register(maker)
    device = Device(one, maker)
    operator.allow(device)
    there = Device(two, maker, serial=device.serial)
    there.birth_key, there.birth_chain = device.birth_key, device.birth_chain
    there.birth = Client(two, device.birth_chain, key_pem(device.birth_key))
    owner = operator.add_owner()
    expect(device.authorize(), 200)
    there.grant = device.grant
    assert error(there.poll()) == "authorization_pending"
    expect(owner.approve(device.grant["user_code"]), 200)
    there.key = device.key
    expect(there.poll_until_decided(), 200)
    expect(there.enroll(), 200)


@pytest.mark.parametrize("change, word", [
    ({"client_id": ""}, "invalid_request"),
    ({"scope": "admin"}, "invalid_scope"),
    ({"csr": ""}, "invalid_request"),
    ({"csr": "AAAA"}, "invalid_request"),
    ({"csr": "not base64!"}, "invalid_request"),
    ({"unknown": "ignored, RFC 6749 section 3.1"}, None)])
def test_bad_authorization_requests(device, change, word):
    answer = device.birth.post("/oauth2/device_authorization", data={
        "client_id": device.maker.client_id,
        "csr": b64u(csr_der(device.key)), **change})
    if word:
        assert error(answer) == word
    else:
        expect(answer, 200)


def test_another_models_client_is_refused(device):
    answer = expect(device.authorize(client_id="lamp-2-app"), 401)
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("change, word", [
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": ""}, "invalid_request"),
    ({"device_code": ""}, "invalid_request"),
    ({"device_code": "A" * 43}, "invalid_grant"),
    ({"client_id": "someone"}, "invalid_grant")])
def test_bad_token_requests(device, change, word):
    expect(device.authorize(), 200)
    assert error(device.poll(**change)) == word


def test_device_authorization_takes_one_form_by_post(device):
    path = "/oauth2/device_authorization"
    assert device.birth.get(path).status_code == 405
    for kind in ("application/json", "text/plain", ""):
        answer = device.birth.post(path, data="client_id=x",
            headers={"Content-Type": kind})
        assert error(answer) == "invalid_request", kind
    answer = device.birth.post(path, data="client_id=a&csr=b&csr=c",
        headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert error(answer) == "invalid_request"
    assert error(device.birth.post(path, data={"csr": b64u(csr_der(
        device.key))})) == "invalid_request"


def test_repeated_parameter_is_refused(device):
    answer = device.birth.post("/oauth2/token",
        data="client_id=a&client_id=b&grant_type=x",
        headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert error(answer) == "invalid_request"


# ---- guessing


@pytest.mark.settings(guesses_owner=3)
def test_an_owner_has_few_wrong_codes(device, owner, operator):
    expect(device.authorize(), 200)
    for _ in range(3):
        expect(owner.lookup("BCDF-GHJK"), 404)
    refused = expect(owner.lookup(device.grant["user_code"]), 429)
    assert int(refused.headers["Retry-After"]) >= 1
    expect(operator.add_owner("Bob").lookup(device.grant["user_code"]), 200)
    assert "codes.limited" in [e["kind"] for e in operator.events()]


@pytest.mark.settings(guesses_owner=3, guesses_address=6)
def test_p2_right_codes_never_count_and_wrong_ones_do_however_many_at_once(
        stack, device, operator):
    expect(device.authorize(), 200)
    right, wrong = device.grant["user_code"], "BCDF-GHJK"
    ada, bob, eve = (operator.add_owner(name) for name in ("Ada", "Bob",
        "Eve"))

    def look(owner, code):
        owner = copy.copy(owner)
        owner.http = Client(stack)
        return owner.lookup(code).status_code

    def at_once(tries):
        with ThreadPoolExecutor(7) as pool:
            return list(pool.map(lambda t: look(*t), tries))

    assert at_once([(ada, right), (bob, right)] * 12) == [200] * 24
    got = at_once([(ada, wrong), (ada, right)] * 12)
    assert sorted(got[::2]) == [404] * 3 + [429] * 9
    assert set(got[1::2]) <= {200, 429}
    assert look(ada, right) == 429
    assert at_once([(bob, right)] * 12) == [200] * 12
    # Who is refused unseen has not tried: the address has three left.
    got = at_once([(bob, wrong), (eve, wrong)] * 12)
    assert sorted(got) == [404] * 3 + [429] * 21
    assert look(eve, right) == 429
    assert [e["detail"] for e in operator.events()
        if e["kind"] == "codes.limited"] == ["owner", "address"]


@pytest.mark.settings(guesses_address=4)
def test_an_address_has_few_wrong_codes(device, operator):
    for n in range(4):
        expect(operator.add_owner(f"owner {n}").lookup("BCDF-GHJK"), 404)
    expect(operator.add_owner("Bob").lookup("BCDF-GHJK"), 429)


@pytest.mark.settings(guesses_service=2, guess_window="1d")
def test_the_service_has_a_budget(device, operator, database):
    owner = operator.add_owner()
    expect(owner.lookup("BCDF-GHJK"), 404)
    expect(device.authorize(), 200)
    assert len(device.grant["user_code"]) == len("BCDF-GHJK")
    expect(owner.claim("SN-1", "TULIP-1"), 404)
    expect(owner.lookup(device.grant["user_code"]), 429)
    # While it is spent, new codes are longer (P2).
    expect(device.authorize(), 200)
    assert len(device.grant["user_code"]) == len("BCDFG-HJKLM")
    database.query("DELETE FROM guess")
    expect(owner.approve(device.grant["user_code"]), 200)


@pytest.mark.settings(guesses_service=100000000)
def test_codes_lengthen_while_guessing_would_find_one(device):
    """So many tries that a single open code is too many."""
    expect(device.authorize(), 200)
    assert len(device.grant["user_code"]) == len("BCDF-GHJK")
    device.key = new_key()
    expect(device.authorize(), 200)
    assert len(device.grant["user_code"]) == len("BCDFG-HJKLM")


@pytest.mark.settings(guesses_owner=3)
def test_wrong_codes_count_on_all_nodes_and_in_any_ten_minutes(
        make_stack, database):
    here = make_stack()
    there = make_stack(issuer=here.url)
    owner = Operator(here, database.admin_token).add_owner()
    abroad = copy.copy(owner)
    abroad.http = Client(there)
    tries = [copy.copy(who) for who in (owner, abroad) for _ in range(6)]
    for one in tries:
        one.http = Client(one.http.stack)
    with ThreadPoolExecutor(len(tries)) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(
            lambda one: one.lookup("BCDF-GHJK"), tries))
    assert statuses == [404] * 3 + [429] * 9
    for who in (owner, abroad):
        refused = expect(who.lookup("BCDF-GHJK"), 429)
        assert 1 <= int(refused.headers["Retry-After"]) <= 86400 * 1.1
    # Windows begin with each try, not with the clock: half of one later
    # nothing is forgiven, and a whole one later all of it.
    half = "UPDATE guess SET window_start = window_start - interval '12 h'"
    database.query(half)
    expect(owner.lookup("BCDF-GHJK"), 429)
    database.query("DELETE FROM guess WHERE window_start > now() - "
        "interval '6 h'")
    database.query(half)
    database.query("UPDATE guess SET window_start = window_start - "
        "interval '3 h'")
    expect(owner.lookup("BCDF-GHJK"), 404)


@pytest.mark.parametrize("setting", ["requests_address", "requests_model"])
def test_device_codes_are_limited_by_address_and_model(
        make_stack, database, setting):
    stack = make_stack(**{setting: 3})
    operator = Operator(stack, database.admin_token)
    maker, other = Maker(), Maker("bolt", "lock-1")
    operator.register(maker)
    operator.register(other)
    units = [Device(stack, maker) for _ in range(4)] + [Device(stack, other)]
    for m in (maker, other):
        operator.allow(*[u for u in units if u.maker is m])
    for unit in units[:3]:
        expect(unit.authorize(), 200)
    for _ in range(2):
        refused = expect(units[3].authorize(), 429)
        assert refused.json()["error"] == "temporarily_unavailable"
        assert 1 <= int(refused.headers["Retry-After"]) <= 600
    # Another model is none the worse for it, unless it asks from there, too.
    expect(units[4].authorize(), 200 if setting == "requests_model" else 429)
    told = [e for e in operator.events() if e["kind"] == "requests.limited"]
    assert [e["detail"].replace("-", "_") for e in told] == [setting]


@pytest.mark.settings(guesses_owner=3)
def test_right_codes_cost_nothing(device, owner):
    expect(device.authorize(), 200)
    for _ in range(8):
        expect(owner.lookup(device.grant["user_code"]), 200)


def test_codes_are_stored_as_keyed_hashes(device, database):
    expect(device.authorize(), 200)
    dump = database.value("SELECT string_agg(a::text, ' ') FROM approval a")
    assert device.grant["user_code"] not in dump
    assert device.grant["device_code"] not in dump


# ---- owners' bearers


@pytest.mark.parametrize("change", [
    {"aud": "https://elsewhere"}, {"exp": 0}, {"htm": "DELETE"},
    {"htu": "https://localhost/v1/devices/x"}, {"iss": "nobody"},
    {"exp": 9999999999}, {"iat": 9999999999}])
def test_owner_bearer_for_something_else_is_refused(owner, change):
    bearer = owner.bearer("GET", "/v1/devices", **change)
    expect(owner.http.get("/v1/devices",
        headers={"Authorization": f"Bearer {bearer}"}), 401)


def test_owner_bearer_of_another_key_is_refused(owner, operator):
    eve = operator.add_owner("Eve")
    eve.id = owner.id
    expect(eve.devices(), 401)


def test_owner_sees_own_devices_alone(enrolled, owner, operator):
    listed = expect(owner.devices(), 200).json()["devices"]
    assert [d["id"] for d in listed] == [enrolled.id]
    eve = operator.add_owner("Eve")
    assert expect(eve.devices(), 200).json()["devices"] == []
    expect(eve.device(enrolled.id), 404)
    expect(eve.release(enrolled.id), 404)
    expect(owner.device(enrolled.id), 200)


@pytest.mark.parametrize("query, status", [
    ("?limit=0", 400), ("?limit=101", 400), ("?limit=x", 400),
    ("?after=nonsense", 400), ("?limit=1", 200)])
def test_paging_parameters(owner, query, status):
    expect(owner.devices(query), status)


def test_csr_of_a_weak_kind_is_refused(device):
    assert error(device.authorize(csr_der(device.key, hash_=hashes.SHA1()))
        ) == "invalid_request"
    assert error(device.authorize(csr_der(new_key())[:-3])
        ) == "invalid_request"
