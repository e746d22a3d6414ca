"""What latchkeyd exports, as Prometheus would read it."""

import re
import subprocess

from .http import expect

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """One scrape."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            key = name, tuple(sorted(LABEL.findall(labels or "")))
            assert key not in self.samples, f"twice: {line}"
            self.samples[key] = float(value)

    def __call__(self, name, **labels):
        """The sum of the samples that have these labels."""
        wanted = {(k, str(v)) for k, v in labels.items()}
        return sum(v for (n, have), v in self.samples.items()
            if n == name and wanted <= set(have))

    def names(self):
        """Each metric as rules and dashboards name it."""
        return {name for name, _ in self.samples}

    def described(self):
        """What # TYPE says, by metric."""
        return dict(re.findall(r"^# TYPE (\w+) (\w+)$", self.text, re.M))


def scrape(operator):
    return Metrics(expect(operator.http.get("/metrics", headers={
        "Authorization": f"Bearer {operator.token}"}), 200).text)


def promtool(*argv, stdin=None):
    """Debian's promtool, whose complaints fail the test."""
    done = subprocess.run(["promtool", *map(str, argv)], input=stdin,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout
