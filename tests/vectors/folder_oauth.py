"""Folder oauth: proofs of possession, PKCE, thumbprints, user codes."""

import base64
import json

from common import NotCovered

# Of proofs that are signed as well as ES256 ones, and accepted nowhere here.
OTHER_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES384", "ES512", "ES256K", "EdDSA", "Ed25519"}


def algorithm(jws):
    """What its header says, if it can be read."""
    head = jws.split(".")[0]
    try:
        said = json.loads(base64.urlsafe_b64decode(head + "=="))
        return said.get("alg")
    except (ValueError, AttributeError):
        return None


def dpop(case):
    if algorithm(case["proof"]) in OTHER_ALGORITHMS:
        return NotCovered("ES256 alone is offered "
            "(dpop_signing_alg_values_supported)")
    return "dpop", [t.encode() for t in (case["proof"], case["method"],
        case["url"], f"{case['now']} {case['window']}",
        case["server_nonce"] or "", case["access_token"] or "",
        case["token_jkt"] or "", " ".join(case["seen_jti"]))]


def oauth(folder, case):
    kind = case["type"]
    if kind == "dpop":
        return dpop(case)
    if kind == "pkce":
        return "pkce", [case[k].encode()
            for k in ("verifier", "challenge", "method")]
    if kind == "jwk-thumbprint":
        return "thumbprint", [json.dumps(case["jwk"]).encode(),
            case["thumbprint"].encode()]
    if kind == "jws":
        return NotCovered("compact JWS by ES256 alone is accepted (RFC 8725 "
            "section 3.1)")
    if "typed" in case:
        return "user-code", [case[k].encode() for k in ("issued", "typed")]
    return NotCovered("a message of the flow; tests/api has them as they are "
        "sent and answered")
