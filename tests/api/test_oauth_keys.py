"""The keys that sign our tokens, and the metadata that names them."""

import datetime
import shutil

import pytest

from harness.http import Client, expect
from harness.process import until


def instant(offset):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
        seconds=offset)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def keys(workdir, material):
    """A copy of the keys, for a test that rotates them."""
    directory = workdir / "tokens"
    shutil.copytree(material.pki / "tokens", directory)
    return directory


def published(stack):
    answer = expect(Client(stack).get("/oauth2/jwks"), 200)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    return [key["kid"] for key in answer.json()["keys"]]


def test_rfc7517_key_set_holds_public_keys_alone(stack):
    keys = expect(Client(stack).get("/oauth2/jwks"), 200).json()["keys"]
    assert len(keys) == 1 and "d" not in keys[0]


def test_rotation_publishes_ahead_and_until_tokens_have_died(
        make_stack, keys):
    stack = make_stack(token_keys=keys)
    first = published(stack)
    assert "made" in stack.cli("keys", "rotate", "--dir", keys)
    until(lambda: len(published(stack)) == 2)
    assert first[0] in published(stack), "the next key does not sign yet"
    listing = stack.cli("keys", "list", "--dir", keys)
    assert "signs" in listing and "next, published" in listing

    old, ahead = sorted(keys.iterdir())
    old.rename(keys / f"{instant(-7200)}.key")
    ahead.rename(keys / f"{instant(-300)}.key")
    until(lambda: "token_keys.reloaded" in stack.log())
    assert len(published(stack)) == 2, "tokens of the old one may live"
    ahead = max(keys.iterdir())
    ahead.rename(keys / f"{instant(-700)}.key")
    until(lambda: len(published(stack)) == 1)
    assert first[0] not in published(stack)
    assert "removed" in stack.cli("keys", "rotate", "--dir", keys)
    assert len(list(keys.iterdir())) == 2


def test_unreadable_key_keeps_those_that_were_there(make_stack, keys):
    stack = make_stack(token_keys=keys)
    before = published(stack)
    (keys / f"{instant(0)}.key").write_text("no key\n")
    until(lambda: "token_keys.reload_failed" in stack.log())
    assert published(stack) == before


def test_rfc8414_issuer_is_the_one_used(stack):
    metadata = expect(Client(stack).get(
        "/.well-known/oauth-authorization-server"), 200).json()
    assert metadata["issuer"] == stack.url
    assert metadata["jwks_uri"] == stack.url + "/oauth2/jwks"
    assert [] not in [v for k, v in metadata.items()
        if k != "response_types_supported"], "empty lists are left out"
