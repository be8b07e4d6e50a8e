/*
 * The table, one row for each statement. A row SESSION means: the OPEN message (RFC 4271 section
 * 4.2: AS, hold time, identifier, capabilities) or the connection (address, port, TTL, who may
 * connect) is made of it. `reload coverage` finds what the configuration knows and no row says.
 */
#include "table.h"

#define NONE                                                                                       \
	{                                                                                          \
		NULL, NULL                                                                         \
	}
#define BOTH(text)                                                                                 \
	{                                                                                          \
		text, text                                                                         \
	}

/* clang-format off */
const struct row rows[] = {
	{AT_TOP, "profile", 0, {"frr defaults traditional", NULL}, {"frr defaults datacenter", "frr defaults datacenter", "frr defaults traditional"}},
	{AT_AS, "as", SESSION, NONE, {"65001", "65010"}},
	{AT_TOP, "hostname", 0, NONE, {"hostname alpha", "hostname beta"}},
	{AT_TOP, "router-id", SESSION, NONE, {"ip router-id 10.9.9.9|id 10.9.9.9", "router-id 10.9.9.8|id 10.9.9.8"}},
	{AT_TOP, "log", 0, BOTH("log syslog debugging"), {"log syslog emergencies", "log stdout emergencies", "log syslog alerts", "log stdout alerts", "log syslog critical", "log stdout critical", "log syslog errors", "log stdout errors", "log syslog warnings", "log stdout warnings", "log syslog notifications", "log stdout notifications", "log syslog informational", "log stdout informational", "log stdout debugging"}},
	{AT_TOP, "log file", 0, NONE, {"log file /var/log/one", "log file /var/log/two emergencies", "log file /var/log/two alerts", "log file /var/log/two critical", "log file /var/log/one errors", "log file /var/log/one warnings", "log file /var/log/one notifications", "log file /var/log/one informational", "log file /var/log/one debugging"}},
	{AT_TOP, "debug", 0, NONE, {"debug bgp updates in", "debug bgp updates out", "debug zebra kernel", "debug zebra kernel msgdump send", "debug zebra kernel msgdump recv", "debug bgp neighbor-events", "debug bgp keepalives", "debug zebra vxlan", "debug zebra evpn mh", "debug zebra dplane detailed", "debug bfd peer"}},
	{AT_TOP, "sticky", 0, BOTH("evpn mac-mobility sticky-sequence bump"), {"evpn mac-mobility sticky-sequence zero"}},
	{AT_TOP, "learning", 0, BOTH("evpn port-learning off"), {"evpn port-learning keep"}},
	{AT_TOP, "alarm", 0, BOTH("evpn contested-alarm 10"), {"evpn contested-alarm 60"}},
	{AT_TOP, "audit", 0, BOTH("evpn audit-interval 300"), {"evpn audit-interval 0", "evpn audit-interval 20"}},
	{AT_TOP, "vrf", 0, NONE, {"vrf red\n vni 4001\nexit-vrf", "vrf red\nexit-vrf", "vrf red\n vni 4001 prefix-routes-only\nexit-vrf"}},
	{AT_TOP, "vrf instance", 0, NONE, {"router bgp $ vrf red\n address-family l2vpn evpn\n  advertise ipv4 unicast\n exit-address-family\nexit"}},
	{AT_TOP, "a link", 0, NONE, {"interface eth8\n shutdown\nexit", "interface eth8\n no shutdown\nexit"}},
	{AT_TOP, "vrf interface", 0, NONE, {"interface eth9 vrf red\n description elsewhere\nexit"}},
	{AT_TOP, "bfd", 0, NONE, {"bfd\n profile FAST\n  transmit-interval 50\n  receive-interval 50\n exit\nexit", "bfd\n profile FAST\n  detect-multiplier 7\n  passive-mode\n exit\nexit", "bfd\n profile FAST\n  no passive-mode\n  minimum-ttl 200\n exit\nexit", "bfd\n profile FAST\n  echo-mode\n  echo transmit-interval 70\n  echo receive-interval disabled\n exit\nexit", "bfd\n profile FAST\n  no echo-mode\n  echo-interval 20\n exit\nexit"}},
	{AT_TOP, "bfd peer", 0, NONE, {"bfd\n peer 10.0.1.2\n  profile FAST\n exit\nexit", "bfd\n peer 10.0.1.2 interface eth4\n  detect-multiplier 5\n  shutdown\n exit\nexit", "bfd\n peer 10.0.2.2 multihop local-address 10.0.2.1\n  minimum-ttl 100\n exit\nexit", "bfd\n peer 10.0.2.2\n  no shutdown\n exit\nexit"}},
	{AT_TOP, "static route", 0, NONE, {"ip route 203.0.113.0/24 Null0", "ip route 203.0.113.0/24 10.0.1.2 tag 7", "ip route 203.0.113.0/24 eth4 250\nip route 203.0.113.0/24 blackhole 251"}},
	{AT_TOP, "static route 6", 0, NONE, {"ipv6 route 2001:db8:99::/48 fe80::9 eth5", "ipv6 route 2001:db8:99::/48 reject"}},
	{AT_LIST, "P", OFTEN, NONE, {"ip prefix-list P seq 5 permit 198.51.0.0/16 le 24", "ip prefix-list P permit 198.51.0.0/16 le 24", "ip prefix-list P seq 5 deny 192.0.2.0/24\nip prefix-list P seq 10 permit any", "ip prefix-list P seq 10 permit any\nip prefix-list P seq 5 deny 198.51.0.0/16 ge 24 le 24", "ip prefix-list P description nothing else"}},
	{AT_LIST, "P6", OFTEN, NONE, {"ipv6 prefix-list P6 permit 2001:db8:f9::/48", "ipv6 prefix-list P6 seq 7 deny 2001:db8:f0::/44 ge 45 le 48\nipv6 prefix-list P6 permit any", "ipv6 prefix-list P6 description nothing else"}},
	{AT_LIST, "A", OFTEN, NONE, {"access-list A permit 198.51.0.0/16", "access-list A seq 5 deny 192.0.2.0/24 exact-match\naccess-list A permit any", "access-list A deny any"}},
	{AT_LIST, "A 100", OFTEN, NONE, {"access-list 100 permit ip 198.51.0.0 0.0.255.255 any", "access-list 100 deny ip host 192.0.2.0 any\naccess-list 100 permit ip any any"}},
	{AT_LIST, "A 10", OFTEN, NONE, {"access-list 10 permit host 192.0.2.0", "access-list 10 deny 192.0.2.0 0.0.0.255\naccess-list 10 permit any"}},
	{AT_LIST, "A6", OFTEN, NONE, {"ipv6 access-list A6 permit 2001:db8:f0::/44", "ipv6 access-list A6 deny 2001:db8:f9::/48 exact-match\nipv6 access-list A6 seq 20 permit any"}},
	{AT_LIST, "AP", OFTEN, NONE, {"bgp as-path access-list AP permit _64901_", "bgp as-path access-list AP deny _64900$\nbgp as-path access-list AP seq 10 permit .*", "bgp as-path access-list AP permit ^[0-9]+$"}},
	{AT_LIST, "CS", OFTEN, NONE, {"bgp community-list standard CS permit 65000:1", "bgp community-list standard CS seq 5 deny 65000:1\nbgp community-list standard CS permit internet", "bgp community-list standard CS permit 65000:1 65000:2"}},
	{AT_LIST, "CE", OFTEN, NONE, {"bgp community-list expanded CE permit 65000:.", "bgp community-list expanded CE deny _65000:2_\nbgp community-list expanded CE permit .*"}},
	{AT_LIST, "C 10", OFTEN, NONE, {"bgp community-list 10 permit no-export", "bgp community-list 10 seq 7 deny 65000:2"}},
	{AT_LIST, "XS", OFTEN, NONE, {"bgp extcommunity-list standard XS permit soo 65000:5", "bgp extcommunity-list standard XS permit rt 65002:10099", "bgp extcommunity-list standard XS seq 9 permit rt 65002:10099\nbgp extcommunity-list standard XS permit soo 65000:6"}},
	{AT_LIST, "XE", OFTEN, NONE, {"bgp extcommunity-list expanded XE permit SoO:65000", "bgp extcommunity-list expanded XE seq 8 deny 10099\nbgp extcommunity-list expanded XE permit .*"}},
	{AT_LIST, "X 20", OFTEN, NONE, {"bgp extcommunity-list 20 permit soo 65000:6", "bgp extcommunity-list 20 seq 3 permit rt 65001:10200", "bgp extcommunity-list 20 deny soo 65000:5\nbgp extcommunity-list 20 permit rt 65001:10200"}},
	{AT_LIST, "LS", OFTEN, NONE, {"bgp large-community-list standard LS permit 65000:1:2", "bgp large-community-list standard LS seq 5 permit 65000:1:3"}},
	{AT_LIST, "LE", OFTEN, NONE, {"bgp large-community-list expanded LE permit 65000:1:.", "bgp large-community-list expanded LE seq 4 deny :3$\nbgp large-community-list expanded LE permit .*"}},
	{AT_LIST, "L 30", OFTEN, NONE, {"bgp large-community-list 30 permit 65000:1:3", "bgp large-community-list 30 seq 9 permit 65000:1:2", "bgp large-community-list 30 deny 65000:1:2"}},
	{AT_TOP, "kernel map", POLICY, NONE, {"ip protocol bgp route-map M5", "ip protocol bgp route-map M1", "ip protocol bgp route-map MISSING"}},
	{AT_TOP, "kernel map 6", POLICY, NONE, {"ipv6 protocol bgp route-map M5", "ipv6 protocol bgp route-map M2", "ipv6 protocol bgp route-map MISSING"}},
	{AT_TOP, "delay of all", 0, NONE, {"bgp update-delay 0", "bgp update-delay 4 2"}},
	{AT_TOP, "by default route", 0, NONE, {"ip nht resolve-via-default", "no ip nht resolve-via-default"}},
	{AT_TOP, "by default route 6", 0, NONE, {"ipv6 nht resolve-via-default", "no ipv6 nht resolve-via-default"}},

	{AT_ENTRY, "action", OFTEN, NONE, {"permit", "permit", "permit", "permit", "deny"}},
	{AT_ENTRY, "match path", 0, NONE, {"match as-path AP", "match as-path MISSING"}},
	{AT_ENTRY, "match community", 0, NONE, {"match community CS", "match community CE", "match community 10", "match community CS exact-match", "match community CE exact-match", "match community MISSING"}},
	{AT_ENTRY, "match extended", 0, NONE, {"match extcommunity XS", "match extcommunity XE", "match extcommunity 20", "match extcommunity MISSING"}},
	{AT_ENTRY, "match large", 0, NONE, {"match large-community LS", "match large-community LE", "match large-community 30", "match large-community LE exact-match", "match large-community MISSING"}},
	{AT_ENTRY, "match evpn", 0, NONE, {"match evpn rd 10.0.9.10:99", "match evpn route-type macip", "match evpn route-type multicast", "match evpn route-type 2", "match evpn route-type ead", "match evpn route-type es", "match evpn route-type prefix", "match evpn vni 10099", "match evpn vni 10200"}},
	{AT_ENTRY, "match interface", 0, NONE, {"match interface eth4", "match interface eth5", "match interface lo"}},
	{AT_ENTRY, "match address", 0, NONE, {"match ip address A", "match ip address 10", "match ip address 100", "match ip address prefix-list P", "match ip address prefix-len 24", "match ip address MISSING", "match ipv6 address A6", "match ipv6 address prefix-list P6", "match ipv6 address prefix-len 48", "match ip address prefix-list MISSING"}},
	{AT_ENTRY, "match next hop", 0, NONE, {"match ip next-hop A", "match ip next-hop prefix-list P", "match ip next-hop prefix-len 32", "match ip next-hop address 10.0.1.2", "match ip next-hop type blackhole", "match ipv6 next-hop A6", "match ipv6 next-hop prefix-list P6", "match ipv6 next-hop prefix-len 128", "match ipv6 next-hop address 2001:db8:1::2", "match ipv6 next-hop type blackhole"}},
	{AT_ENTRY, "match source", 0, NONE, {"match ip route-source 10", "match ip route-source prefix-list P", "match ipv6 route-source A6", "match ipv6 route-source prefix-list P6", "match peer 10.0.1.2", "match peer 10.0.2.2", "match peer local", "match source-protocol static", "match source-protocol connected", "match source-protocol bgp"}},
	{AT_ENTRY, "match number", 0, NONE, {"match local-preference 100", "match local-preference 200", "match metric 100", "match metric 90", "match metric 30", "match tag 7", "match tag 3"}},
	{AT_ENTRY, "match origin", 0, NONE, {"match origin igp", "match origin egp", "match origin incomplete"}},
	{AT_ENTRY, "match never", 0, NONE, {"match evpn default-route", "match probability 50", "match mac M", "match rpki valid", "match alias X", "match source-vrf red", "match source-instance 1", "match rpki-extcommunity valid"}},
	{AT_ENTRY, "set communities", 0, NONE, {"set community 65000:77 additive", "set community no-export additive", "set community 65000:78", "set community none", "set community graceful-shutdown additive", "set community no-advertise"}},
	{AT_ENTRY, "set large", 0, NONE, {"set large-community 65000:9:9 additive", "set large-community 65000:9:8", "set large-community none"}},
	{AT_ENTRY, "set extended", 0, NONE, {"set extcommunity rt 65009:9", "set extcommunity soo 65000:9", "set extcommunity none", "set extcommunity bandwidth 100", "set extcommunity bandwidth num-multipaths", "set extcommunity bandwidth cumulative non-transitive"}},
	{AT_ENTRY, "set delete", 0, NONE, {"set comm-list CS delete", "set comm-list CE delete", "set large-comm-list LS delete", "set large-comm-list 30 delete", "set comm-list MISSING delete", "set extended-comm-list XS delete"}},
	{AT_ENTRY, "set path", 0, NONE, {"set as-path prepend 65099 65099", "set as-path prepend last-as 2", "set as-path exclude 64901", "set as-path exclude 64900 64901", "set as-path replace any", "set as-path replace 64901"}},
	{AT_ENTRY, "set preference", 0, NONE, {"set local-preference 200", "set local-preference 50", "set local-preference +10"}},
	{AT_ENTRY, "set metric", 0, NONE, {"set metric 5", "set metric 90", "set metric +7", "set metric -7"}},
	{AT_ENTRY, "set weight", 0, NONE, {"set weight 7", "set weight 0"}},
	{AT_ENTRY, "set tag", 0, NONE, {"set tag 7", "set tag 3"}},
	{AT_ENTRY, "set distance", 0, NONE, {"set distance 7", "set distance 255"}},
	{AT_ENTRY, "set origin", 0, NONE, {"set origin egp", "set origin igp", "set origin incomplete"}},
	{AT_ENTRY, "set next hop", 0, NONE, {"set ip next-hop 10.0.1.99", "set ip next-hop peer-address", "set ip next-hop unchanged", "set ipv6 next-hop peer-address", "set ipv6 next-hop prefer-global", "set ipv6 next-hop global 2001:db8:1::99", "set ipv6 next-hop local fe80::99"}},
	{AT_ENTRY, "set source", 0, NONE, {"set src 10.0.0.1", "set src 10.0.1.1", "set src 2001:db8:1::1"}},
	{AT_ENTRY, "set other", 0, NONE, {"set aggregator as 65090 10.9.9.9", "set atomic-aggregate", "set originator-id 10.8.8.8"}},
	{AT_ENTRY, "call", POLICY, NONE, {"call M5", "call MISSING"}},
	{AT_ENTRY, "flow", POLICY, NONE, {"on-match next", "on-match goto @", "continue", "continue @", "on-match goto 65535"}},

	{AT_INTERFACE, "description", 0, NONE, {"description uplink", "description other"}},
	{AT_INTERFACE, "address", 0, NONE, {"ip address 10.77.@.1/24", "ip address 10.78.@.1/24", "ip address 10.79.@.1/32 peer 10.79.@.2"}},
	{AT_INTERFACE, "address6", 0, NONE, {"ipv6 address 2001:db8:77:@::1/64"}},
	{AT_INTERFACE, "ra", 0, NONE, {"no ipv6 nd suppress-ra", "ipv6 nd suppress-ra"}},
	{AT_INTERFACE, "ra interval", 0, NONE, {"ipv6 nd ra-interval 5", "ipv6 nd ra-interval msec 4000"}},
	{AT_INTERFACE, "ra lifetime", 0, NONE, {"ipv6 nd ra-lifetime 1800", "ipv6 nd ra-lifetime 9000"}},
	{AT_INTERFACE, "ra flags", 0, NONE, {"ipv6 nd managed-config-flag", "ipv6 nd other-config-flag", "ipv6 nd adv-interval-option"}},
	{AT_INTERFACE, "ra numbers", 0, NONE, {"ipv6 nd ra-hop-limit 9", "ipv6 nd reachable-time 1000", "ipv6 nd ra-retrans-interval 1000", "ipv6 nd mtu 1400"}},
	{AT_INTERFACE, "ra preference", 0, BOTH("ipv6 nd router-preference medium"), {"ipv6 nd router-preference high", "ipv6 nd router-preference low"}},
	{AT_INTERFACE, "ra prefix", 0, NONE, {"ipv6 nd prefix 2001:db8:77:@::/64", "ipv6 nd prefix 2001:db8:78:@::/64 infinite 3600"}},
	{AT_INTERFACE, "ra server", 0, NONE, {"ipv6 nd rdnss 2001:db8::53", "ipv6 nd rdnss 2001:db8::54 infinite"}},

	{AT_BGP, "router-id", SESSION | OFTEN, NONE, {"bgp router-id 10.0.0.1|id 10.0.0.1", "bgp router-id 10.0.0.9|id 10.0.0.9"}},
	{AT_BGP, "requires-policy", OFTEN, {"bgp ebgp-requires-policy", "no bgp ebgp-requires-policy"}, {"no bgp ebgp-requires-policy", "no bgp ebgp-requires-policy", "bgp ebgp-requires-policy"}},
	{AT_BGP, "log-changes", 0, {"no bgp log-neighbor-changes", "bgp log-neighbor-changes"}, {"bgp log-neighbor-changes", "no bgp log-neighbor-changes"}},
	{AT_BGP, "deterministic", 0, {"no bgp deterministic-med", "bgp deterministic-med"}, {"bgp deterministic-med", "no bgp deterministic-med"}},
	{AT_BGP, "compare-med", 0, BOTH("no bgp always-compare-med"), {"bgp always-compare-med"}},
	{AT_BGP, "preference", 0, BOTH("bgp default local-preference 100"), {"bgp default local-preference 150", "bgp default local-preference 0"}},
	{AT_BGP, "reflected policy", 0, BOTH("no bgp route-reflector allow-outbound-policy"), {"bgp route-reflector allow-outbound-policy"}},
	{AT_BGP, "delay", 0, BOTH("update-delay 0"), {"update-delay 5", "update-delay 5 3"}},
	{AT_BGP, "kernel first", 0, BOTH("no bgp suppress-fib-pending"), {"bgp suppress-fib-pending"}},
	{AT_BGP, "relax", 0, BOTH("no bgp bestpath as-path multipath-relax"), {"bgp bestpath as-path multipath-relax"}},
	{AT_BGP, "peer type", 0, BOTH("no bgp bestpath peer-type multipath-relax"), {"bgp bestpath peer-type multipath-relax"}},
	{AT_BGP, "path length", 0, BOTH("no bgp bestpath as-path ignore"), {"bgp bestpath as-path ignore"}},
	{AT_BGP, "missing med", 0, NONE, {"bgp bestpath med missing-as-worst", "bgp bestpath med confed", "bgp bestpath med confed missing-as-worst"}},
	{AT_BGP, "bandwidth", 0, NONE, {"bgp bestpath bandwidth ignore", "bgp bestpath bandwidth skip-missing", "bgp bestpath bandwidth default-weight-for-missing"}},
	{AT_BGP, "underlay weight", 0, BOTH("no use-underlays-nexthop-weight"), {"use-underlays-nexthop-weight"}},
	{AT_BGP, "import-check", 0, BOTH("bgp network import-check"), {"no bgp network import-check"}},
	{AT_BGP, "activate4", SESSION, BOTH("bgp default ipv4-unicast|activate"), {"no bgp default ipv4-unicast|no activate"}},
	{AT_BGP, "activate6", SESSION, BOTH("no bgp default ipv6-unicast|no activate"), {"bgp default ipv6-unicast|activate"}},
	{AT_BGP, "activate-evpn", SESSION, BOTH("no bgp default l2vpn-evpn|no activate"), {"bgp default l2vpn-evpn|activate"}},
	{AT_BGP, "timers", SESSION, {"timers bgp 60 180|hold 180", "timers bgp 3 9|hold 9"}, {"timers bgp 10 30|hold 30", "timers bgp 5 30|hold 30", "timers bgp 0 0|hold 0"}},
	{AT_BGP, "cluster-id", 0, NONE, {"bgp cluster-id 10.0.0.77"}},
	{AT_BGP, "first-as", 0, BOTH("bgp enforce-first-as"), {"no bgp enforce-first-as"}},
	{AT_BGP, "minimum hold", 0, NONE, {"bgp minimum-holdtime 20"}},
	{AT_BGP, "client-to-client", 0, BOTH("bgp client-to-client reflection"), {"no bgp client-to-client reflection"}},
	{AT_BGP, "listen limit", 0, BOTH("bgp listen limit 100"), {"bgp listen limit 5"}},
	{AT_BGP, "listen range", 0, NONE, {"bgp listen range 10.0.0.0/8 peer-group G1", "bgp listen range 10.0.0.0/8 peer-group G2"}},
	{AT_BGP, "listen narrow", 0, NONE, {"bgp listen range 10.0.1.0/24 peer-group G1", "bgp listen range 10.0.1.0/24 peer-group G2"}},
	{AT_BGP, "restart mode", SESSION, NONE, {"bgp graceful-restart|graceful-restart", "bgp graceful-restart-disable|graceful-restart-disable"}},
	{AT_BGP, "restart time", SESSION, BOTH("bgp graceful-restart restart-time 120"), {"bgp graceful-restart restart-time 60"}},
	{AT_BGP, "stale time", 0, BOTH("bgp graceful-restart stalepath-time 360"), {"bgp graceful-restart stalepath-time 100"}},
	{AT_BGP, "defer time", 0, BOTH("bgp graceful-restart select-defer-time 360"), {"bgp graceful-restart select-defer-time 60"}},
	{AT_BGP, "restart notification", SESSION, BOTH("bgp graceful-restart notification"), {"no bgp graceful-restart notification"}},
	{AT_BGP, "forwarding", SESSION, NONE, {"bgp graceful-restart preserve-fw-state"}},
	{AT_BGP, "end of rib", 0, NONE, {"bgp graceful-restart disable-eor"}},
	{AT_BGP, "rib stale time", 0, NONE, {"bgp graceful-restart rib-stale-time 40"}},
	{AT_BGP, "hard reset", 0, BOTH("bgp hard-administrative-reset"), {"no bgp hard-administrative-reset"}},
	{AT_BGP, "long-lived", SESSION, NONE, {"bgp long-lived-graceful-restart stale-time 600", "bgp long-lived-graceful-restart stale-time 60"}},
	{AT_BGP, "connected-check", 0, NONE, {"bgp disable-ebgp-connected-route-check"}},

	{AT_PEER, "peer-group", PEERS, NONE, {"peer-group G1", "peer-group G2"}},
	{AT_PEER, "interface", SESSION | OFTEN | UNNUMBERED, NONE, {"interface|interface", "interface v6only|interface", "interface peer-group G1|interface", "interface v6only peer-group G2|interface", "interface remote-as external|interface"}},
	{AT_PEER, "remote-as", SESSION | OFTEN, NONE, {"remote-as external", "remote-as external", "remote-as external", "remote-as @", "remote-as internal"}},
	{AT_PEER, "local-as", SESSION, NONE, {"local-as 65020", "local-as 65021", "local-as 65020 no-prepend|local-as 65020", "local-as 65020 no-prepend replace-as|local-as 65020"}},
	{AT_PEER, "password", SESSION, NONE, {"password one", "password other", "tcp-ao 1 2 hmac-sha-1-96 password one", "tcp-ao 1 2 aes-128-cmac-96 password one"}},
	{AT_PEER, "restart mode", SESSION, BOTH("graceful-restart-helper"), {"graceful-restart", "graceful-restart-disable"}},
	{AT_PEER, "bfd", 0, NONE, {"bfd", "bfd profile FAST", "bfd 5 100 100"}},
	{AT_PEER, "first-as", 0, BOTH("enforce-first-as"), {"no enforce-first-as"}},
	{AT_PEER, "interval", 0, BOTH("advertisement-interval 0"), {"advertisement-interval 2"}},
	{AT_PEER, "description", 0, NONE, {"description a peer", "description another"}},
	{AT_PEER, "shutdown", SESSION, BOTH("no shutdown"), {"shutdown|shutdown", "shutdown message gone fishing|shutdown"}},
	{AT_PEER, "port", SESSION, BOTH("port 179"), {"port 1790"}},
	{AT_PEER, "passive", 0, BOTH("no passive"), {"passive"}},
	{AT_PEER, "ttl", SESSION | PEERS, BOTH("ebgp-multihop 1"), {"ebgp-multihop|ebgp-multihop 255", "ebgp-multihop 3", "ebgp-multihop 255", "ttl-security hops 1", "ttl-security hops 2"}},
	{AT_PEER, "ttl", SESSION | GROUPS, NONE, {"ebgp-multihop 3", "ttl-security hops 1"}},
	{AT_PEER, "connected-check", 0, BOTH("no disable-connected-check"), {"disable-connected-check", "enforce-multihop"}},
	{AT_PEER, "update-source", SESSION, NONE, {"update-source 10.0.0.1", "update-source lo"}},
	{AT_PEER, "timers", SESSION, {"timers 60 180|hold 180", "timers 3 9|hold 9"}, {"timers 10 30|hold 30", "timers 5 30|hold 30", "timers 4 12|hold 12"}},
	{AT_PEER, "connect", 0, {"timers connect 120", "timers connect 10"}, {"timers connect 5", "timers connect 30"}},
	{AT_PEER, "delay open", 0, NONE, {"timers delayopen 5", "timers delayopen 1"}},
	{AT_PEER, "capabilities", SESSION, BOTH("no dont-capability-negotiate"), {"dont-capability-negotiate"}},
	{AT_PEER, "match", SESSION, NONE, {"override-capability", "strict-capability-match"}},
	{AT_PEER, "parameters", SESSION, BOTH("no extended-optional-parameters"), {"extended-optional-parameters"}},
	{AT_PEER, "role", SESSION, NONE, {"local-role provider", "local-role customer", "local-role peer", "local-role rs-server", "local-role rs-client", "local-role customer strict-mode"}},
	{AT_PEER, "mss", 0, NONE, {"tcp-mss 500", "tcp-mss 1400"}},
	{AT_BGP, "tcp keepalive", 0, NONE, {"bgp tcp-keepalive 5 3 3", "bgp tcp-keepalive 60 10 5"}},
	{AT_TOP, "dscp", 0, BOTH("bgp session-dscp 48"), {"bgp session-dscp 10", "bgp session-dscp 0"}},
	{AT_PEER, "loops", 0, BOTH("no sender-as-path-loop-detection"), {"sender-as-path-loop-detection"}},
	{AT_PEER, "extended", SESSION | UNNUMBERED, BOTH("capability extended-nexthop"), {"no capability extended-nexthop"}},
	{AT_PEER, "extended", SESSION | NUMBERED, BOTH("no capability extended-nexthop"), {"capability extended-nexthop"}},
	{AT_PEER, "extended", SESSION | GROUPS, NONE, {"capability extended-nexthop", "no capability extended-nexthop"}},

	{AT_PEER_IPV4, "activate4", SESSION, BOTH("activate"), {"no activate"}},
	{AT_PEER_IPV6, "activate6", SESSION, BOTH("no activate"), {"activate"}},
	{AT_PEER_EVPN, "activate-evpn", SESSION | OFTEN, BOTH("no activate"), {"activate", "activate", "activate"}},
#define BY_FAMILY(at, key) \
	{at, key " send", SESSION, BOTH("no addpath-tx-all-paths|one path"), {"addpath-tx-all-paths|paths", "addpath-tx-bestpath-per-AS|paths"}}, \
	{at, key " receive", SESSION, BOTH("no disable-addpath-rx"), {"disable-addpath-rx"}}, \
	{at, key " limit", 0, NONE, {"maximum-prefix 2", "maximum-prefix 100", "maximum-prefix 2 warning-only", "maximum-prefix 100 5", "maximum-prefix 2 restart 5", "maximum-prefix 100 5 warning-only"}}, \
	{at, key " limit out", 0, NONE, {"maximum-prefix-out 100000", "maximum-prefix-out 200000"}} /* a lower one: it depends on history who is told of what */
	BY_FAMILY(AT_PEER_IPV4, "ipv4"),
	BY_FAMILY(AT_PEER_IPV6, "ipv6"),
	BY_FAMILY(AT_PEER_EVPN, "evpn"),
#define FAMILY(at) \
	{at, "next-hop-self", 0, BOTH("no next-hop-self"), {"next-hop-self", "next-hop-self force"}}, \
	{at, "reflector", 0, BOTH("no route-reflector-client"), {"route-reflector-client"}}, \
	{at, "soft", 0, BOTH("no soft-reconfiguration inbound"), {"soft-reconfiguration inbound"}}, \
	{at, "unchanged", 0, NONE, {"attribute-unchanged next-hop", "attribute-unchanged", "attribute-unchanged as-path med"}}, \
	{at, "allowas-in", 0, NONE, {"allowas-in", "allowas-in 1", "allowas-in 3", "allowas-in origin"}}, \
	{at, "private", 0, BOTH("no remove-private-AS"), {"remove-private-AS", "remove-private-AS all", "remove-private-AS all replace-AS"}}, \
	{at, "override", 0, BOTH("no as-override"), {"as-override"}}, \
	{at, "communities", 0, NONE, {"send-community", "no send-community", "no send-community extended", "send-community both", "no send-community large", "no send-community standard", "send-community all"}}, \
	{at, "server", 0, BOTH("no route-server-client"), {"route-server-client"}}, \
	{at, "map in", POLICY, NONE, {"route-map M1 in", "route-map M2 in", "route-map M3 in", "route-map M4 in", "route-map MISSING in"}}, \
	{at, "weight", 0, NONE, {"weight 5", "weight 9"}}, \
	{at, "map out", POLICY, NONE, {"route-map M1 out", "route-map M2 out", "route-map M4 out", "route-map MISSING out"}}
	FAMILY(AT_PEER_IPV4),
	FAMILY(AT_PEER_IPV6),
	FAMILY(AT_PEER_EVPN),
	{AT_PEER_IPV6, "link-local", 0, BOTH("no nexthop-local unchanged"), {"nexthop-local unchanged"}},

	{AT_IPV4, "network 1", OFTEN | POLICY, NONE, {"network 10.0.0.1/32", "network 10.0.0.1/32 route-map M3"}},
#define LISTS(at, prefix_list, access_list) \
	{at, "list in", POLICY, NONE, {"prefix-list " prefix_list " in", "prefix-list MISSING in"}}, \
	{at, "list out", POLICY, NONE, {"prefix-list " prefix_list " out", "prefix-list MISSING out"}}, \
	{at, "access list in", POLICY, NONE, {"distribute-list " access_list " in", "distribute-list MISSING in"}}, \
	{at, "access list out", POLICY, NONE, {"distribute-list " access_list " out", "distribute-list MISSING out"}}, \
	{at, "path list in", POLICY, NONE, {"filter-list AP in", "filter-list MISSING in"}}, \
	{at, "path list out", POLICY, NONE, {"filter-list AP out", "filter-list MISSING out"}}, \
	{at, "default", POLICY, BOTH("no default-originate"), {"default-originate", "default-originate route-map M3", "default-originate route-map MISSING"}}
	{AT_PEER_IPV4, "conditional", POLICY, NONE, {"advertise-map M1 exist-map M2", "advertise-map M3 non-exist-map M2", "advertise-map M2 exist-map M4", "advertise-map M1 non-exist-map MISSING", "advertise-map MISSING exist-map M1"}},
	{AT_PEER_IPV6, "conditional", POLICY, NONE, {"advertise-map M1 non-exist-map M3", "advertise-map M4 exist-map M1"}},
	LISTS(AT_PEER_IPV4, "P", "A"),
	LISTS(AT_PEER_IPV6, "P6", "A6"),
#define REDISTRIBUTION(at) \
	{at, "connected", POLICY, NONE, {"redistribute connected", "redistribute connected route-map M4", "redistribute connected metric 8"}}, \
	{at, "static", POLICY, NONE, {"redistribute static", "redistribute static route-map M3", "redistribute static metric 9 route-map M4"}}, \
	{at, "kernel", POLICY, NONE, {"redistribute kernel", "redistribute kernel route-map M4", "redistribute kernel route-map MISSING", "redistribute kernel metric 9 route-map M3"}}
	REDISTRIBUTION(AT_IPV4),
	REDISTRIBUTION(AT_IPV6),
	{AT_BGP, "graceful shutdown", 0, NONE, {"bgp graceful-shutdown"}},
	{AT_BGP, "all shutdown", SESSION, NONE, {"bgp shutdown", "bgp shutdown message gone fishing|bgp shutdown"}},
	{AT_BGP, "shutdown", SESSION, NONE, {"bgp default shutdown|shutdown"}},
	{AT_BGP, "sets", 0, BOTH("no bgp reject-as-sets"), {"bgp reject-as-sets"}},
	{AT_IPV4, "distance", 0, BOTH("distance bgp 20 200 200"), {"distance bgp 5 6 7", "distance bgp 255 255 255"}},
	{AT_IPV4, "table-map", 0, NONE, {"table-map M4", "table-map MISSING"}},
	{AT_IPV4, "network 2", POLICY, NONE, {"network 10.0.1.0/24", "network 10.0.1.0/24 route-map M1"}},
	{AT_IPV4, "network 3", POLICY, NONE, {"network 203.0.113.0/24", "network 203.0.113.0/24 backdoor", "network 203.0.113.0/24 route-map M3", "network 203.0.113.0/24 route-map MISSING"}},
	{AT_IPV4, "aggregate", OFTEN | POLICY, NONE, {"aggregate-address 198.51.0.0/16", "aggregate-address 198.51.0.0/16 as-set summary-only", "aggregate-address 198.51.0.0/16 suppress-map M1", "aggregate-address 198.51.0.0/16 summary-only matching-MED-only", "aggregate-address 198.51.0.0/16 as-set route-map M2 origin egp", "aggregate-address 198.51.0.0/16 summary-only route-map MISSING"}},
	{AT_IPV4, "aggregate 2", POLICY, NONE, {"aggregate-address 198.0.0.0/8", "aggregate-address 198.0.0.0/8 summary-only", "aggregate-address 198.0.0.0/8 suppress-map M4"}},
	{AT_IPV6, "aggregate", POLICY, NONE, {"aggregate-address 2001:db8::/32 as-set summary-only origin igp", "aggregate-address 2001:db8::/32 matching-MED-only suppress-map M1", "aggregate-address 2001:db8::/32 route-map M3"}},
	{AT_PEER_IPV4, "unsuppress", POLICY, NONE, {"unsuppress-map M1", "unsuppress-map M4", "unsuppress-map MISSING"}},
	{AT_PEER_IPV6, "unsuppress", POLICY, NONE, {"unsuppress-map M1"}},
	{AT_IPV4, "paths", 0, BOTH("maximum-paths 64"), {"maximum-paths 1", "maximum-paths 2"}},
	{AT_IPV4, "paths ibgp", 0, BOTH("maximum-paths ibgp 64"), {"maximum-paths ibgp 1", "maximum-paths ibgp 4 equal-cluster-length"}},
	{AT_IPV6, "network 1", POLICY, NONE, {"network 2001:db8:1::/64", "network 2001:db8:1::/64 route-map M2"}},
	{AT_IPV6, "network 2", POLICY, NONE, {"network 2001:db8:77:4::/64", "network 2001:db8:77:4::/64 route-map M2 backdoor"}},
	{AT_IPV6, "paths", 0, BOTH("maximum-paths 64"), {"maximum-paths 1"}},

	{AT_EVPN, "all-vni", OFTEN, BOTH("no advertise-all-vni"), {"advertise-all-vni"}},
	{AT_EVPN, "autort", 0, BOTH("autort as $"), {"autort as 64999"}},
	{AT_EVPN, "autort form", 0, NONE, {"autort rfc8365-compatible"}},
	{AT_EVPN, "default-gw", 0, BOTH("no advertise-default-gw"), {"advertise-default-gw"}},
	{AT_EVPN, "svi-ip", 0, BOTH("no advertise-svi-ip"), {"advertise-svi-ip"}},
	{AT_EVPN, "duplicates", 0, BOTH("dup-addr-detection"), {"no dup-addr-detection"}},
	{AT_EVPN, "moves", 0, BOTH("dup-addr-detection max-moves 5 time 180"), {"dup-addr-detection max-moves 7 time 60"}},
	{AT_EVPN, "freeze", 0, NONE, {"dup-addr-detection freeze permanent", "dup-addr-detection freeze 60"}},
	{AT_EVPN, "flooding", 0, BOTH("flooding head-end-replication"), {"flooding disable"}},
	{AT_VNI, "default-gw", 0, BOTH("no advertise-default-gw"), {"advertise-default-gw"}},
	{AT_VNI, "svi-ip", 0, BOTH("no advertise-svi-ip"), {"advertise-svi-ip"}},
	{AT_VNI, "rd", 0, NONE, {"rd 10.0.0.1:@", "rd 65001:88@"}},
	{AT_VNI, "import", 0, NONE, {"route-target import 65002:@", "route-target import 65004:@"}},
	{AT_VNI, "both", 0, NONE, {"route-target both 65001:9@"}},
	{AT_VNI, "export", 0, NONE, {"route-target export 65001:7@", "route-target export 65001:8@"}},
};
/* clang-format on */

const size_t row_count = sizeof(rows) / sizeof(rows[0]);
