"""Capabilities, roles (RFC 9234) and who speaks first, between evpnd and Debian's FRR."""

import json

import netns
import pytest
from pair import stays, wait
from test_session import configs

OTHER = {"provider": "customer", "customer": "provider", "rs-server": "rs-client", "rs-client": "rs-server", "peer": "peer"}


def neighbor(pair, node=None):
    address = "10.0.0.2" if node in (None, pair.a) else "10.0.0.1"
    return json.loads(pair.daemons[node or pair.a].show(f"show bgp neighbors {address} json"))[address]


def start(pair, ours, theirs):
    a, b = configs(4, "".join(f" neighbor {{peer}} {line}\n" for line in ours), "".join(f" neighbor {{peer}} {line}\n" for line in theirs))
    pair.evpnd(a)
    pair.frr(b)
    return a


@pytest.mark.parametrize("role", OTHER)
def test_roles(pair, role):
    start(pair, [f"local-role {role} strict-mode"], [f"local-role {OTHER[role]} strict-mode"])
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"))
    ours, theirs = neighbor(pair), neighbor(pair, pair.b)
    assert (ours["localRole"], ours["remoteRole"]) == (role, OTHER[role]) == (theirs["remoteRole"], theirs["localRole"])
    assert ours["neighborCapabilities"]["role"] == theirs["neighborCapabilities"]["role"] == "advertisedAndReceived"


@pytest.mark.parametrize("ours, theirs", [("customer", "customer"), ("peer", "provider"), ("peer strict-mode", None), (None, "peer strict-mode")])
def test_roles_that_do_not_fit(pair, ours, theirs):
    start(pair, [f"local-role {ours}"] if ours else [], [f"local-role {theirs}"] if theirs else [])
    assert wait(lambda: "Role Mismatch" in pair.daemons[pair.a].show("show bgp neighbors 10.0.0.2"))
    assert stays(lambda: not pair.up(pair.a, "10.0.0.2"), 2)


def test_only_to_customer(pair):
    """Each marks what it sends to its customer and what it hears from its provider, with the provider's AS; neither
    sends it back up. A reload to another role begins a new session."""
    text = start(pair, ["local-role provider"], ["local-role customer"])
    assert wait(lambda: "10.255.0.1/32" in pair.routes(pair.b, "ipv4 unicast") and "10.255.0.2/32" in pair.routes(pair.a, "ipv4 unicast"))
    paths = json.loads(pair.daemons[pair.b].show("show bgp ipv4 unicast 10.255.0.1/32 json"))["paths"]
    assert [path.get("otc") for path in paths] == [65001]
    assert [path.get("otc") for path in pair.routes(pair.a, "ipv4 unicast")["10.255.0.2/32"]] == [None]
    pair.daemons[pair.b].stop()
    pair.frr(configs(4, "", " neighbor {peer} local-role provider\n")[1])
    pair.reload(pair.a, text.replace("local-role provider", "local-role customer"))
    assert wait(lambda: "10.255.0.2/32" in pair.routes(pair.a, "ipv4 unicast"), 30)
    assert [path.get("otc") for path in pair.routes(pair.a, "ipv4 unicast")["10.255.0.2/32"]] == [65002]


@pytest.mark.parametrize("ours, theirs", [("dont-capability-negotiate", None), (None, "dont-capability-negotiate"), ("dont-capability-negotiate", "dont-capability-negotiate")])
def test_no_capabilities(pair, ours, theirs):
    """IPv4 unicast comes through, with 2-octet AS numbers; IPv6 does not."""
    start(pair, [ours] if ours else [], [theirs] if theirs else [])
    assert wait(lambda: "10.255.0.2/32" in pair.routes(pair.a, "ipv4 unicast"))
    assert wait(lambda: "10.255.0.1/32" in pair.routes(pair.b, "ipv4 unicast"))
    assert "2001:db8:ff::2/128" not in pair.routes(pair.a, "ipv6 unicast")
    assert pair.routes(pair.b, "ipv4 unicast")["10.255.0.1/32"][0]["path"] == "65001"
    assert pair.routes(pair.a, "ipv4 unicast")["10.255.0.2/32"][0]["path"] == "65002"


def test_override(pair):
    """FRR says IPv4 alone and takes IPv6 all the same, since it assumes the same of us."""
    start(pair, ["override-capability"], ["dont-capability-negotiate", "override-capability"])
    assert wait(lambda: "2001:db8:ff::2/128" in pair.routes(pair.a, "ipv6 unicast"))
    assert wait(lambda: "2001:db8:ff::1/128" in pair.routes(pair.b, "ipv6 unicast"))


def test_strict(pair):
    """FRR's usual capabilities are all heard of; without those of IPv6 it is refused."""
    text = start(pair, ["strict-capability-match"], [])
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"))
    pair.reload(pair.a, text.replace(" address-family ipv6 unicast\n", " address-family l2vpn evpn\n  neighbor 10.0.0.2 activate\n exit-address-family\n address-family ipv6 unicast\n"))
    assert wait(lambda: "Unsupported Capability" in pair.daemons[pair.a].show("show bgp neighbors 10.0.0.2"))
    assert stays(lambda: not pair.up(pair.a, "10.0.0.2"), 2)


@pytest.mark.parametrize("ours, theirs", [(True, False), (True, True)])
def test_extended_parameters(pair, ours, theirs):
    """FRR 8.4 with the statement misreads an OPEN in the short form, its own kind's too: it alone cannot have it."""
    more = ["extended-optional-parameters"]
    start(pair, more if ours else [], more if theirs else [])
    assert wait(lambda: "2001:db8:ff::2/128" in pair.routes(pair.a, "ipv6 unicast"))
    assert neighbor(pair)["extendedOptionalParametersLength"] is ours


@pytest.mark.parametrize("ours, theirs", [(3, None), (None, 3), (2, 3), (240, None)])
def test_delay_open(pair, ours, theirs):
    """Whoever waits is answered when the other has spoken; 240 s are never waited out."""
    start(pair, [f"timers delayopen {ours}"] if ours else [], [f"timers delayopen {theirs}"] if theirs else [])
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"), 15)
    if ours:
        assert neighbor(pair)["bgpTimerDelayOpenTimeMsecs"] == ours * 1000
        assert f"Configured DelayOpenTime is {ours} seconds" in pair.daemons[pair.a].show("show bgp neighbors 10.0.0.2")


def test_sender_loops(pair):
    """A static route that FRR is told with its own AS in the path; with the statement it is told of it no more."""
    text = start(pair, [], [])
    netns.batch(pair.a, "ip", ["route add blackhole 10.9.0.0/24"])
    text = "route-map BACK permit 10\n set as-path prepend 65002\nexit\n" + text.replace(
        "  network 10.255.0.1/32", "  network 10.255.0.1/32\n  network 10.9.0.0/24 route-map BACK")
    pair.reload(pair.a, text)
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"))
    told = lambda: json.loads(pair.daemons[pair.a].show("show bgp summary json"))["ipv4Unicast"]["peers"]["10.0.0.2"]["pfxSnt"]  # noqa: E731
    before = wait(lambda: told() >= 2 and told())
    pair.reload(pair.a, text.replace(" no bgp default ipv4-unicast", " no bgp default ipv4-unicast\n neighbor 10.0.0.2 sender-as-path-loop-detection"))
    assert wait(lambda: told() < before)
    assert neighbor(pair)["connectionsDropped"] == 0
