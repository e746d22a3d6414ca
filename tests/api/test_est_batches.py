"""Enrollments that come at once are stored by one commit, and each stands
alone in it (SECURITY.md A3, A9).  The interleavings are forced: another
session of ours holds what stops a statement where we want it stopped."""

import concurrent.futures

import pytest

from harness.http import expect
from harness.players import Device


N = 8


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(2 * N) as pool:
        yield pool


@pytest.fixture
def approved(stack, operator, maker, owner, pool):
    """Devices whose owner said yes, with their keys and certificates."""
    devices = [Device(stack, maker) for _ in range(N)]
    operator.allow(*devices)

    for answer in list(pool.map(Device.authorize, devices)):
        expect(answer, 200)
    # One after the other: codes that are looked up at once count as tries
    # until they turn out to be right.
    for device in devices:
        expect(owner.approve(device.grant["user_code"]), 200)
    return devices


def shared_commits(database):
    """How many certificates the largest commit holds."""
    return database.value("SELECT max(n) FROM (SELECT count(*) AS n "
        "FROM certificate GROUP BY xmin::text) AS c")


def enroll(device):
    return device.enroll(token=False).status_code


def test_a3_revocation_between_reading_and_storing_a_batch(
        database, approved, pool):
    births = [row[0] for row in database.query(
        "SELECT birth_id FROM approval ORDER BY birth_id")]
    blocker = database.connect("super")
    cursor = blocker.cursor()
    cursor.execute("LOCK TABLE key_use IN SHARE MODE")
    waiting = [pool.submit(enroll, device) for device in approved]
    database.wait_blocked(2)
    cursor.execute("UPDATE birth SET revoked_at = now() WHERE id = ANY (%s)",
        (births[::2],))
    blocker.commit()
    blocker.close()
    statuses = sorted(w.result(20) for w in waiting)
    assert statuses == [200] * (N // 2) + [403] * (N // 2)
    assert database.value("SELECT count(*) FROM certificate c JOIN device d "
        "ON d.id = c.device_id JOIN birth b ON b.id = d.birth_id "
        "WHERE b.revoked_at IS NOT NULL") == 0


def test_a9_two_batches_with_the_same_units_give_each_one_certificate(
        database, approved, pool):
    blocker = database.connect("super")
    blocker.cursor().execute("LOCK TABLE key_use IN SHARE MODE")
    waiting = [pool.submit(enroll, device) for device in approved + approved]
    database.wait_blocked(2)
    blocker.rollback()
    blocker.close()
    assert [w.result(20) for w in waiting] == [200] * 2 * N
    assert database.value("SELECT count(*) FROM certificate") == N
    assert shared_commits(database) > 1


def test_one_whose_unit_is_locked_does_not_keep_the_others_of_its_batch(
        database, approved, pool):
    gate = database.connect("super")
    gate.cursor().execute("LOCK TABLE key_use IN SHARE MODE")
    holder = database.connect("service")
    birth = database.value("SELECT max(birth_id) FROM approval")
    holder.cursor().execute("UPDATE birth SET revoked_at = now() "
        "WHERE id = %s", (birth,))
    waiting = [pool.submit(enroll, device) for device in approved]
    database.wait_blocked(2)
    gate.rollback()
    gate.close()
    others = 0
    for one in concurrent.futures.as_completed(waiting, 20):
        assert one.result() == 200
        others += 1
        if others == N - 1:
            break
    assert database.value("SELECT count(*) FROM certificate") == N - 1
    holder.commit()
    holder.close()
    assert sorted(w.result(20) for w in waiting) == [200] * (N - 1) + [403]


def test_one_that_the_database_refuses_does_not_fail_the_others(
        database, approved, pool):
    """A key that another device was given after it was looked at."""
    taken = database.value("SELECT key_sha256 FROM approval "
        "ORDER BY birth_id LIMIT 1")
    blocker = database.connect("super")
    cursor = blocker.cursor()
    cursor.execute("LOCK TABLE key_use IN SHARE MODE")
    waiting = [pool.submit(enroll, device) for device in approved]
    database.wait_blocked(2)
    cursor.execute("INSERT INTO key_use VALUES (%s, gen_random_uuid())",
        (bytes(taken),))
    blocker.commit()
    blocker.close()
    statuses = sorted(w.result(20) for w in waiting)
    assert statuses == [200] * (N - 1) + [403]
    assert database.value("SELECT count(*) FROM approval WHERE "
        "state = 'consumed'") == N - 1
