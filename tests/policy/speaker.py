"""A BGP peer of the daemon under test: announces what it is given (again when asked to), keeps what it hears."""

import select
import socket
import struct
import time

import netns
import wire

DAEMON = {4: "10.255.0.1", 6: "fd00:255::1"}
PORT = 179


class Speaker:
    def __init__(self, namespace, address, asn, family, routes=(), refresh=True, daemon=None):
        self.namespace, self.address, self.asn, self.family, self.routes = namespace, address, asn, family, list(routes)
        self.heard, self.raw, self.up, self.ended, self.last, self.link = {}, b"", False, False, time.monotonic(), None
        self.resets, self.refresh, self.daemon = 0, refresh, daemon or DAEMON[family]

    def connect(self):
        with netns.inside(self.namespace):
            self.link = socket.socket(socket.AF_INET if self.family == 4 else socket.AF_INET6)
        self.link.bind((self.address, 0))
        self.link.settimeout(5)
        self.link.connect((self.daemon, PORT))
        octets = self.address.split(".") if self.family == 4 else ["6", "6", "6", str(int(self.address.split(":")[-1], 16))]
        self.link.send(wire.open_message(self.asn, ".".join(octets), self.family, self.refresh))

    def announce(self):
        for prefix, attributes in self.routes:
            self.link.send(wire.update(prefix, attributes))
        self.link.send(wire.end_of_rib(self.family))

    def receive(self):
        chunk = self.link.recv(1 << 16)
        if not chunk:
            raise EOFError(f"{self.address}: the session was closed")
        self.raw += chunk
        self.last = time.monotonic()
        while len(self.raw) >= 19:
            size, kind = struct.unpack_from("!HB", self.raw, 16)
            if len(self.raw) < size:
                break
            body, self.raw = self.raw[19:size], self.raw[size:]
            self.take(kind, body)

    def take(self, kind, body):
        if kind == wire.OPEN:
            self.link.send(wire.message(wire.KEEPALIVE))
        elif kind == wire.KEEPALIVE and not self.up:
            self.up = True
            # bgpd 8.4 answers an UPDATE that comes right behind the KEEPALIVE with an FSM error now and then.
            time.sleep(0.05)
            self.announce()
        elif kind == wire.REFRESH and not self.refresh:
            raise EOFError(f"{self.address}: asked for its routes, which it cannot be")
        elif kind == wire.REFRESH and (len(body) < 4 or body[2] == 0):
            self.announce()
        elif kind == wire.NOTIFICATION:
            raise EOFError(f"{self.address}: NOTIFICATION {body[0]}/{body[1]}")
        elif kind == wire.UPDATE:
            gone, come, attributes = wire.parse(body)
            self.ended |= not gone and not come
            for prefix in gone:
                self.heard.pop(prefix, None)
            for prefix in come:
                self.heard[prefix] = attributes

    def close(self):
        if self.link is not None:
            self.link.close()


def serve(speakers, done, timeout):
    """Serves all until `done()` holds. False: it did not in time."""
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            return False
        ready = select.select([s.link for s in speakers], [], [], 0.05)[0]
        for s in speakers:
            if s.link in ready:
                s.receive()
    return True


def quiet(speakers, seconds, busy=lambda: False):
    """All are up and have heard nothing for so long, in which the daemon was never busy."""
    since = 0.0

    def done():
        nonlocal since
        if busy() or not all(s.up for s in speakers):
            since = time.monotonic()
        return time.monotonic() - max([since] + [s.last for s in speakers]) > seconds

    return done
