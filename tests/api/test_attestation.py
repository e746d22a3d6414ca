"""Evidence: nonces for it, and what it opens."""

import base64

from harness.http import Client, expect


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def nonce_of(stack):
    answer = expect(Client(stack).call("POST", "/v1/attestation/nonce"), 200)
    return unb64u(answer.json()["nonce"])


def test_nonces_are_fresh_and_stored_nowhere(stack, database):
    answer = expect(Client(stack).call("POST", "/v1/attestation/nonce"), 200)
    assert answer.json()["expires_in"] == 120
    assert answer.headers["Cache-Control"] == "no-store"
    seen = {nonce_of(stack) for _ in range(5)}
    assert len(seen) == 5 and all(len(n) == 32 for n in seen)
    assert database.value("SELECT count(*) FROM nonce_used") == 0
