"""EST checklist 56: full CMC is not offered, and says so."""

import base64

import pytest

from harness.http import Client, expect

CMC = {"Content-Type": "application/pkcs7-mime; smime-type=CMC-request"}
PATHS = ["/.well-known/est/fullcmc", "/.well-known/est/device/fullcmc",
    "/device/.well-known/est/fullcmc"]


@pytest.mark.parametrize("path", PATHS)
def test_fullcmc_is_501_with_a_reason_and_stays_connected(stack, path):
    client = Client(stack)
    for _ in range(2):
        answer = expect(client.post(path, headers=CMC,
            data=base64.b64encode(b"\x30\x03\x02\x01\x01")), 501)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "simpleenroll" in answer.text
        assert answer.headers.get("Connection") != "close"


def test_fullcmc_takes_post_alone_and_known_labels_alone(stack):
    client = Client(stack)
    answer = expect(client.get(PATHS[0]), 405)
    assert answer.headers["Allow"] == "POST"
    expect(client.post("/.well-known/est/nobody/fullcmc", headers=CMC,
        data=b""), 404)
