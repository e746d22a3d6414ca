"""The reference device, cut off before or after any step of its life: it goes
on where it was, and ends with one device and one certificate."""

import concurrent.futures
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest

from harness.cutter import Cutter
from harness.http import expect
from harness.process import BUILD, REPORT, until

SETTINGS = pytest.mark.settings(code_interval="1s", guesses_address=1000)
CODE = re.compile(r"user code (\S+) at")
PARALLEL = 4


@pytest.fixture
def factory(stack, database, workdir):
    """A demo maker whose model is registered; makes listed units."""
    token = database.admin_token
    maker = workdir / "maker"
    stack.cli("simulate", "maker", "--dir", maker)
    stack.cli("manufacturer", "add", "acme", "--name", "Acme", token=token)
    stack.cli("anchor", "add", "acme", "--certificate",
        maker / "maker-root.crt", token=token)
    stack.cli("model", "add", "lamp", "--manufacturer", "acme", "--name",
        "Lamp", token=token)

    def make(name, *options):
        directory = workdir / name
        said = stack.cli("simulate", "birth", "--dir", directory, "--maker",
            maker, "--serial", name, "--model", "lamp", *options)
        stack.cli("allowlist", "import", directory / "birth.csv",
            "--manufacturer", "acme", "--quiet", token=token)
        return directory, said

    return make


class Life:
    """`latchkey simulate run`, with an owner who approves what it shows."""

    def __init__(self, directory, owner, ca, url, mqtt, *options):
        self.log_path = directory / "log"
        self.argv = [str(BUILD / "latchkey"), "simulate", "run", "--dir",
            str(directory), "--patience", "300", *options]
        self.env = {**os.environ, "LATCHKEY_URL": url, "MQTT_URL": mqtt,
            "LATCHKEY_CA": str(ca)}
        self.owner, self.approved = owner, set()

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def start(self):
        with open(self.log_path, "ab") as log:
            return subprocess.Popen(self.argv, env=self.env, stdout=log,
                stderr=subprocess.STDOUT)

    def approve_what_is_shown(self):
        for code in CODE.findall(self.log()):
            if code in self.approved:
                continue
            self.approved.add(code)
            shown = self.owner.lookup(code)
            if shown.ok:
                self.owner.decide(shown.json(), "approve")

    def play(self, until=None):
        """Runs it to its end, or kills it at a time; the exit code."""
        process = self.start()
        end = time.monotonic() + 600
        while process.poll() is None:
            self.approve_what_is_shown()
            now = time.monotonic()
            if until is not None and now > until:
                process.send_signal(signal.SIGKILL)
            if now > end:
                process.kill()
                raise AssertionError("did not end\n" + self.log())
            time.sleep(0.02)
        assert not REPORT.search(self.log()), self.log()
        return process.returncode


def certificates(database, serial):
    """(device id, serial, has a successor) of all that the unit ever got."""
    return database.query(
        """SELECT d.id, encode(c.serial, 'hex'), c.successor IS NOT NULL
        FROM birth b JOIN device d ON d.birth_id = b.id
        LEFT JOIN certificate c ON c.device_id = d.id
        WHERE b.serial = %s ORDER BY c.not_before""", (serial,))


def assert_one_identity(database, directory, expected):
    """One device; of its certificates one without a successor, in use."""
    rows = certificates(database, directory.name)
    assert len({row[0] for row in rows}) == 1, rows
    assert len(rows) == expected, rows
    live = [row for row in rows if not row[2]]
    assert len(live) == 1, rows
    log = (directory / "log").read_text()
    assert log.splitlines()[-4] == f"certificate {live[0][1]}", log
    assert not (directory / "next.key").exists()


@SETTINGS
def test_device_cut_off_before_or_after_any_step_ends_with_one_certificate(
        stack, broker, factory, operator, database):
    """One cut a life: at each connection it makes, before the request
    arrives and after it was served."""

    def live(cut):
        number, how = cut
        directory, _ = factory(f"SN-{number}-{how}")
        cutter = Cutter(stack.port, {number: how})
        life = Life(directory, operator.add_owner(), stack.material.ca,
            f"https://localhost:{cutter.listen_port}",
            f"mqtts://localhost:{broker.port}", "--renewals", "1")
        code = life.play()
        cutter.close()
        assert code == 0, (cut, life.log())
        assert_one_identity(database, directory, 2)
        return cutter.done

    # authorize, poll, CA certificates, enroll, CA certificates, renew; more
    # polls come between.
    cuts = [(n, how) for n in range(7) for how in ("before", "after")]
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        done = list(pool.map(live, cuts))
    # Every life reaches at least the sixth connection.
    assert all(d for d, cut in zip(done, cuts) if cut[0] < 6), done


@SETTINGS
def test_device_whose_broker_cuts_it_off_connects_again(stack, broker,
        factory, operator, database):
    directory, _ = factory("SN-broker")
    cutter = Cutter(broker.port, {0: "before", 1: "after"})
    life = Life(directory, operator.add_owner(), stack.material.ca, stack.url,
        f"mqtts://localhost:{cutter.listen_port}")
    assert life.play() == 0, life.log()
    cutter.close()
    assert cutter.done == ["before", "after"]
    assert_one_identity(database, directory, 1)


@SETTINGS
def test_device_killed_at_random_moments_ends_with_one_certificate(stack,
        broker, factory, operator, database):
    seed = random.randrange(2 ** 32)
    print(f"seed {seed}")

    def live(number):
        dice = random.Random(seed + number)
        directory, _ = factory(f"SN-kill-{number}")
        life = Life(directory, operator.add_owner(), stack.material.ca,
            stack.url, f"mqtts://localhost:{broker.port}")
        for _ in range(8):
            if life.play(time.monotonic() + dice.uniform(0.02, 0.9)) == 0:
                break
        assert life.play() == 0, life.log()
        assert_one_identity(database, directory, 1)

    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(live, range(8)))


@SETTINGS
def test_device_that_speaks_est_alone_waits_to_be_claimed(stack, broker,
        factory, operator, database):
    directory, said = factory("SN-est", "--claim-code", "--est-only")
    code = said.split()[-1]
    owner = operator.add_owner()
    life = Life(directory, owner, stack.material.ca, stack.url,
        f"mqtts://localhost:{broker.port}")

    def claim():
        until(lambda: "not claimed yet" in life.log())
        shown = expect(owner.claim("SN-est", code), 200).json()
        expect(owner.decide(shown, "approve"), 200)

    claiming = threading.Thread(target=claim)
    claiming.start()
    assert life.play() == 0, life.log()
    claiming.join()
    assert_one_identity(database, directory, 1)


@SETTINGS
def test_device_that_its_owner_denies_stops(stack, broker, factory, operator):
    directory, _ = factory("SN-no")
    owner = operator.add_owner()
    life = Life(directory, owner, stack.material.ca, stack.url,
        f"mqtts://localhost:{broker.port}")
    decide = owner.decide
    owner.decide = lambda shown, _: decide(shown, "deny")
    assert life.play() == 1
    assert "refused (400)" in life.log()


@SETTINGS
def test_device_stays_connected_renews_when_due_and_ends_when_revoked(stack,
        broker, factory, operator, database):
    stack.add_profile("brief", 12)
    stack.cli("model", "add", "lamp", "--manufacturer", "acme", "--name",
        "Lamp", "--profile", "brief", token=database.admin_token)
    directory, _ = factory("SN-stay")
    life = Life(directory, operator.add_owner(), stack.material.ca, stack.url,
        f"mqtts://localhost:{broker.port}", "--stay")

    def revoke():
        until(lambda: life.log().count("connected as") >= 3, seconds=300)
        (device_id, _, _), *_ = certificates(database, "SN-stay")
        expect(operator.revoke(device_id), 200)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        revoking = pool.submit(revoke)
        assert life.play() == 1
        revoking.result()
    assert "refused" in life.log().splitlines()[-1], life.log()
    assert len(certificates(database, "SN-stay")) >= 3


@SETTINGS
def test_a_phone_reads_the_picture_of_the_code_in_a_terminal(stack, factory,
        workdir):
    directory, _ = factory("SN-QR")
    said = stack.cli("simulate", "authorize", "--dir", directory, "--qr")
    code = CODE.search(said)[1]
    lines = said.splitlines()[1:-1]
    # A block is two modules, one above the other; what is drawn is light.
    dark = {"\u2588": "00", "\u2580": "01", "\u2584": "10", " ": "11"}
    rows = [[dark[block][half] for block in line for _ in range(4)]
        for line in lines for half in (0, 1) for _ in range(4)]
    picture = workdir / "qr.pbm"
    picture.write_text(f"P1\n{len(rows[0])} {len(rows)}\n" + "\n".join(
        " ".join(row) for row in rows) + "\n")
    read = subprocess.run(["zbarimg", "-q", "--raw", picture], check=True,
        capture_output=True, text=True, timeout=60).stdout.strip()
    assert read == f"{stack.url}/activate#{code}"
