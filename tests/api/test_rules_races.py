"""SECURITY.md A3, R1 and R2: revocation wins every race, and the feed has an
order without gaps.  The interleavings are forced: another session of ours
holds the one lock that stops a statement where we want it stopped."""

import concurrent.futures
import hashlib
import threading

import psycopg2
import pytest

from harness.crypto import new_key, spki, spki_sha256
from harness.http import expect
from harness.players import Device


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield pool


def approved(device, owner):
    expect(device.authorize(), 200)
    expect(owner.approve(device.grant["user_code"]), 200)


def living(database, device_id):
    return database.value("SELECT count(*) FROM certificate WHERE "
        "device_id = %s AND revoked_at IS NULL", (device_id,))


# An issuing statement that comes while trust is being taken away waits, and
# then sees it.


@pytest.mark.parametrize("taken", ["flag", "ownership"])
@pytest.mark.parametrize("step", ["token", "enroll", "renew"])
def test_a3_issuer_that_waited_for_a_revocation_is_refused(
        database, owner, device, pool, step, taken):
    approved(device, owner)
    if step == "renew":
        expect(device.poll(), 200)
        expect(device.enroll(), 200)
    revoker = database.connect("service")
    cursor = revoker.cursor()
    if taken == "flag":
        cursor.execute("UPDATE birth SET revoked_at = now()")
    else:
        cursor.execute("UPDATE device SET state = 'released'")
    before = database.value("SELECT count(*) FROM certificate")
    act = {"token": device.poll, "renew": device.renew,
        "enroll": lambda: device.enroll(token=False)}[step]
    waiting = pool.submit(act)
    database.wait_blocked()
    revoker.commit()
    assert waiting.result(20).status_code in (400, 403)
    assert database.value("SELECT count(*) FROM certificate") == before
    assert database.value("SELECT count(*) FROM approval WHERE "
        "token_mac IS NOT NULL") == (1 if step == "renew" else 0)
    revoker.close()


@pytest.mark.parametrize("step, change", [
    ("enroll", "UPDATE approval SET expires_at = now() - interval '1 s'"),
    ("enroll", "UPDATE approval SET state = 'superseded'"),
    ("enroll", "UPDATE approval SET key_sha256 = sha256('another')"),
    ("enroll", "UPDATE birth SET quarantined_at = now()"),
    ("renew", "UPDATE certificate SET revoked_at = now()"),
    ("renew", "UPDATE certificate SET not_after = now() - interval '1 s'"),
    ("renew", "UPDATE birth SET quarantined_at = now()"),
    ("renew", "UPDATE birth SET lost_at = now()")])
def test_a3_what_changed_since_the_judgement_is_seen_when_issuing(
        database, owner, device, pool, step, change):
    approved(device, owner)
    if step == "renew":
        expect(device.poll(), 200)
        expect(device.enroll(), 200)
    before = database.value("SELECT count(*) FROM certificate")
    blocker = database.connect("super")
    cursor = blocker.cursor()
    cursor.execute("LOCK TABLE key_use IN SHARE MODE")
    waiting = pool.submit(device.renew if step == "renew"
        else lambda: device.enroll(token=False))
    database.wait_blocked()
    cursor.execute(change)
    blocker.commit()
    # A renewal is into quarantine, or not: the same again is right then.
    assert waiting.result(20).status_code == (503
        if step == "renew" and "quarantined" in change else 403)
    assert database.value("SELECT count(*) FROM certificate") == before
    blocker.close()


# A revocation that comes while a certificate is being issued waits, and then
# takes that certificate too.


@pytest.mark.parametrize("how", ["revoke", "release"])
@pytest.mark.parametrize("step", ["enroll", "renew"])
def test_a3_revoker_that_waited_for_an_issuer_gets_its_certificate(
        database, owner, operator, device, pool, step, how):
    approved(device, owner)
    key = device.key
    if step == "renew":
        expect(device.poll(), 200)
        expect(device.enroll(), 200)
        key = new_key()
    device_id = database.value("SELECT id FROM device")
    blocker = database.connect("super")
    # Stops the issuer after it has locked the device: it waits for our row.
    blocker.cursor().execute("INSERT INTO key_use VALUES (%s, %s) ",
        (hashlib.sha256(spki(key)).digest(), device_id))
    issuer = pool.submit(
        lambda: device.renew(key) if step == "renew"
        else device.enroll(token=False))
    database.wait_blocked()
    revoker = pool.submit(lambda: operator.revoke(device_id)
        if how == "revoke" else owner.release(device_id))
    database.wait_blocked(2)
    blocker.rollback()
    issued = issuer.result(20).status_code
    assert revoker.result(20).status_code in (200, 204)
    assert issued == 200
    assert living(database, device_id) == 0
    blocker.close()


def test_a3_revocation_beside_a_decision_is_not_the_victim_of_a_deadlock(
        database, enrolled, owner, operator, pool):
    enrolled.key = new_key()
    expect(enrolled.authorize(), 200)
    shown = expect(owner.lookup(enrolled.grant["user_code"]), 200).json()
    blocker = database.connect("super")
    # Stops the revocation after it has locked the unit.
    blocker.cursor().execute("SELECT FROM key_use FOR UPDATE")
    revoker = pool.submit(lambda: operator.revoke(enrolled.id))
    database.wait_blocked()
    decider = pool.submit(lambda: owner.decide(shown, "approve"))
    database.wait_blocked(2)
    blocker.rollback()
    assert revoker.result(20).status_code == 200
    assert decider.result(20).status_code == 409
    assert database.value("SELECT count(*) FROM approval WHERE state IN "
        "('pending', 'approved')") == 0
    blocker.close()


def test_a1_the_newest_yes_replaces_one_that_was_not_used(
        database, device, owner):
    approved(device, owner)
    expect(device.poll(), 200)
    first, first_token = device.key, device.token
    device.key, device.token = new_key(), None
    approved(device, owner)
    second, device.key, device.token = device.key, first, first_token
    expect(device.enroll(), 401)
    expect(device.enroll(token=False), 403)
    device.key = second
    expect(device.poll(), 200)
    expect(device.enroll(), 200)
    assert living(database, device.id) == 1


def test_a3_two_renewals_of_one_certificate_give_one_successor(
        database, enrolled, pool):
    keys = [new_key() for _ in range(4)]
    clients = [enrolled.operational] * 4

    def renew(n):
        twin = Device.__new__(Device)
        twin.__dict__.update(enrolled.__dict__)
        twin.operational = clients[n]
        return twin.renew(keys[n]).status_code

    blocker = database.connect("super")
    # All four have been judged, and found no successor, before one is made.
    blocker.cursor().execute("LOCK TABLE key_use IN SHARE MODE")
    waiting = [pool.submit(renew, n) for n in range(4)]
    database.wait_blocked(4)
    blocker.rollback()
    results = sorted(renewal.result(20) for renewal in waiting)
    blocker.close()
    assert results == [200, 403, 403, 403]
    assert database.value("SELECT count(*) FROM certificate") == 2


def test_a1_one_yes_issues_once_however_many_ask(
        database, device, owner, pool):
    approved(device, owner)
    blocker = database.connect("super")
    # Some have found the yes unused before one uses it; the others gather.
    blocker.cursor().execute("LOCK TABLE key_use IN SHARE MODE")
    waiting = [pool.submit(device.enroll, token=False) for _ in range(4)]
    database.wait_blocked(2)
    blocker.rollback()
    statuses = [w.result(20).status_code for w in waiting]
    blocker.close()
    assert statuses == [200] * 4, "each gets the one certificate (A9)"
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_a1_a_new_key_ends_the_renewal_that_was_under_way(
        database, enrolled, owner, pool):
    reset = Device.__new__(Device)
    reset.__dict__.update(enrolled.__dict__)
    reset.key, reset.token = new_key(), None
    approved(reset, owner)
    key = new_key()
    blocker = database.connect("super")
    blocker.cursor().execute("INSERT INTO key_use VALUES (%s, %s)",
        (hashlib.sha256(spki(key)).digest(), enrolled.id))
    renewal = pool.submit(enrolled.renew, key)
    database.wait_blocked()
    replacement = pool.submit(reset.enroll, token=False)
    database.wait_blocked(2)
    blocker.rollback()
    blocker.close()
    assert renewal.result(20).status_code == 200
    assert replacement.result(20).status_code == 200
    assert database.value("SELECT encode(key_sha256, 'hex') FROM certificate "
        "WHERE revoked_at IS NULL") == spki_sha256(reset.key)


@pytest.mark.parametrize("step", ["enroll", "renew"])
def test_a9_repeats_at_the_same_moment_get_the_same_certificate(
        database, owner, device, pool, step):
    approved(device, owner)
    if step == "renew":
        expect(device.poll(), 200)
        expect(device.enroll(), 200)
    key = new_key() if step == "renew" else device.key

    def ask(_):
        twin = Device.__new__(Device)
        twin.__dict__.update(device.__dict__)
        answer = (twin.renew(key) if step == "renew"
            else twin.enroll(token=False))
        assert answer.status_code == 200, answer.text
        return twin.certificate.serial_number

    assert len(set(pool.map(ask, range(8)))) == 1


def test_a3_two_owners_cannot_both_claim_one_unit(
        database, operator, device, pool):
    owners = [operator.add_owner(f"owner {n}") for n in range(4)]
    shown = []
    for owner in owners:
        device.key = new_key()
        expect(device.authorize(), 200)
        shown.append(
            expect(owner.lookup(device.grant["user_code"]), 200).json())
    results = list(pool.map(lambda n: owners[n].decide(
        shown[n], "approve").status_code, range(4)))
    assert results.count(200) == 1, results
    assert database.value("SELECT count(*) FROM device") == 1


# ---- R1, R2


ENTRY = ("INSERT INTO revocation (kind, device_id, reason) VALUES "
    "('device', gen_random_uuid(), 'test') RETURNING position")


def test_r1_no_position_appears_behind_a_reader(database, pool):
    one, two = (database.connect("service") for _ in range(2))
    first = one.cursor()
    first.execute(ENTRY)
    assert first.fetchone() == (1,)

    def second():
        cursor = two.cursor()
        cursor.execute(ENTRY)
        two.commit()
        return cursor.fetchone()[0]

    waiting = pool.submit(second)
    database.wait_blocked()
    assert database.query("SELECT position FROM revocation") == []
    one.commit()
    assert waiting.result(10) == 2
    assert database.query("SELECT position FROM revocation ORDER BY 1"
        ) == [(1,), (2,)]


def test_r1_a_rolled_back_entry_leaves_no_gap(database):
    connection = database.connect("service")
    connection.cursor().execute(ENTRY)
    connection.rollback()
    cursor = connection.cursor()
    cursor.execute(ENTRY)
    connection.commit()
    assert cursor.fetchone() == (1,)


def test_r2_each_entry_carries_the_hash_of_the_one_before(database):
    for _ in range(3):
        database.query(ENTRY, role="service")
    rows = database.query(
        "SELECT previous_sha256, sha256 FROM revocation ORDER BY position")
    for before, after in zip(rows, rows[1:]):
        assert bytes(after[0]) == bytes(before[1])
    assert len({bytes(r[1]) for r in rows}) == 3


def test_r2_the_service_has_no_say_in_place_time_or_hash(database):
    """Those of a recovery, which is the migrator's, are kept as they come."""
    database.query("INSERT INTO revocation (epoch, position, at, kind, "
        "device_id, reason, previous_sha256, sha256) VALUES (7, 9, "
        "now() - interval '1 day', 'device', gen_random_uuid(), 'x', 'p', "
        "'h')", role="service")
    assert database.query("SELECT epoch, position, "
        "at > now() - interval '1 hour', sha256 = feed_hash(r), sha256 = "
        "(SELECT sha256 FROM feed_head) FROM revocation r") == [
            (1, 1, True, True, True)]


@pytest.mark.parametrize("statement", [
    "UPDATE revocation SET reason = 'x'", "DELETE FROM revocation",
    "UPDATE event SET kind = 'x'", "DELETE FROM event",
    "UPDATE feed_head SET position = 0", "TRUNCATE event",
    "CREATE TABLE x (a int)", "ALTER TABLE device ADD COLUMN x int",
    "DROP TABLE key_use", "DELETE FROM certificate",
    "INSERT INTO admin_token VALUES ('x','x','x','{}',now(),now())",
    "SELECT maintain_partitions('1 day')"])
def test_r2_service_role_may_not(database, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.query(statement, role="service")


@pytest.mark.parametrize("statement", [
    "SELECT * FROM approval", "SELECT * FROM owner",
    "INSERT INTO revocation (kind, reason) VALUES ('device', 'x')",
    "SELECT * FROM admin_token"])
def test_broker_role_may_only_read_what_is_refused(database, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.query(statement, role="broker")
    database.query("SELECT * FROM revocation", role="broker")


def test_unheard_decision_is_found_while_others_are_heard(
        database, device, owner):
    expect(device.authorize(), 200)
    expect(device.poll(), 400)
    shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
    busy = threading.Event()

    def others():
        while not busy.wait(0.5):
            database.query("NOTIFY latchkey_decision, 'another'")

    talker = threading.Thread(target=others)
    talker.start()
    # As if its notification had come before the poll was noted.
    database.query("UPDATE approval SET state = 'denied', owner_id = %s, "
        "decided_at = now() WHERE id = %s", (owner.id, shown["id"]))
    try:
        error = device.poll_until_decided().json()["error"]
    finally:
        busy.set()
        talker.join()
    assert error == "access_denied"


def test_decision_is_found_among_any_number_of_others(
        database, device, owner):
    expect(device.authorize(), 200)
    expect(device.poll(), 400)
    shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
    database.query("INSERT INTO approval (id, kind, birth_id, client_id, "
        "key_sha256, birth_key_sha256, birth_cert_sha256, state, facts, "
        "decided_at, expires_at) SELECT gen_random_uuid(), kind, birth_id, "
        "client_id, key_sha256, birth_key_sha256, birth_cert_sha256, "
        "'denied', facts, now(), expires_at "
        "FROM approval, generate_series(1, 20000) WHERE id = %s",
        (shown["id"],))
    database.query("UPDATE approval SET state = 'denied', owner_id = %s, "
        "decided_at = now() WHERE id = %s", (owner.id, shown["id"]))
    assert device.poll_until_decided().json()["error"] == "access_denied"
