"""evpnd in a namespace of its own, peers on links of their own around it, all on the host's kernel.

Link n: l<n> at both ends, 10.0.n.1/24, 2001:db8:n::1/64 and fe80::n:1 at evpnd, .2 and ::2 at the peer. Every host has
10.255.0.<n+1>/32 on lo, evpnd 10.255.0.1. A witness (wire.py) may sit on link 9.
"""

import contextlib
import itertools
import json
import os
import subprocess

import daemons
import netns
from pair import PATIENCE, stays, wait
from peer import Link
from peers import KINDS
from wire import Witness, attributes

__all__ = ["PATIENCE", "Bed", "Neighbor", "config", "meet", "stays", "wait"]
WITNESS, WITNESS_AS, BEHIND = 9, 65009, 10
JSON_NAME = {"ipv4": "ipv4Unicast", "ipv6": "ipv6Unicast", "evpn": "l2VpnEvpn"}
AFI = {"ipv4": "ipv4 unicast", "ipv6": "ipv6 unicast", "evpn": "l2vpn evpn"}
numbers = itertools.count()


class Neighbor:
    """Our statements for one peer: `more` in router bgp, `inside` in each address family (or {family: statements})."""

    def __init__(self, name, remote_as, families=("ipv4", "ipv6"), more=(), inside=()):
        self.name, self.families, self.more = name, families, more
        self.inside = inside if isinstance(inside, dict) else {family: inside for family in families}
        self.declared = f"interface remote-as {remote_as}" if name.startswith("l") else f"remote-as {remote_as}"

    def outside(self):
        # Who is waited for is a witness: its keepalives wait while it is busy with what it has heard.
        patient = ["timers 60 180"] if "passive" in self.more else []
        return [f" neighbor {self.name} {words}" for words in (self.declared, "timers connect 1", *patient, *self.more)]


def config(*neighbors, own_as=65001, more=(), families=None, tail=""):
    """Our frr.conf. `families`: {family: statements of it}."""
    lines = ["frr defaults datacenter", "hostname evpnd", "log syslog debugging", "debug bgp neighbor-events", f"router bgp {own_as}", " bgp router-id 10.255.0.1",
             " no bgp ebgp-requires-policy", " no bgp network import-check", " no bgp default ipv4-unicast", *(f" {line}" for line in more)]
    for neighbor in neighbors:
        lines += neighbor.outside()
    for family in AFI:
        lines += [f" address-family {AFI[family]}", *(f"  {line}" for line in (families or {}).get(family, ()))]
        for neighbor in neighbors:
            if family in neighbor.families:
                lines += [f"  neighbor {neighbor.name} {words}" for words in ("activate", *neighbor.inside.get(family, ()))]
        lines += [" exit-address-family"]
    return "\n".join(lines) + "\nexit\n" + tail


class Bed:
    def __init__(self):
        self.base = f"bed{os.getpid()}x{next(numbers)}"
        self.node = f"{self.base}a"
        self.nodes, self.running, self.witness_, self.daemon = {}, [], None, None
        self.namespace(self.node, 0)

    def namespace(self, name, number):
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.nodes[number] = name
        netns.sysctl(name, net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__default__addr_gen_mode=1, net__ipv4__ip_forward=1)
        netns.batch(name, "ip", ["link set lo up", f"addr add 10.255.0.{number + 1}/32 dev lo"])

    def link(self, number):
        """The peer's namespace at the other end of link `number`; made when it is asked for first."""
        if number not in self.nodes:
            name, there = f"l{number}", f"{self.base}{chr(97 + number)}"
            self.namespace(there, number)
            subprocess.run(["ip", "link", "add", name, "netns", self.node, "type", "veth", "peer", "name", name, "netns", there], check=True)
            for end, node in ((1, self.node), (2, there)):
                netns.batch(node, "ip", [f"link set {name} up", f"addr add 10.0.{number}.{end}/24 dev {name}", f"addr add 2001:db8:{number}::{end}/64 dev {name} nodad",
                                         f"addr add fe80::{number}:{end}/64 dev {name} nodad"])
            netns.batch(there, "ip", [f"route add 10.255.0.1/32 via 10.0.{number}.1"])
            netns.batch(self.node, "ip", [f"route add 10.255.0.{number + 1}/32 via 10.0.{number}.2"])
        return self.nodes[number]

    def bare(self, number):
        """Takes all but the link-local addresses off a link."""
        for end, node in ((2, self.link(number)), (1, self.node)):
            netns.batch(node, "ip", [f"addr del 10.0.{number}.{end}/24 dev l{number}", f"addr del 2001:db8:{number}::{end}/64 dev l{number}"])

    def evpnd(self, text, *options):
        self.daemon = daemons.Evpnd(self.node, text)
        self.daemon.options = list(options)
        self.daemon.start()
        wait(self.answers, 10, 0.02)
        return self.daemon

    def answers(self):
        with contextlib.suppress(RuntimeError):
            return self.show("show version")

    def peer(self, kind, link):
        """A peer of that kind, made ready but not started. What it is fed by, or reflects to, is a witness each."""
        node = self.link(link.number)
        peer = KINDS[kind](node, link)
        self.running.append(peer)
        if link.behind and kind in ("frr", *("bird", "gobgp") * link.client):
            self.link_behind(node, link)
            peer.behind = [Witness(self.nodes[BEHIND], f"10.0.{BEHIND}.{2 + i}", f"10.0.{BEHIND}.1", asn) for i, asn in enumerate(link.behind)]
            self.running += peer.behind
        return peer

    def link_behind(self, node, link):
        """A link of the peer's own, away from us."""
        name = f"{self.base}{chr(97 + BEHIND)}"
        self.namespace(name, BEHIND)
        subprocess.run(["ip", "link", "add", "behind", "netns", node, "type", "veth", "peer", "name", "behind", "netns", name], check=True)
        netns.batch(node, "ip", ["link set behind up", f"addr add 10.0.{BEHIND}.1/24 dev behind"])
        netns.batch(name, "ip", ["link set behind up", *(f"addr add 10.0.{BEHIND}.{2 + i}/24 dev behind" for i in range(len(link.behind)))])
        netns.batch(self.node, "ip", [f"route add 10.0.{BEHIND}.0/24 via 10.0.{link.number}.2"])

    def witness(self, asn=WITNESS_AS, number=WITNESS, **options):
        namespace = self.link(number)
        witness = Witness(namespace, f"10.0.{number}.2", f"10.0.{number}.1", asn, **options)
        self.running.append(witness)
        return witness

    @staticmethod
    def attributes(path, **words):
        """Of a route that the witness announces as its own, ready to send."""
        return attributes(f"10.0.{WITNESS}.2", path, **words)

    def show(self, command):
        return self.daemon.show(command)

    def json(self, command):
        try:
            return json.loads(self.show(command + " json"))
        except (RuntimeError, ValueError):
            return {}

    def row(self, peer, family="ipv4"):
        return self.json("show bgp summary").get(JSON_NAME[family], {}).get("peers", {}).get(peer, {})

    def up(self, peer, family="ipv4"):
        return self.row(peer, family).get("state") == "Established"

    def routes(self, family="ipv4"):
        """{prefix: routes} as `show bgp … json` has them."""
        return self.json(f"show bgp {AFI[family]}").get("routes", {})

    def reload(self, text):
        self.daemon.config = text
        with open(f"{self.daemon.directory}/frr.conf", "w") as handle:
            handle.write(text)
        self.daemon.kill(1)

    def log(self):
        return self.daemon.logs().get("evpnd.log", "") if self.daemon else ""

    def describe(self):
        """For a cell that failed."""
        parts = [f"== {name}\n{text[-6000:]}" for peer in self.running if hasattr(peer, "logs") for name, text in peer.logs().items()]
        return "\n".join(parts + ["== evpnd.log\n" + self.log()[-12000:]])

    def clear(self):
        for one in self.running:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                one.end(9) if hasattr(one, "end") else one.close()
        with contextlib.suppress(AttributeError, subprocess.TimeoutExpired):
            self.daemon.stop(9, 5)
        for name in self.nodes.values():
            subprocess.run(["ip", "netns", "del", name], check=False)
            for directory in (f"{daemons.RUN}/{name}", f"/run/frr/{name}"):
                subprocess.run(["rm", "-rf", directory], check=False)


def meet(bed, kind, link=None, more=(), inside=(), tail="", options=(), witness=False, others=(), more_global=(), **settings):
    """A session between evpnd and one peer, Established on both sides, with a witness behind evpnd if one is asked for
    (True, or the AS and options of it). `more`, `inside` are our statements for the peer, `others` further neighbors,
    `more_global` statements of router bgp, `settings` those of config()."""
    link = link or Link()
    name = link.name if link.over == "link" else link.theirs
    neighbors = [Neighbor(name, link.own_as, link.families, more=more, inside=inside), *others]
    witness = {} if witness is True else witness and dict(witness)
    if witness is not False:
        asn = witness.get("asn", WITNESS_AS)
        neighbors.append(Neighbor(f"10.0.{WITNESS}.2", asn, witness.get("families", ("ipv4",)), more=["passive"], inside=witness.pop("inside", ())))
    peer = bed.peer(kind, link)
    bed.evpnd(config(*neighbors, tail=tail, more=more_global, **settings), *options)
    if witness is not False:
        bed.witness_ = bed.witness(**witness)
    peer.begin()
    assert wait(lambda: bed.up(name, link.families[0]) and peer.established(), 15), "no session"
    assert witness is False or bed.witness_.up.wait(PATIENCE * 5)
    return peer
