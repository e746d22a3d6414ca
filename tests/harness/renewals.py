"""A fleet that renews while nodes come and go."""

import concurrent.futures
import threading

import requests

from .crypto import new_key
from .openapi import Foreign
from .process import until


class Renewals:
    """Devices that renew one after the other until they are told to stop,
    each in a thread; what fails is sent once more, as a device does."""

    def __init__(self, devices):
        self.devices, self.over = devices, threading.Event()
        self.renewals = dict.fromkeys((d.serial for d in devices), 0)
        self.again, self.failed = [], []
        self.pool = concurrent.futures.ThreadPoolExecutor(len(devices))
        self.futures = [self.pool.submit(self.run, d) for d in devices]

    def run(self, device):
        while not self.over.wait(0.1):
            key, used = new_key(), device.operational
            if not self.once(device, key, self.again):
                self.once(device, key, self.failed)
            used.close()
            self.renewals[device.serial] += 1

    def once(self, device, key, failures):
        try:
            answer = device.renew(key)
        except (requests.RequestException, Foreign) as e:
            answer = e  # also a proxy's own 502
        if getattr(answer, "status_code", 0) == 200:
            return True
        failures.append(getattr(answer, "text", answer))
        return False

    def has_renewed(self, more=3):
        """Each device so often from now on; what ends a thread is raised."""
        wanted = {serial: n + more for serial, n in self.renewals.items()}
        until(lambda: any(f.done() for f in self.futures) or all(
            self.renewals[s] >= n for s, n in wanted.items()), seconds=300)
        for future in self.futures:
            if future.done():
                self.over.set()
                future.result()

    def end(self, database):
        """None failed twice, and each certificate has one successor."""
        self.over.set()
        for future in self.futures:
            future.result(300)
        self.pool.shutdown()
        assert self.failed == [], (self.again, self.failed)
        assert database.query("SELECT predecessor FROM certificate WHERE "
            "predecessor IS NOT NULL GROUP BY 1 HAVING count(*) > 1") == []
        assert dict(database.query("SELECT device_id::text, count(*) FROM "
            "certificate GROUP BY 1")) == {
                d.id: 1 + self.renewals[d.serial] for d in self.devices}
