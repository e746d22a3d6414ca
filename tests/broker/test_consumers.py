"""Who follows the feed, and how far each has come (SECURITY.md R1)."""

import json

from broker.world import new_id
from harness.http import expect
from harness.process import until


def status(stack, database):
    return json.loads(stack.cli("status", "--json",
        token=database.admin_token))


def consumers(stack, database):
    return {(c["kind"], c["name"]): c
        for c in status(stack, database)["consumers"]}


def test_nodes_and_brokers_say_how_far_they_have_read(make_stack, make_broker,
        database, feed):
    stack, _ = make_stack(), make_stack(node_name="second")
    make_broker(plugin_opt_name="eu-1")
    make_broker()
    for _ in range(3):
        feed.refuse(new_id())

    def all_there():
        rows = consumers(stack, database)
        return len(rows) == 4 and all(c["position"] == 3
            for c in rows.values()) and rows

    rows = until(all_there)
    assert ("broker", "eu-1") in rows and ("node", "second") in rows
    assert {c["lag"] for c in rows.values()} == {0}
    assert {c["version"] for c in rows.values()} == {"0.1.0"}
    assert "eu-1" in stack.cli("status", token=database.admin_token)


def test_who_is_silent_or_behind_is_reported_once(stack, operator, database,
        make_broker, feed):
    make_broker(plugin_opt_name="gone").stop()
    feed.refuse(new_id())
    database.query("UPDATE revocation SET at = now() - interval '1 hour'")
    database.query("UPDATE feed_consumer SET seen_at = now() - interval "
        "'1 hour' WHERE name = 'gone'")
    database.query("INSERT INTO feed_consumer VALUES ('broker', 'slow', '1', "
        "1, 0, now() + interval '1 hour')")

    def alerts():
        return {c["name"]: c["alert"] for c in consumers(stack,
            database).values() if "alert" in c}

    until(lambda: alerts() == {"gone": "silent", "slow": "behind"})
    told = [e["kind"] for e in operator.events()
        if e["kind"].startswith("consumer.")]
    assert sorted(told) == ["consumer.behind", "consumer.silent"]
    assert "silent or behind" in expect(
        operator.http.get("/readyz"), 200).text
    metrics = expect(operator.http.get("/metrics", headers={
        "Authorization": f"Bearer {operator.token}"}), 200).text
    assert 'latchkey_consumer_lag{kind="broker",name="slow"} 1\n' in metrics
    assert "latchkey_feed_position 1\n" in metrics
    expect(operator.http.get("/metrics"), 401)
    # One that is back is well; one that is gone for good is forgotten.
    database.query("UPDATE feed_consumer SET position = 1 "
        "WHERE name = 'slow'")
    until(lambda: alerts() == {"gone": "silent"})
    stack.cli("status", "forget", "broker", "gone",
        token=database.admin_token)
    assert alerts() == {}
    expect(operator.call("DELETE", "/consumers/broker/gone"), 404)


def test_a_broker_cannot_speak_for_a_node(database):
    """Its role has no way to the rows but the function that names it."""
    database.query("SELECT feed_seen('x', '1', 1, 5)", role="broker")
    database.query("SELECT feed_seen('x', '1', 1, 7)", role="service")
    assert database.query("SELECT kind, position FROM feed_consumer "
        "ORDER BY kind") == [("broker", 5), ("node", 7)]
