"""Policies made up by hand, of the kind that a generator does not think of: the same of each class as cases.World, for
`differ --corners`. Each policy is applied on the way in from one feeder and on the way out to one receiver; names begin
with `@`, which becomes the policy's place. The other configuration of a world has the policies one place on, so that a
reload finds every name with other contents, or gone.
"""

import cases
from cases import AS

PLACES = 6
# A map that sets a mark on what it permits.
MARK = " set community 65000:{n} additive\n"


def maps(*entries):
    """`("permit 10", "match …", "set …")` and so on: the map @M."""
    return "".join(f"route-map @M {verdict}\n" + "".join(f" {c}\n" for c in clauses) + "exit\n" for verdict, *clauses in entries)


def matched(statements, match, seq=10):
    """What the match takes is marked, all else goes on as it is."""
    return statements + maps((f"permit {seq}", match, "set community 65000:1 additive", "set metric 77"), (f"permit {seq + 10}",))


def regexes(kind, match, patterns):
    """Each pattern by a list of its own, all in one map with a mark for each."""
    lists = "".join(f"bgp {kind} @L{i} permit {p}\n" for i, p in enumerate(patterns))
    entries = [(f"permit {10 * (i + 1)}", f"match {match} @L{i}", f"set community 65000:{i} additive", "on-match next") for i in range(len(patterns))]
    return lists + maps(*entries, ("permit 9999",))


def chain(depth):
    """Calls, one inside the other."""
    out = ""
    for i in range(depth):
        out += f"route-map @N{i} permit 10\n set community 65000:{i} additive\n" + (f" call @N{i + 1}\n" if i + 1 < depth else "") + "exit\n"
    return out + maps(("permit 10", "call @N0", "set metric 5"))


AS_PATHS = (
    "^$", "^65001$|^65002$", "(^| )65001( |$)", "_65001_65002_", "^(65001 )+", "6500[1-3]_", "^_$", "_", "[^0-9]", "^[0-9 ]+$", "^[{]", "[{,]65004",
    ".*", "^651[0-9]+_65001", "_65003_$", "65001 65001", "^[0-9]+$", "(65001|65002).*65003", "4200000001", "^.{5}$", "_6500", "5$", "[1-2]+5", "(_65001)+$", "^65111_(65001_)?65003",
)  # fmt: skip
COMMUNITIES = (
    "^$", ".*", ".", "65001:100", "^65001:100$", "65001:1[0-9]+", "(65001|65002):100", "65001:100 65001:200", "_65002:100_", "_65001:100 65001:200_", "no-export", "^no-",
    "65001:[12]00", "[0-9]+:65535", "local-AS", "100$", "^65001:.* 65002:.*$", "graceful-shutdown", "^[^ ]+$", "65001:100_65002", "llgr-stale", "blackhole", "65002:(100|200)$",
)  # fmt: skip
LARGES = ("^$", ".*", "65001:1:1", "^65001:1:[12]$", "_65002:7:7", "65001:1:1 65001:1:2", ":0:", "4200000001", "^[^ ]+$", "7$", "(65001:1:[0-9]+ )+65002")
EXTS = ("^$", ".*", "RT:65001:100", "^RT", "SoO", "RT:10.0.0.1:7", "RT:10.0.0.1", "LB", "65001:", "^RT:65001:100$", "5$", "Mbps", "RT.*RT", "200 ", "_65002")
EVERY = "permit 10"
LONG = " ".join(f"65010:{i}" for i in range(1, 41))

CORNERS = {
    "as-path expressions": regexes("as-path access-list", "as-path", AS_PATHS),
    "community expressions": regexes("community-list expanded", "community", COMMUNITIES),
    "large community expressions": regexes("large-community-list expanded", "large-community", LARGES),
    "extended community expressions": regexes("extcommunity-list expanded", "extcommunity", EXTS),
    "forty communities": maps((EVERY, f"set community {LONG} additive")),
    "forty communities, deleted again": f"bgp community-list standard @L permit {LONG}\n" + maps((EVERY, f"set community {LONG} additive", "set comm-list @L delete")),
    "a standard entry of many": matched("bgp community-list standard @L permit 65001:100 65001:200 65002:100\nbgp community-list standard @L deny 65001:100\nbgp community-list standard @L permit 65003:1 65002:65535\n", "match community @L"),
    "numbers that fill gaps": matched("bgp community-list standard @L seq 7 deny 65001:100 65002:100\nbgp community-list standard @L permit 65001:100\nbgp community-list standard @L seq 3 deny 65001:200\nbgp community-list standard @L permit 65002:100\nbgp community-list standard @L seq 9 permit no-export\n", "match community @L"),
    "a number twice": matched("bgp community-list standard @L seq 5 permit 65001:100\nbgp community-list standard @L seq 5 permit 65002:100\n", "match community @L"),
    "exactly": matched("bgp community-list standard @L permit 65001:100\nbgp community-list standard @L permit 65002:100 65001:200\n", "match community @L exact-match"),
    "exactly, by expression": matched("bgp community-list expanded @L permit ^65001:100$\nbgp community-list expanded @L permit 65002\n", "match community @L exact-match"),
    "internet": matched("bgp community-list standard @L deny internet 65001:100\nbgp community-list standard @L permit internet\n", "match community @L"),
    "numbers as communities": maps((EVERY, "set community 65535:65535 1:0 0:1 additive")),
    "delete by a standard list": "bgp community-list standard @L deny 65001:100\nbgp community-list standard @L permit 65001:200 65002:100\nbgp community-list standard @L permit no-export\n" + maps((EVERY, "set comm-list @L delete")),
    "delete by an expression": "bgp community-list expanded @L deny ^65001:100$\nbgp community-list expanded @L permit ^65001\nbgp community-list expanded @L permit ^65003\n" + maps((EVERY, "set comm-list @L delete")),
    "delete all": "bgp community-list expanded @L permit .*\nbgp large-community-list expanded @K permit .*\n" + maps((EVERY, "set comm-list @L delete", "set large-comm-list @K delete")),
    "delete, and add in any order": "bgp community-list standard @L permit 65001:9\n" + maps((EVERY, "set community 65001:9 additive", "set comm-list @L delete"), ),
    "delete large ones": "bgp large-community-list standard @L permit 65001:1:1 65002:7:7\n" + maps((EVERY, "set large-comm-list @L delete")),
    "large extremes": maps((EVERY, "set large-community 4294967295:4294967295:4294967295 1:0:0 additive")),
    "extended communities": maps((EVERY, "set extcommunity rt 65001:4000000 70000:9 10.0.0.2:65535", "set extcommunity soo 65001:7")),
    "extended, standard list": matched("bgp extcommunity-list standard @L permit rt 65001:100 soo 65001:5\nbgp extcommunity-list standard @L permit rt 10.0.0.1:7\n", "match extcommunity @L"),
    "link bandwidth": maps((EVERY, "set extcommunity bandwidth 25600")),
    "link bandwidth, for all paths": maps((EVERY, "set extcommunity bandwidth num-multipaths")),
    "link bandwidth, the sum": maps((EVERY, "set extcommunity bandwidth cumulative")),
    "prefix-list edges": matched("ip prefix-list @L seq 5 deny 10.0.0.0/8 ge 25 le 31\nip prefix-list @L seq 1 permit 10.0.0.0/8 ge 32\nip prefix-list @L seq 7 deny 0.0.0.0/0 le 16\nip prefix-list @L deny 10.0.0.0/8 ge 23 le 23\nip prefix-list @L seq 4294967295 permit any\n", "match ip address prefix-list @L"),
    "a default route alone": matched("ip prefix-list @L permit 0.0.0.0/0\n", "match ip address prefix-list @L"),
    "all but hosts": matched("ip prefix-list @L permit 0.0.0.0/0 le 31\n", "match ip address prefix-list @L"),
    "ge without le": matched("ip prefix-list @L permit 10.0.0.0/8 ge 24\n", "match ip address prefix-list @L"),
    "le as long as the prefix": matched("ip prefix-list @L permit 10.0.0.0/8 le 9\nip prefix-list @L permit 0.0.0.0/0 ge 25\n", "match ip address prefix-list @L"),
    "bits behind the prefix": matched("ip prefix-list @L permit 10.3.2.1/8 le 22\n", "match ip address prefix-list @L"),
    "wildcards": matched("access-list @L permit 10.0.1.0 0.255.0.255\naccess-list @L deny host 10.1.2.0\naccess-list @L permit 10.0.2.0 0.255.0.0\n", "match ip address @L"),
    "extended access-list": matched("access-list @L permit ip 10.0.0.0 0.255.255.255 host 255.255.255.0\naccess-list @L deny ip any any\n", "match ip address @L"),
    "exact-match": matched("access-list @L permit 10.0.0.0/8 exact-match\naccess-list @L permit 10.0.0.0/15\n", "match ip address @L"),
    "next hop by list": matched("ip prefix-list @L permit 192.0.2.0/24 ge 32\nip prefix-list @L deny any\n", "match ip next-hop prefix-list @L"),
    "next hop by access-list": matched("access-list @L permit 192.0.2.1/32\n", "match ip next-hop @L"),
    "next hop of blackhole": matched("", "match ip next-hop type blackhole"),
    "source by list": matched("ip prefix-list @L permit 10.255.1.0/24 le 32\n", "match ip route-source prefix-list @L"),
    "source by access-list": matched("access-list @L permit 10.255.1.0/30\n", "match ip route-source @L"),
    "the other family": matched("ipv6 prefix-list @L permit any\n", "match ipv6 address prefix-list @L"),
    "default local preference": matched("", "match local-preference 100"),
    "no metric": matched("", "match metric 50"),
    "a tag from before": maps(("permit 10", "set tag 5", "on-match next"), ("permit 20", "match tag 5", "set metric 5")),
    "a set seen by the next": maps(("permit 10", "set metric 50", "set local-preference 150", "set origin egp", "set as-path prepend 65003", "on-match next"), ("permit 20", "match metric 50", "match local-preference 150", "match origin egp", "set community 65000:9"), ("permit 30",)),
    "continue past the end": maps(("permit 10", "set metric 3", "continue 9999"), ("deny 20",)),
    "continue into deny": maps(("permit 10", "set metric 3", "continue 20"), ("deny 20",)),
    "continue into what does not match": "ip prefix-list @L permit 10.0.0.0/8 ge 24 le 24\n" + maps(("permit 10", "set metric 3", "continue 20"), ("permit 20", "match ip address prefix-list @L")),
    "on-match next at the end": maps(("permit 10", "set metric 3", "on-match next")),
    "goto a gap": maps(("permit 10", "set metric 3", "on-match goto 25"), ("deny 20",), ("permit 30", "set community 65000:3 additive")),
    "goto a gap before deny": maps(("permit 10", "on-match goto 15"), ("deny 20",)),
    "a call that denies": "route-map @N deny 10\nexit\n" + maps(("permit 10", "set metric 3", "call @N"), ("permit 20",)),
    "a call that denies some": "ip prefix-list @L permit 10.0.0.0/8 ge 24 le 24\nroute-map @N permit 10\n match ip address prefix-list @L\n set metric 8\nexit\n" + maps(("permit 10", "call @N", "set community 65000:3 additive"), ("permit 20",)),
    "a call, then on": "route-map @N permit 10\n set metric 8\nexit\n" + maps(("permit 10", "call @N", "continue 20"), ("permit 20", "match metric 8", "set community 65000:3 additive"), ("deny 30",)),
    "a call of nobody": maps(("permit 10", "call @NOBODY", "set metric 3")),
    "ten calls": chain(10),
    "out of order": maps(("permit 30", "set metric 30"), ("permit 10", "set community 65000:1 additive", "on-match next"), ("deny 20", "match metric 50")),
    "an entry opened again": maps(("permit 10", "set metric 30"), ("permit 20",), ("permit 10", "set community 65000:1 additive")),
    "a verdict changed": maps(("permit 10", "match metric 50", "set metric 30"), ("permit 20",), ("deny 10",)),
    "nothing but deny": maps(("deny 10",)),
    "nothing but a condition": maps(("permit 10", "match metric 50")),
    "two conditions": "bgp community-list standard @L permit 65001:100\nbgp as-path access-list @K permit _65001_\n" + matched("", "match community @L").replace("exit\n", " match as-path @K\nexit\n", 1),
    "a list that is not there": matched("", "match ip address prefix-list @GONE"),
    "others that are not there": maps(("permit 10", "match community @GONE", "set metric 1"), ("permit 20", "match as-path @GONE", "set metric 2"), ("permit 30", "match large-community @GONE", "set metric 3"), ("permit 40", "match ip address @GONE", "set metric 4"), ("permit 50", "match extcommunity @GONE", "set metric 5"), ("permit 60", "match ip next-hop prefix-list @GONE", "set metric 6"), ("permit 70", "set comm-list @GONE delete", "set large-comm-list @GONE delete")),
    "many in front": maps((EVERY, "set as-path prepend " + " ".join(str(65020 + i) for i in range(24)))),
    "the last one, ten times": maps((EVERY, "set as-path prepend last-as 10")),
    "all are excluded": maps((EVERY, "set as-path exclude 65001 65002 65003 65004 70000 65010 4200000001 65111 65112 65113 65114 65115 65116")),
    "replaced": maps((EVERY, "set as-path replace any")),
    "excluded and put in front": maps((EVERY, "set as-path exclude 65001", "set as-path prepend 65001 65001")),
    "sums that overflow": maps((EVERY, "set metric +4294967295", "set local-preference +4294967295")),
    "differences below zero": maps((EVERY, "set metric -4294967295", "set local-preference -4294967295")),
    "weights": maps(("permit 10", "match metric 50", "set weight 4294967295"), ("permit 20", "set weight 0")),
    "aggregator": maps((EVERY, "set aggregator as 65007 10.0.0.7", "set atomic-aggregate")),
    "originator": maps((EVERY, "set originator-id 10.0.0.8")),
    "described": maps((EVERY, "description of no meaning", "set metric 4")),
    "ours as next hop": maps((EVERY, "set ip next-hop peer-address")),
    "another next hop": maps((EVERY, "set ip next-hop 192.0.2.200")),
    "unset": maps((EVERY, "set community none", "set large-community none", "set extcommunity none")),
}  # fmt: skip
# On the way in only to a neighbor's own address, which is one of the namespace.
OUT_ONLY = ("ours as next hop",)
IN_ONLY = ()
SHAPES = ("0.0/16", "0.0/24", "1.0/24", "2.0/24", "1.128/25", "4.0/23", "8.1/32", "16.0/20", "3.0/30", "32.0/19")
PATHS = ([], [65001], [65001, 65002], [65003], [65001, 65001, 65003], [65002, (65003, 65004)], [70000, 4200000001], [65010], [65001, 65003], [(65004,)])
SETS = ([], ["65001:100"], ["65001:100", "65001:200"], ["65002:100", "65001:100"], ["65002:65535"], ["65001:100", "65001:200", "65002:100"], ["no-peer", "65002:100"], ["65003:1", "65002:65535"], ["65001:100", "65002:200"], ["accept-own", "65010:7"])
LARGE_SETS = ([], ["65001:1:1"], ["65001:1:1", "65001:1:2"], ["65002:7:7"], [], ["4200000001:0:1"], ["65001:1:1", "65002:7:7"], [], ["65001:1:2"], [])
EXT_SETS = ([], ["rt 65001:100"], ["rt 65002:200", "soo 65001:5"], [], ["rt 10.0.0.1:7"], ["rt 65001:100", "rt 65002:200", "soo 65001:5"], [], ["soo 65001:5"], [], ["rt 65001:100", "soo 65001:5"])


def routes(peer):
    def attributes(i):
        return {
            "origin": i % 3, "path": [peer.asn] + PATHS[i], "nexthop": f"192.0.2.{1 + i % 3}", "med": (None, 50, 0, 4294967295)[i % 4], "localpref": None,
            "communities": [cases.community(c) for c in SETS[i]], "large": [tuple(map(int, c.split(":"))) for c in LARGE_SETS[i]], "ext": [cases.EXT[e] for e in EXT_SETS[i]] + [cases.BANDWIDTH[1]] * (i == 3),
        }  # fmt: skip

    return [(f"10.{peer.number}.{shape}", attributes(i)) for i, shape in enumerate(SHAPES)]


class Peer:
    def __init__(self, side, number, asn):
        self.side, self.number, self.family, self.asn = side, number, 4, asn
        self.address = f"10.255.{side}.{number}"
        self.refresh, self.session, self.statements = True, [], []


class World:
    """Feeders 1 to PLACES have the policies, the next one has none: its routes are for the receivers' policies."""

    counted, aggregates, aggregate_prefixes, shutdown = frozenset(), {}, frozenset(), False

    def __init__(self, seed, policies=None):
        names = list(CORNERS)
        first = PLACES * (seed - 1) + (0 if policies is None else 1)
        self.names = [names[(first + i) % len(names)] for i in range(PLACES)]
        feeders = [Peer(1, n, 65110 + n) for n in range(1, PLACES + 2)]
        plain = [Peer(2, 1, 65121), Peer(2, 2, AS)]
        judged = [Peer(2, n + 2, 65122 + n if n % 2 else AS) for n in range(1, PLACES + 1)]
        self.peers = feeders + plain + judged
        self.routes = {p.address: routes(p) for p in feeders}
        self.lines = []
        for i, name in enumerate(self.names):
            self.lines += CORNERS[name].replace("@", f"P{i}").splitlines()
            if name not in OUT_ONLY:
                feeders[i].statements.append(f"route-map P{i}M in")
            if name not in IN_ONLY:
                judged[i].statements.append(f"route-map P{i}M out")

    def config(self):
        out = ["frr defaults traditional", "hostname r", *self.lines, f"router bgp {AS}", " bgp router-id 10.255.0.1", " no bgp default ipv4-unicast", " no bgp ebgp-requires-policy", " bgp disable-ebgp-connected-route-check", " coalesce-time 0"]
        for p in self.peers:
            out += [f" neighbor {p.address} remote-as {p.asn}", f" neighbor {p.address} passive"]
        out += [" address-family ipv4 unicast"]
        for p in self.peers:
            out += [f"  neighbor {p.address} activate"] + [f"  neighbor {p.address} {s}" for s in p.statements]
        return "\n".join(out + [" exit-address-family", "exit", ""])


WORLDS = (len(CORNERS) + PLACES - 1) // PLACES
