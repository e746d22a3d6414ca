"""docs/data-handling.md says of every table what it is for, and of no other;
and there is no telemetry."""

import re

from harness.process import REPO


def test_every_table_is_said(database):
    text = (REPO / "docs/data-handling.md").read_text()
    said = set()
    tables = text.split("## Tables")[1].split("\n## ")[0]
    for row in re.findall(r"^\| (`.*?) \|", tables, re.M):
        said |= set(re.findall(r"`([a-z_]+)`", row))
    there = {name for (name,) in database.query(
        "SELECT relname FROM pg_class WHERE relnamespace = "
        "'public'::regnamespace AND relkind IN ('r', 'p') AND "
        "NOT relispartition")}
    assert said == there - {"migration", "schema_migration"}


def test_nothing_is_sent_home():
    names = re.findall(r"^(?:# )?([a-z_]+) =",
        (REPO / "deploy/latchkeyd.conf").read_text(), re.M)
    assert len(names) > 30
    assert not [name for name in names
        if re.search("telemetry|statistics|report|usage", name)]
