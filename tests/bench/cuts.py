"""From a revocation to the end of the device's session at the broker."""

import random
import threading
import time
import uuid

from harness.http import expect
from rig import Load

SINGLY, AT_ONCE = 100, 500


def measure(rig, rows, n):
    """To end of file on the device's socket: one after another from sending
    the call; of a set from what the feed says, a moment before the commit."""
    cuts, changed = {}, threading.Condition()
    one = Load("broker", port=rig.stack.port, mqtt_port=rig.broker.port,
        units=n, prefix="CUT", **rig.files())
    one.read()
    rig.allow()
    rig.approve()
    one.go()
    assert one.read()["connected"] == n

    def listen():
        for _ in range(SINGLY + AT_ONCE):
            cut = one.read()
            with changed:
                cuts[cut["cut"]] = cut["us"]
                changed.notify()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    took = []
    units = [line.split("\t")
        for line in (rig.dir / "issued").read_text().splitlines()]
    for _, _, device in units[:SINGLY]:
        assert device not in cuts, f"{device} was cut before"
        # Else each call would come right after the broker's last turn.
        time.sleep(random.uniform(0, 0.1))
        began = time.monotonic_ns() // 1000
        expect(rig.operator.revoke(device), 200)
        with changed:
            assert changed.wait_for(lambda: device in cuts, 10), device
        took.append((cuts[device] - began) / 1e3)
    units = units[SINGLY:SINGLY + AT_ONCE]
    to_monotonic = time.monotonic_ns() // 1000 - time.time_ns() // 1000
    expect(rig.operator.call("PUT", f"/sets/{uuid.uuid4()}", json={
        "action": "revoke", "reason": "superseded", "count": AT_ONCE,
        "manufacturer": rig.maker.id,
        "serials": [serial for serial, _, _ in units]}), 200)
    with changed:
        assert changed.wait_for(lambda: len(cuts) == SINGLY + AT_ONCE, 60)
    listener.join()
    one.go()
    one.end()
    began = dict(rig.database.query("SELECT device_id::text, "
        "(extract(epoch FROM at) * 1000000)::bigint FROM revocation "
        "WHERE kind = 'device'"))
    together = sorted((cuts[device] - began[device] - to_monotonic) / 1e3
        for _, _, device in units)
    took.sort()
    rows.add(f"revoke to cut p50, {n:,} connected", took[SINGLY // 2])
    rows.add(f"revoke to cut p99, {n:,} connected",
        took[SINGLY - 1 - SINGLY // 100])
    rows.add(f"revoke to cut p50, 500 of {n:,} at once",
        together[AT_ONCE // 2])
    rows.add(f"revoke to cut p99, 500 of {n:,} at once",
        together[AT_ONCE - 1 - AT_ONCE // 100])
