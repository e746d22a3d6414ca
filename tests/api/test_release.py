"""What a release publishes: that it is signed, and what an image is made of."""

import json
import pathlib
import re
import subprocess
import tarfile

import pytest
from harness.process import BUILD, REPO, run


GIT = ["git", "-c", "user.name=x", "-c", "user.email=x@y"]


def check(release, public):
    """As the README says: the signature of the sums, then the sums."""
    signed = subprocess.run(["minisign", "-Vqm", "SHA256SUMS", "-p", public],
        cwd=release, capture_output=True)
    summed = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"],
        cwd=release, capture_output=True)
    return signed.returncode == 0, summed.returncode == 0


@pytest.fixture
def clone(tmp_path):
    """A commit of its own, so that nothing here is left uncommitted."""
    clone = tmp_path / "clone"
    (clone / "server/base").mkdir(parents=True)
    (clone / "deploy").mkdir()
    for name in ("server/base/version.h", "deploy/release.sh",
            "deploy/release_build.sh", "deploy/sbom.sh", "deploy/sbom.awk"):
        (clone / name).write_bytes((REPO / name).read_bytes())
    run(*GIT, "-C", clone, "init", "-q")
    run(*GIT, "-C", clone, "add", "-A")
    run(*GIT, "-C", clone, "commit", "-qm", "all of it")
    return clone


def test_a_release_is_signed_and_a_changed_byte_is_found(clone, tmp_path):
    public, secret = tmp_path / "public", tmp_path / "secret"
    run("minisign", "-GW", "-p", public, "-s", secret)
    release, image = tmp_path / "release", tmp_path / "image.tar"
    image.write_bytes(b"an image")
    run("sh", clone / "deploy/release.sh", release, secret, image)
    names = {path.name for path in release.iterdir()}
    source, = names - {"image.tar", "SHA256SUMS", "SHA256SUMS.minisig"}
    assert re.fullmatch(r"latchkey-\d+\.\d+\.\d+\.tar\.gz", source)
    assert check(release, public) == (True, True)
    for name in (source, "image.tar"):
        whole = (release / name).read_bytes()
        (release / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert check(release, public) == (True, False), name
        (release / name).write_bytes(whole)
    sums = (release / "SHA256SUMS").read_text()
    (release / "SHA256SUMS").write_text(sums.replace("a", "b", 1))
    assert check(release, public)[0] is False
    (release / "SHA256SUMS").write_text(sums)
    run("minisign", "-GW", "-p", tmp_path / "other", "-s", tmp_path / "o")
    assert check(release, tmp_path / "other") == (False, True)
    assert check(release, public) == (True, True)


def test_programs_are_packed_the_same_and_named_with_their_packages(clone,
        tmp_path):
    """Of the commit alone; what a real build makes is check-reproducible's."""
    (clone / "Makefile").write_text("all:\n\tmkdir -p build\n\tfor p in "
        "latchkeyd latchkey latchkey_broker.so; do echo $$p >build/$$p; "
        "done\n")
    run(*GIT, "-C", clone, "add", "-A")
    run(*GIT, "-C", clone, "commit", "-qm", "a build")
    (clone / "build").mkdir()
    (clone / "build/latchkeyd").write_text("what no commit has")
    made = []
    for name in ("one", "two"):
        run("sh", clone / "deploy/release_build.sh", tmp_path / name,
            env={"IMAGES": "no"})
        made.append({path.name: path.read_bytes()
            for path in (tmp_path / name).iterdir()})
    assert made[0] == made[1]
    packed, sbom = sorted(made[0], reverse=True)
    assert re.fullmatch(r"latchkey-[0-9.]+-linux-\w+\.tar\.gz", packed)
    names = {p["name"] for p in json.loads(made[0][sbom])["packages"]}
    assert {"latchkeyd", "latchkey", "latchkey_broker.so", "libc6"} <= names
    with tarfile.open(tmp_path / "one" / packed) as tar:
        (program,) = [m for m in tar if m.name.endswith("/latchkeyd")]
        assert (program.uid, program.gid) == (0, 0)
        assert tar.extractfile(program).read() == b"latchkeyd\n"


def test_what_no_commit_has_is_not_released(clone, tmp_path):
    (clone / "server/base/version.h").write_text("changed\n")
    done = subprocess.run(["sh", clone / "deploy/release.sh", tmp_path / "r",
        "/dev/null"], capture_output=True, text=True)
    assert done.returncode == 1 and "no commit" in done.stderr


def test_the_bill_of_materials_is_spdx(tmp_path):
    """SPDX 2.3: every package once, each licence an expression of known or
    declared names, and all of it contained in the image."""
    text = run("sh", REPO / "deploy/sbom.sh", "latchkey", "1.2.3",
        BUILD / "latchkeyd", env={"SOURCE_DATE_EPOCH": "1700000000"})
    assert text == run("sh", REPO / "deploy/sbom.sh", "latchkey", "1.2.3",
        BUILD / "latchkeyd", env={"SOURCE_DATE_EPOCH": "1700000000"})
    sbom = json.loads(text)
    assert sbom["spdxVersion"] == "SPDX-2.3"
    assert sbom["dataLicense"] == "CC0-1.0"
    assert sbom["SPDXID"] == "SPDXRef-DOCUMENT"
    assert sbom["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    assert re.match("urn:uuid:[0-9a-f-]{36}$", sbom["documentNamespace"])
    packages = {p["SPDXID"]: p for p in sbom["packages"]}
    assert len(packages) == len(sbom["packages"])
    installed = run("dpkg-query", "-W", "-f", "${binary:Package}\n").split()
    names = {p["name"] for p in packages.values()}
    assert {name.split(":")[0] for name in installed} <= names
    extracted = {e["licenseId"] for e in sbom["hasExtractedLicensingInfos"]}
    used = set()
    for package in packages.values():
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", package["SPDXID"])
        assert package["versionInfo"] and package["downloadLocation"]
        assert re.match(r"NOASSERTION$|[A-Za-z0-9.+() -]+$",
            package["licenseDeclared"]), package
        used |= set(re.findall(r"LicenseRef-[A-Za-z0-9.-]+",
            package["licenseDeclared"]))
    assert used <= extracted
    libc = packages["SPDXRef-deb-libc6"]
    # Some machines have left the documentation out, with the licences.
    if pathlib.Path("/usr/share/doc/libc6/copyright").exists():
        assert "LGPL-2.1" in libc["licenseDeclared"]
    assert libc["externalRefs"][0]["referenceLocator"].startswith(
        "pkg:deb/debian/libc6@")
    ours = packages["SPDXRef-latchkeyd"]
    assert ours["versionInfo"] == "1.2.3"
    assert ours["checksums"][0]["checksumValue"] == run("sha256sum",
        BUILD / "latchkeyd").split()[0]
    contained = {r["relatedSpdxElement"] for r in sbom["relationships"]
        if r["relationshipType"] == "CONTAINS"}
    assert contained == set(packages) - {"SPDXRef-image"}
    assert {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType":
        "DESCRIBES", "relatedSpdxElement": "SPDXRef-image"} in (
        sbom["relationships"])
