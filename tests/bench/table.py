"""The table of a bench: the rows it must have, what was measured for them,
and the limits by openssl."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

from harness.process import BUILD, REPO


def reaches(bar, unit, value, ratio):
    """Whether a row is as good as its bar: "20" is for the value, "2.0x" for
    its ratio to the limit."""
    if bar == "-":
        return True
    got, bar = ((ratio, float(bar[:-1])) if bar.endswith("x")
        else (value, float(bar)))
    return got >= bar if unit == "/s" else got <= bar


class Rows:
    """The rows file, and what was measured for it."""

    def __init__(self, file):
        self.wanted, self.got = {}, {}
        text = (REPO / "tests/bench" / file).read_text()
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, unit, source, bar = (
                    s.strip() for s in line.split("|"))
                self.wanted[name] = (unit, source, bar)

    def add(self, name, value, limit=None):
        unit, source, bar = self.wanted[name]
        assert value is not None and value >= 0, name
        assert source == "-" or limit, f"{name}: no limit by {source}"
        ratio = limit and value / limit
        self.got[name] = {"name": name, "value": round(value, 3),
            "unit": unit, "limit": limit and round(limit, 3),
            "ratio": limit and round(ratio, 4),
            "bar": None if bar == "-" else bar,
            "ok": reaches(bar, unit, value, ratio)}

    def missing(self):
        return [name for name in self.wanted if name not in self.got]

    def print(self, file, began):
        """The table, and the same as JSON in the build directory."""
        print(f"\n{'':48}{'value':>10} {'unit':4}{'limit':>11}{'ratio':>8}"
            f"{'bar':>9}  limit is")
        for name, (unit, source, bar) in self.wanted.items():
            row = self.got.get(name)
            if not row:
                print(f"{name:48}{'MISSING':>10}")
                continue
            limit = "" if row["limit"] is None else f"{row['limit']:,.1f}"
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
            print(f"{name:48}{row['value']:>10,.1f} {unit:4}{limit:>11}"
                f"{ratio:>8}{'' if bar == '-' else bar:>9}  "
                f"{'' if source == '-' else source}"
                f"{'' if row['ok'] else '  BAR MISSED'}")
        out = BUILD / file
        out.write_text(json.dumps([self.got[name] for name in self.wanted
            if name in self.got], indent=1) + "\n")
        print(f"\n{out}; {time.monotonic() - began:.0f} s")
        for name in self.missing():
            print(f"bench: row missing: {name}", file=sys.stderr)


def openssl(rows):
    """The limit: one verify and one sign; a second of both cores, and us of
    one core.  One process a core, each counting its own CPU: with -multi,
    openssl counts the wall clock, and what else runs then raises the limit."""
    sign = verify = 0
    speeds = [subprocess.Popen(["openssl", "speed", "-seconds", "3",
        "ecdsap256"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True) for _ in range(os.cpu_count())]
    for one in speeds:
        found = re.search(r"nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)",
            one.communicate(timeout=60)[0])
        sign, verify = sign + float(found[1]), verify + float(found[2])
    rows.add("P-256 sign, both cores", sign)
    rows.add("P-256 verify, both cores", verify)
    rows.limit = 1 / (1 / sign + 1 / verify)
    rows.limit_us = os.cpu_count() * 1e6 / rows.limit


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    kernel = os.uname().release
    return (f"{os.cpu_count()} CPUs ({model[1] if model else '?'}), Linux "
        f"{kernel}; service, Postgres and load generator share them")
