"""Postgres restored to an older point (SECURITY.md R6): nothing is issued
until an operator has recovered it, and who was refused stays refused, at every
moment of it."""

import datetime
import shutil
import types

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from broker.world import Issuer, Leaf, Mqtt, new_id
from harness.app import Hub, decide_child
from harness.cluster import Cluster
from harness.crypto import key_pem, new_key, spki_sha256
from harness.http import Client, expect
from harness.passkey import Person
from harness.players import Device, Maker, Operator
from harness.process import BUILD, REPO, latchkey, run, until
from harness.stack import Broker, Stack

SCOPES = ("read", "registry", "revoke", "lift", "keys", "tokens")


@pytest.fixture
def place(workdir, material):
    """A PostgreSQL that can be restored, a node, a broker, and who plays."""
    workdir.chmod(0o711)
    cluster = Cluster(workdir / "pg")
    database = cluster.create()
    run(BUILD / "latchkey", "migrate",
        env={"LATCHKEY_DB": database.conninfo("migrator")})
    database.admin_token = material.token(database, SCOPES)
    stacks, brokers, clients = [], [], []

    def node(name="node"):
        directory = workdir / name
        directory.mkdir(exist_ok=True)
        stacks.append(Stack(directory, database, material).start())
        return stacks[-1]

    def broker(name="broker"):
        directory = workdir / name
        directory.mkdir(exist_ok=True)
        brokers.append(Broker(directory, stacks[0]).start())
        return brokers[-1]

    def connect(to, device):
        client = Mqtt(to, material, workdir,
            Leaf(device.certificate, device.key), device.id)
        clients.append(client)
        return client.connect()

    yield types.SimpleNamespace(cluster=cluster, database=database,
        node=node, broker=broker, connect=connect, workdir=workdir)
    for client in clients:
        client.close()
    for started in stacks + brokers:
        started.stop()
    cluster.remove()


def players(place, stack):
    operator = Operator(stack, place.database.admin_token)
    maker = Maker()
    operator.register(maker)
    owner = operator.add_owner()

    def device(of=None):
        made = Device(stack, maker)
        operator.allow(made)
        if of is None:
            return made.onboard(owner)
        expect(made.authorize(), 200)
        expect(of.approve(made.grant["user_code"]), 200)
        return made.onboard_after_yes()

    return operator, owner, device



def recover_by(stack, *also, states=None):
    words = [word for state in states or (stack.dir / "state",)
        for word in ("--state", state)]
    return stack.cli("recover", *words, *also)


def is_older(stack):
    answer = Operator(stack, stack.database.admin_token).http.get("/readyz")
    return answer.status_code == 503 and (
        answer.json()["type"].endswith("database-older"))


def test_r6_a_restored_backup_revives_nobody(place):
    stack = place.node()
    broker = place.broker()
    operator, owner, onboard = players(place, stack)
    revoked, released, narrowed, renewed, idle = (
        onboard() for _ in range(5))
    person = Person(stack, "Grace")
    expect(person.sign_up(), 201)
    twice = [onboard(person) for _ in range(2)]
    operator.add_service("metering", subscribe=["devices/#"])
    place.cluster.save()
    until(lambda: operator.http.get("/readyz").status_code == 200)

    expect(operator.revoke(revoked.id), 200)
    expect(owner.release(released.id), 204)
    expect(operator.quarantine(narrowed.id), 200)
    expect(operator.quarantine(twice[0].id), 200)
    for device in twice:
        expect(person.call("POST", f"/v1/devices/{device.id}/lost",
            json=person.touch("lost", device.id)), 204)
    # Whose flag it is does not hang on the words.
    expect(operator.quarantine(twice[1].id, "lost"), 200)
    expect(operator.call("DELETE", "/services/metering"), 204)
    newcomer = onboard()
    expect(renewed.renew(new_key()), 200)

    def none_is_let_in():
        for device in (revoked, released):
            answer = device.renew(new_key())
            assert answer.status_code in (401, 403, 503), answer.text
            assert not place.connect(broker, device).connected

    # The broker was cut off by the backup: it is back when it has read on.
    until(lambda: place.database.value("SELECT c.position = h.position "
        "FROM feed_consumer c, feed_head h WHERE c.kind = 'broker'"))
    none_is_let_in()
    place.cluster.restore()
    # The very first requests after it: each connection is asked.
    for _ in range(5):
        none_is_let_in()
        expect(idle.renew(), 503)
    assert is_older(stack)
    until(lambda: place.database.value("SELECT count(*) FROM feed_doubt "
        "WHERE kind = 'node'") == 1)
    # Who holds only what was restored is told by those who have seen more.
    stranger = place.node("stranger")
    assert is_older(stranger)
    expect(operator.revoke(idle.id), 503)
    stack.restart()
    none_is_let_in()
    expect(idle.renew(), 503)

    said = recover_by(stack)
    assert "nothing was changed" in said and "0 certificates" not in said
    none_is_let_in()
    expect(idle.renew(), 503)
    said = recover_by(stack, "--apply")
    assert said.splitlines()[-1].startswith("epoch 2: "), said
    until(lambda: idle.renew(new_key()).status_code == 200)
    until(lambda: not is_older(stranger))
    until(lambda: place.connect(broker, idle).connected)
    none_is_let_in()
    # Each entry hangs on the one before, and the head on the last.
    assert "each as it was written" in stack.cli("audit", "verify")
    rows = {d["id"]: d for d in expect(operator.call("GET", "/devices"),
        200).json()["devices"]}
    assert rows[revoked.id]["revoked"] and rows[narrowed.id]["quarantined"]
    assert rows[released.id]["state"] == "released"
    for device in twice:
        assert rows[device.id]["quarantined"] and rows[device.id]["lost"]
    assert place.database.value("SELECT withdrawn_at IS NOT NULL "
        "FROM service WHERE name = 'metering'")
    # What a journal has is known again; who is not known has to come anew.
    expect(renewed.renew(new_key()), 200)
    assert place.connect(broker, renewed).connected
    assert newcomer.id not in rows
    assert newcomer.renew(new_key()).status_code in (401, 403)
    until(lambda: place.database.value("SELECT (c.epoch, c.position) = "
        "(h.epoch, h.position) FROM feed_consumer c, feed_head h "
        "WHERE c.kind = 'broker'"))
    assert not place.connect(broker, newcomer).connected
    until(lambda: "certificate-lost" in broker.log())
    events = [e["kind"] for e in operator.events()]
    assert "feed.behind" in events and "feed.recovered" in events
    # A broker that begins now knows as much.
    other = place.broker("other")
    assert place.connect(other, idle).connected
    for device in (revoked, released, newcomer):
        assert not place.connect(other, device).connected


def test_r6_what_is_no_device_s_does_not_come_back_either(place):
    stack = place.node()
    operator, ada, onboard = players(place, stack)
    bob, eve = operator.add_owner("Bob"), operator.add_owner("Eve")
    asks = Device(stack, Maker("other", "other-1"))
    operator.register(asks.maker)
    operator.allow(asks)
    anchor = expect(operator.call("POST", "/manufacturers/other/anchors",
        json={"certificate": Maker("gone").anchor_pem}), 201).json()["id"]
    expect(operator.call("PUT", "/clients/app", json={"name": "App",
        "redirect_uris": [], "scope": "devices"}), 201)
    place.database.query("INSERT INTO home_member (home_id, member_id) "
        "VALUES (%s, %s)", (ada.id, bob.id))
    hub = Hub(onboard())
    let_in, refused, kept = (expect(hub.register(f"T-{i}"), 200).json()
        for i in range(3))
    for child in (let_in, kept):
        expect(decide_child(ada, hub, child["id"], "approve"), 204)
    expect(asks.authorize(), 200)
    place.cluster.save()
    until(lambda: operator.http.get("/readyz").status_code == 200)

    expect(ada.deny(asks.grant["user_code"]), 200)
    expect(operator.call("DELETE", "/clients/app"), 204)
    expect(operator.call("DELETE", f"/manufacturers/other/anchors/{anchor}"),
        204)
    expect(ada.call("DELETE", f"/v1/home/members/{bob.id}"), 204)
    expect(operator.call("DELETE", f"/owners/{eve.id}"), 204)
    expect(decide_child(ada, hub, let_in["id"], "release"), 204)
    expect(decide_child(ada, hub, refused["id"], "deny"), 204)
    place.cluster.restore()
    assert until(lambda: is_older(stack))
    expect(bob.lookup(asks.grant["user_code"]), 503)
    assert recover_by(stack, "--apply").splitlines()[-1].startswith(
        "epoch 2: ")
    until(lambda: not is_older(stack))
    assert expect(asks.poll(), 400).json()["error"] == "access_denied"
    # The hub still has what it was given for its sensors.
    for child in (let_in, refused):
        expect(hub.trade(child["subject_token"]), 400)
        expect(decide_child(ada, hub, child["id"], "approve"), 404)
    expect(hub.trade(kept["subject_token"]), 200)
    assert {c["serial"]: c["state"] for c in expect(ada.call("GET", hub.path),
        200).json()["children"]} == {"T-0": "removed", "T-1": "removed",
        "T-2": "approved"}
    expect(operator.call("GET", "/clients/app"), 404)
    assert [a["id"] for a in expect(operator.call("GET",
        "/manufacturers/other/anchors"), 200).json()["anchors"]] != []
    assert place.database.query("SELECT (SELECT count(*) FROM anchor "
        "WHERE id = %s), (SELECT count(*) FROM home_member), "
        "(SELECT name FROM owner WHERE id = %s AND erased_at IS NOT NULL)",
        (anchor, eve.id)) == [(0, 0, "")]


def test_r6_without_a_mark_an_operator_must_accept(place):
    """A node whose state was lost with the database cannot tell."""
    stack = place.node()
    operator, _, onboard = players(place, stack)
    device = onboard()
    expect(operator.revoke(onboard().id), 200)
    stack.stop()
    for name in ("mark", "journal"):
        (stack.dir / "state" / name).unlink()
    stack.start()
    assert is_older(stack)
    expect(device.renew(), 503)
    with pytest.raises(AssertionError, match="--accept-loss"):
        recover_by(stack, "--apply")
    recover_by(stack, "--apply", "--accept-loss")
    until(lambda: device.renew(new_key()).status_code == 200)
    # Its neighbour is vouched for, and needs nobody.
    assert not is_older(place.node("neighbour"))


def as_before_it(place, material, issuer, maker):
    """A database from before the schema knew of restores (0019), with two
    devices: (id, leaf) of one that is well and of one that is revoked."""
    old = place.workdir / "migrations"
    old.mkdir(mode=0o755)
    for file in (REPO / "db/migrations").glob("*.sql"):
        if int(file.name[:4]) < 19:
            shutil.copy(file, old)
    database = place.cluster.create()
    migrator = {"LATCHKEY_DB": database.conninfo("migrator")}
    # It then says that it is too new for this itself.
    assert latchkey("migrate", "--migrations", old, env=migrator)[0] == 1
    assert database.value("SELECT max(version) FROM schema_migration") == 18
    database.query("SELECT maintain_partitions('2 days')", role="migrator")
    database.query("INSERT INTO manufacturer (id, name) VALUES (%s, 'Acme')",
        (maker.id,))
    database.query("INSERT INTO model (id, manufacturer_id, name, client_id, "
        "profile) VALUES (%s, %s, 'Lamp', %s, 'device')",
        (maker.model, maker.id, maker.client_id))
    database.query("INSERT INTO model_policy (model_id, version, policy) "
        "SELECT id, 1, policy FROM model")
    database.query("UPDATE model SET policy_version = 1")
    history = []
    for _ in range(2):
        device_id = new_id()
        leaf = issuer.device(device_id, seconds=7 * 86400)
        c = leaf.certificate
        database.query("WITH b AS (INSERT INTO birth (manufacturer_id, "
            "model_id, serial) VALUES (%s, %s, %s) RETURNING id), "
            "d AS (INSERT INTO device (id, birth_id, model_id, profile, "
            "state) SELECT %s, id, %s, 'device', 'owned' FROM b) "
            "INSERT INTO certificate (serial, not_before, not_after, "
            "device_id, profile, key_sha256, der) VALUES (%s, %s, "
            "to_timestamp(%s), %s, 'device', %s, %s)", (maker.id,
            maker.model, device_id, device_id, maker.model, leaf.serial,
            c.not_valid_before.replace(tzinfo=datetime.timezone.utc),
            leaf.not_after, device_id, spki_sha256(leaf.key),
            c.public_bytes(Encoding.DER)))
        history.append((device_id, leaf))
    gone = history[1][0]
    database.query("UPDATE birth SET revoked_at = now() WHERE id = (SELECT "
        "birth_id FROM device WHERE id = %s)", (gone,))
    database.query("UPDATE certificate SET revoked_at = now() "
        "WHERE device_id = %s", (gone,))
    database.query("INSERT INTO revocation (kind, device_id, reason) "
        "VALUES ('device', %s, 'keyCompromise')", (gone,), role="service")
    run(BUILD / "latchkey", "migrate", env=migrator)
    database.admin_token = material.token(database, SCOPES)
    return database, history


def test_r6_history_from_before_is_recovered_once_at_the_upgrade(place,
        material, workdir):
    """docs/revocation.md: nothing vouches for it, so an operator has to."""
    issuer = Issuer(material.pki / "issuing.crt", material.pki / "issuing.key")
    maker = Maker()
    place.database, history = as_before_it(place, material, issuer, maker)
    stack = Stack(workdir, place.database, material)
    try:
        stack.start()
        operator = Operator(stack, place.database.admin_token)
        known = []
        for _, leaf in history:
            device = Device(stack, maker)
            device.key, device.certificate = leaf.key, leaf.certificate
            device.operational = Client(stack, device.chain, key_pem(leaf.key))
            known.append(device)
        well, gone = known

        # What the node says, and does.
        assert is_older(stack)
        expect(well.renew(), 503)
        stack.process.wait_log("no high-water mark survives here")
        assert "how much was lost is not known: no mark survives" in (
            recover_by(stack))
        with pytest.raises(AssertionError, match="--accept-loss"):
            recover_by(stack, "--apply")
        assert is_older(stack)
        recover_by(stack, "--apply", "--accept-loss")

        # What was goes on as it was, and new devices come.
        until(lambda: well.renew(new_key()).status_code == 200)
        assert gone.renew(new_key()).status_code in (401, 403)
        operator.register(maker)
        newcomer = Device(stack, maker)
        operator.allow(newcomer)
        newcomer.onboard(operator.add_owner())
        broker = Broker(workdir / "late", stack)
        broker.dir.mkdir()
        try:
            broker.start()
            for device in (well, newcomer):
                until(lambda: place.connect(broker, device).connected)
            assert not place.connect(broker, gone).connected
            expect(operator.revoke(newcomer.id), 200)
            assert newcomer.renew(new_key()).status_code in (401, 403)
        finally:
            broker.stop()
        stack.restart()
        assert not is_older(stack)
        expect(well.renew(new_key()), 200)
    finally:
        stack.stop()


def test_r6_a_dump_restored_under_a_running_node_is_noticed(place):
    stack = place.node()
    operator, _, onboard = players(place, stack)
    device = onboard()
    dump = place.workdir / "dump.sql"
    conninfo = place.database.conninfo("super")
    dump.write_text("DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
        "GRANT USAGE ON SCHEMA public TO PUBLIC;\n"
        + run("pg_dump", conninfo))
    gone = onboard()
    expect(operator.revoke(gone.id), 200)
    run("psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", dump, conninfo)
    until(lambda: is_older(stack))
    assert gone.renew(new_key()).status_code == 503
    recover_by(stack, "--apply")
    until(lambda: device.renew(new_key()).status_code == 200)
    assert gone.renew(new_key()).status_code in (401, 403)


def test_a_forged_journal_is_no_journal(place, workdir):
    stack = place.node()
    operator, _, onboard = players(place, stack)
    expect(operator.revoke(onboard().id), 200)
    journal = stack.dir / "state" / "journal"
    lines = journal.read_text().splitlines()
    assert all(len(line.split(" ")[0]) == 64 for line in lines if line)
    journal.write_text("\n".join(
        line.replace("keyCompromise", "superseded") for line in lines) + "\n")
    assert "1 lines of the journals are not whole" in recover_by(stack)
    (stack.dir / "state" / "mark").write_text("0" * 64 + " 9 9 " + "0" * 64)
    assert "no mark that is ours" in recover_by(stack)
