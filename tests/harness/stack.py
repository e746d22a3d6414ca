"""latchkeyd and the broker as a test starts them."""

import functools
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile

from .process import BUILD, REPO, Process, free_port, run


class Material:
    """Keys and certificates of one run: what "latchkey init" makes."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.pki, self.root = self.dir / "pki", self.dir / "root"
        self.dir.mkdir(exist_ok=True)
        run(BUILD / "latchkey", "init", "--dir", self.pki, "--root-dir",
            self.root, "--dns", "localhost")
        self.ca = self.pki / "root.crt"
        self.mac_key = self.pki / "mac.key"

    def issuing(self, name, directory):
        """A further issuing CA; the setting issuers_dir is the answer."""
        run(BUILD / "latchkey", "ca", "issuing", name, "--dir", self.pki,
            "--root-dir", self.root, "--issuers-dir", directory)
        return directory

    def token(self, database, scopes, name="test", *options):
        """An operator's token, made by the command line."""
        out = run(BUILD / "latchkey", "token", "add", name, "--scopes",
            ",".join(scopes), *options, env={
                "LATCHKEY_DB": database.conninfo("migrator"),
                "LATCHKEY_MAC_KEY": str(self.mac_key)})
        return next(w for w in out.split() if w.startswith("lk_"))


class Stack:
    """One latchkeyd on a free port, with a directory and a database."""

    def __init__(self, directory, database, material, **settings):
        self.dir = pathlib.Path(directory)
        self.database, self.material = database, material
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.process, self.env = None, {}
        self.program = BUILD / "latchkeyd"
        self.profiles = self.dir / "profiles.conf"
        if not self.profiles.exists():
            shutil.copy(REPO / "pki/profiles.conf", self.profiles)
        (self.dir / "state").mkdir(mode=0o700, exist_ok=True)
        conninfo = self.dir / "db.conninfo"
        conninfo.touch(mode=0o600)
        conninfo.write_text(database.conninfo("service") + "\n")
        pki = material.pki
        # Windows begin on the clock: one of 15 minutes would end within some
        # test of every run.
        # Most owners of the tests are development apps (players.Owner).
        self.settings = {"guess_window": "1d", "app_keys": "yes",
            "unbound_tokens": "yes", "second_operator": "no",
            "issuer": self.url, "port": self.port,
            "tls_cert": pki / "server.crt",
            "tls_key": pki / "server.key", "root_cert": pki / "root.crt",
            "issuing_cert": pki / "issuing.crt",
            "issuing_key": pki / "issuing.key", "mac_key": pki / "mac.key",
            "token_keys": pki / "tokens", "profiles": self.profiles,
            "state_dir": self.dir / "state",
            "web_dir": REPO / "api/web", "db": f"@{conninfo}", **settings}

    def start(self):
        config = self.dir / "latchkeyd.conf"
        config.write_text("".join(f"{k} = {v}\n"
            for k, v in self.settings.items()))
        log = self.dir / "latchkeyd.log"
        since = len(log.read_text()) if log.exists() else 0
        self.process = Process([self.program, "--config", config], log,
            env=self.env)
        self.process.wait_log(r"event\W+listening\b.*port\W+\d+", since=since)
        return self

    def stop(self):
        if self.process:
            process, self.process = self.process, None
            process.stop()

    def kill(self):
        """SIGKILL: no draining, no goodbye."""
        self.process.kill()
        self.process = None

    def listens(self):
        """Whether a connection is taken."""
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def restart(self):
        self.stop()
        return self.start()

    def add_profile(self, name, lifetime):
        """A label with a lifetime in seconds, shorter than operators may
        set; or another lifetime for one that is there."""
        self.database.query("INSERT INTO label (name, settings) VALUES (%s, "
            "%s) ON CONFLICT (name) DO UPDATE SET settings = "
            "EXCLUDED.settings", (name,
            json.dumps({"lifetime": lifetime, "backdate": 2})))
        self.restart()

    def log(self):
        log = self.dir / "latchkeyd.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def cli(self, *argv, token=None, **kwargs):
        """Runs the command line against this stack."""
        env = {"LATCHKEY_URL": self.url,
            "LATCHKEY_CA": str(self.material.ca),
            "LATCHKEY_MAC_KEY": str(self.material.mac_key),
            "LATCHKEY_DB": self.database.conninfo("migrator"),
            **kwargs.pop("env", {})}
        if token:
            env["LATCHKEY_ADMIN_TOKEN"] = token
        return run(BUILD / "latchkey", *argv, env=env, **kwargs)


@functools.cache
def sanitizer_preload():
    """The plugin of a SAN build needs its runtime loaded first."""
    if BUILD.name != "san":
        return {}
    lib = subprocess.check_output(["gcc", "-print-file-name=libasan.so"],
        text=True).strip()
    first = BUILD / "asan_first.so"
    _preloaded("asan_first.c", first, "-Wl,-z,initfirst")
    return {"LD_PRELOAD": f"{os.path.realpath(lib)} {first}"}


def _preloaded(source, library, *flags):
    with tempfile.TemporaryDirectory(dir=BUILD) as made:
        run("gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", *flags, "-o",
            f"{made}/so", REPO / "tests/harness" / source)
        os.replace(f"{made}/so", library)  # others may be loading it


def move_clock(file, seconds):
    """Ahead of the machine's by so much, for who is started with
    moved_clock(file), and then at once."""
    with open(file, "r+b" if file.exists() else "wb") as f:
        f.write(struct.pack("=q", seconds))


def moved_clock(file):
    env = dict(sanitizer_preload())  # which is kept
    library = BUILD / "moved_clock.so"
    _preloaded("moved_clock.c", library)
    env["LD_PRELOAD"] = f"{env.get('LD_PRELOAD', '')} {library}"
    env["MOVED_CLOCK"] = str(file)
    return env


class Broker:
    """Mosquitto with the plugin, on a free port."""

    def __init__(self, directory, stack, **options):
        self.dir, self.stack = pathlib.Path(directory), stack
        self.port = free_port()
        self.process = None
        self.options = options
        self.clock = None  # or a file (set_clock)

    def set_clock(self, seconds):
        self.clock = self.dir / "clock"
        move_clock(self.clock, seconds)

    def environment(self):
        return moved_clock(self.clock) if self.clock else sanitizer_preload()

    def config(self):
        """The shipped template with this test's places in it."""
        pki = self.stack.material.pki
        conninfo = self.dir / "broker.conninfo"
        conninfo.touch(mode=0o600)
        conninfo.write_text(self.stack.database.conninfo("broker") + "\n")
        (self.dir / "ca.crt").write_text((pki / "root.crt").read_text()
            + (pki / "issuing.crt").read_text())
        issuers = [pki / "issuing.crt"]
        settings = getattr(self.stack, "settings", {})
        if "issuers_dir" in settings:
            issuers += sorted(pathlib.Path(
                settings["issuers_dir"]).glob("*.crt"))
        (self.dir / "issuers.crt").write_text("".join(
            path.read_text() for path in issuers))
        text = (REPO / "deploy/mosquitto.conf").read_text().replace(
            "@PKI@/issuing.crt", "@STATE@/issuers.crt")
        for name, value in {"PORT": self.port, "PKI": pki,
            "PLUGIN": BUILD / "latchkey_broker.so", "STATE": self.dir,
            "DB": f"@{conninfo}"}.items():
            text = text.replace(f"@{name}@", str(value))
        if os.getuid() == 0:
            text += "user root\n"
        return text + "".join(f"{k} {v}\n" for k, v in self.options.items())

    def start(self):
        config = self.dir / "mosquitto.conf"
        config.write_text(self.config())
        log = self.dir / "mosquitto.log"
        since = len(log.read_text()) if log.exists() else 0
        self.process = Process(["/usr/sbin/mosquitto", "-c", config], log,
            env={**self.environment(),
                "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0"})
        self.process.wait_log(r"mosquitto version \S+ running", since=since)
        return self

    def stop(self):
        if self.process:
            process, self.process = self.process, None
            process.stop()

    def log(self):
        log = self.dir / "mosquitto.log"
        return log.read_text(errors="replace") if log.exists() else ""
