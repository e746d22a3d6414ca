"""A device whose label has an issuing CA of its own, at the broker."""

import pytest
from cryptography import x509

from broker.world import Leaf
from harness.http import expect
from harness.players import Device
from harness.stack import Broker


@pytest.fixture
def stack(make_stack, material, workdir):
    return make_stack(issuers_dir=material.issuing("emea", workdir / "cas"))


@pytest.fixture
def broker(stack, workdir):
    """One whose list of issuing CAs has the stack's further ones."""
    directory = workdir / "issuers-broker"
    directory.mkdir()
    broker = Broker(directory, stack).start()
    yield broker
    broker.stop()


def test_device_of_another_issuing_ca_connects(stack, operator, maker, owner,
        broker, connect):
    expect(operator.call("PUT", "/labels/north", json={"issuer": "emea"}),
        201)
    operator.register(maker, profile="north")
    device = Device(stack, maker)
    operator.allow(device)
    device.onboard(owner)
    issuer = x509.load_pem_x509_certificate(
        (stack.settings["issuers_dir"] / "emea.crt").read_bytes())
    client = connect(Leaf(device.certificate, device.key, (issuer,)),
        device.id)
    assert client.connected
