"""GoBGP as a third implementation at leaf2: it announces hosts of its own and says what it hears."""

import json

import fabric
import netns
from daemons import Gobgp

NODE, AS, ADDRESS, LEAF_ADDRESS, PORT = "gobgp", 65010, "192.0.2.3", "192.0.2.2", "gobgp0"
VTEP = "10.0.9.9"

CONFIG = f"""
[global.config]
  as = {AS}
  router-id = "{ADDRESS}"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{LEAF_ADDRESS}"
    peer-as = {fabric.AS["leaf2"]}
  [neighbors.timers.config]
    connect-retry = 2
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l2vpn-evpn"
"""


def build():
    """GoBGP's namespace and its numbered link to leaf2."""
    netns.batch(None, "ip", [f"netns add {NODE}", f"link add eth0 netns {NODE} type veth peer name {PORT} netns leaf2"])
    netns.batch("leaf2", "ip", [f"address add {LEAF_ADDRESS}/31 dev {PORT}", f"link set {PORT} up"])
    netns.batch(NODE, "ip", ["link set lo up", f"address add {ADDRESS}/31 dev eth0", "link set eth0 up"])


class Speaker(Gobgp):
    """Its VTEP is reachable in the underlay, or nobody may use its routes. The route target names its own AS: an
    auto-derived import accepts any AS with the right VNI."""

    def __init__(self):
        super().__init__(NODE, CONFIG)

    def announce_vtep(self):
        self.command("global", "rib", "add", "-a", "ipv4", f"{VTEP}/32", "nexthop", ADDRESS)

    def multicast(self, verb, vni):
        self.command("global", "rib", verb, "-a", "evpn", "multicast", VTEP, "etag", "0", "rd", f"{VTEP}:{vni}", "rt", f"{AS}:{vni}",
                     "encap", "vxlan", "pmsi", "ingress-repl", str(vni), VTEP, "nexthop", VTEP)

    def host(self, verb, mac, ip, vni):
        self.command("global", "rib", verb, "-a", "evpn", "macadv", mac, ip, "esi", "0", "etag", "0", "label", str(vni), "rd", f"{VTEP}:{vni}",
                     "rt", f"{AS}:{vni}", "encap", "vxlan", "nexthop", VTEP)

    def routes(self):
        """What it has heard: (kind, mac, ip, nexthop, sequence, sticky) of each EVPN path."""
        table = json.loads(self.command("global", "rib", "-a", "evpn", "-j") or "{}")
        return [self.row(path) for paths in table.values() for path in paths]

    @staticmethod
    def row(path):
        nlri = path["nlri"]
        value = nlri.get("value", {})
        found = {"kind": nlri.get("type"), "mac": value.get("mac"), "ip": value.get("ip"), "nexthop": None, "sequence": None, "sticky": False}
        for attribute in path["attrs"]:
            if attribute.get("type") == 14:
                found["nexthop"] = attribute.get("nexthop")
            for community in attribute.get("value", []) if attribute.get("type") == 16 else []:
                if community.get("type") == 6 and community.get("subtype") == 0:
                    found["sequence"], found["sticky"] = community.get("sequence", 0), community.get("is_sticky", False)
        return found
