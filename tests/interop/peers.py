"""The daemons of Debian 12 that evpnd is tried with, by name."""

from peer_bird import Bird
from peer_exabgp import Exabgp
from peer_frr import Frr
from peer_gobgp import Gobgp

KINDS = {"frr": Frr, "bird": Bird, "gobgp": Gobgp, "exabgp": Exabgp}
