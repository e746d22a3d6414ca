"""How much of each parser a row of tests/fuzz/fuzz.c reaches, by llvm-cov:
coverage.py PROGRAM CORPUS...  Below 90 % of a parser's lines it fails."""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

LEAST = 90

# What each row is the test of.  A function after "-" is no part of a parser:
# it makes what the parser reads.
PARSERS = {
    "json": ["server/codec/json.c -json_quote"],
    "form": ["server/codec/form.c -form_escape -is_unreserved"],
    "basic": ["server/codec/basic.c"],
    "trace": ["server/base/trace.c"],
    "webauthn": ["server/codec/webauthn.c"],
    "birth_line": ["server/codec/birth_line.c", "server/codec/csv.c -csv_cell",
        "server/codec/lines.c"],
    "topic": ["server/codec/topic.c"],
    "topic_rules": ["server/codec/topic_rules.c -topic_rules_default"],
    "jwk": ["server/codec/jwk.c"],
    "jwks": ["server/codec/jwks.c"],
    "jws": ["server/codec/jws.c -jws_input -jws_join"],
    "dpop": ["server/domain/dpop_read.c"],
    "app": ["server/domain/client_text.c", "server/domain/prompt.c",
        "server/domain/notice_cursor.c"],
    "label": ["server/codec/label_json.c", "server/domain/label_read.c",
        "server/pki/profile_check.c", "server/pki/template.c"],
    "base64": ["server/base/bytes.c +b64_decode +b64_value +bytes_from_b64 "
        "+bytes_from_b64u"],
    "body": ["server/base/bytes.c +b64_decode +b64_value +bytes_from_b64"],
    "csr": ["server/pki/csr.c -csr_make -csr_info -csr_joined",
        "server/pki/csr_evidence.c",
        "server/pki/ext.c -ext_policies -ext_find",
        "server/pki/name.c -name_text -name_value -oid_end",
        "server/pki/key.c -key_verify_es256 -sig_to_der -key_point_p256 "
        "-key_parse_pem -key_parse_spki -key_read_pem -key_pem",
        "server/pki/sigalg.c -sigalg_der -family_of_key"],
    "csrattrs": ["server/pki/csrattrs.c"],
    "multipart": ["server/codec/multipart.c"],
    "capabilities": ["server/pki/keywrap.c +choose_cipher"],
    "coding": ["server/codec/gzip.c -gzip"],
    "ocsp": ["server/pki/ocsp_request.c"],
    "names": ["server/pki/csr_names.c"],
    "cert": ["server/pki/cert.c -cert_read_pem -cert_pem "
        "-cert_check_anchor -cert_parse_x509",
        "server/pki/ext.c -ext_ns_cert_type -ext_find",
        "server/pki/name.c -name_text",
        "server/pki/der.c"],
    "chain": ["server/pki/chain.c -trust_share"],
    "certpath": ["server/pki/path_cert.c", "server/pki/path.c",
        "server/pki/path_judge.c", "server/pki/path_profile.c",
        "server/pki/path_policy.c", "server/pki/path_revocation.c",
        "server/pki/name_rules.c", "server/pki/dn.c"],
    "idevid": ["server/attest/fmt_idevid.c +parse",
        "server/attest/context.c"],
    "dice": ["server/codec/dice.c", "server/codec/cose_key.c",
        "server/pki/dice_cert.c +dice_cert_input +take",
        "server/attest/dice_layers.c -dice_layer_signed",
        "server/attest/fmt_dice.c +parse +parse_parts +check_said"],
    "eat": ["server/attest/fmt_eat.c"],
    "psa": ["server/attest/fmt_psa.c"],
    "policy": ["server/attest/policy_json.c"],
    "crl": ["server/pki/crl.c +crl_parse +split +read_entries +take_entry "
        "+read_entry_extensions +read_extensions +read_extension "
        "+read_point +read_authority +take_flag +read_reasons +take_times"],
    "pem": ["server/pki/pem.c -pem_text"],
    "cms_signed": ["server/pki/cms_signed.c -cms_signed_by"],
    "matter": ["server/codec/matter.c", "server/codec/matter_tlv.c"],
    "matter_cert": ["server/pki/matter_cert.c"],
    "matter_evidence": ["server/attest/matter_evidence.c"],
    "cms": ["server/pki/cms.c -cms_certs_only -wrap"],
    "cbor": ["server/codec/cbor.c"],
    "cose": ["server/codec/cose.c"],
    "corim": ["server/codec/corim.c", "server/codec/corim_json.c"],
    "tpm": ["server/codec/tpm.c -tpm_put_2b"],
    "tpm_log": ["server/codec/tpm_log.c"],
    "tpm_evidence": ["server/attest/tpm.c -judge_ek",
        "server/attest/parts.c"],
    "ek": ["server/pki/ek.c"],
    "path": ["server/http/guard.c +guard_path +path_char"],
    "hop": ["server/codec/hop.c"],
    "head": ["server/http/guard.c -guard_path -path_char"],
}

Count = collections.namedtuple("Count", "lines missed")


def run(*argv, **kwargs):
    return subprocess.run([str(a) for a in argv], check=True,
        stdout=subprocess.PIPE, text=True, **kwargs).stdout


def profile(program, row, corpora, directory):
    """The row's profile after all files of its corpora."""
    files = [f for c in corpora for f in (pathlib.Path(c) / row).rglob("*")
        if f.is_file()]
    for i in range(0, len(files), 500):
        run(program, row, *files[i:i + 500], stderr=subprocess.DEVNULL,
            env={"LLVM_PROFILE_FILE": f"{directory}/{row}-{i}.raw"})
    merged = directory / f"{row}.profile"
    run("llvm-profdata-14", "merge", "-o", merged,
        *directory.glob(f"{row}-*.raw"))
    return merged, len(files)


def functions(program, merged, source):
    """{function: Count} of one file."""
    text = run("llvm-cov-14", "report", "-show-functions",
        f"-instr-profile={merged}", program, pathlib.Path(source).resolve())
    rows = {}
    for line in text.splitlines():
        # Name, then regions, lines and branches: each all, missed, percent.
        found = re.match(r"(?:\S+:)?(\w+)\s+\d+\s+\d+\s+\S+%\s+(\d+)\s+(\d+)",
            line)
        if found and found[1] != "TOTAL":
            rows[found[1]] = Count(int(found[2]), int(found[3]))
    assert rows, f"no function of {source} in the report"
    return rows


def measure(program, merged, spec):
    """(file, Count, what is reached least) of the parser's functions."""
    source, *marks = spec.split()
    only = {m[1:] for m in marks if m[0] == "+"}
    without = {m[1:] for m in marks if m[0] == "-"}
    rows = {n: c for n, c in functions(program, merged, source).items()
        if n not in without and (not only or n in only)}
    total = Count(*(sum(c[i] for c in rows.values()) for i in (0, 1)))
    worst = sorted(rows, key=lambda n: -rows[n].missed)[:3]
    return source, total, [f"{n} {rows[n].missed}" for n in worst
        if rows[n].missed]


def main(program, *corpora):
    bad = 0
    print(f"{'row':12} {'parser':30} lines reached")
    with tempfile.TemporaryDirectory() as directory:
        for row, specs in PARSERS.items():
            merged, files = profile(program, row, corpora,
                pathlib.Path(directory))
            for spec in specs:
                source, count, worst = measure(program, merged, spec)
                percent = 100 * (count.lines - count.missed) / count.lines
                bad += percent < LEAST
                print(f"{row:12} {source:30} {count.lines:5} {percent:5.1f} %"
                    + (f"  under {LEAST} %: {', '.join(worst)}"
                        if percent < LEAST else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
