"""Which way the kernel is to send: multipath, next hops that policy sets, what zebra is told and what it makes of it. From
a seed, for `install`: peers on links, each prefix from several of them.
"""

import random

from cases import AS

# Link: our addresses on it, the network without its last part, where the others are.
LINKS = {"d1": ("192.0.2.", "fd00:192::"), "d2": ("198.51.100.", "fd00:198::"), "d3": ("203.0.113.", "fd00:203::")}
FEEDERS = (("192.0.2.1", 65111), ("192.0.2.2", 65112), ("198.51.100.1", 65113), ("198.51.100.2", AS), ("fd00:192::1", 65114), ("fd00:198::1", 65115), ("fd00:192::2", AS))
RECEIVERS = (("203.0.113.1", 65121), ("203.0.113.2", AS), ("fd00:203::1", 65121), ("fd00:203::2", AS))
HOPS = {4: ("192.0.2.50", "192.0.2.51", "198.51.100.50", "172.16.9.9"), 6: ("fd00:192::50", "fd00:198::50", "fd00:9999::9")}
PREFIXES = {4: [f"10.{i}.0.0/16" for i in range(1, 9)] + ["10.1.1.0/24", "10.2.2.2/32"], 6: [f"fd00:{i}::/32" for i in range(1, 7)] + ["fd00:1:1::/48", "fd00:2::2/128"]}
BANDWIDTHS = ("0004fde94cee6b28", "0004fde94b989680", "0004fde94c189680", "4004fde94d189680")


class Peer:
    def __init__(self, side, address, asn):
        self.side, self.address, self.asn, self.family = side, address, asn, 6 if ":" in address else 4
        self.link = next(dev for dev, nets in LINKS.items() if address.startswith(nets))
        self.statements = []


class World:
    def __init__(self, seed):
        self.rng, self.lines, self.count = random.Random(seed * 31 + 5), [], 0
        self.feeders = [Peer(1, *x) for x in FEEDERS]
        self.receivers = [Peer(2, *x) for x in RECEIVERS]
        for p in self.feeders:
            if self.chance(0.5):
                p.statements.append(f"route-map {self.map_in(p)} in")
            if self.chance(0.1):
                p.statements.append(f"weight {self.one((5, 100))}")
        self.routes = {p.address: self.routes_of(p) for p in self.feeders}
        for p in self.receivers:
            if self.chance(0.3):
                p.statements.append(f"route-map {self.map_out(p)} out")
            if self.chance(0.2):
                p.statements.append("next-hop-self")
            if self.chance(0.2):
                p.statements.append("attribute-unchanged next-hop")
        self.zebra = "".join(self.protocol_map(f) for f in (4, 6) if self.chance(0.4))
        self.instance = self.of_the_instance()
        self.family = {f: self.of_the_family(f) for f in (4, 6)}

    def one(self, pool):
        return self.rng.choice(list(pool))

    def chance(self, part):
        return self.rng.random() < part

    def name(self, kind):
        self.count += 1
        return f"{kind}{self.count}"

    def routes_of(self, p):
        found = []
        for prefix in PREFIXES[p.family]:
            if self.chance(0.35):
                continue
            hop = self.one(HOPS[p.family][:-1]) if self.chance(0.3) else p.address
            a = {
                "origin": 0, "path": ([p.asn] if p.asn != AS else []) + [3356, 15169][: self.one((1, 2, 2))], "nexthop": hop, "med": self.one((None, None, 50)),
                "localpref": self.one((100, 100, 200)) if p.asn == AS else None, "ext": [self.one(BANDWIDTHS)] if self.chance(0.4) else [], "communities": [(65001 << 16) + 1] if self.chance(0.3) else [],
            }  # fmt: skip
            # Beside a global next hop that policy sets FRR still uses the link-local one that came.
            if p.family == 6 and hop == p.address and not p.statements and self.chance(0.6):
                a["link_local"] = "fe80::" + hop.split("::")[1]
            found.append((prefix, a))
        return found

    def lists(self, family, hosts=False):
        name, ip = self.name("L"), "ip" if family == 4 else "ipv6"
        if hosts:
            pool = ("192.0.2.0/24 le 32", "198.51.100.0/24 ge 32", "192.0.2.1/32", "0.0.0.0/0 le 32") if family == 4 else ("fd00:192::/64 le 128", "fd00:198::1/128", "::/0 le 128")
        else:
            pool = ("10.1.0.0/16 le 32", "10.0.0.0/8 ge 16 le 16", "10.2.0.0/15 ge 16", "0.0.0.0/0 ge 24 le 32") if family == 4 else ("fd00:1::/32 le 128", "fd00::/16 ge 32 le 32", "::/0 ge 48")
        for _ in range(self.rng.randint(1, 3)):
            self.lines.append(f"{ip} prefix-list {name} {self.one(('permit', 'permit', 'deny'))} {self.one(pool)}")
        return name

    def entries(self, match, change, verdicts=("permit", "permit", "permit", "deny")):
        name, body = self.name("M"), []
        for i in range(self.rng.randint(1, 3)):
            verdict = self.one(verdicts)
            body.append(f"route-map {name} {verdict} {10 * (i + 1)}")
            body += [" " + match()] if self.chance(0.6) else []
            kinds = {}
            for clause in [change() for _ in range(self.rng.randint(0, 2))]:
                kinds[" ".join(clause.split()[:3])] = clause
            body += [" " + c for c in kinds.values()] + ["exit"]
        body += [f"route-map {name} permit 99", "exit"] if self.chance(0.6) else []
        self.lines += body
        return name

    def match(self, family):
        ip = "ip" if family == 4 else "ipv6"
        return self.one((
            lambda: f"match {ip} address prefix-list {self.lists(family)}",
            lambda: f"match {ip} next-hop prefix-list {self.lists(family, True)}",
            lambda: "match metric 50",
        ))()  # fmt: skip

    def next_hop(self, family):
        if family == 4:
            return f"set ip next-hop {self.one(HOPS[4] + ('peer-address',))}"
        return self.one((f"set ipv6 next-hop global {self.one(HOPS[6])}", "set ipv6 next-hop prefer-global", "set ipv6 next-hop peer-address"))

    def map_in(self, p):
        change = lambda: self.one((self.next_hop(p.family), self.next_hop(p.family), "set metric 50", "set local-preference 200", f"set weight {self.one((1, 9))}", f"set distance {self.one((19, 150, 255))}", "set tag 7", f"set extcommunity bandwidth {self.one((1, 10, 100))}", "set as-path prepend 3356"))  # noqa: E731
        return self.entries(lambda: self.match(p.family), change)

    def map_out(self, p):
        change = lambda: self.one((self.next_hop(p.family), self.next_hop(p.family), "set metric 9", f"set extcommunity bandwidth {self.one(('5', 'cumulative', 'num-multipaths'))}") + (("set ip next-hop unchanged",) if p.family == 4 else ()))  # noqa: E731
        return self.entries(lambda: self.match(p.family), change)

    def protocol_map(self, family):
        """zebra's: of clauses that it knows."""
        ip = "ip" if family == 4 else "ipv6"
        match = lambda: self.one((f"match {ip} address prefix-list {self.lists(family)}", f"match {ip} address prefix-len {self.one((16, 24, 32, 48, 128))}", f"match {ip} next-hop prefix-list {self.lists(family, True)}", f"match interface {self.one(('d1', 'd2'))}", "match source-protocol bgp", "match source-protocol static", "match tag 7") + (("match ip next-hop prefix-len 32",) if family == 4 else ()))  # noqa: E731
        src = lambda: f"set src {self.one(('192.0.2.254', '203.0.113.254') if family == 4 else ('fd00:192::fe', 'fd00:203::fe'))}"  # noqa: E731
        return f"{ip} protocol bgp route-map {self.entries(match, src)}\n"

    def of_the_instance(self):
        lines = ["bgp bestpath as-path multipath-relax", f"bgp bestpath bandwidth {self.one(('ignore', 'skip-missing', 'default-weight-for-missing'))}", "bgp always-compare-med", "bgp bestpath as-path ignore"]
        return [line for line, part in zip(lines, (0.7, 0.4, 0.3, 0.3)) if self.chance(part)]

    def of_the_family(self, family):
        out = [f"maximum-paths {self.one((1, 2, 4, 8))}"] if self.chance(0.6) else []
        out += [f"maximum-paths ibgp {self.one((1, 2, 4))}"] if self.chance(0.4) else []
        out += [f"distance bgp {self.one((20, 101))} {self.one((200, 102))} 103"] if self.chance(0.2) else []
        out += [f"table-map {self.entries(lambda: self.match(family), lambda: 'set metric 4')}"] if self.chance(0.2) else []
        return out

    def config(self):
        out = ["frr defaults traditional", *self.lines, self.zebra.rstrip(), f"router bgp {AS}", " bgp router-id 10.255.0.1", " no bgp default ipv4-unicast", " no bgp ebgp-requires-policy", " bgp bestpath compare-routerid", " bgp deterministic-med", " coalesce-time 0"]
        out += [" " + line for line in self.instance]
        peers = self.feeders + self.receivers
        for p in peers:
            out += [f" neighbor {p.address} remote-as {p.asn}", f" neighbor {p.address} passive"]
        for family in (4, 6):
            out += [f" address-family ipv{family} unicast"] + [f"  {line}" for line in self.family[family]]
            for p in peers:
                if p.family == family:
                    out += [f"  neighbor {p.address} activate"] + [f"  neighbor {p.address} {s}" for s in p.statements]
            out += [" exit-address-family"]
        return "\n".join(out + ["exit", ""])
