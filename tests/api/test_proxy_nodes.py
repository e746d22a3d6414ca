"""Two nodes behind HAProxy as we ship it (docs/proxy.md): one leaves, in good
order or killed, while devices renew."""

import concurrent.futures
import threading

import pytest
import requests

from harness.crypto import new_key
from harness.edge import Edge
from harness.players import Device
from harness.process import until

DEVICES = 4


@pytest.fixture
def edge(workdir, material):
    (workdir / "edge").mkdir()
    edge = Edge(workdir / "edge", material)
    yield edge
    edge.stop()


@pytest.fixture
def nodes(make_stack, edge):
    nodes = [make_stack(**edge.node()) for _ in range(2)]
    edge.start(*nodes)
    return nodes


@pytest.fixture
def stack(nodes):
    return nodes[0]


class Load:
    """Devices that renew one after the other until they are told to stop,
    each in a thread; what fails is sent once more, as a device does."""

    def __init__(self, devices):
        self.devices, self.over = devices, threading.Event()
        self.renewals = dict.fromkeys((d.serial for d in devices), 0)
        self.again, self.failed = [], []
        self.pool = concurrent.futures.ThreadPoolExecutor(len(devices))
        self.futures = [self.pool.submit(self.run, d) for d in devices]

    def run(self, device):
        while not self.over.wait(0.1):
            key, used = new_key(), device.operational
            if not self.once(device, key, self.again):
                self.once(device, key, self.failed)
            used.close()
            self.renewals[device.serial] += 1

    def once(self, device, key, failures):
        try:
            answer = device.renew(key)
        except requests.RequestException as e:
            answer = e
        if getattr(answer, "status_code", 0) == 200:
            return True
        failures.append(getattr(answer, "text", answer))
        return False

    def has_renewed(self, more=3):
        """Each device so often from now on."""
        wanted = {serial: n + more for serial, n in self.renewals.items()}
        until(lambda: all(f.done() for f in self.futures) or all(
            self.renewals[s] >= n for s, n in wanted.items()), seconds=300)

    def end(self):
        self.over.set()
        for future in self.futures:
            future.result(300)
        self.pool.shutdown()


@pytest.mark.settings(drain_delay="8s")
def test_no_renewal_fails_when_a_node_is_stopped_or_killed(
        nodes, edge, operator, maker, owner, database):
    devices = [Device(nodes[0], maker) for _ in range(DEVICES)]
    operator.allow(*devices)
    for device in devices:
        device.onboard(owner)
    load = Load(devices)
    load.has_renewed()
    for node in nodes:
        node.process.wait_log("route=/.well-known/est/simplereenroll")
    # In good order: whoever asks hears it before a connection is refused.
    since = len(nodes[1].log())
    nodes[1].stop()
    assert "route=/readyz status=503" in nodes[1].log()[since:]
    load.has_renewed()
    assert load.again == [] and load.failed == []
    since = len(nodes[1].log())
    nodes[1].start()
    nodes[1].process.wait_log("route=/.well-known/est/simplereenroll",
        since=since)
    # By force, in the middle of it: what was answered by nobody is sent
    # again, and gets the certificate that may have been made already (A9).
    nodes[0].kill()
    load.has_renewed()
    load.end()
    assert load.failed == [], (load.again, load.failed)
    assert database.query("SELECT predecessor FROM certificate WHERE "
        "predecessor IS NOT NULL GROUP BY 1 HAVING count(*) > 1") == []
    assert dict(database.query("SELECT device_id::text, count(*) FROM "
        "certificate GROUP BY 1")) == {d.id: 1 + load.renewals[d.serial]
            for d in devices}
