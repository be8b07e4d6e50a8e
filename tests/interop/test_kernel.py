"""What the kernel's part of a route means for peers, and the other way round: witnesses (wire.py) around evpnd."""

import re

import netns
from bed import PATIENCE, Neighbor, config, stays, wait
from wire import Witness, attributes

A, B, C = 65009, 65010, 65008


def start(bed, *neighbors, more=()):
    for number in (9, 8):
        bed.link(number)
    bed.evpnd(config(*(Neighbor(name, asn, ("ipv4",), more=["passive"]) for name, asn in neighbors), more=more))


def ways(bed, prefix):
    """Gateways of our route for it in the kernel."""
    text = netns.run(bed.node, "ip", "route", "show", prefix, "proto", "158")
    return {words[words.index("via") + 1] for words in map(str.split, text.splitlines()) if "via" in words}


def ops(bed):
    return int(re.search(r"kernel operations issued\s+(\d+)", bed.show("show evpnd counters"))[1])


def test_through_itself(bed):
    """A route that its own next hop would be resolved through, once it were there: not used, and nothing goes round."""
    start(bed, ("10.0.9.2", A))
    peer = bed.witness(A, 9)
    assert peer.up.wait(PATIENCE * 5)
    for prefix in ("10.0.9.0/28", "10.0.9.2/32", "10.6.0.0/24"):
        peer.announce([prefix], attributes("10.0.9.2", [[A]]))
    assert wait(lambda: ways(bed, "10.6.0.0/24"), 5)
    assert stays(lambda: ops(bed) <= 3, 1) and not ways(bed, "10.0.9.0/28") and not ways(bed, "10.0.9.2/32")
    assert set(bed.routes()) == {"10.0.9.0/28", "10.0.9.2/32", "10.6.0.0/24"} and peer.sessions == 1


def test_told_when_the_kernel_has_it(bed):
    """`bgp suppress-fib-pending`. A connected prefix is not for the kernel, so it is not told; nor is it put there."""
    start(bed, ("10.0.9.2", A), ("10.0.8.2", C), more=["bgp suppress-fib-pending"])
    source, other = bed.witness(A, 9), bed.witness(C, 8)
    assert source.up.wait(PATIENCE * 5) and other.up.wait(PATIENCE * 5)
    source.announce(["10.6.0.0/24", "10.0.8.0/24"], attributes("10.0.9.2", [[A]]))
    assert wait(lambda: other.routes().get("10.6.0.0/24"), 5)
    assert ways(bed, "10.6.0.0/24") == {"10.0.9.2"}
    assert stays(lambda: "10.0.8.0/24" not in other.routes(), 1) and not ways(bed, "10.0.8.0/24")
    source.withdraw(["10.6.0.0/24"])
    assert wait(lambda: "10.6.0.0/24" not in other.routes(), 5)


def test_next_hop_outlives_its_peer(bed):
    """Two peers name one next hop, the address of the first of them, whose session ends: it is doubted, no longer."""
    start(bed, ("10.0.9.2", A), ("10.0.9.3", B), ("10.0.8.2", C), more=["bgp bestpath as-path multipath-relax"])
    netns.batch(bed.link(9), "ip", ["addr add 10.0.9.3/24 dev l9"])
    first, third = bed.witness(A, 9), bed.witness(C, 8)
    second = Witness(bed.link(9), "10.0.9.3", "10.0.9.1", B)
    bed.running.append(second)
    for peer, asn, next_hop in ((first, A, "10.0.9.2"), (second, B, "10.0.9.2"), (third, C, "10.0.8.2")):
        assert peer.up.wait(PATIENCE * 5)
        peer.announce(["10.6.0.0/24"], attributes(next_hop, [[asn]]))
    assert wait(lambda: len(bed.routes().get("10.6.0.0/24", ())) == 3 and ways(bed, "10.6.0.0/24") == {"10.0.9.2", "10.0.8.2"}, 5)
    first.close()
    assert wait(lambda: len(bed.routes().get("10.6.0.0/24", ())) == 2, 5)
    assert wait(lambda: ways(bed, "10.6.0.0/24") == {"10.0.9.2", "10.0.8.2"}, 2), ways(bed, "10.6.0.0/24")


def test_shutdown(bed):
    """`interface X` / `[no] shutdown`: set once, and undone when the statement goes; what others do stays."""
    netns.batch(bed.node, "ip", ["link add spare type veth peer name other", "link set spare up"])
    base = config(Neighbor("10.0.9.2", A, ("ipv4",), more=["passive"]))

    def is_up():
        return "UP" in re.search("<(.*)>", netns.run(bed.node, "ip", "-o", "link", "show", "spare"))[1].split(",")

    def say(word):
        loads = bed.log().count("conf: loaded")
        bed.reload(base + (f"interface spare\n {word}\nexit\n" if word else ""))
        assert wait(lambda: bed.log().count("conf: loaded") > loads, 5)

    bed.link(9)
    bed.evpnd(base + "interface spare\n shutdown\nexit\n")
    assert wait(lambda: not is_up(), 5)
    say("")
    assert wait(is_up, 5)
    say("shutdown")
    assert wait(lambda: not is_up(), 5)
    netns.batch(bed.node, "ip", ["link set spare up"])
    assert stays(is_up, 1)
    say("no shutdown")
    netns.batch(bed.node, "ip", ["link set spare down"])
    assert stays(lambda: not is_up(), 1)
    say("shutdown")
    say("no shutdown")
    assert wait(is_up, 5)
    assert "somebody has set it up" in bed.log()
