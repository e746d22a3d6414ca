"""A streaming standby of the tests' PostgreSQL, which has every commit that
was acknowledged, and can be promoted in the primary's place."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from .process import until

BIN = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def as_server(*argv):
    """Runs a command as the user that the server runs as."""
    words = [str(a) for a in argv]
    if os.getuid() == 0:
        words = ["setpriv", "--reuid=postgres", "--regid=postgres",
            "--clear-groups", *words]
    done = subprocess.run(words, cwd="/", text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, (words, done.stdout)
    return done.stdout


class Server:
    """One data directory and its server."""

    def __init__(self, data, directory):
        self.data, self.socket = pathlib.Path(data), pathlib.Path(directory)

    def start(self):
        as_server(BIN / "pg_ctl", "-s", "-w", "-t", "300", "-D", self.data,
            "-l", self.data / "server.log", "-o",
            f"-c unix_socket_directories={self.socket}", "start")

    def stop(self, how="fast"):
        as_server(BIN / "pg_ctl", "-s", "-w", "-t", "300", "-m", how, "-D",
            self.data, "stop")

    def sql(self, text):
        return as_server(BIN / "psql", "-qAtX", "-h", self.socket, "-d",
            "postgres", "-c", text).strip()


class Standby:
    """The cluster's second server.  The cluster's own methods are for the
    first; here the present primary is known."""

    def __init__(self, cluster):
        self.made = []
        self.primary = Server(cluster.data(), cluster.socket)
        hba = self.primary.data / "pg_hba.conf"
        hba.write_text("local replication all peer\n" + hba.read_text())
        self.primary.sql("ALTER SYSTEM SET wal_level = replica")
        self.primary.sql("SELECT pg_reload_conf()")
        self._follow()

    def _directory(self, kind):
        made = pathlib.Path(tempfile.mkdtemp(prefix=f"latchkey-{kind}-"))
        if os.getuid() == 0:
            shutil.chown(made, "postgres", "postgres")
        made.chmod(0o711 if kind == "socket" else 0o700)
        self.made.append(made)
        return made

    def _follow(self):
        """A new standby of the primary, without which nothing commits."""
        self.server = Server(self._directory("standby") / "data",
            self._directory("socket"))
        as_server(BIN / "pg_basebackup", "-h", self.primary.socket, "-D",
            self.server.data, "-R", "-c", "fast", "--no-sync")
        self.server.start()
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.sql("SELECT pg_reload_conf()")
        until(lambda: self.primary.sql("SELECT count(*) FROM "
            "pg_stat_replication WHERE sync_state = 'sync'") == "1")

    def fail_over(self):
        """The primary dies; the standby takes its place and gets a standby
        of its own.  Returns the new primary's directory of sockets."""
        self.primary.stop("immediate")
        self.server.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        as_server(BIN / "pg_ctl", "-s", "-w", "-D", self.server.data,
            "promote")
        self.primary = self.server
        self.primary.sql("SELECT pg_reload_conf()")
        self._follow()
        return self.primary.socket

    def remove(self):
        for server in (self.server, self.primary):
            try:
                server.stop("immediate")
            except AssertionError:
                pass
        for made in self.made:
            shutil.rmtree(made, ignore_errors=True)
