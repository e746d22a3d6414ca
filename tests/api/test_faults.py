"""What must survive: Postgres away, the service killed, a flooded queue, a
stop with requests in flight."""

import concurrent.futures
import http.client
import os
import random
import ssl
import threading
import time
import urllib.parse

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding

from harness.cluster import Cluster
from harness.crypto import new_key, spki_sha256
from harness.http import expect
from harness.metrics import scrape
from harness.players import DEVICE_GRANT, Device, Maker, Operator
from harness.process import BUILD, run, until
from harness.stack import Stack


@pytest.fixture
def own_cluster(workdir, material):
    """A PostgreSQL that the test may stop, and a stack on it."""
    workdir.chmod(0o711)
    cluster = Cluster(workdir / "pg", durable=True)
    database = cluster.create()
    run(BUILD / "latchkey", "migrate",
        env={"LATCHKEY_DB": database.conninfo("migrator")})
    database.admin_token = material.token(database,
        ("read", "registry", "revoke"))
    directory = workdir / "own-stack"
    directory.mkdir()
    stack = Stack(directory, database, material).start()
    yield cluster, stack
    stack.stop()
    cluster.remove()


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_postgres_away_is_503_and_back_is_well(own_cluster, kill):
    cluster, stack = own_cluster
    operator = Operator(stack, stack.database.admin_token)
    maker = Maker()
    operator.register(maker)
    device, waiting = Device(stack, maker), Device(stack, maker)
    operator.allow(device, waiting)
    owner = operator.add_owner()
    device.onboard(owner)
    expect(waiting.authorize(), 200)
    scraper, stranger = (Operator(stack, stack.material.token(
        stack.database, ["metrics"])) for _ in range(2))
    assert scrape(scraper)("latchkey_ready") == 1
    cluster.stop(kill=kill)
    # Who scraped before goes on, and reads what is wrong; nobody else does.
    now = scrape(scraper)
    assert now("latchkey_ready") == now("latchkey_check", check="database") \
        == 0
    assert "latchkey_feed_position" not in now.names()
    assert now("latchkey_workers") == 8
    for who, path in ((stranger, "/metrics"), (operator, "/metrics"),
            (scraper, "/v1/admin/models")):
        assert who.http.get(path, headers={"Authorization":
            f"Bearer {who.token}"}).status_code in (403, 503), path
    for refused in (device.renew(), operator.revoke(device.id),
            waiting.enroll(), Device(stack, maker).authorize()):
        expect(refused, 503)
        assert int(refused.headers["Retry-After"]) >= 1
    ready = expect(device.operational.get("/readyz"), 503)
    assert "database" in ready.text
    expect(device.operational.get("/healthz"), 200)
    cluster.start()
    until(lambda: device.renew().status_code == 200)
    # The other workers may have failed just before: RETRY_US of store/db.c.
    time.sleep(0.25)
    expect(owner.approve(waiting.grant["user_code"]), 200)
    expect(waiting.poll_until_decided(), 200)
    expect(waiting.enroll(), 200)
    assert stack.database.value("SELECT count(*) FROM certificate") == 3


def test_postgres_away_beneath_a_batch_is_503_to_all_and_loses_nothing(
        own_cluster):
    """Device authorizations that wait to be stored together."""
    cluster, stack = own_cluster
    operator = Operator(stack, stack.database.admin_token)
    maker = Maker()
    operator.register(maker)
    before, batch = ([Device(stack, maker) for _ in range(8)]
        for _ in range(2))
    operator.allow(*before, *batch)

    def stored():
        return {row[0] for row in stack.database.query(
            "SELECT encode(key_sha256, 'hex') FROM approval")}

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for answer in pool.map(Device.authorize, before):
            expect(answer, 200)
        gate = stack.database.connect("super")
        gate.cursor().execute("LOCK TABLE approval IN SHARE MODE")
        waiting = [pool.submit(d.authorize) for d in batch]
        stack.database.wait_blocked(2)
        cluster.stop(kill=True)
        for one in waiting:
            refused = expect(one.result(60), 503)
            assert int(refused.headers["Retry-After"]) >= 1
        cluster.start()
        assert stored() == {spki_sha256(d.key) for d in before}
        for d in batch:
            until(lambda: d.authorize().ok)
    assert stored() == {spki_sha256(d.key) for d in before + batch}


def test_a_stopped_postgres_process_costs_seconds_not_a_thread(
        own_cluster):
    cluster, stack = own_cluster
    operator = Operator(stack, stack.database.admin_token)
    pids = stack.database.query("SELECT pid FROM pg_stat_activity WHERE "
        "datname = current_database() AND usename = 'latchkey_service'")
    for (pid,) in pids:
        os.kill(pid, 19)  # SIGSTOP: it holds the socket and says nothing
    try:
        started = time.monotonic()
        codes = {operator.call("GET", "/manufacturers").status_code
            for _ in range(2)}
        assert codes <= {200, 503}
        assert time.monotonic() - started < 60
    finally:
        for (pid,) in pids:
            os.kill(pid, 18)
    until(lambda: operator.call("GET", "/manufacturers").status_code == 200)


def test_nobody_pays_for_a_restart_of_postgres(own_cluster):
    cluster, stack = own_cluster
    operator = Operator(stack, stack.database.admin_token)
    for _ in range(20):
        expect(operator.call("GET", "/manufacturers"), 200)
    cluster.stop()
    cluster.start()
    codes = [operator.call("GET", "/manufacturers").status_code
        for _ in range(20)]
    assert codes == [200] * 20, "a connection was used that had been closed"


# ---- kill -9

CLIENTS, KILLS = 16, 50


def insist(stop, call):
    """Repeats until the service answers: it is killed all the time."""
    while not stop.is_set():
        try:
            answer = call()
            if answer.status_code not in (503, 429):
                return answer
        except requests.RequestException:
            pass
        time.sleep(0.02)
    raise StopIteration


def enroll_one(stop, device, owner, received):
    insist(stop, device.authorize)
    code = device.grant["user_code"]
    shown = expect(insist(stop, lambda: owner.lookup(code)), 200).json()
    expect(insist(stop, lambda: owner.decide(shown, "approve")), 200)
    while not insist(stop, device.poll).ok:
        time.sleep(0.05)
    expect(insist(stop, device.enroll), 200)
    received.append(device.certificate)
    expect(insist(stop, lambda: device.renew(device.next_key)), 200)
    received.append(device.certificate)


def life(stop, devices, owner, received, failures):
    try:
        while not stop.is_set():
            device = devices.pop()
            device.next_key = new_key()
            enroll_one(stop, device, owner, received)
    except (StopIteration, IndexError):
        pass
    except Exception as e:  # shown by the test, with its seed
        failures.append(repr(e))


@pytest.mark.settings(code_interval="1s", guesses_owner=100000,
    guesses_address=100000, guesses_service=1000000)
def test_every_certificate_received_before_a_kill_is_in_postgres(
        stack, operator, maker, database):
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print(f"SEED={seed}")
    dice = random.Random(seed)
    devices = [Device(stack, maker) for _ in range(400)]
    operator.allow(*devices)
    owners = [operator.add_owner(f"owner {n}") for n in range(CLIENTS)]
    stop, received, failures = threading.Event(), [], []
    threads = [threading.Thread(target=life,
        args=(stop, devices, o, received, failures)) for o in owners]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            time.sleep(dice.random() * 0.4)
            stack.kill()
            stack.start()
        until(lambda: len(received) >= 10 or failures)
        stack.kill()
        stack.start()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    stored = {bytes(r[0]) for r in
        database.query("SELECT der FROM certificate")}
    print(f"{len(received)} certificates received, {len(stored)} stored")
    assert len(received) >= 10
    assert all(c.public_bytes(Encoding.DER) in stored for c in received)


# ---- load, and the end


@pytest.mark.settings(workers=1, queue=8)
def test_flood_of_enrollments_leaves_renewal_and_revocation_alone(
        stack, operator, maker, owner, database):
    device = Device(stack, maker)
    flood = [Device(stack, maker) for _ in range(24)]
    operator.allow(device, *flood)
    device.onboard(owner)
    stop, codes = threading.Event(), []

    def ask(unit):
        while not stop.is_set():
            answer = unit.authorize()
            codes.append(answer.status_code)
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) >= 1

    with concurrent.futures.ThreadPoolExecutor(len(flood)) as pool:
        futures = [pool.submit(ask, unit) for unit in flood]
        try:
            until(lambda: 503 in codes)
            renewals = [device.renew().status_code for _ in range(20)]
            revoked = operator.revoke(device.id).status_code
        finally:
            stop.set()
        for future in futures:
            future.result()
    assert renewals == [200] * 20
    assert revoked == 200


def test_sigterm_finishes_what_is_in_flight(stack, device, database):
    expect(device.authorize(), 200)
    blocker = database.connect("super")
    blocker.cursor().execute("LOCK TABLE approval IN ACCESS EXCLUSIVE MODE")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(device.authorize)
        database.wait_blocked()
        stopping = pool.submit(stack.stop)
        until(lambda: not stack.listens())
        with pytest.raises(requests.ConnectionError):
            Device(stack, device.maker).authorize()
        blocker.rollback()
        answer = expect(waiting.result(60), 200)
        assert answer.headers["Connection"] == "close"
        stopping.result(60)  # which checks exit code 0
    blocker.close()


# ---- a device that polls while its owner thinks


def transactions(cluster, name):
    return int(cluster.sql("SELECT xact_commit + xact_rollback FROM "
        f"pg_stat_database WHERE datname = '{name}'").split()[-1])


@pytest.mark.settings(code_interval="60s", code_lifetime="1h")
def test_polls_of_a_pending_code_do_not_touch_postgres(
        stack, device, cluster, database):
    expect(device.authorize(), 200)
    expect(device.poll(), 400)
    context = ssl.create_default_context(cafile=stack.material.ca)
    context.load_cert_chain(*device.birth.session.cert)
    body = urllib.parse.urlencode({"grant_type": DEVICE_GRANT,
        "device_code": device.grant["device_code"],
        "client_id": device.maker.client_id})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPSConnection("localhost", stack.port,
        context=context)
    # An idle session of Postgres publishes its counts after ten seconds.
    time.sleep(11)
    before = transactions(cluster, database.name)
    for n in range(10_000):
        connection.request("POST", "/oauth2/token", body, headers)
        answer = connection.getresponse()
        assert answer.status == 400
        assert b"slow_down" in answer.read() or n == 0
    time.sleep(11)
    made = transactions(cluster, database.name) - before
    connection.close()
    # The follower and other tasks ask every few seconds, and what an idle
    # session did before may be published late; polls are none of that.
    assert made < 100, f"{made} transactions"
