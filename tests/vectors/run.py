"""Holds the engine against published cases: run.py ENGINE [DIR].  With
run.py ENGINE DIR NUMBER [SEED], evidence that is accepted is mutated that
many times, and has to be refused then, or to say the same.

A case is set up from its input fields and the policy that the folder's
README states; visible() takes all else away first.  Each folder that is
covered has a function below that turns such a case into questions for the
engine (tests/vectors/engine.c), a process that never learns what the answer
should be.  Exit 0 only if nothing disagrees but what disagreements.txt
lists."""

import base64
import collections
import json
import pathlib
import secrets
import selectors
import subprocess
import sys

import folder_cose
import folder_dice
import folder_matter
import folder_oauth
import folder_token
import folder_tpm2
import folder_webauthn
import folder_x509_path
from common import NotCovered, visible

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 20  # seconds, for one question


class Engine:
    def __init__(self, *argv):
        self.argv = argv
        self.start()

    def start(self):
        self.popen = subprocess.Popen(self.argv, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def ask(self, op, inputs):
        """(verdict, why): accept, reject, or what broke."""
        line = " ".join([op, *(i.hex() or "-" for i in inputs)])
        try:
            self.popen.stdin.write(line + "\n")
            self.popen.stdin.flush()
            with selectors.DefaultSelector() as ready:
                ready.register(self.popen.stdout, selectors.EVENT_READ)
                came = ready.select(PATIENCE if len(self.argv) == 1
                    else None)
        except BrokenPipeError:
            came = True
        answer = self.popen.stdout.readline().strip() if came else ""
        verdict, _, why = answer.partition(" ")
        if verdict == "differs":  # a mutation; the answer follows
            self.popen.stdout.readline()
        if verdict in ("accept", "reject", "differs"):
            return verdict, why
        self.popen.kill()
        self.popen.wait()
        self.start()
        return ("crash" if came else "hang"), ""

    def end(self):
        self.popen.stdin.close()
        assert self.popen.wait(60) == 0, "the engine leaks, or ended badly"


# -- csr


def csr(folder, case):
    yield case["id"], case["expect"], csr_question(folder, visible(case))


def csr_question(folder, case):
    return "csr", [(folder / case["file"]).read_bytes()]


# -- crypto-wycheproof

# AlgorithmIdentifiers (RFC 5758 section 3.2, RFC 4055 section 5, RFC 8410
# section 3).
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
ECDSA_SHA384 = bytes.fromhex("300a06082a8648ce3d040303")
RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
ED25519 = bytes.fromhex("300506032b6570")


def signature(algorithm):
    def question(group, test):
        return "signature", [algorithm, *map(bytes.fromhex, (
            group["publicKeyDer"], test["msg"], test["sig"]))]
    return question


def es256(group, test):
    return "es256", list(map(bytes.fromhex, (group["publicKeyDer"],
        test["msg"], test["sig"])))


def cose_signature(algorithm):
    """By COSE's number of the algorithm."""
    def question(group, test):
        return "cose-signature", [str(algorithm).encode(),
            *map(bytes.fromhex, (group["publicKeyDer"], test["msg"],
            test["sig"]))]
    return question


def pss(group, test):
    """PS256 (RFC 8230 section 2): a salt of the hash's size."""
    assert (group["sha"], group["mgfSha"], group["sLen"]) == (
        "SHA-256", "SHA-256", 32)
    if int(group["publicKey"]["publicExponent"], 16) != 65537:
        raise NotCovered("RSA keys of other exponents are accepted nowhere "
            "(SECURITY.md E4)")
    return cose_signature(-37)(group, test)


def hmac(group, test):
    tag = bytes.fromhex(test["tag"])
    assert len(tag) * 8 == group["tagSize"]
    return "hmac", [bytes.fromhex(test["key"]), bytes.fromhex(test["msg"]),
        tag]


def spki(group, test):
    return "spki", [bytes.fromhex(test["public"])]


def jws(group, test):
    key = group.get("public") or group["private"]
    if key.get("crv") != "P-256" or key.get("alg") != "ES256":
        raise NotCovered("ES256 alone is accepted (RFC 8725 section 3.1), "
            "with keys that are registered, not read from a JWK")
    x, y = (base64.urlsafe_b64decode(key[c] + "==") for c in "xy")
    return "jws", [test["jws"].encode(), x, y]


def not_covered(why):
    def question(group, test):
        raise NotCovered(why)
    return question


ECDSA = {("secp256r1", "SHA-256"): signature(ECDSA_SHA256),
    ("secp384r1", "SHA-384"): signature(ECDSA_SHA384)}
P1363 = {("secp256r1", "SHA-256"): es256,
    ("secp384r1", "SHA-384"): cose_signature(-35),
    ("secp521r1", "SHA-512"): cose_signature(-36)}


def by_curve(table):
    """By what the group's key is."""
    def question(group, test):
        kind = group["publicKey"]["curve"], group["sha"]
        if kind not in table:
            raise NotCovered(f"{kind[0]} with {kind[1]} in this form is "
                "accepted nowhere")
        return table[kind](group, test)
    return question


def rsa(group, test):
    exponent = int(group["publicKey"]["publicExponent"], 16)
    if group["sha"] != "SHA-256" or exponent != 65537:
        raise NotCovered(f"RSA keys with exponent {exponent} are accepted "
            "nowhere (SECURITY.md E4)")
    return signature(RSA_SHA256)(group, test)


def ecdh(group, test):
    if group["curve"] != "secp256r1" or group["encoding"] != "asn":
        raise NotCovered("not a SubjectPublicKeyInfo of P-256")
    return spki(group, test)


WYCHEPROOF = {
    "EcdsaVerify": by_curve(ECDSA),
    "EcdsaP1363Verify": by_curve(P1363),
    "EddsaVerify": signature(ED25519),
    "RsassaPkcs1Verify": rsa,
    "MacTest": hmac,
    "JsonWebSignature": jws,
    "EcdhTest": ecdh,
    "RsassaPssVerify": pss,
    "XdhAsnComp": not_covered("X25519 keys are accepted nowhere"),
    "AeadTest": not_covered("AES-GCM has keys and nonces of our own "
        "making alone (pki/seal)"),
    "RsaesOaepDecrypt": not_covered("nothing of ours decrypts"),
    "RsaesPkcs1Decrypt": not_covered("nothing of ours decrypts"),
    "EcCurveTest": not_covered("curves are named, never described"),
    "JsonWebKey": not_covered("no key is read from a JWK"),
}
RESULTS = {"valid": "accept", "invalid": "reject", "acceptable": "policy"}


def wycheproof(folder, case):
    for group in json.loads((folder / case["file"]).read_text())["testGroups"]:
        ask = WYCHEPROOF.get(group["type"],
            not_covered(f"{group['type']} is unknown here"))
        for test in group["tests"]:
            try:
                question = ask(visible(group), visible(test))
            except NotCovered as why:
                question = why
            yield (f"{case['id']}/{test['tcId']}", RESULTS[test["result"]],
                question)


# -- asn1-corpora

CORPORA = {"x509": "cert", "cert-boringssl": "cert",
    "parse-certificate-boringssl": "cert", "cms": "cms",
    "spki-boringssl": "spki", "pkcs8-boringssl": "pkcs8"}


def corpora(folder, case):
    """Every parser sees every entry and must return.  The parser of that
    kind may refuse what OpenSSL reads, and must refuse what it does not."""
    kind = CORPORA.get(pathlib.Path(case["file"]).stem)
    for number, line in enumerate(
            (folder / case["file"]).read_text().splitlines(), 1):
        name, _, openssl, data = line.split("\t")
        data, id_ = bytes.fromhex(data), f"{case['id']}/{number}-{name}"
        yield id_ + "/every-parser", "no-crash", ("any", [data])
        if kind:
            yield (id_, "reject" if openssl == "error" else "no-crash",
                (kind, [data]))


def one(question):
    """A folder whose cases are a question each."""
    def cases(folder, case):
        yield case["id"], case["expect"], question(folder, visible(case))
    return cases


FOLDERS = {"csr": csr, "crypto-wycheproof": wycheproof,
    "asn1-corpora": corpora, "cbor": one(folder_cose.cbor),
    "cose": one(folder_cose.cose), "dice": one(folder_dice.dice),
    "eat": one(folder_token.eat), "matter": one(folder_matter.matter),
    "oauth": one(folder_oauth.oauth),
    "psa-token": one(folder_token.psa_token), "tpm2": folder_tpm2.cases,
    "webauthn": one(folder_webauthn.webauthn),
    "x509-path": one(folder_x509_path.x509_path)}


# Those whose cases are evidence: what is accepted of them is mutated.
EVIDENCE = {"dice", "eat", "matter", "psa-token", "tpm2"}


# -- the run


def listed(name):
    """{folder/id: reason} of a file of this folder."""
    lines = (HERE / name).read_text().splitlines()
    return dict(line.split(None, 1) for line in lines
        if line and not line.startswith("#"))


class Folder:
    """One folder's count."""

    def __init__(self, name):
        self.name, self.bad, self.excused, self.used = name, [], 0, set()
        self.cases, self.agree, self.open = 0, 0, 0
        self.skipped = collections.Counter()

    def judge(self, id_, expect, verdict, why):
        choice = CHOICES.get(f"{self.name}/{id_}", "").split()
        self.cases += 1
        if expect == "policy" and choice:
            expect = choice[0]
        # Well-formed is all that is asked where a decoder has no format of
        # deterministic encoding to read, or a token no published key.
        if expect in ("nondeterministic", "structure-only"):
            expect = "accept"
        # Read and no more: the question was no other.
        if expect == "parse":
            expect = "accept"
        if expect == "policy" and verdict in ("accept", "reject"):
            self.open += 1
            return
        if verdict == expect or (expect == "no-crash" and
                verdict in ("accept", "reject")):
            self.agree += 1
            return
        excuse = DISAGREEMENTS.get(f"{self.name}/{id_}")
        finding = f"{id_}: expected {expect}, got {verdict} {why}".rstrip()
        if excuse and expect == "accept" and verdict == "reject":
            self.excused += 1
            finding += f" (listed: {excuse})"
        else:
            self.bad.append(finding)
        print(f"  {self.name}/{finding}")

    def report(self):
        text = (f"{self.name}: {self.cases} cases, {self.agree} agree, "
            f"{len(self.bad) + self.excused} disagree")
        if self.excused:
            text += f" ({self.excused} listed)"
        if self.open:
            text += f", {self.open} left open by the case"
        print(text)
        for (file, why), n in self.skipped.items():
            print(f"  {file}: {n} not covered: {why}")
        if self.excused * 100 > self.cases:
            self.bad.append("more than 1 % listed")
            print(f"  {self.name}: more than 1 % of the cases are listed")


def run_folder(engine, folder):
    count = Folder(folder.name)
    cases = json.loads((folder / "cases.json").read_text())["cases"]
    for case in cases:
        for id_, expect, question in FOLDERS[folder.name](folder, case):
            if isinstance(question, NotCovered):
                count.skipped[case.get("file", id_), str(question)] += 1
            else:
                count.judge(id_, expect, *engine.ask(*question))
    count.report()
    return count


def made_here(engine):
    """Evidence of kinds that nobody published: how many disagree."""
    from folder_idevid import idevid
    bad = 0
    for name, question in (("idevid", idevid()),
            ("tpm with a log", folder_tpm2.logged(HERE / "tpm2"))):
        verdict, why = engine.ask(*question)
        print(f"{name}, made here: {verdict} {why}".rstrip())
        bad += verdict != "accept"
    return bad


CHOICES = listed("choices.txt")
DISAGREEMENTS = listed("disagreements.txt")


def main(engine, directory=HERE, mutations=None, seed=None):
    argv, bad = [engine], 0
    if mutations:
        argv += [mutations, seed or str(secrets.randbelow(1 << 63))]
        print(f"{mutations} mutations each, seed {argv[2]}")
    engine = Engine(*argv)
    for folder in sorted(p.parent for p in
            pathlib.Path(directory).glob("*/cases.json")):
        if mutations and folder.name not in EVIDENCE:
            continue
        if folder.name in FOLDERS:
            bad += len(run_folder(engine, folder).bad)
        else:
            print(f"{folder.name}: not covered")
    if mutations:
        bad += made_here(engine)
    engine.end()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
