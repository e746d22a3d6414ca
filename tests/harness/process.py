"""Programs under test: started with their output in a file, waited for, and
ended so that a leak, a sanitizer's report or a wrong exit code is a failure."""

import collections
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = REPO / os.environ.get("LATCHKEY_BUILD", "build/san")
REPORT = re.compile(
    r"(ERROR|WARNING): \w+Sanitizer|runtime error:|detected memory leaks")


PATIENCE = 60  # seconds: how long what must happen may take
_claims = collections.deque(maxlen=100)


def free_port():
    """A port of the loopback address that nothing listens on and that stays
    ours: the kernel gives those below 32768 to no outgoing connection, and
    other runs on this machine see the claim, a name without a file."""
    while True:
        port = random.randrange(12000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0latchkey-test-port-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        if len(_claims) == _claims.maxlen:
            _claims.popleft().close()
        _claims.append(claim)
        return port


def until(ask, seconds=PATIENCE, every=0.05):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"not in {seconds} s"
        time.sleep(every)
    return answer


def run(*argv, env=None, **kwargs):
    """Runs a command to its end; its output is in the failure's message."""
    done = subprocess.run([str(a) for a in argv], env={**os.environ,
        **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=kwargs.pop("timeout", 300), **kwargs)
    assert done.returncode == 0, (
        f"{argv[0]} exited with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def latchkey(*argv, env=None, **kwargs):
    """The command line, in an environment of its own: (exit code, output,
    errors)."""
    clean = {k: v for k, v in os.environ.items()
        if not k.startswith(("LATCHKEY_", "MQTT_"))}
    done = subprocess.run([BUILD / "latchkey", *map(str, argv)],
        env={**clean, **(env or {})}, capture_output=True, text=True,
        timeout=300, **kwargs)
    assert not REPORT.search(done.stderr), done.stderr
    return done.returncode, done.stdout, done.stderr


class Process:
    """One program, its log and its end."""

    def __init__(self, argv, log, env=None):
        self.log_path = pathlib.Path(log)
        self.log_file = open(self.log_path, "ab")
        self.popen = subprocess.Popen([str(a) for a in argv],
            env={**os.environ, "ASAN_OPTIONS": "abort_on_error=0",
                "UBSAN_OPTIONS": "print_stacktrace=1", **(env or {})},
            stdin=subprocess.DEVNULL, stdout=self.log_file,
            stderr=subprocess.STDOUT, cwd=REPO)
        self.pid = self.popen.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_log(self, pattern, timeout=PATIENCE, since=0):
        """Waits for a line that matches; returns the match."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = re.compile(pattern).search(self.log(), since)
            if found:
                return found
            assert self.popen.poll() is None, (
                f"ended with {self.popen.returncode}\n{self.log()}")
            time.sleep(0.01)
        raise AssertionError(f"no {pattern!r} in the log\n{self.log()}")

    def cpu_seconds(self):
        """User and system time it has used so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        fields = fields.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        """SIGKILL, for tests of what survives it."""
        self.popen.kill()
        self.popen.wait()
        self.log_file.close()

    def stop(self, expect=0, timeout=PATIENCE):
        """SIGTERM; fails on another exit code or a sanitizer's report."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"did not stop in {timeout} s") from None
        self.log_file.close()
        assert not REPORT.search(self.log()), self.log()
        assert self.popen.returncode == expect, (
            f"exit code {self.popen.returncode}\n{self.log()}")
