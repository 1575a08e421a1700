"""Our TLS client against OpenSSL: versions, chains, names, sessions, ends, cuts, memory that runs out."""
import datetime
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings

from server import HOST, SANS, Authority, Plain, Proxy, Server

CLIENT = os.environ["TLS_CLIENT"]
FULL = os.environ.get("TLS_FULL") == "yes"  # every byte, not a few hundred
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = (V12, V13)
TALK = "say=take 0 give 1000 notify\n"

folder = authority = None


def setUpModule():
    global folder, authority
    folder = tempfile.mkdtemp(prefix="rusuden-tls-")
    authority = Authority(folder)
    authority.make_all()


def tearDownModule():
    shutil.rmtree(folder)


def client(port, host, *options):
    """Its lines. A crash, a sanitizer, an assert or a contract broken is an exit code."""
    done = subprocess.run([CLIENT, str(port), host, *options], capture_output=True, text=True, timeout=500)
    if done.returncode != 0:
        raise AssertionError("exit code %d: %s %s" % (done.returncode, done.stdout, done.stderr))
    return done.stdout


def value(text, key):
    return re.search(r"\b%s=(\S+)" % key, text).group(1)


def ca(name):
    return "ca=" + authority.path(name + ".pem")


class Case(unittest.TestCase):
    def server(self, name, version=None, **more):
        server = Server(authority, name, version, **more)
        self.addCleanup(server.close)
        return server

    def proxy(self, *words):
        proxy = Proxy(*words)
        self.addCleanup(proxy.close)
        return proxy

    def refused(self, text, *words):
        """The handshake failed, and said so in these words, and left nothing."""
        self.assertIn("lost=handshake", text)
        for word in words:
            self.assertIn(word, text)


class Talking(Case):
    def test_versions_and_chains(self):
        for version in VERSIONS:
            for name, root in (("rsa", "rsa-root"), ("ec", "ec-root"), ("p384", "ec-root"), ("big", "big-root")):
                with self.subTest(version=version, name=name):
                    server = self.server(name, version)
                    text = client(server.port, HOST, ca(root), "say=take 100000 give 200000 notify\n", "send=100000")
                    self.assertIn("heard=200000 right=1\nend=close_notify", text)
                    seen = server.seen[0]
                    self.assertEqual(seen["version"], version.name.replace("_", "."))
                    self.assertTrue(seen["right"])
                    self.assertEqual(server.names, [HOST])

    def test_small_pieces(self):
        """A socket that takes and gives 1, 7, 1000 bytes, and refuses every second time."""
        for version in VERSIONS:
            for piece in ("1", "7", "1000"):
                with self.subTest(version=version, piece=piece):
                    server = self.server("ec", version)
                    text = client(server.port, HOST, ca("ec-root"), "say=take 30000 give 40000 notify\n",
                                  "send=30000", "piece=" + piece)
                    self.assertIn("heard=40000 right=1\nend=close_notify", text)
                    self.assertTrue(server.seen[0]["right"])

    def test_suites(self):
        for name, suite in (("rsa", "ECDHE-RSA-AES128-GCM-SHA256"), ("rsa", "ECDHE-RSA-CHACHA20-POLY1305"),
                            ("ec", "ECDHE-ECDSA-AES256-GCM-SHA384"), ("ec", "ECDHE-ECDSA-CHACHA20-POLY1305")):
            server = self.server(name, V12, suites=suite)
            self.assertIn("heard=1000 right=1", client(server.port, HOST, ca(name + "-root"), TALK))
            self.assertEqual(server.seen[0]["suite"], suite)

    def test_our_preference(self):
        """AES first, where the machine has instructions for it."""
        context_order = self.server("rsa", V12)
        context_order.context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        client(context_order.port, HOST, ca("rsa-root"), TALK)
        with open("/proc/cpuinfo", encoding="ascii") as f:
            fast = re.search(r"^(flags|Features)\s*:.*\baes\b", f.read(), re.M)
        self.assertEqual(context_order.seen[0]["suite"],
                         "ECDHE-RSA-AES128-GCM-SHA256" if fast else "ECDHE-RSA-CHACHA20-POLY1305")

    def test_groups(self):
        """The second and third wish: in TLS 1.3 that takes a second ClientHello."""
        for version in VERSIONS:
            for group in ("prime256v1", "secp384r1"):
                server = self.server("ec", version, groups=group)
                self.assertIn("right=1", client(server.port, HOST, ca("ec-root"), TALK))

    def test_what_is_not_spoken(self):
        for suites in ("AES128-SHA", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256"):
            server = self.server("rsa", V12, suites=suites + ":@SECLEVEL=0")
            self.refused(client(server.port, HOST, ca("rsa-root"), TALK), "kind=TLS error", "alert")
        old = self.server("rsa", None, suites="ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.context.minimum_version = old.context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.refused(client(old.port, HOST, ca("rsa-root"), TALK), "kind=TLS error", "protocol_version")

    def test_no_tls_there(self):
        for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail.example ESMTP\r\n", b"\0" * 100, b"\x16\x03\x01"):
            plain = Plain(answer)
            self.addCleanup(plain.close)
            self.refused(client(plain.port, HOST, TALK), "error: " + HOST)
        plain = Plain(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.addCleanup(plain.close)
        self.refused(client(plain.port, HOST, TALK), HOST + " does not speak TLS here")


class Trusting(Case):
    def setUp(self):
        self.ec = {v: self.server("ec", v) for v in VERSIONS}

    def each(self, name, *options, host=HOST):
        for version in VERSIONS:
            server = self.server(name, version)
            yield client(server.port, host, *options, TALK)
            server.close()
            self.assertTrue(server.failures, "the server was told")

    def test_names(self):
        for version in VERSIONS:
            port = self.ec[version].port
            for good in (HOST, "s3.eu-test-1.example", HOST.upper(), SANS[5].replace("*", "a")):
                self.assertIn("right=1", client(port, good, ca("ec-root"), TALK), good)
            for bad in ("a." + HOST, "eu-test-1.example", "example", "s3.eu-test-1.example.evil", "x", "127.0.0.1",
                        "b" * 190 + ".example"):
                self.refused(client(port, bad, ca("ec-root"), TALK), "kind=certificate error", "is for",
                             "s3.eu-test-1.example, *.s3.eu-test-1.example, ", "and 25 more", "not for")
        text = client(port, "other.example", ca("ec-root"), TALK)
        self.refused(text, "the certificate of other.example is for s3.eu-test-1.example, ",
                     " and 25 more, not for other.example\n")

    def test_addresses(self):
        for version in VERSIONS:
            server = self.server("ip", version)
            for good in ("127.0.0.1", "::1", "0:0:0:0:0:0:0:1"):
                self.assertIn("right=1", client(server.port, good, ca("ec-root"), TALK))
            self.assertEqual(server.names, [None] * 3)  # RFC 6066 section 3
            self.assertIn("right=1", client(server.port, "localhost", ca("ec-root"), TALK))
            self.assertEqual(server.names[3:], ["localhost"])
            for bad in ("127.0.0.2", "::2", "::ffff:127.0.0.1"):
                self.refused(client(server.port, bad, ca("ec-root"), TALK),
                             "is for 127.0.0.1, 0000:0000:0000:0000:0000:0000:0000:0001, localhost, not for " + bad)
        # A name that looks like an address is none.
        for text in self.each("name-like-ip", ca("ec-root"), host="127.0.0.1"):
            self.refused(text, "is for 127.0.0.1, not for 127.0.0.1")

    def test_unknown_issuer(self):
        for text in self.each("rsa", ca("ec-root")):
            self.refused(text, 'the certificate of %s was issued by "rsa-root", who is not in ' % HOST, "(AWS_CA_BUNDLE)")
        for text in self.each("rsa"):
            self.refused(text, 'was issued by "rsa-root", who is none of Amazon\'s roots; AWS_CA_BUNDLE names a file')
        for text in self.each("selfsigned", ca("ec-root")):
            self.refused(text, 'ends at "%s", who signed for himself and is not in ' % HOST)
        for text in self.each("big"):
            self.refused(text, 'ends at "big-root", who signed for himself and is none of Amazon')

    def test_an_impostor_with_the_right_name(self):
        """A root of another key, but of the same name, and of the same serial number."""
        other = tempfile.mkdtemp(dir=folder)
        impostor = Authority(other)
        impostor.make("ec-root", "ec-root", "prime256v1", "basicConstraints=critical,CA:TRUE")
        for text in self.each("ec", "ca=" + impostor.path("ec-root.pem")):
            self.refused(text, "who is not in")
        # In one bundle with the right one, before it or behind it, it does no harm.
        right, wrong = authority.read("ec-root.pem"), impostor.read("ec-root.pem")
        for name, text in (("both.pem", wrong + right), ("both2.pem", right + wrong)):
            path = authority.write(name, text)
            for version in VERSIONS:
                self.assertIn("right=1", client(self.ec[version].port, HOST, "ca=" + path, TALK))

    def test_time(self):
        def at(days):
            when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
            return "utc=%d" % (when.timestamp() * 1000), when.strftime("%Y-%m-%d")
        for days, words in ((11, "expired on " + at(10)[1]), (-1, "is not valid before " + at(0)[1]),
                            (4000, "expired on "), (-20000, "is not valid before ")):
            clock, day = at(days)
            for text in self.each("brief", ca("ec-root"), clock):
                self.refused(text, "kind=certificate error", words, "this machine's clock says " + max(day, "1970-01-01"))
        clock, _ = at(9)
        server = self.server("brief")
        self.assertIn("right=1", client(server.port, HOST, ca("ec-root"), clock, TALK))
        for text in self.each("brief", ca("ec-root"), "utc=253402300800000"):  # the year 10000
            self.refused(text)

    def test_for_clients_only(self):
        for text in self.each("only-client", ca("ec-root")):
            self.refused(text, "kind=TLS error", "has a certificate that is not for servers")

    def test_bundles(self):
        everything = [authority.read(n + ".pem") for n in ("rsa-root", "stranger", "me-ca", "selfsigned")]
        large = "# a comment\n" + "".join(everything) * 60 + authority.read("ec-root.pem") + "".join(everything)
        self.assertGreater(len(large), 150000)
        bundle = authority.write("large.pem", large)
        crlf = authority.write("crlf.pem", large.replace("\n", "\r\n"))
        for version in VERSIONS:
            for path in (bundle, crlf):
                self.assertIn("right=1", client(self.ec[version].port, HOST, "ca=" + path, TALK))
        longer = "-----BEGIN CERTIFICATE-----\n" + "QUJD" * 3000 + "\n-----END CERTIFICATE-----\n"
        nonsense = "-----BEGIN CERTIFICATE-----\nQUJDREVG\n-----END CERTIFICATE-----\n"
        path = authority.write("odd.pem", longer + nonsense + authority.read("ec-root.pem"))
        self.assertIn("right=1", client(self.ec[V13].port, HOST, "ca=" + path, TALK))

    def test_bundles_that_cannot_be_read(self):
        port = self.ec[V13].port
        self.refused(client(port, HOST, "ca=" + folder + "/absent.pem", TALK), "/absent.pem cannot be read")
        self.refused(client(port, HOST, "ca=" + folder, TALK), folder + " cannot be read")
        empty = authority.write("empty.pem", "")
        self.refused(client(port, HOST, "ca=" + empty, TALK), "who is not in " + empty[-40:])
        cut = authority.write("cut.pem", authority.read("rsa-root.pem")[:-40])
        self.refused(client(port, HOST, "ca=" + cut, TALK), "cut.pem is no good PEM file: ")

    def test_every_cut_of_a_root(self):
        """DER that ends early, at each byte: nobody's certificate, and nothing read behind it."""
        der = ssl.PEM_cert_to_DER_cert(authority.read("ec-root.pem"))
        blocks = "".join(ssl.DER_cert_to_PEM_cert(der[:n]) for n in range(1, len(der)))
        path = authority.write("cuts.pem", blocks)
        self.refused(client(self.ec[V13].port, HOST, "ca=" + path, TALK), "who is not in")


class Resuming(Case):
    def test_resumption(self):
        for version in VERSIONS:
            for tickets in (2, 0) if version == V12 else (2, 1):
                server = self.server("rsa", version, tickets=tickets)
                text = client(server.port, HOST, ca("rsa-root"), TALK, "times=3")
                self.assertEqual(re.findall(r"resumed=(\d)", text), ["0", "1", "1"])
                self.assertEqual([s["reused"] for s in server.seen], [False, True, True])
                self.assertEqual(text.count("end=close_notify"), 3)

    def test_an_address_resumes(self):
        for version in VERSIONS:
            server = self.server("ip", version)
            self.assertEqual(re.findall(r"resumed=(\d)", client(server.port, "127.0.0.1", ca("ec-root"), TALK,
                                                                "times=2")), ["0", "1"])

    def test_not_with_another_host(self):
        """A session vouches for one name: even one that the same certificate has is asked anew."""
        for version in VERSIONS:
            server = self.server("rsa", version)
            text = client(server.port, HOST, ca("rsa-root"), TALK, "times=3", "other=s3.eu-test-1.example")
            self.assertEqual(re.findall(r"resumed=(\d)", text), ["0", "0", "0"])
            text = client(server.port, HOST, ca("rsa-root"), TALK, "times=2", "other=evil.example")
            self.assertIn("not for evil.example", text)

    def test_a_server_that_has_forgotten(self):
        """Another key for tickets: the whole handshake, and the bundle where the session was."""
        for version in VERSIONS:
            one, two = self.server("rsa", version), self.server("rsa", version)
            first = self.proxy(one.port)
            first.switch = two.port
            text = client(first.port, HOST, ca("rsa-root"), TALK, "times=3")
            self.assertEqual(re.findall(r"resumed=(\d)", text), ["0", "0", "1"])

    def test_no_tickets(self):
        server = self.server("ec", V13, tickets=0)
        text = client(server.port, HOST, ca("ec-root"), TALK, "times=2")
        self.assertEqual(re.findall(r"resumed=(\d)", text), ["0", "0"])

    def test_a_flood_of_tickets(self):
        server = self.server("ec", V13, tickets=100)
        text = client(server.port, HOST, ca("ec-root"), TALK)
        self.assertIn("lost=recv", text)


class Ourselves(Case):
    def me(self, name, key=None):
        return "cert=" + authority.path(name + ".pem"), "key=" + authority.path((key or name) + ".key")

    def test_client_certificates(self):
        for version in VERSIONS:
            for me, words in (("me-rsa", "a box in a cellar"), ("me-ec", "a box in an attic")):
                for name in ("rsa", "ec"):
                    server = self.server(name, version, client_ca=authority.path("me-ca.pem"))
                    text = client(server.port, HOST, ca(name + "-root"), *self.me(me), TALK, "times=2")
                    self.assertEqual(text.count("end=close_notify"), 2, text)
                    self.assertIn(words, str(server.seen[0]["client"]["subject"]))

    def test_none_or_a_strangers(self):
        for version in VERSIONS:
            server = self.server("ec", version, client_ca=authority.path("me-ca.pem"))
            text = client(server.port, HOST, ca("ec-root"), TALK)
            self.assertRegex(text, "lost=(handshake|recv|send) kind=TLS error .*(certificate_required|handshake_failure)")
            text = client(server.port, HOST, ca("ec-root"), *self.me("stranger"), TALK)
            self.assertRegex(text, "lost=(handshake|recv|send) kind=TLS error .*unknown_ca")
            # Nobody asks for it: it is not shown.
            server = self.server("ec", version)
            self.assertIn("right=1", client(server.port, HOST, ca("ec-root"), *self.me("me-ec"), TALK))

    def test_files_that_do_not_fit(self):
        server = self.server("ec", None, client_ca=authority.path("me-ca.pem"))

        def words(*options):
            text = client(server.port, HOST, ca("ec-root"), *options, TALK)
            self.refused(text, "kind=configuration error")
            return text
        certificate, key = self.me("me-ec")
        self.assertIn("me-ec.pem comes without a key", words(certificate))
        self.assertIn("me-ec.key comes without a certificate", words(key))
        self.assertIn("holds a key that is not the certificate's", words(*self.me("me-ec", "me-rsa")))
        self.assertIn("with a pass phrase", words(*self.me("me-ec", "me-locked")))
        self.assertIn("me-ec.pem holds no private key", words(certificate, "key=" + authority.path("me-ec.pem")))
        self.assertIn("me-ec.key holds no certificate", words("cert=" + authority.path("me-ec.key"), key))
        self.assertIn("absent cannot be read", words(certificate, "key=" + authority.path("absent")))
        broken = authority.write("broken.key", "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n")
        self.assertIn("holds a key of a kind that is not known", words(certificate, "key=" + broken))
        long = authority.write("long.pem", "-----BEGIN CERTIFICATE-----\n" + "QUJD" * 3000 +
                               "\n-----END CERTIFICATE-----\n")
        self.assertIn("holds a certificate that is too long", words("cert=" + long, key))


class Ending(Case):
    def test_end_and_cut(self):
        for version in VERSIONS:
            server = self.server("ec", version)
            text = client(server.port, HOST, ca("ec-root"), "say=take 0 give 5000 notify\n")
            self.assertIn("heard=5000 right=1\nend=close_notify", text)
            for ending in ("cut", "reset"):
                text = client(server.port, HOST, ca("ec-root"), "say=take 0 give 5000 %s\n" % ending)
                self.assertRegex(text, "right=1\nlost=recv kind=network error words=network error: %s"
                                 "( cut the connection: bytes may be missing|: the connection broke)" % HOST)

    def test_we_say_good_bye(self):
        """The server sees our close_notify, not a cut."""
        for version in VERSIONS:
            server = self.server("ec", version)
            text = client(server.port, HOST, ca("ec-root"), "patience=100")
            self.assertIn("stalled=recv", text)
            server.close()
            self.assertEqual(server.seen[0].get("end"), "close_notify")
            self.assertEqual(server.failures, [])

    def cuts(self, passed):
        if FULL:
            return range(1, passed)
        return sorted(set(list(range(1, 80)) + list(range(80, passed, 97)) + [passed - 1]))

    def through_the_proxy(self, version, direction, what, every=1):
        server = self.server("rsa", version)
        proxy = self.proxy(server.port, direction)
        options = (ca("rsa-root"), "say=take 3000 give 5000 notify\n", "send=3000")
        self.assertIn("end=close_notify", client(proxy.port, HOST, *options))
        proxy.what = what
        for limit in list(self.cuts(proxy.passed[direction]))[::every]:
            proxy.limit = limit
            yield limit, client(proxy.port, HOST, *options, "patience=3000" if what == "cut" else "patience=60")

    def test_cut_anywhere(self):
        for version in VERSIONS:
            for direction in ("down", "up"):
                ends = 0
                for limit, text in self.through_the_proxy(version, direction, "cut"):
                    if "lost=" not in text:
                        # Cut within our own close_notify, or behind what the server sends after its own.
                        self.assertIn("heard=5000 right=1\nend=close_notify", text, (version, direction, limit))
                        ends += 1
                        continue
                    self.assertIn("kind=network error", text, (version, direction, limit))
                    self.assertNotIn("end=close_notify", text)
                self.assertLess(ends, 40)

    def test_stall_anywhere(self):
        for version in VERSIONS:
            for direction in ("down", "up"):
                for limit, text in self.through_the_proxy(version, direction, "stall", 1 if FULL else 9):
                    self.assertTrue("stalled=" in text or "end=close_notify" in text, (version, direction, limit, text))

    def test_damage_anywhere(self):
        """One bit turned. Whatever it hits, nothing wrong is taken for right."""
        for version in VERSIONS:
            for limit, text in self.through_the_proxy(version, "down", "damage"):
                if "lost=" in text:
                    self.assertRegex(text, "kind=(TLS|network|certificate) error")
                elif "end=close_notify" in text:
                    self.assertIn("heard=5000 right=1", text, (version, limit))
                else:
                    self.assertIn("stalled=", text)


class Memory(Case):
    def test_every_allocation_fails_once(self):
        """A lost connection each time, in the same words, and nothing left (tls_close asserts it)."""
        for version in VERSIONS:
            for name, me in (("rsa", None), ("ec", "me-rsa")):
                server = self.server(name, version, client_ca=me and authority.path("me-ca.pem"))
                own = ["cert=" + authority.path(me + ".pem"), "key=" + authority.path(me + ".key")] if me else []
                with self.subTest(version=version, name=name):
                    text = client(server.port, HOST, ca(name + "-root"), "sweep=fail", "stride=%d" % (1 if FULL else 23),
                                  TALK, *own)
                    self.assertEqual(value(text, "otherwise"), "0", text[:2000])
                    self.assertGreater(int(value(text, "swept")), 100)
                    print(version.name, name, text.strip())

    def test_smallest_arena(self):
        """Below the budget by the margin that docs/TLS.md tells."""
        for version in VERSIONS:
            for name, me in (("rsa", None), ("rsa", "me-rsa"), ("ec", None), ("ec", "me-rsa"), ("big", "me-rsa")):
                server = self.server(name, version, client_ca=me and authority.path("me-ca.pem"))
                own = ["cert=" + authority.path(me + ".pem"), "key=" + authority.path(me + ".key")] if me else []
                text = client(server.port, HOST, ca(name + "-root"), "sweep=arena",
                              "say=take 0 give 100000 notify\n", *own)
                print(version.name, name, me, text.strip())
                self.assertLess(int(value(text, "smallest")), 48 * 1024 - 1024)


if __name__ == "__main__":
    if shutil.which("openssl") is None:
        print("skipped: certificates are made by openssl, which is not here")
        sys.exit(77)
    unittest.main()
