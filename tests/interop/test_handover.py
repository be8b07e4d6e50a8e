"""Sessions that outlive evpnd, with Debian's FRR at the other end: it sees no restart at all, and has the right routes."""

import os
import signal

import netns
import pytest
from fdstore import FdStore
from pair import stays, wait

CONFIG = """
frr defaults datacenter
router bgp 65001
 bgp router-id 10.255.0.1
 no bgp ebgp-requires-policy
 bgp graceful-restart
 bgp graceful-restart preserve-fw-state
 neighbor 10.0.0.2 remote-as 65002
 address-family ipv4 unicast
  redistribute kernel
  network 10.255.0.1/32
 exit-address-family
 address-family ipv6 unicast
  redistribute kernel
  network 2001:db8:ff::1/128
  neighbor 10.0.0.2 activate
 exit-address-family
 address-family l2vpn evpn
  neighbor 10.0.0.2 activate
  advertise-all-vni
 exit-address-family
"""
FRR = """
frr defaults datacenter
router bgp 65002
 bgp router-id 10.255.0.2
 no bgp ebgp-requires-policy
 neighbor 10.0.0.1 remote-as 65001
 address-family ipv4 unicast
  network 10.255.0.2/32
 exit-address-family
 address-family ipv6 unicast
  neighbor 10.0.0.1 activate
 exit-address-family
 address-family l2vpn evpn
  neighbor 10.0.0.1 activate
 exit-address-family
"""
OURS, THEIRS = "10.255.0.1/32", "10.255.0.2/32"


def mac(number):
    return f"02:00:00:00:00:{number:02x}"


class Host:
    """evpnd on a host with a bridge and VMs, its connections kept; FRR beside it."""

    def __init__(self, pair):
        self.pair = pair
        netns.batch(pair.a, "ip", [
            "link add br0 type bridge", "link set br0 up", "link add vx100 type vxlan id 100 local 10.255.0.1 dstport 4789 nolearning",
            "link set vx100 master br0 up", "link add p1 type veth peer name p1-vm", "link set p1 master br0 up", "link set p1-vm up",
            "route add 10.77.0.0/24 dev link0", "route add 2001:db8:77::/64 dev link0"])
        for number in range(1, 4):
            self.vm("add", number)
        self.evpnd, self.frr = pair.evpnd(CONFIG), pair.frr(FRR)
        self.evpnd.stop()
        self.evpnd.store = FdStore(f"{self.evpnd.directory}/notify")
        self.evpnd.start()
        assert wait(lambda: self.converged({1, 2, 3}, {OURS, THEIRS, "10.77.0.0/24"}))
        assert wait(self.evpnd.store.names)
        self.before = self.sessions()

    def vm(self, what, number):
        netns.run(self.pair.a, "bridge", "fdb", what, mac(number), "dev", "p1", "master", "static")

    def evpn(self):
        try:
            return self.frr.show("show bgp l2vpn evpn route type macip")
        except RuntimeError:
            return ""

    def converged(self, vms, prefixes):
        seen, v4 = self.evpn(), self.pair.routes(self.pair.b, "ipv4 unicast")
        return all((mac(n) in seen) == (n in vms) for n in range(1, 6)) and set(v4) == prefixes and not any(r.get("stale") for p in v4.values() for r in p)

    def sessions(self):
        row = self.pair.summary(self.pair.b, "l2VpnEvpn").get("10.0.0.1", {})
        return row.get("connectionsEstablished"), row.get("connectionsDropped")

    def log(self):
        return self.pair.log(self.pair.a)


@pytest.mark.parametrize("how", (signal.SIGTERM, signal.SIGKILL), ids=("SIGTERM", "SIGKILL"))
def test_frr_sees_no_restart(pair, how):
    host = Host(pair)
    everything = {OURS, THEIRS, "10.77.0.0/24"}
    host.evpnd.stop(how)
    assert stays(lambda: host.converged({1, 2, 3}, everything), 1)
    # What changes meanwhile is told: one VM left, one came, a route of each family went.
    host.vm("del", 2)
    host.vm("add", 4)
    netns.batch(pair.a, "ip", ["route del 10.77.0.0/24", "route del 2001:db8:77::/64"])
    host.evpnd.start()
    assert wait(lambda: host.converged({1, 3, 4}, {OURS, THEIRS}), 10), host.evpn()
    assert wait(lambda: "2001:db8:77::/64" not in pair.routes(pair.b, "ipv6 unicast"), 5)
    assert host.sessions() == host.before
    assert wait(lambda: THEIRS in pair.routes(pair.a, "ipv4 unicast"), 5)
    assert "taken over from the previous instance" in host.log()


def test_killed_inside_a_refresh(pair):
    """A first BoRR has marked all that FRR has as stale, and its EoRR never comes. Nothing is lost by the second one, and
    what is no more goes."""
    host = Host(pair)
    slow, quick = CONFIG.replace("remote-as 65002\n", "remote-as 65002\n neighbor 10.0.0.2 advertisement-interval 600\n"), CONFIG
    everything = {OURS, THEIRS, "10.77.0.0/24"}
    pair.reload(pair.a, slow)
    assert wait(lambda: "advertisement-interval" in host.evpnd.show("show running-config"), 5)
    # The interval begins with something to tell, and holds back what FRR asks for: BoRR has gone out, EoRR has not.
    netns.batch(pair.a, "ip", ["route add 10.78.0.0/24 dev link0"])
    assert wait(lambda: "10.78.0.0/24" in pair.routes(pair.b, "ipv4 unicast"), 5)
    host.frr.show("clear bgp ipv4 unicast * soft in")
    assert wait(lambda: any(r.get("stale") for p in pair.routes(pair.b, "ipv4 unicast").values() for r in p), 5)
    host.evpnd.stop(signal.SIGKILL)
    netns.batch(pair.a, "ip", ["route del 10.78.0.0/24"])
    host.evpnd.config = quick
    host.evpnd.start()
    assert wait(lambda: host.converged({1, 2, 3}, everything), 10), pair.routes(pair.b, "ipv4 unicast")
    assert host.sessions() == host.before
    assert "taken over from the previous instance" in host.log()


def test_a_neighbor_that_is_none_any_more(pair):
    """FRR would keep our routes for the restart time of 120 s, if it did not hear of it."""
    host = Host(pair)
    host.evpnd.stop(signal.SIGKILL)
    host.evpnd.config = "".join(line for line in CONFIG.splitlines(True) if "10.0.0.2" not in line)
    host.evpnd.start()
    assert wait(lambda: OURS not in pair.routes(pair.b, "ipv4 unicast"), 10)
    assert "Cease/Peer De-configured/Hard Reset" in host.frr.show("show bgp neighbors 10.0.0.1")


def test_damaged_state_file(pair):
    """What FRR may have is not known: the session is made anew."""
    host = Host(pair)
    host.evpnd.stop(signal.SIGKILL)
    path = next(os.path.join(where, "state") for where, _, files in os.walk(host.evpnd.state) if "state" in files)
    with open(path, "r+b") as handle:
        handle.truncate(os.path.getsize(path) - 1)
    host.evpnd.start()
    assert wait(lambda: host.sessions()[0] == host.before[0] + 1, 10)
    assert "does not tell all that was told" in host.log()
    assert wait(lambda: host.converged({1, 2, 3}, {OURS, THEIRS, "10.77.0.0/24"}), 10)
