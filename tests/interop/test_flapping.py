"""Peers that misbehave for a while, beside one that does not."""

import signal
import socket
import struct
import time

import netns
import wire
from bed import PATIENCE, Neighbor, meet, wait
from peer import Link

FLAPPER_AS = 65008


def flap(bed, reason):
    """One session: connect, OPEN, KEEPALIVE, a route, gone. Whether we got as far as Established."""
    with netns.inside(bed.link(8)):
        link = socket.socket()
    with link:
        link.settimeout(5)
        try:
            link.bind(("10.0.8.2", 0))
            link.connect(("10.0.8.1", 179))
            capabilities = struct.pack("!BBHBB", 1, 4, 1, 0, 1) + struct.pack("!BBI", 65, 4, FLAPPER_AS)
            option = struct.pack("!BB", 2, len(capabilities)) + capabilities
            link.sendall(wire.message(wire.OPEN, struct.pack("!BHH4sB", 4, FLAPPER_AS, 90, socket.inet_aton("10.255.0.98"), len(option)) + option))
            heard = b""
            while heard.count(b"\xff" * 16) < 2:  # OPEN, KEEPALIVE
                some = link.recv(4096)
                if not some:
                    return False
                heard += some
            link.sendall(wire.message(wire.KEEPALIVE))
            raw = wire.attributes("10.0.8.2", [[FLAPPER_AS]])
            link.sendall(wire.message(wire.UPDATE, struct.pack("!HH", 0, len(raw)) + raw + wire.prefix_bytes("10.6.0.0/24")))
            if reason:
                link.sendall(wire.message(wire.NOTIFICATION, reason))
            time.sleep(0.02)
            return True
        except OSError:
            return False


def test_flaps_ten_times_a_second(bed):
    """50 times, with NOTIFICATION and without. It is counted, held off after a few times, and leaves nothing; a peer
    beside it keeps its session and its routes; and it is welcome when it has rested."""
    peer = meet(bed, "bird", Link(families=("ipv4",)), witness=True, others=[Neighbor("10.0.8.2", FLAPPER_AS, ("ipv4",), more=["passive"])])
    peer.announce("10.8.0.0/24")
    assert wait(lambda: bed.witness_.routes().get("10.8.0.0/24"), 10)
    heard = len(bed.witness_.messages)
    up, start = 0, time.monotonic()
    for tries in range(50):
        up += flap(bed, (b"", b"\x06\x04")[tries % 2])
        time.sleep(max(0.0, start + (tries + 1) * 0.1 - time.monotonic()))
    row = bed.row("10.0.8.2")
    assert 2 <= up <= 10, up
    assert wait(lambda: bed.row("10.0.8.2")["connectionsDropped"] == up, 2), row
    assert not bed.routes().get("10.6.0.0/24")
    assert wait(lambda: "10.6.0.0/24" not in bed.witness_.routes(), 2)
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0 and peer.established() and bed.routes().get("10.8.0.0/24")
    assert len(bed.witness_.messages) - heard < 60
    rested = bed.witness(FLAPPER_AS, 8)
    assert rested.up.wait(PATIENCE * 40)
    rested.announce(["10.6.0.0/24"], wire.attributes("10.0.8.2", [[FLAPPER_AS]]))
    assert wait(lambda: bed.routes().get("10.6.0.0/24"), 5)


def test_peer_that_stalls(bed):
    """It stops reading while 100,000 routes are on their way to it; others are served meanwhile, and it gets all of
    them when it reads again."""
    peer = meet(bed, "bird", Link(families=("ipv4",), hold=900), more=["timers 300 900"], witness=True,
                others=[Neighbor("10.0.8.2", FLAPPER_AS, ("ipv4",), more=["passive"])])
    other = bed.witness(FLAPPER_AS, 8)
    assert other.up.wait(PATIENCE * 5)
    peer.kill(signal.SIGSTOP)
    for a in range(20):
        for b in range(10):
            bed.witness_.announce([f"{20 + a}.{b * 25 + i // 20}.{i % 20}.0/24" for i in range(500)], bed.attributes([[65009, 1 + a * 10 + b]]))
    assert wait(lambda: other.count() == 100000, 30, 0.2), other.count()
    peer.kill(signal.SIGCONT)
    assert wait(lambda: peer.count() == 100000, 30, 0.5), peer.count()
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0


def test_limit_restarts(bed):
    """`maximum-prefix 3 restart 1`: down for a minute, no less; then it is asked again, and has fewer."""
    peer = meet(bed, "bird", Link(families=("ipv4",)), inside={"ipv4": ["maximum-prefix 3 restart 1"]})
    name = peer.link.theirs
    for i in range(4):
        peer.announce(f"10.8.{i}.0/24")
    assert wait(lambda: bed.row(name).get("state") == "Idle (PfxCt)", 10)
    start = time.monotonic()
    peer.withdraw("10.8.3.0/24")
    assert wait(lambda: bed.up(name) and len(bed.routes()) == 3, 90, 0.5)
    assert 55 < time.monotonic() - start
