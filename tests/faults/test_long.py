"""The other side falls silent, for ever or for long: the client's patience decides, up to three minutes a row."""
import socket
import unittest

import proxy as px
import table
from table import Row

NET = "network error: .*localhost"
LATER = 390


def mute(proxy, sock):
    """Connected, and never a byte."""
    px.Wire(sock, None, proxy.plan).end("mute")


def silent_answer(t, q):
    """It is done, and nothing is said."""
    t.hear(q)
    t.wire.end("mute")


def silent_question(t, q):
    t.wire.end("mute")


def half_answer(t, q):
    data = t.hear(q)
    t.wire.send(data[:len(data) // 2])
    t.wire.end("mute")


def rows():
    for recording in ("one", "small"):
        yield Row("never a byte of TLS", recording + ", once", recording, arrivals={1: mute}, seconds=LATER)
        yield Row("never a byte of TLS", recording + ", always", recording, arrivals={0: mute}, good=False, seconds=LATER,
                  says=NET + ".*TLS handshake takes too long")
    for number in (1, 2, 3, 5):
        for way in ("up", "down"):
            yield Row("silent at %s record %d" % (way, number), "TLS", "one", cut=px.Cut(way, number, "before", "mute"),
                      seconds=LATER)
    for step in ("put", "check", "open", "part 2", "close"):
        recording = "one" if step == "put" else "small"
        for name, act, done in (("done, and no answer", silent_answer, True), ("not done, and no answer", silent_question, False),
                                ("half an answer", half_answer, True)):
            makes = step in ("put", "close") and done
            yield Row(name, step + ", once", recording, acts={(step, 1): act}, seconds=LATER, left=step == "open")
            yield Row(name, step + ", always", recording, acts={(step, 0): act}, seconds=LATER, good=makes,
                      left=step == "open", says=() if makes else NET + ".*no answer came for 60 s")
    refused = {("part 2", 0): px.instead(px.answer("403 Forbidden", "AccessDenied"))}
    yield Row("no answer", "abort, once", "small", acts={("abort", 1): silent_answer, **refused}, good=False, seconds=LATER,
              says="AccessDenied")
    yield Row("no answer", "abort, always", "small", acts={("abort", 0): silent_question, **refused}, good=False,
              seconds=LATER, says="AccessDenied", left=True)
    # The machine's buffers take much of it: only a large part is felt.
    yield Row("deaf in the body", "part 1, once", "two", acts={("part 1", 1): px.deaf_in_body(0.1)}, seconds=LATER)
    yield Row("deaf in the body", "part 1, always", "two", acts={("part 1", 0): px.deaf_in_body(0.1)}, seconds=LATER,
              good=False, says=NET + ".*no byte could be sent for 20 s")
    yield Row("an answer byte by byte for 80 s", "put", "one", acts={("put", 1): px.drip(80)}, seconds=LATER)
    yield Row("an answer byte by byte for 80 s", "close", "small", acts={("close", 1): px.drip(80)}, seconds=LATER)
    yield Row("an answer after 50 s", "close", "small", acts={("close", 1): px.delayed(50)}, seconds=LATER)
    # The queue of those who knock is full: the machine drops what comes, as a firewall does.
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    knocking = []
    for _ in range(3):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(full.getsockname())
        knocking.append(s)
    for recording in ("one", "small"):
        yield Row("nobody opens, nobody refuses", recording, recording, port=full.getsockname()[1], good=False, seconds=LATER,
                  held=(full, knocking), says=NET + ".*addresses can be reached")


class Long(unittest.TestCase):
    def test_silence(self):
        made = list(rows())
        self.assertTrue(table.run(made, table.World(), len(made), "silence"))


if __name__ == "__main__":
    unittest.main()
