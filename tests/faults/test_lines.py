"""The way to S3: names, sockets, certificates, versions of TLS, what speaks there instead."""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import unittest
import warnings

import proxy as px
import table
from table import Row

ROOM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "name_room.py")
NET = "network error: .*localhost"


def has_rooms():
    """May we make a network of our own?"""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rnm", "mount", "--bind", "/dev/null", "/etc/resolv.conf"],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def both(*args, good, says, **more):
    """On the first connection alone, where that ends well; and on every one."""
    arrival = more.pop("arrival")
    for recording in ("one", "small"):
        yield Row(*args, recording + ", once", recording, arrivals={1: arrival}, **more)
        yield Row(*args, recording + ", always", recording, arrivals={0: arrival}, good=good, says=says, **more)


def certificates(world):
    for name, says in (
            ("wrong-host", r"(certificate|TLS) error: .*certificate of localhost is for s3.eu-test-1.example, not for localhost"),
            ("expired", r"(certificate|TLS) error: .*certificate of localhost expired on 20\d\d-\d\d-\d\d; this machine's clock says"),
            ("future", r"(certificate|TLS) error: .*certificate of localhost is not valid before 20\d\d-\d\d-\d\d; this machine's clock"),
            ("unknown-ca", r'(certificate|TLS) error: .*issued by "another CA", who is not in .*\(AWS_CA_BUNDLE\)'),
            ("selfsigned", r"(certificate|TLS) error: .*localhost.*signed for himself and is not in"),
            ("cn-only", r"(certificate|TLS) error: .*certificate of localhost is for .*bucket.localhost.*, not for localhost"),
            ("for-clients", r"(certificate|TLS) error: .*localhost.*not for servers")):
        # Nobody is asked twice for his papers.
        shown = px.shows(world.context(name))
        for recording in ("one", "small"):
            yield Row("certificate: " + name, recording, recording, arrivals={0: shown}, good=False, says=says)
        later = "certificate, when it connects again: " + name
        yield Row(later, "part 2", "small", arrivals=dict.fromkeys(range(2, 12), shown), good=False, left=True, says=says,
                  acts={("part 2", 1): px.lose_question("reset")})
        yield Row(later, "close", "small", arrivals=dict.fromkeys(range(2, 12), shown), good=False, left=True, made=True, says=says,
                  acts={("close", 1): px.lose_answer("reset")})
    for recording in ("one", "small"):
        yield Row("certificate: unknown to Amazon's roots", recording, recording, good=False, env={"AWS_CA_BUNDLE": ""},
                  says=r"none of Amazon's roots; AWS_CA_BUNDLE names a file with others")
        yield Row("AWS_CA_BUNDLE is not there", recording, recording, good=False, says="/nowhere/ca.pem",
                  env={"AWS_CA_BUNDLE": "/nowhere/ca.pem"})
        yield Row("AWS_CA_BUNDLE is no PEM file", recording, recording, good=False, says="one.mkv",
                  env={"AWS_CA_BUNDLE": world.recording("one")})


def versions(world):
    old = world.context("good", ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    yield from both("TLS 1.0 and 1.1 alone", good=False, says="TLS error: .*localhost.*(protocol_version|TLS 1.2)",
                    arrival=px.shows(old))
    weak = world.authority.context("good", ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        weak.set_ciphers("AES128-SHA:AES256-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    yield from both("old suites alone", good=False, says="TLS error: .*localhost.*handshake_failure", arrival=px.shows(weak))
    for recording in ("one", "small", "two"):
        yield Row("TLS 1.2, and nothing is wrong", recording, recording,
                  context=world.context("good", ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2))
        yield Row("TLS 1.3, and nothing is wrong", recording, recording,
                  context=world.context("good", ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3))
        yield Row("plain, and nothing is wrong", recording, recording, context=None)


def strangers(_):
    tls = "(TLS|network) error: .*localhost"
    yield from both("plain HTTP on the port of TLS", good=False, says=tls + ".*does not speak TLS",
                    arrival=px.says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
    yield from both("SSH on the port of TLS", good=False, says=tls + ".*does not speak TLS",
                    arrival=px.says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"))
    yield from both("zeros on the port of TLS", good=False, says=tls, arrival=px.says(b"\0" * 5000))
    yield from both("an alert at once", good=False, says=tls + ".*internal_error",
                    arrival=px.says(b"\x15\x03\x03\x00\x02\x02\x50"))
    yield from both("a record of 65535 bytes", good=False, says=tls, arrival=px.says(b"\x16\x03\x03\xff\xff" + b"a" * 66000))
    for how in ("reset", "fin"):
        yield from both("ended before TLS (%s)" % how, good=False, says=NET, arrival=px.ends(how))
        yield Row("ended before TLS (%s)" % how, "twice", "small", arrivals={1: px.ends(how), 2: px.ends(how)})


def absent(_):
    # Bound and not listening: refused, and nobody else gets the port meanwhile.
    for recording in ("one", "small", "two"):
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        yield Row("connection refused", recording, recording, port=held.getsockname()[1], good=False, held=held,
                  says=NET + ".*none of its addresses can be reached")
    if not has_rooms():
        print("no namespaces here: rows of names are left out")
        return
    for kind, says in (("silent", "no name server answered|name service does not answer"), ("none", "no name server can be reached"),
                       ("nxdomain", "there is no such name"), ("servfail", "the name server failed or refused"),
                       ("empty", "the name has no address"), ("garbage", "name serv")):
        for recording in ("one", "small"):
            yield Row("name server: " + kind, recording, recording, good=False, url="https://s3.eu-test-1.invalid",
                      wrap=("unshare", "-rnm", sys.executable, ROOM, kind),
                      says="network error: (bucket.)?s3.eu-test-1.invalid.*(%s)" % says)


class Lines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = table.World()

    def each(self, rows, threads=6):
        self.assertTrue(table.run(list(rows), self.world, threads, self.id().rpartition(".")[2]))

    def test_absent(self):
        """They sleep most of the time."""
        self.each(absent(self.world), 20)


for function in (certificates, versions, strangers):
    setattr(Lines, "test_" + function.__name__, lambda self, f=function: self.each(f(self.world)))

if __name__ == "__main__":
    unittest.main()
