"""The codec against tshark, both ways: what we write, tshark reads as we meant it; what others wrote
(*.bin, README), tshark and we read alike.

usage: test_golden.py CODEC      (the program codec.c)
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
UPDATE = "bgp.update.path_attribute."

# Our name of a thing -> the fields of tshark that say it, in the order of the wire.
FIELDS = {
    "types": ["bgp.type"],
    "origin": [UPDATE + "origin"],
    "as_path": [UPDATE + "as_path_segment.as4"],
    "med": [UPDATE + "multi_exit_disc"],
    "local_pref": [UPDATE + "local_pref"],
    "originator": [UPDATE + "originator_id"],
    "aggregator": [UPDATE + "aggregator_as", UPDATE + "aggregator_origin"],
    "next_hop": [UPDATE + "next_hop", UPDATE + "mp_reach_nlri.next_hop.ipv4",
                 UPDATE + "mp_reach_nlri.next_hop.ipv6", UPDATE + "mp_reach_nlri.next_hop.ipv6.link_local"],
    "large_global": ["bgp.large_communities.ga"],
    "large_local1": ["bgp.large_communities.ldp1"],
    "large_local2": ["bgp.large_communities.ldp2"],
    "community_as": [UPDATE + "community_as"],
    "community_value": [UPDATE + "community_value"],
    "well_known": [UPDATE + "community_wellknown"],
    "rt_as2": ["bgp.ext_com.value_as2"],
    "rt_number4": ["bgp.ext_com.value_an4"],
    "rt_as4": ["bgp.ext_com.value_as4"],
    "rt_number2": ["bgp.ext_com.value_an2"],
    "tunnel": ["bgp.ext_com.tunnel_type"],
    "router_mac": ["bgp.ext_com_evpn.esi.router_mac"],
    "mobility": ["bgp.ext_com_evpn.mmac.seq", "bgp.ext_com_evpn.mmac.flags.sticky"],
    "pmsi": [UPDATE + "pmsi.tunnel.type", UPDATE + "pmsi.ingress_rep_ip"],
    "announced": ["bgp.nlri_prefix", "bgp.mp_reach_nlri_ipv4_prefix", "bgp.mp_reach_nlri_ipv6_prefix"],
    "withdrawn": ["bgp.withdrawn_prefix", "bgp.mp_unreach_nlri_ipv4_prefix", "bgp.mp_unreach_nlri_ipv6_prefix"],
    "evpn_type": ["bgp.evpn.nlri.rt"],
    "rd": ["bgp.evpn.nlri.rd"],
    "tag": ["bgp.evpn.nlri.etag"],
    "mac": ["bgp.evpn.nlri.mac_addr"],
    "ip4": ["bgp.evpn.nlri.ip.addr"],
    "ip6": ["bgp.evpn.nlri.ipv6.addr"],
    "prefix_len": ["bgp.evpn.nlri.prefix_len"],
    "gateway4": ["bgp.evpn.nlri.ipv4.gtw_addr"],
    "gateway6": ["bgp.evpn.nlri.ipv6.gtw_addr"],
    "label1": ["bgp.evpn.nlri.mpls_ls1"],  # the upper 20 bits
    "label2": ["bgp.evpn.nlri.mpls_ls2"],
    "label24": [UPDATE + "mpls_label_value"],
    "pmsi_vni": ["bgp.evpn.nlri.vni"],
    "restart": ["bgp.cap.gr.timers.restart_flag", "bgp.cap.gr.timers.notification_flag", "bgp.cap.gr.timers.restart_time",
                "bgp.cap.gr.afi", "bgp.cap.gr.safi", "bgp.cap.gr.flag.pfs"],
    "malformed": ["_ws.malformed"],
    "expert": ["_ws.expert.message"],
}


HARMLESS = ["Graceful Restart Capability supported in Helper mode only", "IP Address: NOT INCLUDED"]


def codec(program, *arguments, stdin=b""):
    return subprocess.run([program, *arguments], input=stdin, stdout=subprocess.PIPE, check=True).stdout


def messages_of(stream):
    while stream:
        size = struct.unpack(">H", stream[16:18])[0]
        yield stream[:size]
        stream = stream[size:]


def write_pcap(path, messages):
    """Each message a TCP segment of its own, from port 50000 to port 179, over raw IPv4."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        sequence = 1
        for number, message in enumerate(messages):
            tcp = struct.pack(">HHIIBBHHH", 50000, 179, sequence, 1, 0x50, 0x18, 0xFFFF, 0, 0) + message
            packet = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), number & 0xFFFF, 0, 64, 6, 0,
                                 0x0A000001, 0x0A000002) + tcp
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
            sequence += len(message)


def tshark(messages):
    names = [name for fields in FIELDS.values() for name in fields]
    with tempfile.NamedTemporaryFile(suffix=".pcap") as pcap:
        write_pcap(pcap.name, messages)
        command = ["tshark", "-r", pcap.name, "-o", "bgp.asn_len:4 octet", "-o", "tcp.desegment_tcp_streams:false",
                   "-T", "fields", "-E", "separator=\t", "-E", "occurrence=a", "-E", "aggregator=|"]
        for name in names:
            command += ["-e", name]
        text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True).stdout
    rows = []
    for remark in HARMLESS:
        text = text.replace(remark, "")
    for line in text.split("\n")[:-1]:
        values = dict(zip(names, line.split("\t")))
        rows.append({key: [v for f in fields for v in values[f].split("|") if v] for key, fields in FIELDS.items()})
    return rows


def extcomm_rows(e, row):
    kind, sub = e[:2]
    if (kind, sub) == (0, 2):
        row["rt_as2"].append(str(struct.unpack(">H", e[2:4])[0]))
        row["rt_number4"].append(str(struct.unpack(">I", e[4:])[0]))
    elif (kind, sub) == (2, 2):
        row["rt_as4"].append(str(struct.unpack(">I", e[2:6])[0]))
        row["rt_number2"].append(str(struct.unpack(">H", e[6:])[0]))
    elif (kind, sub) == (3, 0x0C):
        row["tunnel"].append(str(struct.unpack(">H", e[6:])[0]))
    elif (kind, sub) == (6, 1):
        row["label24"].append(str(int.from_bytes(e[5:], "big")))
    elif (kind, sub) == (6, 3):
        row["router_mac"].append(e[2:].hex(":"))


def restart_row(restart):
    families = restart["families"]
    return ([str(restart[key]) for key in ("r", "n", "time")] + [str(afi) for afi, _, _ in families]
            + [str(safi) for _, safi, _ in families] + [str(kept) for _, _, kept in families])


def ours(shown):
    """One of our messages in tshark's terms."""
    row = {key: [] for key in FIELDS}
    row["types"] = [{"OPEN": "1", "UPDATE": "2", "NOTIFICATION": "3", "KEEPALIVE": "4",
                     "ROUTE-REFRESH": "5"}[shown["message"]]]
    if "restart" in shown:
        row["restart"] = restart_row(shown["restart"])
    for run in shown.get("runs", []):
        for key in ("origin", "as_path", "med", "local_pref", "originator", "aggregator", "next_hop", "mobility"):
            row[key] += run.get(key, [])
        for large in run.get("large", []):
            for key, part in zip(("large_global", "large_local1", "large_local2"), large.split(":")):
                row[key].append(part)
        for community in map(int, run.get("communities", [])):
            if community >> 16 in (0, 0xFFFF):
                row["well_known"].append(f"0x{community:08x}")
                continue
            row["community_as"].append(str(community >> 16))
            row["community_value"].append(str(community & 0xFFFF))
        for extcomm in run.get("extcomms", []):
            extcomm_rows(bytes.fromhex(extcomm), row)
        if run.get("pmsi") and row["tunnel"] == ["8"]:
            row["pmsi_vni"].append(run["pmsi"][1])
        if run.get("pmsi"):
            row["pmsi"] += [run["pmsi"][0]] + ([run["pmsi"][2]] if run["pmsi"][2] else [])
        for nlri in run["nlri"]:
            if isinstance(nlri, str):
                row["withdrawn" if "unreach" in run else "announced"].append(nlri.split("/")[0])
                continue
            row["evpn_type"].append(nlri["type"])
            row["rd"].append(nlri["rd"])
            row["tag"] += [nlri["tag"]] if "tag" in nlri else []
            row["mac"] += [nlri["mac"]] if "mac" in nlri else []
            if nlri["type"] == "5":
                row["label24"].append(nlri["label"])
            elif "label" in nlri:
                row["label1"].append(str(int(nlri["label"]) >> 4))
            if "label2" in nlri:
                row["label2"].append(str(int(nlri["label2"]) >> 4))
            row["prefix_len"] += [nlri["prefix_len"]] if "prefix_len" in nlri else []
            for name in ("ip", "gateway"):
                if name in nlri:
                    row[name + ("6" if ":" in nlri[name] else "4")].append(nlri[name])
    return row


def compare(name, program, stream, mode):
    shown = [json.loads(line) for line in codec(program, "show", mode, stdin=stream).splitlines()]
    theirs = tshark(list(messages_of(stream)))
    assert len(shown) == len(theirs), (name, len(shown), len(theirs))
    for number, (mine, their) in enumerate(zip(shown, theirs)):
        mine_row = ours(mine)
        for key in FIELDS:
            if mine_row[key] != their[key]:
                print(f"{name} message {number}: {key}\n  we     {mine_row[key]}\n  tshark {their[key]}")
                print(json.dumps(mine)[:600])
                return None
    return shown


def main():
    program = sys.argv[1]
    failed = False
    for stream in sorted(HERE.glob("*.bin")):
        shown = compare(stream.stem, program, stream.read_bytes(), "external")
        failed |= shown is None
        print(stream.stem, "ok" if shown else "FAILED")
    made = codec(program, "make", "1", "600")
    shown = compare("made", program, made, "internal")
    failed |= shown is None
    print("made", "ok" if shown else "FAILED")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
