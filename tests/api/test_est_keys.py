"""Each accepted type of key (est.md 23): birth certificates that hold one,
below a maker with such a CA, enroll over real TLS, and operational ones
renew (SECURITY.md E4)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.crypto import new_key, spki
from harness.http import expect
from harness.players import Device, Maker

KINDS = {
    "P-256": new_key,
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
}


def test_birth_certificate_of_each_key_type_enrolls_and_renews(
        stack, operator, owner):
    for kind, make_key in KINDS.items():
        name = kind.lower().replace(" ", "-")
        maker = Maker(f"maker-{name}", f"model-{name}",
            parent=Maker(f"maker-{name}", make_key=make_key),
            make_key=make_key)
        operator.register(maker)
        device = Device(stack, maker, make_key=make_key)
        operator.allow(device)
        device.onboard(owner)
        assert spki(device.certificate.public_key()) == spki(device.key), kind
        expect(device.renew(), 200)
        expect(device.renew(make_key()), 200)
        assert spki(device.certificate.public_key()) == spki(device.key), kind


def test_key_types_may_change_with_a_renewal(enrolled):
    for make_key in KINDS.values():
        expect(enrolled.renew(make_key()), 200)
        assert spki(enrolled.certificate.public_key()) == spki(enrolled.key)


@pytest.mark.parametrize("make_key", [
    lambda: ec.generate_private_key(ec.SECP521R1()),
    lambda: ec.generate_private_key(ec.SECP256K1()),
    lambda: rsa.generate_private_key(3, 2048),
], ids=["P-521", "secp256k1", "RSA with exponent 3"])
def test_other_keys_are_not_certified(enrolled, make_key):
    expect(enrolled.renew(make_key()), 403)
