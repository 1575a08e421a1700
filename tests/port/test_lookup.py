"""Names, asked of a name server that is made here, and misbehaves as told.

Messages are typed from RFC 1035 section 4; what a literal address means is asked of getaddrinfo.
"""
import os
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

LOOKUP_ASK = os.path.abspath(os.environ["LOOKUP_ASK"])
A, CNAME, AAAA = 1, 5, 28
LOST = -2
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5
NO_SERVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
UNREACHED = "no name server can be reached"
SILENT = "no name server answered in time"
NO_NAME = "there is no such name"
NO_ADDRESS = "the name has no address"
FAILED = "the name server failed or refused to tell"
NEITHER = "that is neither an address nor a name that a host can have"
SLACK_MS = 900  # machines that test are busy ones; less than the shortest time-out


def labels(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


class Query:
    def __init__(self, data, source):
        self.data, self.source, self.at = data, source, time.monotonic()
        self.id, self.flags, questions, *rest = struct.unpack_from(">6H", data)
        assert questions == 1 and rest == [0, 0, 0], data
        at, parts = 12, []
        while data[at]:
            parts.append(data[at + 1:at + 1 + data[at]].decode())
            at += 1 + data[at]
        self.name = ".".join(parts)
        self.type, self.klass = struct.unpack_from(">2H", data, at + 1)
        assert at + 5 == len(data) and self.klass == 1 and self.flags == 0x0100, data
        self.question = data[12:]


def record(kind, address, name=b"\xc0\x0c"):
    family = socket.AF_INET if kind == A else socket.AF_INET6
    data = socket.inet_pton(family, address)
    return name + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def alias(name, target):
    return name + struct.pack(">HHIH", CNAME, 1, 60, len(target)) + target


def reply(query, *records, rcode=0, cut=False, number=None, question=None, count=None):
    flags = 0x8180 | rcode | (0x0200 if cut else 0)
    return struct.pack(">6H", query.id if number is None else number, flags, 1,
                       len(records) if count is None else count, 0, 0) + (question or query.question) + b"".join(records)


def book(four=(), six=()):
    """A server that knows one name's addresses."""
    def answer(server, query):
        kind, known = (A, four) if query.type == A else (AAAA, six)
        return [reply(query, *(record(kind, address) for address in known))]
    return answer


def ordered(kinds, answer):
    """When both questions have come, the answers in this order."""
    came = {}

    def both(server, query):
        came[query.type] = answer(server, query)
        return came[kinds[0]] + came[kinds[1]] if len(came) == 2 else []
    return both


def saying(rcode):
    return lambda server, query: [reply(query, rcode=rcode)]


def silent(server, query):
    return []


class Server:
    """answer(server, query): what to send, each item a message or (seconds, message) or (seconds, message, socket)."""

    def __init__(self, answer, address="127.0.0.1", port=0):
        self.answer, self.queries = answer, []
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            data, source = self.socket.recvfrom(4096)
            if data == b"stop":
                return
            query = Query(data, source)
            self.queries.append(query)
            for item in self.answer(self, query):
                seconds, message, sender = (0, item, self.socket) if isinstance(item, bytes) \
                    else (*item, self.socket)[:3]
                if seconds:
                    threading.Timer(seconds, self.send, (sender, message, source)).start()
                else:
                    self.send(sender, message, source)

    @staticmethod
    def send(sender, message, to):
        try:
            sender.sendto(message, to)
        except OSError:
            pass  # it has stopped listening, as it may

    def close(self):
        end = socket.socket(self.socket.family, socket.SOCK_DGRAM)
        end.sendto(b"stop", self.socket.getsockname())
        end.close()
        self.thread.join(5)
        self.socket.close()


class Result:
    def __init__(self, line):
        count, ms, longest, calls, *rest = line.split(" ", 4)
        self.count, self.ms, self.longest, self.calls = int(count), int(ms), int(longest), int(calls)
        self.why = rest[0] if self.count < 0 else None
        self.full = [f.split(",") for f in rest[0].split(" ")] if self.count > 0 else []
        self.found = [f[0] for f in self.full]


def has_route(address):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 443))
            return True
        except OSError:
            return False


def in_turn(six, four):
    first, second = (six, four) if six and has_route(six[0]) else (four, six)
    mixed = []
    for n in range(max(len(first), len(second))):
        mixed += first[n:n + 1] + second[n:n + 1]
    return mixed


class Lookup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.close()
        shutil.rmtree(self.folder)

    def serve(self, answer, address="127.0.0.1"):
        try:
            server = Server(answer, address, self.servers[0].port if self.servers else 0)
        except OSError as error:
            self.skipTest(f"{address}: {error}")
        self.servers.append(server)
        return server

    def path(self, name, content):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def ask(self, *names, hosts=None, resolv=NO_SERVER, most=10000):
        port = self.servers[0].port if self.servers else 9
        began = time.monotonic()
        done = subprocess.run([LOOKUP_ASK, self.path("hosts", hosts), self.path("resolv.conf", resolv), str(port),
                               str(most), *names], capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertLess(time.monotonic() - began, 20)
        results = [Result(line) for line in done.stdout.decode().splitlines()]
        self.assertEqual(len(results), len(names))
        for result in results:
            self.assertLess(result.longest, SLACK_MS)  # nothing waits
        return results[0] if len(names) == 1 else results


class Literals(Lookup):
    def test_as_getaddrinfo(self):
        server = self.serve(saying(NXDOMAIN))
        for text in ("127.0.0.1", "1.2.3.4", "255.255.255.255", "0.0.0.0", "::1", "::", "2001:db8::1", "2001:DB8::A",
                     "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "fe80::1%lo", "fe80::1%1", "ff02::1%lo"):
            info = socket.getaddrinfo(text, 443, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]
            address = info[4]
            scope = address[3] if info[0] == socket.AF_INET6 else 0
            family = info[0]
            got = self.ask(text)
            self.assertEqual((got.count, got.calls), (1, 1), text)
            self.assertEqual(socket.inet_pton(family, got.found[0]), socket.inet_pton(family, address[0].split("%")[0]))
            self.assertEqual(got.full[0][1:], ["443", str(scope)], text)
        self.assertEqual(server.queries, [])

    def test_what_is_none(self):
        server = self.serve(book(["192.0.2.1"]))
        for text in ("256.1.1.1", "1.2.3", "127.1", "1", "0x7f.1", "01.2.3.4", "1.2.3.4.", "1.2.3.4 ", ":::", "1::2::3",
                     "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "[::1]", "fe80::1%", "fe80::1%nowhere",
                     "fe80::1%1x", "fe80::1%99999999999", "%lo", "::1\n", "a b", "a..b", ".", ".a", "a" * 64 + ".test",
                     "h\u00f6st.test", "a/b", "a:80", "x" * 250 + ".x"):
            got = self.ask(text)
            self.assertEqual((got.count, got.why), (LOST, NEITHER), text)
        self.assertEqual(server.queries, [])

    def test_localhost(self):
        loop = in_turn(["::1"], ["127.0.0.1"])
        for text in ("localhost", "LocalHost", "localhost.", "db.localhost"):
            for hosts in (None, "9.9.9.9 localhost db.localhost\n"):
                self.assertEqual(self.ask(text, hosts=hosts).found, loop, text)
        theirs = {info[4][0] for info in socket.getaddrinfo("localhost", 443, type=socket.SOCK_STREAM)}
        self.assertTrue(theirs <= set(loop), theirs)


class Hosts(Lookup):
    def test_lines_of_all_kinds(self):
        server = self.serve(saying(NXDOMAIN))
        hosts = ("# 192.0.2.99 commented\r\n"
                 "\t 192.0.2.1\t\tplain  Plain.Example # 192.0.2.98 and behind\r\n"
                 "192.0.2.2 twice twice\n"
                 "2001:db8::2\ttwice\n"
                 "192.0.2.2 twice\n"
                 "192.0.2.3 cut#off\n"
                 "\n   \n\x0b\x0c\n"
                 "nonsense bad\n"
                 "192.0.2.300 bad\n"
                 "fe80::7%lo linked\n"
                 "fe80::7%nowhere bad\n"
                 "192.0.2.4\n"
                 "nul\0 192.0.2.5 bad\n"
                 "192.0.2.6 " + "x" * 5000 + " after-long\n"
                 "192.0.2.7 " + "many " * 50000 + "at-the-end\n"
                 "192.0.2.8 dotted.example.\n" + "1" * 300 + " bad\n"
                 "192.0.2.9 last")
        for name, found in (("plain", ["192.0.2.1"]), ("PLAIN.example", ["192.0.2.1"]), ("plain.", ["192.0.2.1"]),
                            ("twice", in_turn(["2001:db8::2"], ["192.0.2.2"])), ("cut", ["192.0.2.3"]),
                            ("linked", ["fe80::7"]), ("after-long", ["192.0.2.6"]), ("at-the-end", ["192.0.2.7"]),
                            ("dotted.example", ["192.0.2.8"]), ("last", ["192.0.2.9"])):
            got = self.ask(name, hosts=hosts)
            self.assertEqual((got.found, got.calls), (found, 1), name)
        self.assertEqual(self.ask("linked", hosts=hosts).full[0][2], str(socket.if_nametoindex("lo")))
        self.assertEqual(server.queries, [])
        for name in ("commented", "behind", "and", "off", "bad", "nonsense", "plai", "plainn", "x" * 60):
            self.assertEqual(self.ask(name, hosts=hosts).why, NO_NAME, name)

    def test_every_place_in_the_pieces(self):
        # The reader's pieces are 1024 bytes: the line lies across each of their ends once.
        line = b"192.0.2.1 here\n"
        for at in range(1000, 1030):
            hosts = b"#" * (at - 1) + b"\n" + line
            self.assertEqual(self.ask("here", hosts=hosts).found, ["192.0.2.1"])

    def test_more_than_there_is_room_for(self):
        hosts = "".join(f"192.0.2.{n} many\n" for n in range(20)) + "".join(f"2001:db8::{n + 1:x} many\n" for n in range(20))
        self.assertEqual(self.ask("many", hosts=hosts).found,
                         in_turn([f"2001:db8::{n + 1:x}" for n in range(4)], [f"192.0.2.{n}" for n in range(4)]))

    def test_a_file_that_is_none(self):
        self.serve(book(["192.0.2.1"]))
        os.mkfifo(os.path.join(self.folder, "hosts"))
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])
        os.unlink(os.path.join(self.folder, "hosts"))
        os.mkdir(os.path.join(self.folder, "hosts"))
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])


class ResolvConf(Lookup):
    def test_absent_or_empty(self):
        server = self.serve(book(["192.0.2.1"]))
        for resolv in (None, "", "# nothing\n", "nameserver\n", "nameserver nonsense\nnameserver 1.2.3\n"):
            self.assertEqual(self.ask("name.test", resolv=resolv).found, ["192.0.2.1"], resolv)
        self.assertEqual(len(server.queries), 10)

    def test_lines_of_all_kinds(self):
        bad = self.serve(silent)
        good = self.serve(book(["192.0.2.1"]), "127.0.0.2")
        for resolv in ("nameserver 127.0.0.2", "nameserver\t127.0.0.2\r\n", " nameserver 127.0.0.2 127.0.0.1\n",
                       "; nameserver 127.0.0.1\n#nameserver 127.0.0.1\nnameserver 127.0.0.2\n",
                       "search nameserver 127.0.0.1\nnameserver 127.0.0.2 # first\n",
                       "domain " + "x" * 10000 + "\nnameserver 127.0.0.2\n",
                       "options " + "ndots:1 " * 3000 + "\nnameserver 127.0.0.2\n",
                       "nameserver " + "1" * 400 + "\nnameserver 127.0.0.2\n",
                       "options timeout:x attempts: timeout:-1 attempts:999999999999 timeout:0 debug\n"
                       "nameserver 127.0.0.2\n"):
            got = self.ask("name.test", resolv=resolv)
            self.assertEqual(got.found, ["192.0.2.1"], resolv)
            self.assertLess(got.ms, SLACK_MS)
        self.assertEqual(bad.queries, [])
        self.assertEqual(len(good.queries), 18)

    def test_one_server_a_line(self):
        self.serve(saying(SERVFAIL))
        second = self.serve(book(["192.0.2.1"]), "127.0.0.2")
        self.assertEqual(self.ask("name.test", resolv="nameserver 127.0.0.1 127.0.0.2\n").why, FAILED)
        self.assertEqual(second.queries, [])

    def test_options_that_make_no_sense(self):
        self.serve(lambda s, q: [(0.2, m) for m in book(["192.0.2.1"])(s, q)])
        for option in ("timeout:0", "attempts:0", "timeout:", "attempts:", "timeout:-1", "attempts:x", "timeout",
                       "timeout:99999999999999999999", "attempts:4294967296"):
            self.assertEqual(self.ask("name.test", resolv=f"options {option}\n").found, ["192.0.2.1"], option)

    def test_a_name_is_asked_as_it_is(self):
        server = self.serve(book(["192.0.2.1"]))
        self.ask("single", "with.dots", "dot.at.end.", resolv="search example.com\n" + NO_SERVER)
        self.assertEqual({q.name for q in server.queries}, {"single", "with.dots", "dot.at.end"})

    def test_a_server_with_ipv6(self):
        try:
            self.serve(book(["192.0.2.1"]), "::1")
        except OSError:
            self.skipTest("no IPv6 here")
        self.assertEqual(self.ask("name.test", resolv="nameserver ::1\n").found, ["192.0.2.1"])

    def test_three_servers_and_their_turns(self):
        servers = [self.serve(saying(SERVFAIL), f"127.0.0.{n}") for n in (1, 2, 3)]
        fourth = self.serve(book(["192.0.2.1"]), "127.0.0.4")
        resolv = "".join(f"nameserver 127.0.0.{n}\n" for n in (1, 2, 3, 4)) + "options attempts:3\n"
        got = self.ask("name.test", resolv=resolv)
        self.assertEqual((got.count, got.why), (LOST, FAILED))
        self.assertEqual(fourth.queries, [])
        asked = sorted((q.at, n) for n, s in enumerate(servers) for q in s.queries if q.type == A)
        self.assertEqual([n for _, n in asked], [0, 1, 2] * 3)
        everything = [q for s in servers for q in s.queries]
        self.assertEqual(len(everything), 18)
        # Hard to guess: each try has its own port, each question its own id.
        self.assertGreater(len({q.source[1] for q in everything}), 7)
        self.assertGreater(len({q.id for q in everything}), 15)
        for s in servers:
            for one, other in zip(s.queries[::2], s.queries[1::2]):
                self.assertEqual(one.source, other.source)
                self.assertEqual({one.type, other.type}, {A, AAAA})


class Answers(Lookup):
    def test_both_families(self):
        self.serve(book(["192.0.2.1", "192.0.2.2", "192.0.2.3"], ["2001:db8::1"]))
        got = self.ask("name.test")
        self.assertEqual(got.found, in_turn(["2001:db8::1"], ["192.0.2.1", "192.0.2.2", "192.0.2.3"]))
        self.assertTrue(all(f[1] == "443" for f in got.full))
        self.assertLess(got.ms, SLACK_MS)
        self.assertLess(got.calls, 5)

    def test_ipv6_with_a_way_comes_first(self):
        self.serve(book(["127.0.0.5"], ["::1", "2001:db8::2"]))
        if not has_route("::1"):
            self.skipTest("no IPv6 here")
        self.assertEqual(self.ask("name.test").found, ["::1", "127.0.0.5", "2001:db8::2"])

    def test_only_one_family(self):
        self.serve(book(["192.0.2.1"]))
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])
        self.servers[0].answer = book(six=["2001:db8::1"])
        self.assertEqual(self.ask("name.test").found, ["2001:db8::1"])

    def test_twenty_addresses(self):
        four = [f"192.0.2.{n}" for n in range(20)]
        six = [f"2001:db8::{n + 1:x}" for n in range(16)]
        self.serve(book(four))
        self.assertEqual(self.ask("name.test").found, four[:8])
        self.servers[0].answer = book(four, six)
        self.assertEqual(self.ask("name.test").found, in_turn(six[:4], four[:4]))
        # Two are enough for the other family, whoever comes first.
        self.servers[0].answer = book(four[:2], six)
        self.assertEqual(self.ask("name.test").found, in_turn(six[:6], four[:2]))
        for kinds in (A, AAAA), (AAAA, A):
            self.servers[0].answer = ordered(kinds, book(four[:2], six))
            self.assertEqual(self.ask("name.test").found, in_turn(six[:6], four[:2]))

    def test_aliases(self):
        # name.test is www.name.test (by pointer), which is far.example; then the address.
        www = b"\x03www\xc0\x0c"
        self.serve(lambda s, q: [reply(q, alias(b"\xc0\x0c", www), alias(www, labels("far.example")),
                                       record(A, "192.0.2.7", labels("far.example")))] if q.type == A
                   else [reply(q, alias(b"\xc0\x0c", www), alias(www, labels("far.example")))])
        self.assertEqual(self.ask("name.test").found, ["192.0.2.7"])

    def test_nobody_of_that_name(self):
        self.serve(saying(NXDOMAIN))
        got = self.ask("name.test")
        self.assertEqual((got.count, got.why), (LOST, NO_NAME))
        self.assertEqual(len(self.servers[0].queries), 2)  # final: not asked again
        self.servers[0].answer = book()
        got = self.ask("name.test")
        self.assertEqual((got.count, got.why), (LOST, NO_ADDRESS))
        # Servers exist that say NXDOMAIN where they mean "no AAAA".
        self.servers[0].answer = lambda s, q: [reply(q, record(A, "192.0.2.1")) if q.type == A else reply(q, rcode=NXDOMAIN)]
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])

    def test_truncated(self):
        two = [record(A, "192.0.2.1"), record(A, "192.0.2.2")]
        self.serve(lambda s, q: [reply(q, *two, cut=True) if q.type == A else reply(q)])
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1", "192.0.2.2"])
        self.servers[0].answer = lambda s, q: [reply(q, cut=True)]
        got = self.ask("name.test")
        self.assertEqual((got.count, got.why),
                         (LOST, "the name server's answer is too long for UDP, and it is not asked over TCP"))
        self.serve(book(["192.0.2.3"]), "127.0.0.2")
        self.assertEqual(self.ask("name.test", resolv="nameserver 127.0.0.1\nnameserver 127.0.0.2\n").found, ["192.0.2.3"])


class Trouble(Lookup):
    RESOLV = "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:1\n"

    def test_slow(self):
        self.serve(lambda s, q: [(0.3, m) for m in book(["192.0.2.1"], ["2001:db8::1"])(s, q)])
        got = self.ask("name.test")
        self.assertEqual(got.count, 2)
        self.assertGreaterEqual(got.ms, 290)
        self.assertLess(got.calls, 6)

    def test_silent(self):
        self.serve(silent)
        got = self.ask("name.test", resolv="options timeout:1 attempts:2\n")
        self.assertEqual((got.count, got.why), (LOST, SILENT))
        self.assertIn(got.ms, range(2000, 2000 + SLACK_MS))
        self.assertEqual(len(self.servers[0].queries), 4)
        self.assertLess(got.calls, 8)

    def test_patience_has_an_end(self):
        servers = [self.serve(silent, f"127.0.0.{n}") for n in (1, 2, 3)]
        got = self.ask("name.test", resolv="".join(f"nameserver 127.0.0.{n}\n" for n in (1, 2, 3)) +
                       "options timeout:30 attempts:5\n")
        self.assertEqual((got.count, got.why), (LOST, SILENT))
        self.assertIn(got.ms, range(5000, 5000 + SLACK_MS))
        self.assertEqual([len(s.queries) for s in servers], [4, 4, 2])  # each had its turn

    def test_nobody_listens(self):
        got = self.ask("name.test", resolv="nameserver 127.0.0.1\n")
        self.assertEqual((got.count, got.why), (LOST, UNREACHED))
        self.assertLess(got.ms, SLACK_MS)

    def test_the_second_server(self):
        second = self.serve(book(["192.0.2.1"]), "127.0.0.2")
        first = self.serve(saying(SERVFAIL))
        for rcode in (SERVFAIL, REFUSED, 4, 1):
            first.answer = saying(rcode)
            got = self.ask("name.test", resolv=self.RESOLV)
            self.assertEqual(got.found, ["192.0.2.1"], rcode)
            self.assertLess(got.ms, SLACK_MS)
        first.answer = silent
        got = self.ask("name.test", resolv=self.RESOLV)
        self.assertEqual(got.found, ["192.0.2.1"])
        self.assertIn(got.ms, range(1000, 1000 + SLACK_MS))
        self.assertEqual(len(second.queries), 10)

    def test_one_family_fails(self):
        self.serve(lambda s, q: [reply(q, record(A, "192.0.2.1")) if q.type == A else reply(q, rcode=SERVFAIL)])
        got = self.ask("name.test")
        self.assertEqual(got.found, ["192.0.2.1"])
        self.assertEqual(len(self.servers[0].queries), 2)
        # One says that it has none, the other fails: only the other is asked again.
        self.servers[0].answer = lambda s, q: [reply(q, rcode=0 if q.type == A else SERVFAIL)]
        self.servers[0].queries.clear()
        got = self.ask("name.test", resolv="options attempts:3\n")
        self.assertEqual((got.count, got.why), (LOST, FAILED))
        self.assertEqual(sorted(q.type for q in self.servers[0].queries), [A, AAAA, AAAA, AAAA])

    def test_the_other_family_has_fifty_ms(self):
        for kind, found in ((A, ["192.0.2.1"]), (AAAA, ["2001:db8::1"])):
            self.servers and self.servers.pop().close()
            self.serve(lambda s, q, kind=kind: book(["192.0.2.1"], ["2001:db8::1"])(s, q) if q.type == kind else [])
            got = self.ask("name.test")
            self.assertEqual(got.found, found)
            self.assertIn(got.ms, range(50, 50 + SLACK_MS))
        for kinds in (A, AAAA), (AAAA, A):
            self.servers[0].answer = ordered(kinds, book(["192.0.2.1"], ["2001:db8::1"]))
            self.assertEqual(self.ask("name.test").count, 2)

    def test_no_addresses_are_no_reason_to_hurry(self):
        self.serve(lambda s, q: [reply(q)] if q.type == AAAA else [(0.4, reply(q, record(A, "192.0.2.1")))])
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])

    def test_wrong_ids_and_questions(self):
        right = ["192.0.2.1"]

        def answer(server, q):
            lie = record(A, "192.0.2.66")
            wrong = [reply(q, lie, number=q.id ^ 1), reply(q, lie, number=0),
                     reply(q, lie, question=labels("name.evil") + struct.pack(">2H", A, 1)),
                     reply(q, lie, question=labels(q.name) + struct.pack(">2H", A if q.type == AAAA else AAAA, 1)),
                     reply(q, lie, question=labels(q.name) + struct.pack(">2H", q.type, 3)),
                     reply(q, rcode=NXDOMAIN, number=q.id ^ 0x8000), q.data]
            return wrong + [(0.05, m) for m in book(right)(server, q)]
        self.serve(answer)
        got = self.ask("name.test")
        self.assertEqual(got.found, right)
        self.assertGreaterEqual(got.ms, 45)

    def test_forged_senders(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as neighbour:
            stranger.bind(("127.0.0.9", 0))
            neighbour.bind(("127.0.0.1", 0))  # the right address, another port

            def answer(server, q):
                lie = reply(q, record(A, "192.0.2.66")) if q.type == A else reply(q)
                return [(0, lie, stranger), (0, lie, neighbour)] + [(0.05, m) for m in book(["192.0.2.1"])(server, q)]
            self.serve(answer)
            self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])

    def test_the_first_answer_counts(self):
        def answer(server, q):
            if q.type == AAAA:
                return [(0.03, reply(q))]
            return [reply(q, record(A, "192.0.2.1")), reply(q, record(A, "192.0.2.66")), reply(q, rcode=SERVFAIL)]
        self.serve(answer)
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])

    def test_other_names_in_the_answer(self):
        self.serve(lambda s, q: [reply(q, record(A, "192.0.2.66", labels("evil.test")), record(A, "192.0.2.1"))]
                   if q.type == A else [reply(q)])
        self.assertEqual(self.ask("name.test").found, ["192.0.2.1"])

    def test_loops(self):
        # A name that points at itself, two that point at each other, and aliases in a ring.
        bad = (lambda q: reply(q, alias(b"\xc0\x0c", b"\xc0" + bytes([12 + len(q.question) + 12]))),
               lambda q: reply(q, record(A, "192.0.2.66", b"\xc0" + bytes([12 + len(q.question)]))),
               lambda q: reply(q, alias(b"\xc0\x0c", labels("b.test")), alias(labels("b.test"), b"\xc0\x0c")),
               lambda q: reply(q, alias(b"\xc0\x0c", b"\xc0\x0c")))
        self.serve(silent)
        self.serve(book(["192.0.2.1"]), "127.0.0.2")
        for make in bad:
            self.servers[0].answer = lambda s, q, make=make: [make(q)]
            got = self.ask("name.test", resolv=self.RESOLV)
            # A ring of aliases may count as "no address", which is final.
            self.assertTrue(got.found == ["192.0.2.1"] or got.why == NO_ADDRESS, (got.found, got.why))

    def test_cut_anywhere(self):
        def whole(q):
            return reply(q, alias(b"\xc0\x0c", labels("far.test")), record(A, "192.0.2.1", labels("far.test")))

        self.serve(silent)
        self.serve(book(["192.0.2.2"]), "127.0.0.2")
        length = []

        def answer(server, q, cut=0):
            length[:] = [len(whole(q))]
            return [whole(q)[:cut]] if q.type == A else [reply(q)]
        for cut in (0, 1, 11, 12, 20, 27, 28, 40, 50, 60, 70):
            self.servers[0].answer = lambda s, q, cut=cut: answer(s, q, cut)
            got = self.ask("name.test", resolv="nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:1\n")
            self.assertEqual(got.found, ["192.0.2.2"], cut)
        self.assertGreater(length[0], 70)

    def test_garbage(self):
        chance = random.Random(3)

        def answer(server, q):
            rubbish = [chance.randbytes(chance.choice((0, 1, 11, 12, 13, 60, 512, 1232, 1400))) for _ in range(60)]
            own = [struct.pack(">H", q.id ^ 1) + r for r in rubbish[:20]]
            return rubbish + own + [(0.05, m) for m in book(["192.0.2.1"])(server, q)]
        self.serve(answer)
        got = self.ask("name.test")
        self.assertEqual(got.found, ["192.0.2.1"])
        self.assertLess(got.calls, 400)

    def test_several_at_once(self):
        def answer(server, q):
            number = int(q.name[1:2])
            return [(0.1, m) for m in book([f"192.0.2.{number}"])(server, q)]
        self.serve(answer)
        results = self.ask("n1.test", "n2.test", "n3.test", "n4.test")
        self.assertEqual([r.found for r in results], [[f"192.0.2.{n}"] for n in (1, 2, 3, 4)])
        self.assertTrue(all(r.ms < 100 + SLACK_MS for r in results))

    def test_given_up_in_between(self):
        self.serve(silent)
        self.assertEqual(self.ask("name.test", most=0).count, 0)


if __name__ == "__main__":
    unittest.main()
