"""Who takes trust away is answered once all brokers have read of it: from the
answer on, nobody lets the device in (SECURITY.md R1, A3)."""

import os
import signal
import time

import pytest

from cryptography.hazmat.primitives.serialization import Encoding

from broker.world import new_id
from harness.crypto import spki_sha256
from harness.http import expect
from harness.metrics import scrape
from harness.players import Maker
from harness.process import until

DEVICES = 20


@pytest.fixture
def maker(operator):
    maker = Maker()
    operator.register(maker)
    return maker


@pytest.fixture
def unit(database, issuer, maker):
    """unit() -> (id, certificate) of a device, as enrollment stores it."""
    def make():
        device_id = new_id()
        leaf = issuer.device(device_id, seconds=86400)
        c = leaf.certificate
        database.query("WITH b AS (INSERT INTO birth (manufacturer_id, "
            "model_id, serial) VALUES (%s, %s, %s) RETURNING id), "
            "d AS (INSERT INTO device (id, birth_id, model_id, profile, "
            "state) SELECT %s, id, %s, 'device', 'owned' FROM b) "
            "INSERT INTO certificate (serial, not_before, not_after, "
            "device_id, profile, key_sha256, der) VALUES (%s, "
            "to_timestamp(%s), to_timestamp(%s), %s, 'device', %s, %s)",
            (maker.id, maker.model, device_id, device_id, maker.model,
            leaf.serial, time.time() - 300, leaf.not_after, device_id,
            spki_sha256(leaf.key), c.public_bytes(Encoding.DER)))
        return device_id, leaf
    return make


def followed(answer):
    return expect(answer, 200).headers["Latchkey-Followed"]


def counted(operator):
    now = scrape(operator)
    return tuple(now("latchkey_revocation_answers_total", followed=word)
        for word in ("true", "false"))


def all_follow(database, n):
    until(lambda: database.query("SELECT count(*) FROM feed_consumer c "
        "JOIN feed_head h ON (c.epoch, c.position) = (h.epoch, h.position)"
        )[0][0] == n)


def test_r1_a_device_that_connects_right_after_the_answer_is_refused(
        operator, database, broker, make_broker, connect, unit):
    """The broker need not have heard of it by then; the answer waits."""
    brokers = [broker, make_broker(plugin_opt_name="second")]
    all_follow(database, 3)
    told = 0
    for n in range(DEVICES):
        device_id, leaf = unit()
        if n % 10 == 0:
            assert connect(leaf, device_id, brokers[0], retry=True).connected
        if followed(operator.revoke(device_id)) != "true":
            continue
        told += 1
        for broker in brokers:
            assert connect(leaf, device_id, broker).rc != 0
    assert told > 0


def test_r1_a_broker_that_stands_still_is_left_behind_and_told_of(operator,
        cli, database, broker, connect, maker, unit):
    all_follow(database, 2)
    device_id, leaf = unit()
    session = connect(leaf, device_id, broker, retry=True)
    assert counted(operator) == (0, 0)
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = operator.revoke(device_id)
        assert followed(answer) == "false"
        assert time.monotonic() - began >= 1
        assert counted(operator) == (0, 1)
        # An operator at a terminal is told as well, of a repeat too.
        assert "has not read of it yet" in cli("device", "revoke", device_id,
            "--reason", "keyCompromise")[2]
        unit()
        assert "has not read of it yet" in cli("revoke", "set", "--model",
            maker.model, "--reason", "keyCompromise", "--count", "2")[2]
        # One that is silent is an alert, and nobody waits for it any more.
        database.query("UPDATE feed_consumer SET seen_at = seen_at - "
            "interval '1 hour' WHERE kind = 'broker'")

        def at_once():
            began = time.monotonic()
            assert followed(operator.revoke(device_id)) == "false"
            return time.monotonic() - began < 1

        until(at_once)
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
    session.wait_end()
    all_follow(database, 2)
    # Who is late for a moment is not for good.
    until(lambda: followed(operator.revoke(device_id)) == "true")
    assert counted(operator)[0] == 1


def test_r3_a_set_is_done_once_all_have_read_of_it(operator, database,
        broker, connect, unit, maker):
    all_follow(database, 2)
    units = [unit() for _ in range(3)]
    done = f"/sets/{new_id()}"
    expect(operator.call("PUT", done, json={"action": "revoke", "count": 3,
        "reason": "keyCompromise", "model": maker.model}), 200)
    until(lambda: operator.call("GET", done).json()["state"] == "done")
    assert sum(until(lambda: any(now := counted(operator)) and now)) == 1
    if operator.call("GET", done).json()["followed"]:
        assert counted(operator) == (1, 0)
        for device_id, leaf in units:
            assert connect(leaf, device_id, broker).rc != 0
