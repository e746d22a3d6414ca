"""watched.py URL RULES: ends well if the Prometheus at URL scrapes Latchkey and
its broker and has evaluated every alert of the file RULES; else says what is
missing."""

import json
import re
import sys
import urllib.request


def ask(url, what):
    with urllib.request.urlopen(f"{url}/api/v1/{what}", timeout=60) as answer:
        return json.load(answer)["data"]


def main(url, path):
    targets = {t["labels"]["job"]: f"{t['health']} {t['lastError']}".strip()
        for t in ask(url, "targets")["activeTargets"]}
    if targets != {"latchkey": "up", "latchkey-broker": "up"}:
        return f"targets: {targets}"
    with open(path, encoding="utf-8") as f:
        wanted = re.findall(r"- alert: (\w+)", f.read())
    rules = {rule["name"]: f"{rule['health']} {rule.get('lastError', '')}"
        for group in ask(url, "rules")["groups"] for rule in group["rules"]}
    missing = {name: rules.get(name, "not loaded") for name in wanted
        if rules.get(name, "").strip() != "ok"}
    if missing or not wanted:
        return f"rules: {missing}"
    for name in ("latchkey_ready", "latchkey_broker_admitting"):
        series = ask(url, f"query?query={name}")["result"]
        if [s["value"][1] for s in series] != ["1"]:
            return f"{name}: {series}"
    print("Prometheus scrapes the service and the broker, and evaluates "
        f"{len(wanted)} alerts")
    return 0


sys.exit(main(*sys.argv[1:]))
