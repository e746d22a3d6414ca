"""Device authorizations that come at once are stored by one commit, and each
stands alone in it (SECURITY.md A2, A9, P2, P3).  The interleavings are forced:
another session of ours holds what stops a statement where we want it
stopped."""

import concurrent.futures
import copy

import pytest

from harness.crypto import key_pem, new_key, spki_sha256
from harness.http import Client, expect
from harness.players import Device


N = 8


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(4 * N) as pool:
        yield pool


@pytest.fixture
def units(stack, operator, maker):
    devices = [Device(stack, maker) for _ in range(N)]
    operator.allow(*devices)
    return devices


@pytest.fixture
def known(units):
    """Their birth keys are pinned, and they have new keys to ask for."""
    for device in units:
        expect(device.authorize(), 200)
        device.key = new_key()
    return units


GATE = """
CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_lock_shared(1);
    PERFORM pg_advisory_unlock_shared(1);
    RETURN NULL;
END $$;
CREATE TRIGGER gate BEFORE INSERT ON approval EXECUTE FUNCTION gate();
"""


@pytest.fixture
def gate(database):
    """What is read is read, and nothing is stored until it is closed."""
    database.query(GATE)
    gate = database.connect("super")
    gate.cursor().execute("SELECT pg_advisory_lock(1)")
    yield gate
    gate.close()


def another(device, key=None):
    """The same unit by another connection, with another key or this one."""
    twin = copy.copy(device)
    twin.birth = Client(device.stack, device.birth_chain,
        key_pem(device.birth_key))
    twin.key = key or new_key()
    return twin


def ask(pool, devices, **fields):
    return [pool.submit(d.authorize, **fields) for d in devices]


def statuses(waiting):
    return [w.result(30).status_code for w in waiting]


def birth_of(database, device):
    return database.value("SELECT id FROM birth WHERE serial = %s",
        (device.serial,))


def pending(database):
    return {row[0] for row in database.query(
        "SELECT encode(key_sha256, 'hex') FROM approval "
        "WHERE state = 'pending'")}


def shared_commits(database):
    """How many requests the largest commit holds."""
    return database.value("SELECT max(n) FROM (SELECT count(*) AS n "
        "FROM approval GROUP BY xmin::text) AS c")


def test_each_of_a_batch_has_its_own_codes_event_and_facts(
        database, units, gate, pool, owner):
    waiting = ask(pool, units)
    database.wait_blocked(2)
    gate.close()
    assert statuses(waiting) == [200] * N
    assert shared_commits(database) > 1
    events = database.query("SELECT birth_id, request_id FROM event WHERE "
        "kind = 'approval.requested'")
    assert {row[0] for row in events} == {birth_of(database, d)
        for d in units}
    answered = {w.result().headers["X-Request-Id"] for w in waiting}
    assert {row[1] for row in events} == answered
    for device in units:
        shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
        assert shown["facts"]["serial"] == device.serial
        assert shown["facts"]["key_sha256"] == spki_sha256(device.key)
    expect(owner.approve(units[0].grant["user_code"]), 200)
    expect(units[0].poll_until_decided(), 200)
    expect(units[0].enroll(), 200)
    assert units[1].poll().json()["error"] == "authorization_pending"


def test_good_and_refused_ones_of_a_batch_have_their_own_answers(
        database, operator, units, gate, pool):
    good, quarantined, busy, stolen = units[:5], *units[5:]
    database.query("UPDATE birth SET quarantined_at = now() WHERE serial = %s",
        (quarantined.serial,))
    database.query("INSERT INTO event (kind, birth_id) SELECT "
        "'approval.requested', id FROM birth, generate_series(1, 30) "
        "WHERE serial = %s", (busy.serial,))
    stolen.key = units[0].birth_key
    unknown = Device(stolen.stack, stolen.maker)
    waiting = ask(pool, units + [unknown])
    malformed = [pool.submit(d.authorize, **fields)
        for d, fields in ((another(good[0]), {"csr": b"\x30\x03"}),
            (another(good[1]), {"client_id": "someone"}),
            (another(good[2]), {"scope": "admin"}))]
    database.wait_blocked(2)
    gate.close()
    assert statuses(waiting) == [200] * 5 + [400, 429, 400, 400]
    refused = [w.result().json() for w in waiting[5:] + malformed]
    assert [r["error"] for r in refused] == ["access_denied",
        "temporarily_unavailable", "invalid_request", "unauthorized_client",
        "invalid_request", "invalid_client", "invalid_scope"]
    assert pending(database) == {spki_sha256(d.key) for d in good}


@pytest.mark.settings(guesses_owner=1000, guesses_address=1000)
def test_p3_repeats_in_a_batch_leave_one_live_code_for_each_unit_and_key(
        database, units, gate, pool, owner):
    twins = [another(d, d.key) for d in units for _ in range(3)]
    waiting = ask(pool, units + twins)
    database.wait_blocked(2)
    gate.close()
    assert statuses(waiting) == [200] * 4 * N
    assert database.value("SELECT count(*) FROM approval") == N
    live = [d for d in units + twins
        if owner.lookup(d.grant["user_code"]).ok]
    assert len(live) == N and len({d.serial for d in live}) == N


@pytest.mark.settings(workers=1)
def test_p2_a_units_requests_in_one_batch_are_all_counted(
        database, units, gate, pool):
    """All but one that it may make were made."""
    database.query("INSERT INTO event (kind, birth_id) SELECT "
        "'approval.requested', id FROM birth, generate_series(1, 29) "
        "WHERE serial = %s", (units[0].serial,))
    first = ask(pool, units[1:2])
    database.wait_blocked()
    waiting = ask(pool, units[2:] + [another(units[0]) for _ in range(6)])
    gate.close()
    assert statuses(first) == [200]
    answers = statuses(waiting)
    assert answers[:N - 2] == [200] * (N - 2)
    assert sorted(answers[N - 2:]) == [200] + [429] * 5


def test_one_whose_unit_is_locked_does_not_keep_the_others_of_its_batch(
        database, known, gate, pool):
    before = pending(database)
    holder = database.connect("service")
    holder.cursor().execute("SELECT FROM birth WHERE serial = %s FOR UPDATE",
        (known[-1].serial,))
    waiting = ask(pool, known)
    database.wait_blocked(2)
    gate.close()
    assert statuses(waiting[:-1]) == [200] * (N - 1)
    assert len(pending(database) - before) == N - 1
    holder.rollback()
    holder.close()
    assert statuses(waiting[-1:]) == [200]


def test_a11_one_that_cannot_be_pinned_yet_does_not_keep_its_batch(
        database, units, gate, pool):
    """Units that come for the first time pin their birth keys in one
    commit."""
    holder = database.connect("service")
    holder.cursor().execute("SELECT FROM birth WHERE serial = %s FOR UPDATE",
        (units[-1].serial,))
    first = ask(pool, units[:1])
    database.wait_blocked()
    waiting = ask(pool, units[1:])
    database.wait_blocked(2)
    gate.close()
    assert statuses(first + waiting[:-1]) == [200] * (N - 1)
    assert database.value("SELECT count(*) FROM birth WHERE "
        "pinned_key_sha256 IS NOT NULL") == N - 1
    holder.rollback()
    holder.close()
    assert statuses(waiting[-1:]) == [200]


def test_a11_of_two_birth_keys_for_a_unit_in_one_batch_one_is_pinned(
        database, stack, maker, units, gate, pool, operator):
    clones = [Device(stack, maker, serial=d.serial) for d in units]
    waiting = ask(pool, units + clones)
    database.wait_blocked(2)
    gate.close()
    answers = statuses(waiting)
    assert {frozenset(pair) for pair in zip(answers[:N], answers[N:])
        } == {frozenset({200, 400})}
    pinned = {row[0] for row in database.query("SELECT "
        "encode(pinned_key_sha256, 'hex') FROM birth")}
    assert pinned == {d.birth_key_sha256
        for d, status in zip(units + clones, answers) if status == 200}
    assert len([e for e in operator.events()
        if e["kind"] == "unit.second_birth_key"]) == N


def test_one_that_the_database_refuses_does_not_fail_the_others(
        database, units, gate, pool):
    """By a rule that there is not, for want of one that a request of itself
    could break."""
    database.query("ALTER TABLE approval ADD CHECK (birth_id <> "
        f"{birth_of(database, units[0])})")
    waiting = ask(pool, units)
    database.wait_blocked(2)
    gate.close()
    assert statuses(waiting) == [500] + [200] * (N - 1)
