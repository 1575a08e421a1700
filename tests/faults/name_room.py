"""A network of its own (a namespace of user, network and mounts) with a name server that misbehaves as told:
name_room.py KIND COMMAND... Kinds: silent, none, nxdomain, servfail, garbage, empty. Not run for itself."""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

SIOCGIFFLAGS, SIOCSIFFLAGS, UP = 0x8913, 0x8914, 1


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        flags = struct.unpack_from("16sh", fcntl.ioctl(s, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0)))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | UP))


def serve(sock, kind):
    while True:
        question, source = sock.recvfrom(512)
        # RFC 1035 section 4.1.1: QR, RD, RA and the code; the question is said again.
        code = {"nxdomain": 3, "servfail": 2, "empty": 0}.get(kind)
        if code is not None:
            sock.sendto(question[:2] + struct.pack(">H", 0x8180 | code) + question[4:], source)
        elif kind == "garbage":
            sock.sendto(question[:2] + b"\xff" * 40, source)


def main():
    kind, command = sys.argv[1], sys.argv[2:]
    raise_loopback()
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
        f.write("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
        f.flush()
        subprocess.run(["mount", "--bind", f.name, "/etc/resolv.conf"], check=True)
        if kind != "none":
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(("127.0.0.1", 53))
            threading.Thread(target=serve, args=(sock, kind), daemon=True).start()
        code = subprocess.run(command, check=False).returncode
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
