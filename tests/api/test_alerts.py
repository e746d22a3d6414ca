"""Alert rules and the dashboard name what a running service and broker
export, and each alert leads to what to do about it."""

import json
import re

import pytest
import yaml

from harness.metrics import promtool, scrape
from harness.process import REPO, until
from harness.stack import Broker

PROMETHEUS = REPO / "deploy/prometheus"
NAME = re.compile(r"\blatchkey_\w+")


@pytest.fixture
def exported(stack, operator, enrolled, workdir):
    """Every name that Prometheus would know."""
    directory = workdir / "broker"
    directory.mkdir()
    written = directory / "metrics.prom"
    broker = Broker(directory, stack, plugin_opt_metrics=written)
    broker.start()
    try:
        text = until(lambda: written.exists() and "entries{" in (
            now := written.read_text()) and now)
    finally:
        broker.stop()
    promtool("check", "metrics", stdin=text)
    now = scrape(operator)
    # A counter by words has no sample before its first, and then by HELP.
    return (now.names() | set(now.described())
        | set(re.findall(r"^# TYPE (\w+)", text, re.M))
        | set(re.findall(r"^(\w+)", text, re.M)))


def rules():
    text = (PROMETHEUS / "latchkey.rules.yml").read_text()
    (group,) = yaml.safe_load(text)["groups"]
    return group["rules"]


def test_rules_and_dashboard_name_what_is_exported(exported):
    dashboard = json.loads((REPO / "deploy/grafana/latchkey.json").read_text())
    asked = {f"panel {p['title']}": t["expr"] for p in dashboard["panels"]
        for t in p["targets"]}
    asked.update({f"alert {r['alert']}": r["expr"] for r in rules()})
    for who, expr in asked.items():
        names = set(NAME.findall(re.sub(r'"[^"]*"', '""', expr)))
        assert names or "up{" in expr, who
        assert names <= exported, who


def test_rules_are_rules_and_fire_when_they_should():
    promtool("check", "rules", PROMETHEUS / "latchkey.rules.yml")
    cases = PROMETHEUS / "latchkey.rules.test.yml"
    promtool("test", "rules", cases)
    groups = yaml.safe_load(cases.read_text())["tests"]
    # Prometheus adds these to each, and an expression has to match with them.
    assert not [s["series"] for group in groups for s in group["input_series"]
        if not re.search(r'{job="[^"]+",instance="[^"]+"', s["series"])]
    judged = [(case["alertname"], bool(case["exp_alerts"])) for group in
        groups for case in group["alert_rule_test"]]
    assert {(r["alert"], fires) for r in rules() for fires in (True, False)} \
        == set(judged)


def test_the_configuration_is_one(tmp_path):
    for name in ("prometheus.yml", "latchkey.rules.yml"):
        (tmp_path / name).write_text((PROMETHEUS / name).read_text())
    (tmp_path / "latchkey").mkdir()
    for name in ("token", "root.crt"):
        (tmp_path / "latchkey" / name).write_text("")
    promtool("check", "config", tmp_path / "prometheus.yml")


def test_each_alert_leads_to_what_to_do():
    page = (REPO / "docs/observability.md").read_text()
    sections = {heading.lower().replace(" ", "-"): body for heading, body in
        re.findall(r"^### ([^\n]+)\n(.*?)(?=^#|\Z)", page, re.M | re.S)}
    for rule in rules():
        place, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert place == "docs/observability.md"
        assert f"`{rule['alert']}`" in sections[anchor], rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(sections) == {r["annotations"]["runbook"].partition("#")[2]
        for r in rules()}
