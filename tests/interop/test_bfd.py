"""BFD against FRR's bfdd, BIRD and evpnd itself, on this host's own kernel. Needs root."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import pytest
from bfd_bed import Bed, Bird, Evpnd, Frr, wait_for

FAST = "  transmit-interval 50\n  receive-interval 50\n  detect-multiplier 3\n"
BIRD_FAST = "min rx interval 50 ms; min tx interval 50 ms; multiplier 3;"
BIRD_HEAD = "router id 10.9.0.2;\nprotocol device {}\nlog stderr all;\n"


@pytest.fixture
def bed():
    if os.geteuid() != 0:
        pytest.skip("network namespaces want root")
    with Bed() as b:
        yield b


def frr_config(peer, extra=FAST):
    return f"bfd\n peer {peer}\n{extra}"


def bird_config(interface, neighbor):
    return BIRD_HEAD + f"protocol bfd {{ {interface} {{ {BIRD_FAST} }}; neighbor {neighbor}; }}\n"


PEERS = {
    "frr": (Frr, {
        "hop": frr_config("10.1.0.1 interface e0"),
        "hops": frr_config("10.9.0.1 multihop local-address 10.9.0.2"),
        "link-local": frr_config("fe80::1 local-address fe80::2 interface e0"),
    }),
    "bird": (Bird, {
        "hop": bird_config('interface "e0"', '10.1.0.1 dev "e0"'),
        "hops": bird_config("multihop", "10.9.0.1 local 10.9.0.2 multihop on"),
        "link-local": bird_config('interface "e0"', 'fe80::1 dev "e0"'),
    }),
    "evpnd": (Evpnd, {
        "hop": frr_config("10.1.0.1 interface e0"),
        "hops": frr_config("10.9.0.1 multihop local-address 10.9.0.2"),
        "link-local": frr_config("fe80::1 interface e0"),
    }),
}  # fmt: skip
# BIRD sends over many hops with the system's default TTL.
BIRD_TTL = "  minimum-ttl 60\n"
OURS = {
    "hop": ("10.1.0.2 interface e0", "10.1.0.2", "10.1.0.1"),
    "hops": ("10.9.0.2 multihop local-address 10.9.0.1", "10.9.0.2", "10.9.0.1"),
    "link-local": ("fe80::2 local-address fe80::1 interface e0", "fe80::2", "fe80::1"),
}


def both_up(bed, kind, form, extra=FAST):
    """Us and them, Up on both sides."""
    cls, configs = PEERS[kind]
    statement, theirs, ours = OURS[form]
    them = bed.add(cls, bed.theirs, configs[form])
    extra += BIRD_TTL if kind == "bird" and form == "hops" else ""
    us = bed.add(Evpnd, bed.ours, frr_config(statement, extra))
    wait_for("up here", 10, lambda: us.state(theirs) == "up")
    wait_for("up there", 10, lambda: them.state(ours) == "up")
    return us, them, theirs, ours


@pytest.mark.parametrize("form", OURS)
@pytest.mark.parametrize("kind", PEERS)
def test_up_and_stable(bed, kind, form):
    us, them, theirs, ours = both_up(bed, kind, form)
    wait_for("its intervals", 3, lambda: us.peer(theirs)["remote-transmit-interval"] == 50)
    peer = us.peer(theirs)
    assert (peer["remote-receive-interval"], peer["remote-detect-multiplier"]) == (50, 3), peer
    assert peer["diagnostic"] == "ok" and peer["multihop"] == (form == "hops")
    begin = time.monotonic()
    before = us.counters(theirs)
    time.sleep(4)
    after = us.counters(theirs)
    # 50 ms less an eighth for jitter: 91 in four seconds; none comes faster, whatever time the commands take
    most = 10 + (time.monotonic() - begin) / 0.0375
    for way in ("input", "output"):
        assert 60 <= after[f"control-packet-{way}"] - before[f"control-packet-{way}"] <= most, (before, after)
    assert (after["session-up"], after["session-down"]) == (1, 0)
    assert us.state(theirs) == "up" and them.state(ours) == "up"


@pytest.mark.parametrize("form", ["hop", "hops"])
@pytest.mark.parametrize("kind", PEERS)
def test_our_shutdown(bed, kind, form):
    """AdminDown arrives as such, and goes again."""
    us, them, theirs, ours = both_up(bed, kind, form)
    extra = FAST + (BIRD_TTL if kind == "bird" and form == "hops" else "")
    us.configure(frr_config(OURS[form][0], extra + "  shutdown\n"))
    wait_for("down there", 2, lambda: them.state(ours) in ("down", "admindown"))
    assert us.state(theirs) == "shutdown"
    if kind != "bird":
        assert them.peer(ours)["remote-diagnostic"] == "administratively down", them.peer(ours)
    us.configure(frr_config(OURS[form][0], extra))
    wait_for("up again", 10, lambda: us.state(theirs) == "up" and them.state(ours) == "up")


@pytest.mark.parametrize("form", ["hop", "hops"])
def test_their_shutdown(bed, form):
    us, them, theirs, ours = both_up(bed, "frr", form)
    statement = {"hop": "10.1.0.1 interface e0", "hops": "10.9.0.1 multihop local-address 10.9.0.2"}[form]
    them.session_change(statement, "shutdown")
    wait_for("down here", 2, lambda: us.state(theirs) == "down")
    assert us.peer(theirs)["diagnostic"] == "neighbor signaled session down"
    them.session_change(statement, "no shutdown")
    wait_for("up again", 10, lambda: us.state(theirs) == "up")


@pytest.mark.parametrize("kind", PEERS)
def test_silence_is_detected(bed, kind):
    """The peer's process stops: Down within its detection time; it goes on: up again."""
    us, them, theirs, _ = both_up(bed, kind, "hop")
    pid = {"frr": lambda: them.bfdd.pid, "bird": lambda: them.children[0].pid, "evpnd": lambda: them.bfd_pid()}[kind]()
    time.sleep(1)
    os.kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        wait_for("down", 2, lambda: us.state(theirs) == "down")
        took = time.monotonic() - stopped
        assert us.peer(theirs)["diagnostic"] == "control detection time expired"
    finally:
        os.kill(pid, signal.SIGCONT)
    assert took < 2.5, took  # the 150 ms, and the commands that look; the slow timers would take 3 s
    wait_for("up again", 10, lambda: us.state(theirs) == "up")


@pytest.mark.parametrize("kind", ["frr", "evpnd"])
def test_change_of_intervals(bed, kind):
    """A Poll Sequence in each direction; the session stays."""
    us, them, theirs, ours = both_up(bed, kind, "hop")
    us.configure(frr_config(OURS["hop"][0], "  transmit-interval 200\n  receive-interval 300\n"))
    wait_for("they know", 3, lambda: them.peer(ours)["remote-transmit-interval"] == 200)
    assert them.peer(ours)["remote-receive-interval"] == 300
    us.configure(frr_config(OURS["hop"][0]))
    wait_for("they know", 3, lambda: them.peer(ours)["remote-transmit-interval"] == 50)
    time.sleep(1)
    counters = us.counters(theirs)
    assert (counters["session-up"], counters["session-down"]) == (1, 0)


# ---- echo ----


def echo_pair(bed, kind, ours_forward, theirs_forward):
    """Slow control packets beside echo packets at 50 ms."""
    cls = PEERS[kind][0]
    text = "  echo-mode\n  transmit-interval 1000\n  receive-interval 1000\n"
    for ns, forward in ((bed.ours, ours_forward), (bed.theirs, theirs_forward)):
        bed.run(ns, "sysctl", "-qw", f"net.ipv4.ip_forward={forward}")
    them = bed.add(cls, bed.theirs, frr_config("10.1.0.1 local-address 10.1.0.2 interface e0", text))
    bed.run(bed.theirs, "sysctl", "-qw", f"net.ipv4.ip_forward={theirs_forward}")  # zebra sets its own
    us = bed.add(Evpnd, bed.ours, frr_config("10.1.0.2 interface e0", text))
    wait_for("up", 10, lambda: us.state() == "up" and them.state("10.1.0.1") == "up")
    return us, them


@pytest.mark.parametrize("kind", ["frr", "evpnd"])
def test_echo(bed, kind):
    """Each side's kernel sends the other's packets back; when ours are not, the session falls at the pace of echo."""
    us, them = echo_pair(bed, kind, 1, 1)
    time.sleep(3)
    ours = us.counters()
    assert 45 <= ours["echo-packet-input"] and ours["session-down"] == 0, ours
    assert ours["echo-packet-output"] - ours["echo-packet-input"] <= 2, ours
    assert 0 < us.peer("10.1.0.2")["rtt-avg"] < 50000
    assert them.peer("10.1.0.1")["rtt-avg"] > 0, them.peer("10.1.0.1")
    # What drops the packets of one side alone: the way back, for the peer's kernel, is the wrong one.
    bed.ip("-n", bed.theirs, "rule", "add", "from", "10.1.0.1", "to", "10.1.0.1", "blackhole")
    wait_for("down", 1, lambda: us.counters()["session-down"] == 1)
    wait_for("told so", 3, lambda: "echo function failed" in us.logged())
    wait_for("up again, by control packets", 15, lambda: us.state() == "up")
    time.sleep(2)
    assert us.counters()["session-down"] == 1
    assert "echo packets do not come back" in us.logged()


@pytest.mark.parametrize("kind", ["frr", "evpnd"])
def test_echo_without_forwarding(bed, kind):
    """We do not loop, and say so: nobody tries. They do not: we find out, and the session stays."""
    us, them = echo_pair(bed, kind, 0, 0)
    time.sleep(3)
    assert them.peer("10.1.0.1")["remote-echo-receive-interval"] == 0
    assert them.peer("10.1.0.1")["rtt-avg"] == 0
    assert us.counters()["session-down"] == 0 and us.counters()["echo-packet-output"] <= 5
    assert "does not forward IP" in us.logged()
    assert ("do not come back" in us.logged()) == (kind == "frr")
    bed.run(bed.theirs, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    bed.run(bed.ours, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    wait_for("they may", 5, lambda: them.peer("10.1.0.1")["remote-echo-receive-interval"] == 50)
    wait_for("they do", 5, lambda: them.peer("10.1.0.1")["rtt-avg"] > 0)
    assert us.counters()["session-down"] == 0


@pytest.mark.parametrize("kind", ["frr", "evpnd"])
def test_extremes(bed, kind):
    """The shortest and the longest intervals, and multipliers, in flight: told each time, and the session stays."""
    us, them, _, ours = both_up(bed, kind, "hop")
    for transmit, receive, multiplier in ((10, 60000, 5), (60000, 10, 255), (60000, 60000, 2), (50, 50, 20)):
        us.configure(frr_config(OURS["hop"][0], f"  transmit-interval {transmit}\n  receive-interval {receive}\n  detect-multiplier {multiplier}\n"))
        told = {"remote-transmit-interval": transmit, "remote-receive-interval": receive, "remote-detect-multiplier": multiplier}
        wait_for("told", 5, lambda told=told: told.items() <= them.peer(ours).items())
    assert us.state() == them.state(ours) == "up"
    assert (us.counters()["session-up"], us.counters()["session-down"]) == (1, 0)


def test_nobody_begins(bed):
    """Two that are passive send nothing; one that is no more brings both up."""
    passive = FAST + "  passive-mode\n"
    us = bed.add(Evpnd, bed.ours, frr_config("10.1.0.2 interface e0", passive))
    them = bed.add(Frr, bed.theirs, frr_config("10.1.0.1 interface e0", passive))
    time.sleep(2)
    assert us.counters()["control-packet-output"] == us.counters()["control-packet-input"] == 0
    us.configure(frr_config("10.1.0.2 interface e0"))
    wait_for("up", 10, lambda: us.state() == "up" and them.state() == "up")


def test_profile_and_passive(bed):
    config = "bfd\n profile slow\n  transmit-interval 500\n  passive-mode\n peer 10.1.0.2 interface e0\n  profile slow\n"
    us = bed.add(Evpnd, bed.ours, config)
    time.sleep(2)
    assert us.counters()["control-packet-output"] == 0
    them = bed.add(Frr, bed.theirs, frr_config("10.1.0.1 interface e0"))
    wait_for("up", 10, lambda: us.state() == "up" and them.state() == "up")
    assert them.peer("10.1.0.1")["remote-transmit-interval"] == 500
    assert us.peer("10.1.0.2")["passive-mode"]


def test_minimum_ttl(bed):
    """One router between would be too many."""
    config = frr_config(OURS["hops"][0], FAST + "  minimum-ttl 254\n")
    bed.run(bed.theirs, "sysctl", "-qw", "net/ipv4/ip_default_ttl=200")
    us = bed.add(Evpnd, bed.ours, config)
    with inside(bed.theirs), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("10.9.0.2", 50000))
        for ttl in (253, 100):
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            s.sendto(packet(1, 7, 0), ("10.9.0.1", 4784))
        wait_for("counted", 2, lambda: us.json("show bfd discards")["TTL too low"] == 2)
        assert us.state("10.9.0.2") == "down"
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 254)
        s.sendto(packet(1, 7, 0), ("10.9.0.1", 4784))
        wait_for("heard", 1, lambda: us.state("10.9.0.2") == "init")


def test_vrf(bed):
    """The same addresses in a VRF: sockets of their own. (The lab's guest has VRFs: `tests/lab/uml`.)"""
    for ns in (bed.ours, bed.theirs):
        if subprocess.run(["ip", "-n", ns, "link", "add", "red", "type", "vrf", "table", "10"], check=False).returncode:
            pytest.skip("this kernel has no VRF")
        bed.ip("-n", ns, "link", "set", "red", "up")
        bed.ip("-n", ns, "link", "set", "e0", "master", "red")
    us = bed.add(Evpnd, bed.ours, frr_config("10.1.0.2 vrf red"))
    them = bed.add(Evpnd, bed.theirs, frr_config("10.1.0.1 vrf red interface e0"))
    for speaker in (us, them):
        wait_for("up", 10, lambda s=speaker: [p["status"] for p in s.json("show bfd vrf red peers")] == ["up"])
    assert us.json("show bfd peers") == []
    us.child.send_signal(signal.SIGTERM)
    wait_for("down", 3, lambda: them.json("show bfd vrf red peers")[0]["status"] == "down")


# ---- shows ----

SHOWS = ("show bfd peers", "show bfd peers counters", "show bfd peer {}", "show bfd peer {} counters",
         "show bfd vrf default peers", "show bfd vrf default peers counters")  # fmt: skip


def shape(value):
    """Fields in their order, and what they are."""
    if isinstance(value, list):
        return [shape(v) for v in value]
    if isinstance(value, dict):
        return [(key, shape(v)) for key, v in value.items()]
    return type(value).__name__


def labels(text):
    """Lines without their values."""
    return [re.sub(r"[\d./]+(ms)?", "N", line) for line in text.rstrip().splitlines()]


def test_shows(bed):
    """FRR's fields, in its order; its lines."""
    for ns in (bed.ours, bed.theirs):
        bed.run(ns, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    form = "10.1.0.{} local-address 10.1.0.{} interface e0"
    them = bed.add(Frr, bed.theirs, frr_config(form.format(1, 2), FAST + "  echo-mode\n"))
    us = bed.add(Evpnd, bed.ours, frr_config(form.format(2, 1), FAST + "  echo-mode\n"))
    wait_for("up", 10, lambda: us.state() == "up" and them.state() == "up")
    time.sleep(2)
    for show in SHOWS:
        ours, theirs = show.format(form.format(2, 1)), show.format(form.format(1, 2))
        assert shape(us.json(ours)) == shape(json.loads(them.vtysh(theirs + " json"))), show
        assert labels(us.show(ours)) == labels(them.vtysh(theirs)), show


# ---- the daemon's end ----


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_our_end_is_no_failure(bed, how):
    """Whoever ends the daemon, its peers hear AdminDown: what a BGP peer does then is BGP's affair."""
    us, them, _, ours = both_up(bed, "frr", "hop")
    us.child.send_signal(how)
    wait_for("down there", 2, lambda: them.state(ours) == "down")
    peer = them.peer(ours)
    assert peer["diagnostic"] == "neighbor signaled session down", peer
    assert peer["remote-diagnostic"] == "administratively down", peer


def test_record_replays(bed):
    us, them, theirs, _ = both_up(bed, "frr", "hop")
    them.bfdd.send_signal(signal.SIGSTOP)
    wait_for("down", 2, lambda: us.state(theirs) == "down")
    them.bfdd.send_signal(signal.SIGCONT)
    us.counters(theirs)
    us.child.send_signal(signal.SIGTERM)
    us.child.wait(5)
    replay = us.replays()
    assert replay.returncode == 0, replay.stdout


# ---- BGP ----


def bgp_config(n, neighbors, families=""):
    return (f"log stdout\nrouter bgp 6500{n}\n bgp router-id 10.9.0.{n}\n no bgp ebgp-requires-policy\n"
            f" bgp log-neighbor-changes\n timers bgp 3 9\n{neighbors}{families}")  # fmt: skip


BGP_FORMS = {
    "numbered": ("10.1.0.{}", " neighbor {p} remote-as external\n neighbor {p} bfd\n neighbor {p} bfd profile fast\n"),
    "unnumbered": ("e0", " neighbor {p} interface remote-as external\n neighbor {p} bfd\n neighbor {p} bfd profile fast\n"),
    "multihop": ("10.9.0.{}", " neighbor {p} remote-as external\n neighbor {p} ebgp-multihop 3\n"
                 " neighbor {p} update-source 10.9.0.{n}\n neighbor {p} bfd\n neighbor {p} bfd profile fast\n"),
    "internal": ("10.9.0.{}", " neighbor {p} remote-as 65009\n neighbor {p} local-as 65009\n"
                 " neighbor {p} update-source 10.9.0.{n}\n neighbor {p} bfd\n neighbor {p} bfd profile fast\n"),
}  # fmt: skip


def bgp_both(bed, form, timers=FAST):
    name, text = BGP_FORMS[form]
    profile = "bfd\n profile fast\n" + timers
    configs = []
    for n in (1, 2):
        config = bgp_config(n, text.format(p=name.format(3 - n), n=n)) + profile
        if form == "internal":
            config = re.sub(r" neighbor \S+ local-as 65009\n", "", config).replace(f"router bgp 6500{n}", "router bgp 65009")
        configs.append(config)
    them = bed.add(Frr, bed.theirs, configs[1])
    us = bed.add(Evpnd, bed.ours, configs[0])
    ours, theirs = name.format(1), name.format(2)
    wait_for("BGP is up", 30, lambda: established(us, theirs))
    wait_for("BFD is up", 10, lambda: [p["status"] for p in us.json("show bfd peers")] == ["up"])
    wait_for("BFD is up there", 10, lambda: them.bgp(ours).get("peerBfdInfo", {}).get("status") == "Up")
    return us, them, ours, theirs


def established(us, neighbor):
    summary = us.json("show bgp summary")
    return summary.get("ipv4Unicast", summary)["peers"][neighbor]["state"] == "Established"


@pytest.mark.parametrize("form", BGP_FORMS)
def test_bgp_session_falls(bed, form):
    """Their bfdd alone stops: our BGP session ends within the detection time, by our own clock, and says why."""
    us, them, ours, theirs = bgp_both(bed, form)
    peer = us.json("show bfd peers")[0]
    assert peer["multihop"] == (form in ("multihop", "internal")), peer
    assert (peer["receive-interval"], peer["detect-multiplier"]) == (50, 3)
    time.sleep(1)
    with Watch(bed.theirs) as watch:
        stopped = time.clock_gettime(time.CLOCK_REALTIME)
        os.kill(them.bfdd.pid, signal.SIGSTOP)
        fell = wait_for("NOTIFICATION", 3, watch.notification)
    os.kill(them.bfdd.pid, signal.SIGCONT)
    assert 0.05 < fell - stopped < 1, fell - stopped  # the slow timers would take 3 s, the hold time 9
    print(f"{form}: {1000 * (fell - stopped):.0f} ms from silence to NOTIFICATION")
    assert "BFD" in us.logged() and "Cease/BFD Down" in us.logged()
    wait_for("up again", 30, lambda: established(us, theirs))
    assert them.bgp(ours)["bgpState"] == "Established"


def test_bgp_session_survives_admin_down(bed):
    """RFC 5882 section 4.2: their AdminDown, and ours, are no failures."""
    us, them, ours, theirs = bgp_both(bed, "numbered")
    them.vtysh("configure", "bfd", "profile fast", "shutdown")
    wait_for("down here", 3, lambda: us.json("show bfd peers")[0]["status"] == "down")
    time.sleep(2)
    assert established(us, theirs)
    them.vtysh("configure", "bfd", "profile fast", "no shutdown")
    wait_for("up", 10, lambda: us.json("show bfd peers")[0]["status"] == "up")
    conf = open(us.path("conf"), encoding="utf-8").read()
    us.configure(conf.replace(" profile fast\n  transmit", " profile fast\n  shutdown\n  transmit"))
    wait_for("shut", 3, lambda: us.json("show bfd peers")[0]["status"] == "shutdown")
    time.sleep(2)
    us.configure("\n".join(line for line in conf.split("\n") if " bfd" not in line))
    wait_for("no more", 3, lambda: us.json("show bfd peers") == [])
    time.sleep(1)
    assert established(us, theirs) and "Down" not in us.logged().split("Up")[-1]


@pytest.mark.parametrize("times", [1, 2])
def test_speaker_dies(bed, times):
    """Our speaker is killed: the next goes on, and neither our BGP nor the peer's BFD hears of it."""
    # The second comes after a pause of 100 ms.
    us, them, ours, theirs = bgp_both(bed, "numbered", FAST if times == 1 else FAST.replace("multiplier 3", "multiplier 20"))
    time.sleep(1)
    for n in range(times):
        before = us.bfd_pid()
        os.kill(before, signal.SIGKILL)
        wait_for("another", 3, lambda: us.json("show bfd discards")["restarts of the speaker"] == n + 1)
        wait_for("BFD is up", 3, lambda: us.json("show bfd peers")[0]["status"] == "up")
        assert us.bfd_pid() != before
    time.sleep(1)
    assert json.loads(them.vtysh("show bfd peers counters json"))[0]["session-down"] == 0
    assert established(us, theirs) and them.bgp(ours)["bgpState"] == "Established"
    assert us.json("show bgp neighbors")[theirs]["connectionsDropped"] == 0
    # It does its work.
    os.kill(them.bfdd.pid, signal.SIGSTOP)
    wait_for("down", 3, lambda: us.json("show bfd peers")[0]["status"] == "down")
    os.kill(them.bfdd.pid, signal.SIGCONT)


# ---- floods ----


class inside:
    """`with inside(ns):` sockets made in it belong to that namespace."""

    def __init__(self, ns):
        self.ns = ns

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.ns, os.O_RDONLY)
        self.enter(there)
        os.close(there)

    def __exit__(self, *_):
        self.enter(self.home)
        os.close(self.home)

    @staticmethod
    def enter(fd):
        import ctypes

        assert ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) == 0


def packet(state, mine, yours, multiplier=3):
    return struct.pack(">BBBBIIIII", 0x20, state << 6, multiplier, 24, mine, yours, 50000, 50000, 0)


class Watch:
    """Sees BGP messages that arrive in a namespace, with the kernel's time."""

    def __init__(self, ns):
        with inside(ns):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        self.socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def notification(self):
        """When a NOTIFICATION was seen; None: not yet."""
        while True:
            try:
                frame, control, _, _ = self.socket.recvmsg(4096, 256)
            except BlockingIOError:
                return None
            at = frame.find(b"\xff" * 16)
            if at >= 0 and len(frame) > at + 18 and frame[at + 18] == 3:
                seconds, nanoseconds = struct.unpack("qq", control[0][2][:16])
                return seconds + nanoseconds / 1e9


FLOOD = """
import socket, sys, time
kind, seconds = sys.argv[1], float(sys.argv[2])
import struct
def packet(yours):
    return struct.pack(">BBBBIIIII", 0x20, 0x40 if not yours else 0xc0, 3, 24, 99, yours, 50000, 50000, 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.1.0.2", 0))
s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 64 if kind == "ttl" else 255)
body = {"ttl": packet(0), "discriminator": packet(12345), "short": packet(0)[:23]}[kind]
start, n = time.monotonic(), 0
s.connect(("10.1.0.1", 3784))
while time.monotonic() < start + seconds:
    for _ in range(64):
        try:
            s.send(body)
            n += 1
        except OSError:
            pass
print(n)
"""


@pytest.mark.parametrize("kind", ["ttl", "discriminator", "short"])
def test_flood(bed, kind):
    """As fast as one sender can: dropped by the kernel, before the buffer that BFD's own packets need."""
    us, _, theirs, _ = both_up(bed, "frr", "hop")
    before = us.counters(theirs)
    sent = int(subprocess.run(["ip", "netns", "exec", bed.theirs, "python3", "-c", FLOOD, kind, "5"],
                              stdout=subprocess.PIPE, check=True, text=True).stdout)  # fmt: skip
    counted = us.json("show bfd discards")["dropped by the kernel"]
    after = us.counters(theirs)
    print(f"{kind}: {sent / 5:.0f} packets a second sent, {100 * counted / sent:.0f} % counted")
    assert counted >= sent
    assert after["session-down"] == before["session-down"] == 0
    assert us.state(theirs) == "up"
