"""A TCP proxy that cuts connections off, as a bad network does."""

import select
import socket
import threading


class Cutter:
    """Forwards to a port of this machine.  plan says what befalls the nth
    connection (from 0): "before" cuts it before anything was said, "after"
    lets the request through and keeps the answer back."""

    QUIET = 0.5  # an answer that stopped for so long was whole

    def __init__(self, port, plan):
        self.port, self.plan, self.done = port, dict(plan), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listen_port = self.listener.getsockname()[1]
        self.count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            how = self.plan.get(self.count, "pass")
            self.count += 1
            threading.Thread(target=self._serve, args=(client, how),
                daemon=True).start()

    def _serve(self, client, how):
        with client:
            if how == "before":
                self.done.append(how)
                return
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                self._forward(client, server, how == "after")
            if how == "after":
                self.done.append(how)

    def _forward(self, client, server, hold):
        """TLS 1.3: what the server says after the client's second flight is
        tickets and the answer, which hold keeps back."""
        bursts, last, quiet = 0, None, None
        while True:
            ready, _, _ = select.select([client, server], [], [], quiet)
            if not ready:
                return
            for side in ready:
                try:
                    data = side.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                if side is client:
                    bursts += last is not client
                    server.sendall(data)
                elif hold and bursts > 1:
                    quiet = self.QUIET
                else:
                    client.sendall(data)
                last = side
