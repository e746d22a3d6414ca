"""An MQTT client with a client certificate, for tests: what it received, and
when its connection ended."""

import queue
import ssl
import threading
import time

import paho.mqtt.client as paho


class Mqtt:
    """One session; files is (certificate, key).  Received messages come from
    get(); ended is set when the broker closed the connection."""

    def __init__(self, broker, files, client_id, clean=True, will=None):
        self.broker, self.messages = broker, queue.Queue()
        self.connected, self.ended = threading.Event(), threading.Event()
        self.result = self.ended_at = None
        self.granted = queue.Queue()
        self.client = paho.Client(client_id, clean_session=clean,
            protocol=paho.MQTTv311)
        self.client.tls_set(str(broker.stack.material.ca), *map(str, files),
            tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if will:
            self.client.will_set(*will)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_subscribe
        # Reconnecting is the test's choice, never paho's.
        self.client.reconnect_delay_set(3600, 3600)

    def _on_connect(self, client, _data, _flags, result):
        self.result = result
        self.connected.set()

    def _on_disconnect(self, _client, _data, _result):
        self.ended_at = time.monotonic()
        self.ended.set()

    def _on_message(self, _client, _data, message):
        self.messages.put((message.topic, message.payload))

    def _on_subscribe(self, _client, _data, _mid, qos):
        self.granted.put(qos[0])

    def try_connect(self, timeout=120):
        """CONNACK's return code; None if the connection ended before."""
        self.client.connect("localhost", self.broker.port, keepalive=60)
        self.client.loop_start()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.connected.wait(0.02):
                return self.result
            if self.ended.is_set():
                return self.result
        raise AssertionError("neither CONNACK nor end of file")

    def connect(self):
        result = self.try_connect()
        assert result == 0, f"CONNACK {result}\n{self.broker.log()}"
        return self

    @classmethod
    def connect_when_known(cls, *args, timeout=120):
        """For what was added just now: the broker hears of it by the feed."""
        end = time.monotonic() + timeout
        while True:
            session = cls(*args)
            if session.try_connect() == 0:
                return session
            session.close()
            assert time.monotonic() < end, session.broker.log()

    def subscribe(self, topic, qos=1):
        """The granted QoS; 128 is a refusal."""
        self.client.subscribe(topic, qos)
        return self.granted.get(timeout=120)

    def publish(self, topic, payload, qos=1, retain=False):
        sent = self.client.publish(topic, payload, qos, retain)
        sent.wait_for_publish(60)
        assert sent.is_published()

    def get(self, timeout=120):
        """The next (topic, payload); fails if none comes."""
        return self.messages.get(timeout=timeout)

    def quiet(self, seconds=0.5):
        """Whether nothing arrives for that long."""
        try:
            self.messages.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def wait_end(self, timeout=120):
        """When the broker's end of file came (monotonic seconds)."""
        assert self.ended.wait(timeout), "the session is still open"
        return self.ended_at

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
