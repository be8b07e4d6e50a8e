"""The same configuration in FRR and in evpnd, the same routes told to both: what others hear of them must be the same.

ExaBGP in the other namespace is one teller and many hearers, each with statements of its own at the daemon under test.
The teller is in another subnet: FRR makes use of RFC 4271's leave to name a third party as next hop, evpnd does not.
"""

import json
import os
import subprocess

import netns
import pytest
from pair import LINK, Pair, wait

OWN, TELLER = 100, 65003
PATHS = [
    "65003", "65003 5", "65003 5 65010", "65003 65010", "65003 200 5 200", "65003 65200 5", "65003 65535", "65003 64511 65534",
    "65003 4200000000 4294967294", "65003 300 5", "65003 65003 65003",
]
# hearer's AS, statements in `router bgp`, statements in the address family
HEARERS = {
    "plain": (200, "", ""),
    "as-override": (200, "", "as-override"),
    "remove-private": (200, "", "remove-private-AS"),
    "remove-private all": (200, "", "remove-private-AS all"),
    "remove-private replace": (200, "", "remove-private-AS replace-AS"),
    "remove-private all replace": (200, "", "remove-private-AS all replace-AS"),
    # FRR would put these into one update group with their likes of AS 200, and take the hearer's AS from either
    "remove-private all, private hearer": (65200, "advertisement-interval 1", "remove-private-AS all"),
    "remove-private all replace, private hearer": (65200, "advertisement-interval 1", "remove-private-AS all replace-AS"),
    "unchanged": (200, "", "attribute-unchanged"),
    "unchanged as-path": (200, "", "attribute-unchanged as-path"),
    "unchanged med": (200, "", "attribute-unchanged med"),
    "unchanged next-hop": (200, "", "attribute-unchanged next-hop"),
    "route-server-client": (200, "", "route-server-client"),
    "local-as": (200, "local-as 300", ""),
    "local-as no-prepend": (200, "local-as 300 no-prepend", ""),
    "local-as no-prepend replace-as": (200, "local-as 300 no-prepend replace-as", ""),
    "no communities": (200, "", "!send-community"),
    "no communities at all": (200, "", "!send-community all"),
    "next-hop-self": (200, "", "next-hop-self"),
    "internal": (OWN, "", ""),
    "internal next-hop-self": (OWN, "", "next-hop-self"),
    "internal next-hop-self force": (OWN, "", "next-hop-self force"),
}


# ExaBGP's helper: what it is told goes into a file. Its end of the pipe does not block.
HELPER = """
import os, select
with open("{path}", "wb", 0) as out:
    while True:
        select.select([0], [], [])
        try:
            data = os.read(0, 65536)
        except BlockingIOError:
            continue
        if not data:
            break
        out.write(data)
"""


def hearer_address(i):
    return f"10.0.0.{10 + i}"


def statement(address, text):
    return f"no neighbor {address} {text[1:]}" if text.startswith("!") else f"neighbor {address} {text}"


def under_test():
    """The daemon's configuration."""
    head, family = [], []
    for i, (asn, outside, inside) in enumerate(HEARERS.values()):
        head.append(f" neighbor {hearer_address(i)} remote-as {asn}")
        if outside:
            head.append(f" neighbor {hearer_address(i)} {outside}")
        if inside:
            family.append("  " + statement(hearer_address(i), inside))
    return "\n".join(
        ["frr defaults datacenter", f"router bgp {OWN}", " bgp router-id 10.255.0.1", " no bgp ebgp-requires-policy",
         f" neighbor 10.1.0.2 remote-as {TELLER}", *head, " address-family ipv4 unicast", *family, " exit-address-family", ""])


def exabgp_neighbor(address, asn, peer_as, more):
    return f"""
neighbor {address.rsplit('.', 1)[0]}.1 {{
    router-id 10.255.{address.split('.')[3]}.2;
    local-address {address};
    local-as {asn};
    peer-as {peer_as};
    family {{
        ipv4 unicast;
    }}
    {more}
}}
"""


def exabgp_config(heard):
    routes = "\n".join(
        f"route 10.9.{i}.0/24 next-hop 10.1.0.2 as-path [ {path} ] med 7 community [ 5:6 ] large-community [ 1:2:3 ] extended-community [ target:1:1 ];"
        for i, path in enumerate(PATHS))
    text = f"process hear {{\n    run /usr/bin/python3 {heard}.py;\n    encoder json;\n}}\n"
    text += exabgp_neighbor("10.1.0.2", TELLER, OWN, f"static {{\n{routes}\n}}")
    for i, (asn, outside, _) in enumerate(HEARERS.values()):
        peer_as = 300 if outside.startswith("local-as") else OWN
        text += exabgp_neighbor(hearer_address(i), asn, peer_as, "api {\nprocesses [ hear ];\nreceive {\nparsed;\nupdate;\n}\n}")
    return text


def heard_routes(path):
    """{hearer: {prefix: (AS path, MED, next hop, communities of three kinds)}}, the last word on each."""
    names, result = list(HEARERS), {name: {} for name in HEARERS}
    with open(path, errors="replace") as lines:
        for line in lines:
            message = json.loads(line)
            update = message.get("neighbor", {}).get("message", {}).get("update", {})
            attributes = update.get("attribute", {})
            local = message["neighbor"]["address"]["local"] if "neighbor" in message else ""
            for next_hop, routes in update.get("announce", {}).get("ipv4 unicast", {}).items():
                for route in routes:
                    result[names[int(local.split(".")[3]) - 10]][route["nlri"]] = (
                        attributes.get("as-path"), attributes.get("med"), next_hop, attributes.get("community"),
                        [c.get("string") for c in attributes.get("extended-community", [])], attributes.get("large-community"))
    return result


def hear(kind, tmp_path):
    """What the hearers hear of that daemon."""
    pair, heard = Pair(), str(tmp_path / f"{kind}.json")
    exabgp = None
    try:
        pair.lay()
        netns.batch(pair.a, "ip", [f"addr add 10.1.0.1/24 dev {LINK}"])
        netns.batch(pair.b, "ip", [f"addr add 10.1.0.2/24 dev {LINK}"] + [f"addr add {hearer_address(i)}/24 dev {LINK}" for i in range(len(HEARERS))])
        config = tmp_path / f"{kind}.conf"
        config.write_text(exabgp_config(heard))
        (tmp_path / f"{kind}.json.py").write_text(HELPER.format(path=heard))
        getattr(pair, kind)(under_test(), node=pair.a)
        environment = dict(os.environ, **{"exabgp.daemon.user": "root", "exabgp.daemon.drop": "false", "exabgp.api.cli": "false", "exabgp.log.all": "false"})
        with netns.inside(pair.b):
            exabgp = subprocess.Popen(["/usr/sbin/exabgp", str(config)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        complete = lambda: os.path.exists(heard) and all(len(r) == len(PATHS) for r in heard_routes(heard).values())  # noqa: E731
        wait(complete, 60, 0.5)
        return heard_routes(heard)
    finally:
        if exabgp is not None:
            exabgp.terminate()
            exabgp.wait(10)
        pair.clear()


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces want root")
def test_neighbor_statements(tmp_path):
    ours, theirs = hear("evpnd", tmp_path), hear("frr", tmp_path)
    assert len(theirs["plain"]) == len(PATHS)
    different = [
        f"{name}, {PATHS[int(prefix.split('.')[2])]}: FRR {theirs[name].get(prefix)}, evpnd {ours[name].get(prefix)}"
        for name in HEARERS for prefix in sorted(set(theirs[name]) | set(ours[name])) if ours[name].get(prefix) != theirs[name].get(prefix)]
    assert not different, "\n".join(different)
