"""Two nodes behind HAProxy as we ship it (docs/proxy.md): one leaves, in good
order or killed, while devices renew."""

import pytest

from harness.edge import Edge
from harness.players import Device
from harness.process import until
from harness.renewals import Renewals

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


def leave(node, edge, load):
    """In good order, with a longer delay where the machine is so slow that
    the proxy saw it too late."""
    for delay in "8s", "45s":
        if node.settings["drain_delay"] != delay:
            node.settings["drain_delay"] = delay
            node.start()
            until(lambda: "is UP" in edge.log()[seen:])
            load.has_renewed()
            load.again.clear()
        since, seen = len(node.log()), len(edge.log())
        node.stop()
        if "is DOWN, reason: Layer7 wrong status, code: 503" in \
                edge.log()[seen:]:
            break
    assert "route=/readyz status=503" in node.log()[since:]


@pytest.mark.settings(drain_delay="8s")
def test_no_renewal_fails_when_a_node_is_stopped_or_killed(
        nodes, edge, operator, maker, owner, database):
    devices = [Device(nodes[0], maker) for _ in range(DEVICES)]
    operator.allow(*devices)
    for device in devices:
        device.onboard(owner)
    load = Renewals(devices)
    load.has_renewed()
    for node in nodes:
        node.process.wait_log("route=/.well-known/est/simplereenroll")
    # In good order: whoever asks hears it before a connection is refused.
    leave(nodes[1], edge, load)
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
    load.end(database)
