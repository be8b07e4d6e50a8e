"""TCP MD5 (RFC 2385) and GTSM (RFC 5082) against FRR and the kernel."""

import errno
import socket
import subprocess

import netns
import pytest
from pair import LINK, stays, wait
from test_session import configs

PASSWORD = " neighbor {peer} password tulip"


def test_password(pair):
    ours, theirs = configs(4, PASSWORD)
    pair.evpnd(ours, options=["--record", f"/tmp/{pair.a}.record"])
    pair.frr(theirs)
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"))
    # Established by whom, it must work both ways.
    assert wait(lambda: "10.255.0.2/32" in pair.routes(pair.a, "ipv4 unicast"))
    pair.daemons[pair.a].stop()
    record = open(f"/tmp/{pair.a}.record", "rb").read()
    subprocess.run(["rm", f"/tmp/{pair.a}.record"], check=True)
    assert b"10.0.0.2" in record and b"tulip" not in record
    assert "tulip" not in pair.log(pair.a)


def test_password_when_the_peer_connects(pair):
    ours, theirs = configs(4, PASSWORD + "\n neighbor {peer} passive", PASSWORD)
    pair.evpnd(ours)
    pair.frr(theirs)
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"))


def test_password_ipv6_when_we_connect(pair):
    ours, theirs = configs(6, PASSWORD, PASSWORD + "\n neighbor {peer} passive")
    pair.evpnd(ours)
    pair.frr(theirs)
    assert wait(lambda: pair.up(pair.a, "2001:db8::2"))


def test_password_unnumbered(pair):
    """The link-local address is known by router advertisement, and then it has a password."""
    text = f"""
router bgp {{own}}
 bgp router-id 10.255.0.{{number}}
 no bgp ebgp-requires-policy
 neighbor {LINK} interface remote-as external
 neighbor {LINK} timers connect 2
 neighbor {LINK} password tulip
"""
    pair.evpnd(text.format(own=65001, number=1))
    pair.frr(text.format(own=65002, number=2))
    assert wait(lambda: pair.up(pair.a, LINK), 30)


def test_password_unnumbered_unsigned(pair):
    """FRR has none: what it opens before its address is known here is refused, and all that comes later dropped."""
    text = f"""
router bgp {{own}}
 bgp router-id 10.255.0.{{number}}
 no bgp ebgp-requires-policy
 neighbor {LINK} interface remote-as external
 neighbor {LINK} timers connect 1
{{more}}
"""
    pair.frr(text.format(own=65002, number=2, more=""))
    pair.evpnd(text.format(own=65001, number=1, more=f" neighbor {LINK} password tulip"))
    assert stays(lambda: not pair.up(pair.a, LINK), 12)


def test_wrong_password(pair):
    """No session, whoever connects; the reason hints at it; a reload puts it right."""
    timers = "\n neighbor {peer} timers connect 2"
    ours, theirs = configs(4, PASSWORD + timers, PASSWORD.replace("tulip", "daisy") + timers)
    pair.evpnd(ours)
    pair.frr(theirs)
    assert stays(lambda: not pair.up(pair.a, "10.0.0.2"), 8)
    assert "is the password the same?" in pair.daemons[pair.a].show("show bgp summary")
    pair.reload(pair.a, ours.replace("tulip", "daisy"))
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"))
    # and away with it: FRR still demands one
    pair.reload(pair.a, ours.replace(" neighbor 10.0.0.2 password tulip", ""))
    assert wait(lambda: not pair.up(pair.a, "10.0.0.2"))
    assert stays(lambda: not pair.up(pair.a, "10.0.0.2"), 4)


def test_password_on_one_side(pair):
    ours, theirs = configs(4, PASSWORD, "")
    pair.evpnd(ours)
    pair.frr(theirs)
    assert stays(lambda: not pair.up(pair.a, "10.0.0.2"), 6)


def kernel_has_ao():
    with socket.socket() as s:
        try:
            s.setsockopt(socket.IPPROTO_TCP, 38, bytes(300))
        except OSError as e:
            return e.errno != errno.ENOPROTOOPT
    return True


@pytest.mark.skipif(kernel_has_ao(), reason="this kernel has TCP-AO, and FRR has not")
def test_ao_refused(pair):
    """A kernel without TCP-AO: no session, signed or not, and the reason is told."""
    ours, theirs = configs(4, "", "")
    more = " neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 tcp-ao 1 1 hmac-sha-1-96 password tulip\n neighbor 10.0.0.2 timers connect 1\n"
    pair.evpnd(ours.replace(" neighbor 10.0.0.2 remote-as 65002\n", more))
    pair.frr(theirs)
    assert stays(lambda: not pair.up(pair.a, "10.0.0.2"), 5)
    assert "10.0.0.2: The kernel cannot sign connections so" in pair.daemons[pair.a].show("show bgp summary")
    assert "no TCP-AO for 10.0.0.2/32" in pair.log(pair.a) and "tulip" not in pair.log(pair.a)


PEER = {4: "10.0.0.2", 6: "2001:db8::2"}


@pytest.mark.parametrize("over", (4, 6))
def test_ttl_security(pair, over):
    ours, theirs = configs(over, " neighbor {peer} ttl-security hops 1")
    pair.evpnd(ours)
    pair.frr(theirs)
    assert wait(lambda: pair.up(pair.a, PEER[over]))


@pytest.mark.parametrize("over", (4, 6))
def test_ttl_security_on_one_side(pair, over):
    """FRR sends with TTL 1 to a directly connected peer: too few for us. Nothing comes up, whoever connects."""
    ours, theirs = configs(over, " neighbor {peer} ttl-security hops 1", "")
    pair.evpnd(ours)
    pair.frr(theirs)
    assert stays(lambda: not pair.up(pair.a, PEER[over]), 6)


def test_multihop(pair):
    """eBGP between loopbacks: TTL 1 does not reach across an address that is not on the link's own host by our own
    choice, so both ends say ebgp-multihop; the accepted connection has the TTL of that, too."""
    for node, own, other in ((pair.a, 1, 2), (pair.b, 2, 1)):
        netns.batch(node, "ip", [f"route add 10.255.0.{other}/32 via 10.0.0.{other} src 10.255.0.{own}"])
    text = """
router bgp {own}
 bgp router-id 10.255.0.{number}
 no bgp ebgp-requires-policy
 neighbor 10.255.0.{other} remote-as external
 neighbor 10.255.0.{other} ebgp-multihop 2
 neighbor 10.255.0.{other} update-source lo
{more}
"""
    pair.evpnd(text.format(own=65001, number=1, other=2, more=" neighbor 10.255.0.2 passive"))
    pair.frr(text.format(own=65002, number=2, other=1, more=""))
    assert wait(lambda: pair.up(pair.a, "10.255.0.2"))
