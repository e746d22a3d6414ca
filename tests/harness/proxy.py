"""PostgreSQL as one client reaches it, with the faults of a network: a proxy
of a unix socket."""

import pathlib
import socket
import struct
import tempfile
import threading

NOTIFICATION = ord("A")


class Proxy:
    """Forwards to the server's socket.  cut: no connection lives or is made;
    hold: nothing moves, slowly or not at all; deaf: notifications are lost."""

    def __init__(self, upstream):
        self.upstream = pathlib.Path(upstream)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-proxy-"))
        self.dir.chmod(0o711)
        self.flowing = threading.Event()
        self.flowing.set()
        self.is_cut, self.deaf = False, False
        self.lock, self.open = threading.Lock(), set()
        self.listener = socket.socket(socket.AF_UNIX)
        path = self.dir / ".s.PGSQL.5432"
        self.listener.bind(str(path))
        path.chmod(0o777)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.heal()
        self.listener.close()
        self.cut()
        (self.dir / ".s.PGSQL.5432").unlink()
        self.dir.rmdir()

    def cut(self):
        with self.lock:
            self.is_cut = True
            for side in self.open:
                try:
                    side.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def hold(self):
        self.flowing.clear()

    def heal(self):
        self.is_cut = self.deaf = False
        self.flowing.set()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,),
                daemon=True).start()

    def _serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        with client, server:
            try:
                with self.lock:
                    if self.is_cut:
                        return
                    server.connect(str(self.upstream / ".s.PGSQL.5432"))
                    self.open |= {client, server}
                there = threading.Thread(target=self._forward,
                    args=(client, server, lambda data: data), daemon=True)
                there.start()
                self._forward(server, client, self._filter())
                there.join()
            except OSError:
                pass
            finally:
                with self.lock:
                    self.open -= {client, server}

    def _forward(self, source, sink, judge):
        try:
            while data := source.recv(65536):
                self.flowing.wait()
                if data := judge(data):
                    sink.sendall(data)
        except OSError:
            pass
        for side in (source, sink):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _filter(self):
        """Whole messages of the server, without notifications while deaf."""
        rest = b""

        def judge(data):
            nonlocal rest
            rest, out = rest + data, b""
            while len(rest) >= 5:
                size = 1 + struct.unpack(">I", rest[1:5])[0]
                if len(rest) < size:
                    break
                if not (self.deaf and rest[0] == NOTIFICATION):
                    out += rest[:size]
                rest = rest[size:]
            return out

        return judge
