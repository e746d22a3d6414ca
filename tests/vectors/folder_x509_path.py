"""x509-path: certification paths.  Three families, each told by its own
fields: x509-limbo's (RFC 5280 in full, for a TLS peer), NIST PKITS' (section
6.1 with revocation), BoringSSL's (a chain and how its last is trusted)."""

import base64
import calendar
import datetime
import re

EKU = {"serverAuth": "2b06010505070301", "clientAuth": "2b06010505070302",
    "codeSigning": "2b06010505070303", "emailProtection": "2b06010505070304",
    "timeStamping": "2b06010505070308", "OCSPSigning": "2b06010505070309",
    "anyExtendedKeyUsage": "551d2500"}
KEY_USAGE = {"digitalSignature": 0x80, "contentCommitment": 0x40,
    "keyEncipherment": 0x20, "dataEncipherment": 0x10, "keyAgreement": 0x08,
    "keyCertSign": 0x04, "cRLSign": 0x02, "encipherOnly": 0x01}
NOW = 1795219200  # where a case means now


def pem(texts):
    """The DER of all PEM blocks, one after the other."""
    return b"".join(base64.b64decode("".join(body.split()))
        for text in texts for body in re.findall(
            r"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END", text, re.S))


def seconds(text):
    """RFC 3339 to the second: a fraction is cut off, as certificates know
    none (x509-limbo's README)."""
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return calendar.timegm(when.utctimetuple())


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = []
    for arc in [40 * first + second, *rest]:
        part = [arc & 0x7f]
        while arc := arc >> 7:
            part.append(arc & 0x7f | 0x80)
        out += reversed(part)
    return bytes([6, len(out), *out])


def policies(texts):
    return [f"policies={b''.join(map(oid, texts)).hex()}"] if texts else []


def limbo(folder, case):
    words = ["profile", "anchor-rules", "anchor-is-ca", "anchor-expires",
        "anchor=issues"]
    words.append(f"now={seconds(case['time']) if case['time'] else NOW}")
    # A peer is a server or a client; a case may name purposes beside that.
    purpose = (case["eku"] or [case["kind"] + "Auth"])[0]
    words.append(f"purpose={EKU[purpose]}")
    # Optional behaviour that a case is about (its field "features").
    if "pedantic-webpki-eku" in case["features"]:
        words.append("strict")
    if "pedantic-rfc5280" in case["features"]:
        words.append("pedantic")
    if case["key_usage"]:
        words.append("key-usage=%x" % sum(map(KEY_USAGE.get,
            case["key_usage"])))
    if case["max_chain_depth"] is not None:
        words.append(f"depth={case['max_chain_depth']}")
    peer = case["peer_name"]
    if peer and peer["kind"] in ("DNS", "IP"):
        words.append(f"host={peer['value']}")
    if case["crls"]:
        words.append("crl")
    return words, [pem([case["leaf"]]), pem(case["trusted"]),
        pem(case["intermediates"]), pem(case["crls"])]


def pkits(folder, case):
    certs = [(folder / name).read_bytes() for name in case["certs"]]
    crls = [(folder / name).read_bytes() for name in case["crls"]]
    words = ["anchor=issues", "crl", f"now={seconds(case['time'])}",
        *policies(case["initial_policy_set"])]
    for field, word in (("initial_explicit_policy", "explicit-policy"),
            ("initial_policy_mapping_inhibit", "no-mapping"),
            ("initial_inhibit_any_policy", "no-any-policy")):
        if case.get(field):
            words.append(word)
    return words, [certs[-1], certs[0], b"".join(certs[1:-1]),
        b"".join(crls)]


# How the last of a chain is trusted, as BoringSSL's tests name it.
TRUST = {
    "TRUSTED_ANCHOR": "issues",
    "TRUSTED_ANCHOR_OR_LEAF": "issues+leaf",
    "TRUSTED_LEAF": "leaf",
    "TRUSTED_LEAF_REQUIRE_SELF_SIGNED": "leaf+self-signed",
    "DISTRUSTED": "", "UNSPECIFIED": "",
}
PURPOSES = {"SERVER_AUTH": "serverAuth", "CLIENT_AUTH": "clientAuth"}


def boringssl(folder, case):
    trust, _, extra = case["last_cert_trust"].partition("_WITH_")
    words = [f"anchor={TRUST.get(trust, trust)}"]
    if "EXPIRATION" in extra:
        words.append("anchor-expires")
    if re.search(r"(^|_)CONSTRAINTS", extra.replace("BASIC_CONSTRAINTS", "")):
        words.append("anchor-rules")
    if "REQUIRE_BASIC_CONSTRAINTS" in extra:
        words.append("anchor-is-ca")
    purpose, _, strict = case["key_purpose"].partition("_STRICT")
    if purpose in PURPOSES:
        words.append(f"purpose={EKU[PURPOSES[purpose]]}")
    if case["key_purpose"].endswith("_STRICT"):
        words.append("strict")
    options = case["options"]
    # SHA-1 and RSA 1024 pass unless a case asks for strong digests.
    if options.get("digest_policy") != "STRONG":
        words.append("weak")
    for field, word in (("initial_explicit_policy", "explicit-policy"),
            ("initial_policy_mapping_inhibit", "no-mapping"),
            ("initial_any_policy_inhibit", "no-any-policy")):
        if str(options.get(field, "")).lower() == "true":
            words.append(word)
    words += policies(re.findall(r"[\d.]+",
        options.get("initial_policy_set", "")))
    when = case["time"]
    if when == "DEFAULT":
        when = "2021-10-05T12:00:00Z"
    else:
        when = datetime.datetime.strptime(when, "%y%m%d%H%M%SZ").isoformat()
    words.append(f"now={seconds(when)}")
    chain = case["chain"]
    return words, [pem(chain[:1]), pem(chain[-1:]), pem(chain[1:-1]), b""]


def x509_path(folder, case):
    family = (limbo if "trusted" in case else
        pkits if "certs" in case else boringssl)
    words, inputs = family(folder, case)
    return "path", [" ".join(words).encode(), *inputs]
