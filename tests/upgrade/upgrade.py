"""From the release before this one to this, while devices renew: two nodes
behind a balancer of TCP, the schema first, then one node after the other
(docs/operations.md, "Upgrade").  PREVIOUS names the tree of that release,
built."""

import os
import pathlib
import socket

import pytest

from conftest import ALL_SCOPES
from harness.http import Client, expect
from harness.players import Device, Maker, Operator
from harness.process import Process, free_port, latchkey, run, until
from harness.renewals import Renewals
from harness.stack import Stack

PREVIOUS = pathlib.Path(os.environ["PREVIOUS"])
DEVICES = 6
# Settings that the release before does not know.
NEW_SETTINGS = ("unbound_tokens", "second_operator")
BALANCER = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 120s
    timeout server 120s
    option redispatch
    retries 5
listen nodes
    bind 127.0.0.1:{port}
    bind [::1]:{port}
    default-server check inter 200ms fall 1 rise 1
    server one 127.0.0.1:{one}
    server two 127.0.0.1:{two}
"""


@pytest.fixture
def database(cluster, material):
    """As the release before made it, with an operator's token."""
    database = cluster.create()
    env = {"LATCHKEY_DB": database.conninfo("migrator"),
        "LATCHKEY_MAC_KEY": str(material.mac_key)}
    run(PREVIOUS / "build/latchkey", "migrate", env=env, cwd=PREVIOUS)
    database.admin_token = run(PREVIOUS / "build/latchkey", "token", "add",
        "before", "--scopes", ",".join(ALL_SCOPES), env=env).strip()
    yield database
    database.drop()


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Node:
    """A place of the fleet: a directory, a port, and whichever program."""

    def __init__(self, directory, database, material, issuer):
        directory.mkdir()
        self.args = directory, database, material
        self.issuer, self.port, self.stack = issuer, free_port(), None

    def start(self, previous=False):
        stack = Stack(*self.args, issuer=self.issuer, port=self.port)
        if previous:
            stack.program = PREVIOUS / "build/latchkeyd"
            stack.settings["web_dir"] = PREVIOUS / "api/web"
            for key in NEW_SETTINGS:
                del stack.settings[key]
        self.stack = stack.start()
        stack.url = self.issuer
        return stack


@pytest.fixture
def nodes(workdir, database, material):
    port = free_port()
    nodes = [Node(workdir / name, database, material,
        f"https://localhost:{port}") for name in ("one", "two")]
    config = workdir / "balancer.cfg"
    config.write_text(BALANCER.format(port=port, one=nodes[0].port,
        two=nodes[1].port))
    for node in nodes:
        node.start(previous=True)
    balancer = Process(["/usr/sbin/haproxy", "-db", "-f", config],
        workdir / "balancer.log")
    until(lambda: listens(port))
    yield nodes
    balancer.kill()
    for node in nodes:
        node.stack.stop()


def test_no_renewal_fails_while_a_fleet_is_upgraded(nodes, database):
    stack = nodes[0].stack
    operator, maker = Operator(stack, database.admin_token), Maker()
    operator.register(maker)
    owner = operator.add_owner()
    devices = [Device(stack, maker) for _ in range(DEVICES)]
    operator.allow(*devices)
    for device in devices:
        device.onboard(owner)
    load = Renewals(devices)
    load.has_renewed()
    code, out, err = latchkey("migrate",
        env={"LATCHKEY_DB": database.conninfo("migrator")})
    assert code == 0, out + err
    # Those of the release before go on with the schema of this one.
    load.has_renewed()
    for node in nodes:
        node.stack.stop()
        node.start()
        load.has_renewed()
    load.end(database)
    for node in nodes:
        node.stack.process.wait_log("route=/.well-known/est/simplereenroll")
        assert expect(Client(node.stack).get("/readyz"), 200)
    expect(operator.revoke(devices[0].id), 200)
    expect(devices[0].renew(), 403)
    expect(devices[1].renew(), 200)
