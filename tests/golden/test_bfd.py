"""The BFD codec against tshark, both ways: what we write, tshark reads as we meant it; what FRR and BIRD sent
(bfd-*.hex, README), tshark and we read alike.

usage: test_bfd.py BFD_CODEC      (the program bfd_codec.c)
"""

import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
FIELDS = ["bfd.diag", "bfd.sta", "bfd.flags.p", "bfd.flags.f", "bfd.flags.c", "bfd.flags.d", "bfd.detect_time_multiplier",
          "bfd.my_discriminator", "bfd.your_discriminator", "bfd.desired_min_tx_interval", "bfd.required_min_rx_interval",
          "bfd.required_min_echo_interval"]  # fmt: skip


def write_pcap(path, packets):
    """Each packet a datagram to port 3784 over raw IPv4."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for number, body in enumerate(packets):
            udp = struct.pack(">HHHH", 50000, 3784, 8 + len(body), 0) + body
            packet = struct.pack(">BBHHHBBHII", 0x45, 0xC0, 20 + len(udp), number, 0, 255, 17, 0, 0x0A000001, 0x0A000002) + udp
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)


def tshark(packets):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as pcap:
        write_pcap(pcap.name, packets)
        command = ["tshark", "-r", pcap.name, "-T", "fields", "-E", "separator=,"]
        for name in FIELDS + ["_ws.malformed", "_ws.expert.message"]:
            command += ["-e", name]
        text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
    rows = [line.split(",") for line in text.splitlines()]
    for row in rows:
        assert row[len(FIELDS):] == ["", ""], f"tshark complains: {row}"
    return [[int(v, 0) for v in row[: len(FIELDS)]] for row in rows]


def numbers(text):
    return [[int(v) for v in line.split()] for line in text.splitlines()]


def main(codec):
    lines = subprocess.run([codec, "encode"], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    packets = [bytes.fromhex(line.split()[0]) for line in lines]
    meant = numbers("\n".join(line.split(" ", 1)[1] for line in lines))
    assert len(packets) == 64 and tshark(packets) == meant
    for name, states in (("frr", {0, 1, 2, 3}), ("bird", {1, 3})):
        text = (HERE / f"bfd-{name}.hex").read_text()
        theirs = [bytes.fromhex(line) for line in text.split()]
        ours = subprocess.run([codec, "decode"], input=text, stdout=subprocess.PIPE, check=True, text=True).stdout
        assert len(theirs) > 10 and tshark(theirs) == numbers(ours), name
        assert {row[1] for row in numbers(ours)} == states, f"{name}: not every state is there"


if __name__ == "__main__":
    main(sys.argv[1])
