"""What neighbor statements do to routes, from a seed: the same of each class as cases.World, for `differ --neighbors`.

Here feeders announce the same prefixes, so that the decision process and its statements count too, and paths hold AS
numbers that statements look at: private ones, our own, the receiver's. `bgp bestpath compare-routerid` makes FRR's choice
one of values, not of arrival.
"""

import random

import cases
from cases import AS, METRICS

PUBLIC = (3356, 15169, 400001)
PRIVATE = (64512, 65100, 65535, 4200000000, 4294967294)
LOCAL_AS = (65007, 64999, 300000)
FEEDERS, RECEIVERS, SHARED = 8, 8, 3


class Case(cases.Case):
    def match(self):
        """To FRR the next hop of a `network` is a blackhole."""
        clause = super().match()
        return "match tag 7" if clause.endswith("type blackhole") else clause

    def set(self):
        """A next hop that a feeder's map has set is what FRR's next-hop-self does not touch."""
        clause = super().set()
        return "set tag 7" if self.name[0] == "I" and " next-hop " in clause else clause


class Peer:
    """`fixed`: what a session depends on, the same before and after a reload; `rng`: what may change."""

    def __init__(self, fixed, rng, side, number):
        self.side, self.number, self.family = side, number, 6 if number % 4 == 0 else 4
        self.address = f"10.255.{side}.{number}" if self.family == 4 else f"fd00:255::{side}:{number:x}"
        self.asn = AS if fixed.random() < 0.4 else fixed.choice((65100 + 10 * side + number, 100000 + 10 * side + number, 3356))
        self.ebgp = self.asn != AS
        self.case = Case(rng, f"{'_IO'[side]}{number}", self.family)
        self.refresh, self.unsuppress, self.counted = True, None, False
        self.session = self.of_the_session(fixed) + ([] if fixed.random() < 0.8 else [f"description {side}"])
        self.statements = self.feeder(rng) if side == 1 else self.receiver(rng)
        self.group = f"G{side}{number}" if fixed.random() < 0.3 else None
        # What the group says is said first, so that the own statements have the last word; of a default that the group takes
        # away FRR lets them have none.
        may = [s for s in self.statements if self.group and s != "route-reflector-client" and not s.startswith("no ")]
        of_group = [s for s in may if rng.random() < 0.5]
        own = [s for s in self.statements if s not in of_group]
        self.statements, self.of_group = of_group + own, len(of_group)

    def of_the_session(self, fixed):
        if not self.ebgp or fixed.random() > 0.3:
            return []
        return [f"local-as {fixed.choice(LOCAL_AS)}{fixed.choice(('', ' no-prepend', ' no-prepend replace-as'))}"]

    def common(self, rng):
        out = []
        if not self.ebgp and rng.random() < 0.4:
            out.append("route-reflector-client")
        if rng.random() < 0.2:
            out.append("next-hop-self" + rng.choice(("", " force")))
        if self.ebgp and rng.random() < 0.15:
            out.append("route-server-client")
        return out

    def feeder(self, rng):
        out = self.common(rng)
        if rng.random() < 0.5:
            out.append("allowas-in" + rng.choice(("", " 1", " 2", " 10", " origin")))
        if rng.random() < 0.3:
            out.append("soft-reconfiguration inbound")
        if rng.random() < 0.2:
            out.append(f"weight {rng.choice((1, 100))}")
        if rng.random() < 0.2:
            out.append(f"maximum-prefix {rng.choice((1, 100))} warning-only")
        if rng.random() < 0.2:
            out.append(f"route-map {self.case.route_map()} in")
        return out

    def receiver(self, rng):
        out = self.common(rng)
        # FRR does not count a default route of its own.
        self.counted = rng.random() < 0.1
        if self.counted:
            out.append(f"maximum-prefix-out {rng.choice((1, 3, 5))}")
        # Beside remove-private-AS FRR passes over as-override.
        if self.ebgp and rng.random() < 0.2:
            out.append("as-override")
        # With both, what remove-private-AS has made empty FRR tells with an empty path, or an empty segment in it.
        unchanged = rng.random() < 0.3
        if self.ebgp and not unchanged and not {"route-server-client", "as-override"} & set(out) and rng.random() < 0.4:
            out.append("remove-private-AS" + rng.choice(("", " all", " replace-AS", " all replace-AS")))
        if unchanged:
            kinds = rng.sample(("as-path", "next-hop", "med"), rng.randint(0, 3))
            out.append(" ".join(["attribute-unchanged"] + sorted(kinds)))
        for _ in range(rng.choice((0, 0, 1, 2))):
            out.append(f"{rng.choice(('no ', 'no ', ''))}send-community{rng.choice(('', ' both', ' all', ' extended', ' large', ' standard'))}")
        if not self.counted and rng.random() < 0.25:
            out.append("default-originate" + (f" route-map {self.case.route_map()}" if rng.random() < 0.5 else ""))
        if rng.random() < 0.3:
            out.append(f"route-map {self.case.route_map()} out")
        return out


def route(rng, peer, prefix):
    path = [rng.choice(PUBLIC + PRIVATE + (AS, 65121, 65124, 65126)) for _ in range(rng.randint(0, 4))]
    path += [path[-1]] * rng.choice((0, 0, 0, 2)) if path else []
    if rng.random() < 0.15:
        path.append((3356, 15169))
    if peer.ebgp:
        path.insert(0, peer.asn)
    prefix, a = cases.route(rng, peer, prefix)
    a |= {"path": path, "med": rng.choice(METRICS + (50, 50)), "communities": [c for c in a["communities"] if c not in (0xFFFFFF02,)]}
    if rng.random() < 0.2:
        a["atomic"] = True
    if rng.random() < 0.2:
        a["aggregator"] = (rng.choice(PUBLIC + PRIVATE), "10.9.9.9")
    # FRR gives a reflected route without MED and ORIGINATOR_ID a MED of 0: it sets the wrong bit.
    a["med"] = 50 if a["med"] is None and not peer.ebgp else a["med"]
    if not peer.ebgp and rng.random() < 0.4:
        a["originator"] = rng.choice(("10.9.0.1", "10.9.0.2", "10.255.0.1" if rng.random() < 0.2 else "10.9.0.3"))
        a["clusters"] = rng.sample(("10.9.1.1", "10.9.1.2", "10.9.1.3", "10.0.0.99"), rng.randint(1, 3))
    if rng.random() < 0.1:
        a["unknown"] = "dead"
    return prefix, a


def prefixes(peer):
    """Those of this feeder alone, and those that all of its family have."""
    n = peer.number
    if peer.family == 4:
        return [f"10.{n}.{i}.0/24" for i in range(4)] + [f"10.99.{i}.0/24" for i in range(SHARED)]
    return [f"fd00:{n:x}:{i:x}::/48" for i in range(4)] + [f"fd00:99:{i:x}::/48" for i in range(SHARED)]


class World:
    aggregates, aggregate_prefixes = {}, set()

    def __init__(self, seed, policies=None):
        other = seed if policies is None else policies
        fixed, rng = random.Random(seed + 500009), random.Random(other * 7919 + 3)
        self.peers = [Peer(fixed, rng, side, n) for side, count in ((1, FEEDERS), (2, RECEIVERS)) for n in range(1, count + 1)]
        self.routes = {p.address: [route(fixed, p, x) for x in prefixes(p)] for p in self.peers if p.side == 1}
        self.counted = {p.address for p in self.peers if p.counted}
        self.shutdown = rng.random() < 0.1
        self.networks = self.own_routes(rng)
        self.globals = self.of_the_instance(rng)

    @staticmethod
    def of_the_instance(rng):
        lines = ["bgp always-compare-med", "bgp bestpath as-path ignore", "bgp bestpath med missing-as-worst", "no bgp client-to-client reflection", "bgp cluster-id 10.0.0.99", "bgp route-reflector allow-outbound-policy", "bgp bestpath as-path multipath-relax"]
        return [line for line in lines if rng.random() < 0.25]

    @staticmethod
    def own_routes(rng):
        found = []
        for i, prefix in enumerate(("10.77.0.0/16", "10.99.0.0/24", "10.78.1.0/24", "fd00:77::/32", "fd00:99:1::/48")):
            case = Case(rng, f"N{i}", 6 if ":" in prefix else 4)
            if rng.random() < 0.5:
                found.append((prefix, case, f" route-map {case.route_map()}" if rng.random() < 0.6 else ""))
        return found

    def config(self):
        out = ["frr defaults traditional", "hostname r"]
        for case in [p.case for p in self.peers] + [case for _, case, _ in self.networks]:
            out += case.lines
        out += [f"router bgp {AS}", " bgp router-id 10.255.0.1", " no bgp default ipv4-unicast", " no bgp ebgp-requires-policy", " no bgp network import-check", " bgp disable-ebgp-connected-route-check", " bgp bestpath compare-routerid", " bgp deterministic-med", " coalesce-time 0"]
        out += [" " + line for line in self.globals] + ([" bgp graceful-shutdown"] if self.shutdown else [])
        for p in self.peers:
            out += [f" neighbor {p.address} remote-as {p.asn}", f" neighbor {p.address} passive"]
            out += [f" neighbor {p.address} {s}" for s in p.session]
            out += [f" neighbor {p.group} peer-group", f" neighbor {p.address} peer-group {p.group}"] if p.group else []
        for family in (4, 6):
            out += [f" address-family ipv{family} unicast"]
            out += [f"  network {prefix}{how}" for prefix, case, how in self.networks if case.family == family]
            for p in self.peers:
                if p.family == family:
                    out += [f"  {self.statement(p.group, s)}" for s in p.statements[: p.of_group]]
                    out += [f"  neighbor {p.address} activate"] + [f"  {self.statement(p.address, s)}" for s in p.statements[p.of_group :]]
            out += [" exit-address-family"]
        return "\n".join(out + ["exit", ""])

    @staticmethod
    def statement(name, text):
        no = text.startswith("no ")
        return f"{'no ' if no else ''}neighbor {name} {text[3:] if no else text}"
