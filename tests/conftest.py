"""Fixtures: real PostgreSQL, real latchkeyd, real Mosquitto.  tests/README.md
says what there is and how to run one test."""

import os
import pathlib
import shutil
import signal
import tempfile

import pytest

from harness.cluster import Cluster
from harness.players import Device, Maker, Operator
from harness.process import BUILD, latchkey, run
from harness.stack import Broker, Material, Stack

ALL_SCOPES = ("read", "registry", "revoke", "lift", "keys", "tokens")


def pytest_configure(config):
    # A run that is told to end takes down what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers",
        "settings(key=value, ...): settings of the stack's latchkeyd")
    config.addinivalue_line("markers",
        "options(key=value, ...): lines for the broker's mosquitto.conf")


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds the logs of what the test started to its failure."""
    report = (yield).get_result()
    for started in getattr(item, "latchkey_started", []):
        if report.failed and started.log():
            report.sections.append((type(started).__name__ + "'s log",
                "\n".join(started.log().splitlines()[-80:])))


@pytest.fixture(scope="session")
def session_dir():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-test-"))
    directory.chmod(0o711)
    yield directory
    if not os.environ.get("KEEP"):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def material(session_dir):
    """Root, issuing CA, server certificate and MAC key."""
    return Material(session_dir / "material")


@pytest.fixture(scope="session")
def cluster(session_dir):
    """One PostgreSQL for the run, without fsync."""
    cluster = Cluster(session_dir / "cluster")
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def template(cluster, material):
    """A migrated database with an operator's token; tests copy it."""
    database = cluster.create()
    run(BUILD / "latchkey", "migrate",
        env={"LATCHKEY_DB": database.conninfo("migrator")})
    database.admin_token = material.token(database, ALL_SCOPES)
    return database


@pytest.fixture
def database(cluster, template):
    """A fresh database of this test alone."""
    database = cluster.create(template.name)
    database.admin_token = template.admin_token
    yield database
    database.drop()


def _start(request, thing):
    started = getattr(request.node, "latchkey_started", [])
    request.node.latchkey_started = started + [thing]
    return thing.start()


def _marked(request, name):
    """What all marks of that name say, the nearest last."""
    values = {}
    for mark in reversed(list(request.node.iter_markers(name))):
        values.update(mark.kwargs)
    return values


@pytest.fixture
def workdir(request, session_dir):
    """An empty directory of this test, gone after it."""
    directory = pathlib.Path(tempfile.mkdtemp(dir=session_dir))
    yield directory
    if not os.environ.get("KEEP"):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def make_stack(request, workdir, database, material):
    """start(**settings) -> a running Stack; several share the database."""
    stacks = []

    def start(**settings):
        directory = workdir / f"stack{len(stacks)}"
        directory.mkdir()
        stack = Stack(directory, database, material,
            **{**_marked(request, "settings"), **settings})
        stacks.append(stack)
        return _start(request, stack)

    yield start
    for stack in stacks:
        stack.stop()


@pytest.fixture
def stack(make_stack):
    """latchkeyd on a free port, with its own database."""
    return make_stack()


@pytest.fixture
def broker(request, stack, workdir):
    """Mosquitto with the plugin, beside the stack."""
    directory = workdir / "broker"
    directory.mkdir()
    broker = Broker(directory, stack, **_marked(request, "options"))
    yield _start(request, broker)
    broker.stop()


@pytest.fixture
def operator(stack, database):
    """An operator with every scope."""
    return Operator(stack, database.admin_token)


@pytest.fixture
def cli(stack, database):
    """The command line against the running stack, as an operator: (exit code,
    output, errors)."""
    env = {"LATCHKEY_URL": stack.url, "LATCHKEY_CA": str(stack.material.ca),
        "LATCHKEY_ADMIN_TOKEN": database.admin_token,
        "LATCHKEY_MAC_KEY": str(stack.material.mac_key),
        "LATCHKEY_DB": database.conninfo("migrator")}

    def call(*argv, **kwargs):
        return latchkey(*argv, env={**env, **kwargs.pop("env", {})}, **kwargs)

    return call


@pytest.fixture
def maker(operator):
    """A registered manufacturer with one model."""
    maker = Maker()
    operator.register(maker)
    return maker


@pytest.fixture
def owner(operator):
    return operator.add_owner()


@pytest.fixture
def device(stack, operator, maker):
    """A unit on the allowlist, not yet anyone's."""
    device = Device(stack, maker)
    operator.allow(device)
    return device


@pytest.fixture
def enrolled(device, owner):
    """A device that its owner approved, with its certificate."""
    return device.onboard(owner)
