"""The incident's fabric in network namespaces of one kernel.

            ss1                 AS 65401      Every link is unnumbered (eBGP over IPv6 link-local addresses).
           /   \\
      spine1   spine2           AS 6530N      Links above the leaves carry a delay in each direction: when a host
         |        |                           withdraws a route, its leaves lose it at once, and a moment later get it
      leaf1     leaf2           AS 6520N      back over the long way round (leaf2 spine2 ss1 spine1 leaf1 host) until
        |\\  \\  / /|                           that is withdrawn too. This is the path hunting of the incident.
       hv1  hv2  hv3            AS 6500N      Each hypervisor has both leaves, at eth4 and eth5.

On a hypervisor the devices have the incident's names: bridge br-evpn, access port veth-to-ovs, VXLAN l2vni-10099,
SVI irb-99 in VRF vrf-2 with its L3VNI 2. Beyond veth-to-ovs a plain bridge stands in for Open vSwitch; VMs are
namespaces plugged there. A second L2VNI has the one-bridge-per-VNI form.
"""

import os
import time
from dataclasses import dataclass

import netns
from daemons import KINDS

HYPERVISORS = ("hv1", "hv2", "hv3")
LEAVES = ("leaf1", "leaf2")
SPINES = ("spine1", "spine2", "ss1")
AS = {"hv1": 65001, "hv2": 65002, "hv3": 65003, "leaf1": 65201, "leaf2": 65202, "spine1": 65301, "spine2": 65302, "ss1": 65401}
LOOPBACK = {"hv1": "10.0.0.1", "hv2": "10.0.0.2", "hv3": "10.0.0.3", "leaf1": "10.0.1.1", "leaf2": "10.0.1.2", "spine1": "10.0.2.1", "spine2": "10.0.2.2", "ss1": "10.0.3.1"}
LINKS = [(hv, f"eth{3 + number}", f"leaf{number}", hv) for hv in HYPERVISORS for number in (1, 2)]
LINKS += [("leaf1", "fabric0", "spine1", "leaf1"), ("leaf2", "fabric0", "spine2", "leaf2"), ("spine1", "fabric0", "ss1", "spine1"), ("spine2", "fabric0", "ss1", "spine2")]

BRIDGE, VRF = "br-evpn", "vrf-2"
L3VXLAN, L3SVI, L3VLAN, L3VNI = "l3vni-2", "irb-2", 2, 2


@dataclass(frozen=True)
class Segment:
    """A broadcast domain as it looks on every hypervisor: where VMs are plugged, where the agent writes."""

    vni: int
    vxlan: str
    bridge: str
    access: str
    vlan: int
    svi: str
    plug: str
    prefix: str

    @property
    def devices(self):
        return {self.vxlan, self.bridge, self.access, self.svi}


# The incident's L2VNI: one VLAN of a VLAN-aware bridge, the SVI a VLAN device.
TRUNK = Segment(10099, "l2vni-10099", BRIDGE, "veth-to-ovs", 99, "irb-99", "br-ovs", "185.47.41.")
# A second one in the older form: a bridge of its own, no VLANs, the bridge itself the SVI.
PLAIN = Segment(20200, "l2vni-20200", "br-plain", "veth-plain", 0, "br-plain", "br-far", "192.168.20.")

HYPERVISOR_CONFIG = """frr version 10.7.0-dev
frr defaults datacenter
hostname {name}
log syslog
!
route-map LEAF-IN permit 1
set community no-export additive
exit
!
route-map vrf-2-redistribute-connected permit 99
match interface irb-99
exit
!
route-map vrf-2-redistribute-connected deny 65535
exit
!
debug zebra kernel
debug bgp updates in
!
vrf vrf-2
vni 2
exit-vrf
!
interface lo
ip address {loopback}/32
exit
!
router bgp {asn}
bgp router-id {loopback}
bgp disable-ebgp-connected-route-check
bgp bestpath as-path multipath-relax
neighbor LEAF peer-group
neighbor LEAF remote-as external
neighbor eth4 interface peer-group LEAF
neighbor eth5 interface peer-group LEAF
use-underlays-nexthop-weight
!
address-family ipv4 unicast
network {loopback}/32
redistribute kernel
redistribute connected
neighbor LEAF route-map LEAF-IN in
exit-address-family
!
address-family ipv6 unicast
redistribute kernel
redistribute connected
neighbor LEAF activate
neighbor LEAF route-map LEAF-IN in
exit-address-family
!
address-family l2vpn evpn
neighbor LEAF activate
neighbor LEAF route-map LEAF-IN in
advertise-all-vni
exit-address-family
exit
!
router bgp {asn} vrf vrf-2
no bgp default ipv4-unicast
bgp disable-ebgp-connected-route-check
bgp bestpath as-path multipath-relax
use-underlays-nexthop-weight
!
address-family ipv4 unicast
redistribute kernel
redistribute connected route-map vrf-2-redistribute-connected
exit-address-family
!
address-family ipv6 unicast
redistribute kernel
redistribute connected route-map vrf-2-redistribute-connected
exit-address-family
!
address-family l2vpn evpn
advertise ipv4 unicast
advertise ipv6 unicast
exit-address-family
exit
!
end
"""

SWITCH_CONFIG = """frr defaults datacenter
hostname {name}
!
interface lo
ip address {loopback}/32
exit
!
router bgp {asn}
bgp router-id {loopback}
bgp bestpath as-path multipath-relax
neighbor FABRIC peer-group
neighbor FABRIC remote-as external
{neighbors}
!
address-family ipv4 unicast
network {loopback}/32
exit-address-family
!
address-family l2vpn evpn
neighbor FABRIC activate
{activate}
exit-address-family
exit
!
end
"""


def interfaces(node):
    """The fabric ports of a node, in the order of LINKS."""
    return [port for a, port, _, _ in LINKS if a == node] + [port for _, _, b, port in LINKS if b == node]


def config(node, extra_peers=()):
    """The frr.conf of a node. `extra_peers` are (address, AS) of numbered guests such as the route collector."""
    values = dict(name=node, asn=AS[node], loopback=LOOPBACK[node])
    if node in HYPERVISORS:
        return HYPERVISOR_CONFIG.format(**values)
    neighbors = [f"neighbor {port} interface peer-group FABRIC" for port in interfaces(node)]
    neighbors += [f"neighbor {address} remote-as {asn}" for address, asn in extra_peers]
    activate = "\n".join(f"neighbor {address} activate" for address, _ in extra_peers) or "!"
    return SWITCH_CONFIG.format(neighbors="\n".join(neighbors), activate=activate, **values)


def build(delay_ms=60):
    """Make every namespace, link and device. Nothing routes yet."""
    nodes = list(AS)
    netns.batch(None, "ip", [f"netns add {node}" for node in nodes])
    netns.batch(None, "ip", [f"link add {pa} netns {a} type veth peer name {pb} netns {b}" for a, pa, b, pb in LINKS])
    for node in nodes:
        ports = interfaces(node)
        netns.sysctl(node, net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1, net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0,
                     net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0, net__ipv4__fib_multipath_hash_policy=1)
        for port in ports:
            netns.sysctl(node, **{f"net__ipv6__conf__{port}__accept_dad": 0})
        netns.batch(node, "ip", ["link set lo up", f"address add {LOOPBACK[node]}/32 dev lo"] + [f"link set {port} up" for port in ports])
    for a, port_a, b, port_b in LINKS:
        if a not in HYPERVISORS:
            for node, port in ((a, port_a), (b, port_b)):
                netns.batch(node, "tc", [f"qdisc add dev {port} root netem delay {delay_ms}ms limit 10000"])
    for node in HYPERVISORS:
        build_hypervisor(node)


def build_hypervisor(node):
    # Only the fabric ports speak IPv6: the lab's devices must not send what no VM sent.
    netns.sysctl(node, net__ipv6__conf__default__disable_ipv6=1)
    last = int(node[2:])
    netns.batch(node, "ip", [
        f"link add {BRIDGE} address 02:00:0a:00:00:{last:02x} type bridge vlan_filtering 1 vlan_default_pvid 0 forward_delay 0 mcast_snooping 0",
        f"link add {PLAIN.bridge} address 02:00:14:00:00:{last:02x} type bridge forward_delay 0 mcast_snooping 0",
        f"link set {BRIDGE} up",
        f"link set {PLAIN.bridge} up",
        *segment_lines(node, TRUNK),
        *segment_lines(node, PLAIN),
        f"link add {VRF} type vrf table 100002",
        f"link set {VRF} up",
        f"link add link {BRIDGE} name {TRUNK.svi} type vlan id {TRUNK.vlan}",
        f"link set {TRUNK.svi} master {VRF} up",
        f"address add {TRUNK.prefix}{200 + last}/24 dev {TRUNK.svi}",
        f"address add {PLAIN.prefix}{200 + last}/24 dev {PLAIN.svi}",
        f"link add {L3VXLAN} type vxlan id {L3VNI} local {LOOPBACK[node]} nolearning dstport 4789",
        f"link set {L3VXLAN} master {BRIDGE} up",
        f"link add link {BRIDGE} name {L3SVI} type vlan id {L3VLAN}",
        f"link set {L3SVI} master {VRF} up",
    ])
    vlans = [(TRUNK.vxlan, TRUNK.vlan), (TRUNK.access, TRUNK.vlan), (L3VXLAN, L3VLAN)]
    netns.batch(node, "bridge", [f"vlan add dev {port} vid {vlan} pvid untagged" for port, vlan in vlans]
                + [f"vlan add dev {BRIDGE} vid {vlan} self" for vlan in (TRUNK.vlan, L3VLAN)])


def segment_lines(node, segment):
    """The VXLAN device, the access port and the switch of the VMs behind it."""
    far = segment.plug + "-in"
    return [
        f"link add {segment.vxlan} type vxlan id {segment.vni} local {LOOPBACK[node]} nolearning dstport 4789",
        f"link set {segment.vxlan} master {segment.bridge} up",
        f"link add {segment.access} type veth peer name {far}",
        f"link set {segment.access} master {segment.bridge} up",
        f"link add {segment.plug} type bridge forward_delay 0 mcast_snooping 0",
        f"link set {segment.plug} up",
        f"link set {far} master {segment.plug} up",
    ]


def prepare_port(node, kind):
    """The bridge port of the VXLAN device as each daemon wants it: evpnd turns learning off itself, FRR does not."""
    if kind == "frr":
        netns.batch(node, "bridge", [f"link set dev {port} learning off neigh_suppress on" for port in (TRUNK.vxlan, PLAIN.vxlan, L3VXLAN)])


class Fabric:
    """The running fabric: one daemon per node, of the kind asked for."""

    def __init__(self, hypervisor="evpnd", switch="frr", kinds=None, extra_peers=None):
        kinds = dict(kinds or {})
        self.kinds = {n: kinds.get(n, hypervisor if n in HYPERVISORS else switch) for n in AS}
        self.daemons = {n: KINDS[self.kinds[n]](n, config(n, (extra_peers or {}).get(n, ()))) for n in AS}

    def start(self):
        for node, daemon in self.daemons.items():
            if node in HYPERVISORS:
                prepare_port(node, daemon.kind)
            daemon.start()
        for daemon in self.daemons.values():
            daemon.start_late()

    def wait_converged(self, timeout=60):
        """Until every fabric session carries EVPN and each hypervisor's flood list names the two others."""
        deadline, missing = time.monotonic() + timeout, dict.fromkeys(AS)
        while time.monotonic() < deadline:
            missing = {n: set(interfaces(n)) - d.established() for n, d in self.daemons.items() if n in missing}
            missing = {n: left for n, left in missing.items() if left}
            if not missing:
                return
            dead = [n for n, d in self.daemons.items() if not d.alive()]
            if dead:
                raise RuntimeError(f"daemons died at start: {dead}")
            time.sleep(0.3)
        raise RuntimeError(f"no EVPN session after {timeout} s: {missing}")

    def stop(self):
        for daemon in self.daemons.values():
            if daemon.processes:
                daemon.stop(timeout=15)

    def save_logs(self, directory):
        for node, daemon in self.daemons.items():
            for name, text in daemon.logs().items():
                with open(os.path.join(directory, f"{node}.{name}"), "w") as handle:
                    handle.write(text)
