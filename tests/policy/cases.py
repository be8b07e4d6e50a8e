"""Policies and routes from a seed: one configuration that FRR 8.4 and evpnd both read.

Each feeder has a policy on the way in, each receiver one on the way out. A feeder's prefixes are its own (10.N.0.0/16,
fd00:N::/32), so that its outcome is not hidden by another's better route; lists look at all of them.
"""

import random
import zlib

AS = 65000
PATH_AS = (65001, 65002, 65003, 65010, 70000, 4200000001)
COMMUNITIES = ("65001:100", "65001:200", "65002:100", "65003:1", "65002:65535")
WELL_KNOWN = ("no-export", "no-advertise", "local-AS", "graceful-shutdown", "blackhole", "no-peer", "accept-own", "internet")
VALUES = {"no-export": 0xFFFFFF01, "no-advertise": 0xFFFFFF02, "local-AS": 0xFFFFFF03, "no-peer": 0xFFFFFF04, "graceful-shutdown": 0xFFFF0000, "blackhole": 0xFFFF029A, "accept-own": 0xFFFF0001, "internet": 0}
LARGE = ("65001:1:1", "65001:1:2", "65002:7:7", "4200000001:0:1")
EXT = {"rt 65001:100": "0002fde900000064", "rt 65002:200": "0002fdea000000c8", "soo 65001:5": "0003fde900000005", "rt 10.0.0.1:7": "01020a0000010007"}
BANDWIDTH = ("4004fde94cee6b28", "0004fde94b989680")
METRICS = (None, 0, 50, 100, 4294967295)
FEEDERS, RECEIVERS, ROUTES = 8, 8, 10


def community(text):
    if text in VALUES:
        return VALUES[text]
    high, low = map(int, text.split(":"))
    return high << 16 | low


class Case:
    """One policy: its lists and route-map under names of its own, in one direction of one neighbor."""

    def __init__(self, rng, name, family):
        self.rng, self.name, self.family, self.lines, self.used = rng, name, family, [], 0
        self.ip = "ip" if family == 4 else "ipv6"
        # On the way in it has an effect in FRR, on the way out to neighbors without a route-map of their own.
        self.unchanged = ("unchanged",) if name[0] == "O" else ()
        # On the way in that is an address of the namespace itself, which leads nowhere.
        self.peer = ("peer-address",) if name[0] == "O" else ()

    def some(self, pool, most=2):
        return self.rng.sample(list(pool), self.rng.randint(1, min(most, len(pool))))

    def one(self, pool):
        return self.rng.choice(list(pool))

    def chance(self, part):
        return self.rng.random() < part

    def new_name(self, kind):
        self.used += 1
        return f"{self.name}-{kind}{self.used}"

    def entries(self, head, make, most=4, replace=True):
        """Entries with and without sequence numbers, permit more often than deny. No body twice: most of FRR's lists
        take the first and pass over the second even if it has another number. `replace`: a number may be one that an
        entry without has got, a multiple of five."""
        numbers = [n if replace or n % 5 else n + 61 for n in self.rng.sample(range(1, 60), most)]
        bodies = [f"{'permit' if self.chance(0.7) else 'deny'} {make()}" for _ in range(self.rng.randint(1, most))]
        for i, body in enumerate(dict.fromkeys(bodies)):
            self.lines.append(f"{head} {f'seq {numbers[i]} ' if self.chance(0.5) else ''}{body}")

    # ---- lists ----

    def prefix(self):
        feeder = self.rng.randint(0, FEEDERS)
        if self.family == 4:
            return self.one((f"10.{feeder}.0.0/16", f"10.{feeder}.1.0/24", f"10.{feeder}.1.128/25", "10.0.0.0/8", f"10.{feeder}.2.0/23", "0.0.0.0/0", f"10.{feeder}.3.4/32"))
        return self.one((f"fd00:{feeder:x}::/32", f"fd00:{feeder:x}:1::/48", f"fd00:{feeder:x}:1:1::/64", "fd00::/16", "::/0", f"fd00:{feeder:x}::1/128"))

    def prefix_entry(self):
        if self.chance(0.15):
            return "any"
        prefix, bits = self.prefix(), 32 if self.family == 4 else 128
        length = int(prefix.split("/")[1])
        ge, le = sorted(self.rng.choices(range(length, bits + 1), k=2))
        return prefix + self.one(("", f" ge {ge}", f" le {le}", f" ge {ge} le {le}", f" le {bits}"))

    def prefix_list(self):
        name = self.new_name("P")
        if not self.chance(0.06):
            self.entries(f"{self.ip} prefix-list {name}", self.prefix_entry)
        return name

    def access_entry(self):
        feeder = self.rng.randint(0, FEEDERS)
        # Of an entry and its exact form FRR keeps one, without a word.
        prefix = self.prefix()
        zebra = self.one((prefix + (" exact-match" if zlib.crc32(prefix.encode()) % 3 == 0 else ""), "any"))
        if self.family == 6:
            return zebra
        standard = self.one((f"10.{feeder}.1.0", f"host 10.{feeder}.1.0", f"10.{feeder}.0.0 0.0.255.255", "10.0.1.0 0.255.0.0"))
        mask = self.one(("any", "host 255.255.255.0", "255.255.0.0 0.0.255.255"))
        return self.one((zebra, zebra, standard, f"ip {self.one((f'10.{feeder}.0.0 0.0.255.255', f'host 10.{feeder}.1.0', 'any'))} {mask}"))

    def access_list(self):
        name = self.new_name("A")
        if not self.chance(0.06):
            self.entries(("" if self.family == 4 else "ipv6 ") + f"access-list {name}", self.access_entry, replace=False)
        return name

    def as_path_list(self):
        name = self.new_name("S")
        n = self.one(PATH_AS)
        patterns = ("^$", ".*", f"_{n}_", f"^{n}_", f"_{n}$", f"^651[0-9]+ {n}_", f"({n}|65001)", "^65[0-9]+$", "_{1,2}", r"\{", f"^[0-9]+( {n})+", "^.* 7.*$")
        if not self.chance(0.06):
            self.entries(f"bgp as-path access-list {name}", lambda: self.one(patterns), 3)
        return name

    def community_list(self, kind, members, patterns):
        number = 1 + int(self.name[1:]) * 3 + self.used
        expanded = self.chance(0.4)
        numbered = number < 99 and self.chance(0.2)
        name = self.new_name("C")
        if numbered:
            name = str(number + (100 if expanded else 0))
            self.used += 1
        head = f"bgp {kind} {name if numbered else ('expanded ' if expanded else 'standard ') + name}"
        if not self.chance(0.06):
            self.entries(head, lambda: self.one(patterns) if expanded else " ".join(self.some(members)), 3)
        return name

    def communities(self):
        return self.community_list("community-list", COMMUNITIES + WELL_KNOWN, ("65001:.*", "^65001:100_", "_65002:100$", "^$", ".*", "no-export", "_65003:1_", "65001:100 65001:200"))

    def large(self):
        return self.community_list("large-community-list", LARGE, ("65001:.*:2", "^65001:1:1", "_65002:7:7_", ".*", "^$"))

    def ext(self):
        return self.community_list("extcommunity-list", EXT, ("65001:100", "^RT", "10.0.0.1", ".*", "^$", "5$"))

    # ---- route-maps ----

    def hosts(self):
        """A list of next hops or of peers."""
        name = self.new_name("H")
        pool = ("192.0.2.0/24 ge 32", "192.0.2.1/32", "192.0.2.0/30 le 32", "10.255.1.0/29 le 32", "10.255.2.0/24 ge 25", "10.255.0.0/16 le 32") if self.family == 4 else ("fd00:192::/64 ge 128", "fd00:192::1/128", "fd00:192::/127 le 128")
        self.entries(f"{self.ip} prefix-list {name}", lambda: self.one(pool), 2)
        return name

    def match(self):
        v = self.ip
        return self.one((
            lambda: f"match {v} next-hop prefix-list {self.hosts()}",
            lambda: f"match ip route-source prefix-list {self.hosts()}" if v == "ip" else f"match ipv6 next-hop prefix-list {self.hosts()}",
            lambda: f"match {v} next-hop type blackhole",
            lambda: f"match {v} address prefix-list {self.prefix_list()}",
            lambda: f"match {v} address prefix-list {self.prefix_list()}",
            lambda: f"match {v} address {self.access_list()}",
            lambda: f"match as-path {self.as_path_list()}",
            lambda: f"match community {self.communities()}{' exact-match' if self.chance(0.3) else ''}",
            lambda: f"match community {self.communities()}",
            lambda: f"match large-community {self.large()}{' exact-match' if self.chance(0.3) else ''}",
            lambda: f"match extcommunity {self.ext()}",
            lambda: f"match metric {self.one((50, 100))}",
            lambda: f"match local-preference {self.one((0, 100, 150))}",
            lambda: f"match origin {self.one(('igp', 'egp', 'incomplete'))}",
            lambda: f"match tag {self.one((1, 7))}",
            lambda: f"match peer {self.one(('local', '10.255.1.1', '10.255.1.2', '10.255.2.1', 'fd00:255::1:1'))}",
            lambda: "match ip next-hop address 192.0.2.1" if v == "ip" else "match ipv6 next-hop address fd00:192::1",
        ))()  # fmt: skip

    def set(self):
        communities = COMMUNITIES + WELL_KNOWN
        return self.one((
            lambda: f"set community {' '.join(self.some(communities, 3))}{' additive' if self.chance(0.5) else ''}",
            lambda: f"set community {' '.join(self.some(communities, 3))}{' additive' if self.chance(0.5) else ''}",
            lambda: "set community none",
            lambda: f"set comm-list {self.communities()} delete",
            lambda: f"set large-community {' '.join(self.some(LARGE))}{' additive' if self.chance(0.5) else ''}",
            lambda: "set large-community none",
            lambda: f"set large-comm-list {self.large()} delete",
            lambda: f"set extcommunity rt {self.one(('65001:7', '10.0.0.2:8', '70000:9', '65001:7 65002:4000000 10.0.0.2:8'))}",
            lambda: f"set distance {self.one((1, 150, 255))}",
            lambda: f"set extcommunity soo {self.one(('65001:7', '10.0.0.2:8'))}",
            lambda: "set extcommunity none",
            lambda: f"set extcommunity bandwidth {self.one((1, 100, 25600, 'num-multipaths', 'cumulative'))}{self.one(('', ' non-transitive'))}",
            lambda: f"set metric {self.one((0, 7, 100, '+5', '-20', '+4294967295'))}",
            lambda: f"set local-preference {self.one((0, 150, 200, '+5', '-20'))}",
            lambda: f"set weight {self.one((0, 10, 40000))}",
            lambda: f"set origin {self.one(('igp', 'egp', 'incomplete'))}",
            lambda: f"set tag {self.one((1, 7))}",
            lambda: f"set as-path prepend {' '.join(map(str, self.some(PATH_AS, 3)))}",
            lambda: f"set as-path prepend last-as {self.rng.randint(1, 3)}",
            lambda: f"set as-path exclude {' '.join(map(str, self.some(PATH_AS, 3)))}",
            lambda: f"set as-path replace {self.one(('any', self.one(PATH_AS)))}",
            lambda: "set atomic-aggregate",
            lambda: "set aggregator as 65007 10.0.0.7",
            lambda: f"set originator-id 10.0.0.{self.rng.randint(8, 9)}",
            lambda: f"set ip next-hop {self.one(('192.0.2.77',) + self.peer + self.unchanged)}" if self.family == 4 else f"set ipv6 next-hop {self.one(('global fd00:192::77',) + self.peer)}",
        ))()  # fmt: skip

    def unique(self, make, most):
        """Clauses of different kinds. Two of a kind replace each other; of two forms of a kind (`set community none`,
        `set community 1:1`) FRR keeps neither."""
        clauses = {}
        for _ in range(self.rng.randint(0, most)):
            clause = make()
            words = clause.split()
            clauses[" ".join(words[: 3 if words[1] in ("ip", "ipv6", "as-path") else 2])] = clause
        return list(clauses.values())

    def flow(self, seq, callee):
        return self.one(("", "", "", "on-match next", f"on-match goto {seq + self.rng.randint(1, 25)}", "continue " + str(seq + self.rng.randint(1, 25)), f"call {callee}" if callee else ""))

    def route_map(self, depth=0):
        name = self.new_name("M")
        if self.chance(0.04):
            return name
        body = []
        for i in range(self.rng.randint(1, 4)):
            seq = 10 * (i + 1)
            permit = self.chance(0.75)
            block = [f"route-map {name} {'permit' if permit else 'deny'} {seq}"]
            callee = self.route_map(depth + 1) if depth == 0 and self.chance(0.2) else None
            block += [" " + c for c in self.unique(self.match, 2) + self.unique(self.set, 3)]
            flow = self.flow(seq, callee) if permit else ""  # FRR refuses it elsewhere
            block += [" " + flow] if flow else []
            body += block + ["exit"]
        self.lines += body
        return name

    def policy(self, direction):
        """The neighbor's statements."""
        out = []
        if self.chance(0.2):
            out.append(f"distribute-list {self.access_list()} {direction}")
        elif self.chance(0.25):
            out.append(f"prefix-list {self.prefix_list()} {direction}")
        if self.chance(0.2):
            out.append(f"filter-list {self.as_path_list()} {direction}")
        if self.chance(0.85):
            out.append(f"route-map {self.route_map()} {direction}")
        if direction == "in" and self.chance(0.2):
            out.append(f"weight {self.one((5, 50000))}")
        return out


class Aggregate:
    """One aggregate over most of a feeder's prefixes."""

    def __init__(self, rng, number, family):
        self.case = Case(rng, f"A{number}", family)
        prefix = rng.choice((f"10.{number}.0.0/21", f"10.{number}.0.0/22", f"10.{number}.4.0/22") if family == 4 else (f"fd00:{number:x}::/40", f"fd00:{number:x}::/44"))
        words = ["as-set"] if rng.random() < 0.4 else []
        # Not with matching-MED-only: in FRR it depends on the order of arrival what such a map leaves suppressed.
        words += rng.choice(([], ["summary-only"], ["matching-MED-only"], ["summary-only", "matching-MED-only"], ["suppress-map " + self.suppress_map()]))
        words += [f"origin {rng.choice(('igp', 'egp', 'incomplete'))}"] if rng.random() < 0.2 else []
        # A denied aggregate leaves the last route that came suppressed in FRR, and GRACEFUL_SHUTDOWN on a set can be matched.
        words += ["route-map " + (self.sets() if words else self.case.route_map())] if rng.random() < 0.4 else []
        self.prefix = prefix
        self.statement = " ".join([f"aggregate-address {prefix}"] + words)

    def suppress_map(self):
        """FRR shows it prefixes with empty attributes: only what looks at prefixes means the same."""
        name = self.case.new_name("M")
        lines = []
        for seq in (10, 20)[: self.case.rng.randint(1, 2)]:
            verdict = self.case.one(("permit", "permit", "deny"))
            lines += [f"route-map {name} {verdict} {seq}", f" match {self.case.ip} address prefix-list {self.case.prefix_list()}", "exit"]
        self.case.lines += lines
        return name

    def sets(self):
        name = self.case.new_name("M")
        self.case.lines += [f"route-map {name} permit 10"] + [" " + c for c in self.case.unique(self.case.set, 3)] + ["exit"]
        return name


class Peer:
    def __init__(self, rng, side, number, family, policy):
        self.side, self.number, self.family = side, number, family
        self.address = f"10.255.{side}.{number}" if family == 4 else f"fd00:255::{side}:{number:x}"
        self.asn = AS if rng.random() < 0.3 else 65100 + 10 * side + number
        self.case = Case(rng, f"{'_IO'[side]}{number}", family)
        self.statements = self.case.policy("in" if side == 1 else "out") if policy else []
        # Half of the feeders are judged again from what was kept, half of these could not be asked at all.
        self.unsuppress, self.session = None, []
        self.soft = side == 1 and number % 2 == 0
        self.refresh = not self.soft or number % 4 < 2
        self.statements += ["soft-reconfiguration inbound"] if self.soft else []


def route(rng, peer, prefix):
    family = peer.family
    path = [rng.choice(PATH_AS) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.2:
        path.append((65003, 65004))
    if peer.asn != AS:
        path.insert(0, peer.asn)
    known = [c for c in WELL_KNOWN if c != "internet"]
    communities = rng.sample(COMMUNITIES, rng.randint(0, 3)) + (rng.sample(known, 1) if rng.random() < 0.3 else [])
    ext = rng.sample(sorted(EXT.values()), rng.randint(0, 2)) + ([rng.choice(BANDWIDTH)] if rng.random() < 0.2 else [])
    return prefix, {
        "origin": rng.randint(0, 2), "path": path, "nexthop": f"192.0.2.{rng.randint(1, 3)}" if family == 4 else f"fd00:192::{rng.randint(1, 3)}",
        "med": rng.choice(METRICS), "localpref": rng.choice((100, 150, 200)) if peer.asn == AS else None,
        "communities": [community(c) for c in communities], "ext": ext, "large": [tuple(map(int, c.split(":"))) for c in rng.sample(LARGE, rng.randint(0, 2))],
    }  # fmt: skip


def routes(rng, peer):
    n = peer.number
    if peer.family == 4:
        pool = [f"10.{n}.0.0/16", f"10.{n}.0.0/24", f"10.{n}.1.0/24", f"10.{n}.1.128/25", f"10.{n}.2.0/23", f"10.{n}.3.4/32", f"10.{n}.4.0/22", f"10.{n}.5.0/24", f"10.{n}.6.0/30", f"10.{n}.7.0/24"]
    else:
        pool = [f"fd00:{n:x}::/32", f"fd00:{n:x}:1::/48", f"fd00:{n:x}:1:1::/64", f"fd00:{n:x}::1/128", f"fd00:{n:x}:2::/47", f"fd00:{n:x}:3::/64", f"fd00:{n:x}:4::/56", f"fd00:{n:x}:5::/64"]
    return [route(rng, peer, p) for p in pool[:ROUTES]]


class World:
    counted = frozenset()  # receivers of which only the number of routes is certain
    """The peers of one seed and the configuration. `policies` is another seed for the policies alone: the same peers and
    routes under other policies, as before a reload."""

    def __init__(self, seed, policies=None):
        self.peers, self.routes = [], {}
        fixed, rng = random.Random(seed), random.Random((seed if policies is None else policies) * 7919 + 1)
        for side, count in ((1, FEEDERS), (2, RECEIVERS)):
            for number in range(1, count + 1):
                family = 6 if number % 4 == 0 else 4
                plain = side == 2 and number in (1, 2, 4)
                peer = Peer(rng, side, number, family, not plain)
                peer.asn = AS if fixed.random() < 0.3 else 65100 + 10 * side + number
                peer.asn = {1: 65121, 2: AS}.get(number, peer.asn) if side == 2 else peer.asn
                self.peers.append(peer)
        for peer in self.peers:
            if peer.side == 1:
                self.routes[peer.address] = routes(fixed, peer)
        some = random.Random((seed if policies is None else policies) * 7919 + 2)
        self.aggregates = {p.number: Aggregate(some, p.number, p.family) for p in self.peers if p.side == 1 and some.random() < 0.6}
        self.aggregate_prefixes = {a.prefix for a in self.aggregates.values()}
        for peer in self.peers:
            if peer.side == 2 and peer.statements and some.random() < 0.5:
                peer.unsuppress = Case(some, f"U{peer.number}", peer.family)
                peer.statements.append("unsuppress-map " + peer.unsuppress.route_map())
        self.shutdown = rng.random() < 0.1

    def config(self):
        out = ["frr defaults traditional", "hostname r"]
        for case in [p.case for p in self.peers] + [a.case for a in self.aggregates.values()] + [p.unsuppress for p in self.peers if p.unsuppress]:
            out += case.lines
        out += [f"router bgp {AS}", " bgp router-id 10.255.0.1", " no bgp default ipv4-unicast", " no bgp ebgp-requires-policy", " no bgp network import-check", " bgp disable-ebgp-connected-route-check", " coalesce-time 0"]
        out += [" bgp graceful-shutdown"] if self.shutdown else []
        for p in self.peers:
            out += [f" neighbor {p.address} remote-as {p.asn}", f" neighbor {p.address} passive"]
        for family in (4, 6):
            out += [f" address-family ipv{family} unicast"]
            out += [f"  {a.statement}" for a in self.aggregates.values() if a.case.family == family]
            for p in self.peers:
                if p.family == family:
                    out += [f"  neighbor {p.address} activate"] + [f"  neighbor {p.address} {s}" for s in p.statements]
            out += [" exit-address-family"]
        return "\n".join(out + ["exit", ""])
