"""A man in the middle between rusuden and the made-up S3 (tests/cloud): he ends TLS, so that he sees and
counts records and reads HTTP, and does what a row of the table tells him.

Everything blocks, in one thread a connection; the client has one connection at a time.
"""
import socket
import ssl
import struct
import threading
import time

PATIENCE = 150  # seconds: longer than the client's
RESET = struct.pack("ii", 1, 0)


class Gone(Exception):
    """This connection is over."""


class Cut:
    """The row's fault on the level of records: the n-th (from 1, over all connections) of a direction."""

    def __init__(self, way, number, place, how):
        self.way, self.number, self.place, self.how = way, number, place, how


class Wire:
    """The client's side of a connection. `context` None: plain."""

    def __init__(self, sock, context, plan):
        self.sock, self.plan = sock, plan
        self.raw = sock.makefile("rb", buffering=65536)
        self.text = b""
        self.dying = None
        self.tls = None
        if context is not None:
            self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.into, self.out, server_side=True)

    def exactly(self, n):
        data = self.raw.read(n)
        if len(data) < n:
            raise Gone
        return data

    def take_record(self):
        """One record from the client into TLS, or the row's cut."""
        if self.dying:
            self.end(self.dying)
        head = self.exactly(5)
        size = int.from_bytes(head[3:], "big")
        cut = self.plan.count("up", size)
        if cut and cut.place == "before":
            self.end(cut.how)
        if cut and cut.place == "middle":
            self.exactly(size // 2)
            self.end(cut.how)
        if cut:
            self.dying = cut.how  # the server hears it, and nobody else anything more
        self.into.write(head + self.exactly(size))

    def flush(self):
        data = self.out.read()
        if data and self.dying:
            self.end(self.dying)
        at = 0
        while at < len(data):
            size = 5 + int.from_bytes(data[at + 3:at + 5], "big")
            cut = self.plan.count("down", size)
            if cut and cut.place == "before":
                self.end(cut.how)
            if cut and cut.place == "middle":
                self.sock.sendall(data[at:at + 5 + size // 2])
                self.end(cut.how)
            self.sock.sendall(data[at:at + size])
            if cut:
                self.end(cut.how)
            at += size

    def handshake(self):
        while self.tls:
            try:
                self.tls.do_handshake()
                self.flush()
                return
            except ssl.SSLWantReadError:
                self.flush()
                self.take_record()
            except ssl.SSLError:
                self.flush()  # the alert
                self.end("fin")

    def receive(self):
        """Some plain bytes; none: the client has ended."""
        if self.tls is None:
            return self.sock.recv(65536)
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.flush()
                self.take_record()
            except ssl.SSLZeroReturnError:
                return b""

    def send(self, data):
        if self.tls is None:
            self.sock.sendall(data)
        else:
            self.tls.write(data)
            self.flush()

    def end(self, how):
        """Ends it: "reset" breaks it; "fin" says good-bye on TCP alone; "notify" on TLS, too; "mute" never."""
        if how == "notify" and self.tls:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass
            try:
                self.sock.sendall(self.out.read())
            except OSError:
                pass
        if how == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        else:
            self.linger(how)
        raise Gone

    def linger(self, how):
        """What the client still sends is read: closing over it would send a reset."""
        try:
            if how != "mute":
                self.sock.shutdown(socket.SHUT_WR)
                self.sock.settimeout(2)
            elif self.plan.deaf:
                time.sleep(PATIENCE)
            while self.sock.recv(65536):
                pass
        except OSError:
            pass

    def close(self):
        self.raw.close()
        self.sock.close()

    # ---- HTTP ----

    def head(self):
        """The bytes up to an empty line; None: the client has ended."""
        while b"\r\n\r\n" not in self.text:
            more = self.receive()
            if not more:
                return None
            self.text += more
        at = self.text.index(b"\r\n\r\n") + 4
        head, self.text = self.text[:at], self.text[at:]
        return head

    def body(self, left):
        """The pieces of a body."""
        while left > 0:
            piece = self.text or self.receive()
            if not piece:
                raise Gone
            self.text = piece[left:]
            yield piece[:left]
            left -= min(left, len(piece))


def fields(head):
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}


class Question:
    def __init__(self, head):
        self.head = head
        self.method, self.target, _ = head.decode("latin-1").split("\r\n")[0].split(" ")
        self.fields = fields(head)
        self.length = int(self.fields.get("content-length", "0"))
        self.expects = self.fields.get("expect", "") == "100-continue"
        self.step = self.read_step()

    def read_step(self):
        query = self.target.partition("?")[2]
        if self.method == "HEAD":
            return "check"
        if self.method == "DELETE":
            return "abort"
        if self.method == "POST":
            return "close" if "uploadId" in query else "open"
        for pair in query.split("&"):
            if pair.startswith("partNumber="):
                return "part " + pair[11:]
        return "put"


class Talk:
    """One connection: questions of the client, answers of the cloud."""

    def __init__(self, wire, port):
        self.wire, self.port = wire, port
        self.far = self.heard = None

    def close(self):
        if self.far:
            self.heard.close()
            self.far.close()
            self.far = None

    def far_head(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.heard.readline()
            if not line:
                raise Gone
            head += line
        return head

    def ask(self, q, tell=True):
        """The head goes to the cloud, its word to go on to the client. False: it has answered instead."""
        if self.far is None:
            self.far = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            self.far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.heard = self.far.makefile("rb")
        self.far.sendall(q.head)
        if not q.expects:
            return True
        head = self.far_head()
        if not head.startswith(b"HTTP/1.1 100"):
            self.wire.send(self.far_answer(q, head))
            self.close()
            self.wire.end("notify")
        if tell:
            self.wire.send(head)
        return True

    def forward(self, q, upto=None, flip=None):
        """The body, or its first bytes; with one bit turned."""
        at = 0
        for piece in self.wire.body(q.length if upto is None else min(upto, q.length)):
            if flip is not None and at <= flip < at + len(piece):
                piece = bytearray(piece)
                piece[flip - at] ^= 1
            self.far.sendall(piece)
            at += len(piece)

    def far_answer(self, q, head=None):
        head = head or self.far_head()
        f = fields(head)
        if q.method == "HEAD" or head.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
            return head
        if f.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                line = self.heard.readline()
                size = int(line, 16)
                body += line + self.heard.read(size + 2)
                if size == 0:
                    return head + body
        return head + self.heard.read(int(f.get("content-length", "0")))

    def hear(self, q):
        """The cloud's whole answer to all of the question."""
        self.ask(q)
        self.forward(q)
        return self.far_answer(q)

    def swallow(self, q, upto=None, tell=True):
        """The question ends here: the cloud hears nothing of it."""
        if q.expects and tell:
            self.wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        for _ in self.wire.body(q.length if upto is None else min(upto, q.length)):
            pass


# ---- what a row may do with a question; each is called with the talk and the question ----

def good(t, q):
    answer = t.hear(q)
    t.wire.send(answer)
    if fields(answer.partition(b"\r\n\r\n")[0]).get("connection") == "close":
        t.wire.end("notify")


def lose_question(how):
    """Lost before the cloud has heard of it."""
    return lambda t, q: t.wire.end(how)


def lose_body(how, share):
    """Lost when the cloud has heard this share of the body (a number: so many bytes)."""
    def act(t, q):
        t.ask(q)
        t.forward(q, share if share > 1 else int(q.length * share))
        t.wire.end(how)
    return act


def lose_answer(how):
    def act(t, q):
        t.hear(q)
        t.wire.end(how)
    return act


def cut_answer(how, share):
    """A share of its bytes, or so many, from its end where negative."""
    def act(t, q):
        answer = t.hear(q)
        at = int(len(answer) * share) if isinstance(share, float) else share
        t.wire.send(answer[:at])
        t.wire.end(how)
    return act


def answer(status, code="", headers="", body=None, close=False):
    """The bytes of an answer."""
    if body is None:
        body = ("<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>made up by a row of the table"
                "</Message>%s</Error>" % (code, "")) if code else ""
    return ("HTTP/1.1 %s\r\nDate: %s\r\n%s%sContent-Length: %d\r\n\r\n%s"
            % (status, time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()), headers,
               "Connection: close\r\n" if close else "", len(body), body)).encode()


def bare(q, data):
    """HEAD's answers have no body."""
    return data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if q.method == "HEAD" else data


def instead(data):
    """Another answer; nothing is done."""
    def act(t, q):
        t.swallow(q)
        t.wire.send(bare(q, data))
    return act


def done_but(data):
    """Another answer, though it was done."""
    def act(t, q):
        t.hear(q)
        t.wire.send(bare(q, data))
    return act


def at_once(data, how="notify"):
    """Refused at the head: no word to go on, and the connection ends."""
    def act(t, q):
        t.wire.send(bare(q, data))
        t.wire.end(how)
    return act


def early(data, after, how):
    """An answer while the body is still coming, and nothing more is read but by the machine."""
    def act(t, q):
        t.swallow(q, after)
        t.wire.send(bare(q, data))
        t.wire.end(how)
    return act


def changed(change):
    """The cloud's answer with something else in it."""
    def act(t, q):
        t.wire.send(change(t.hear(q)))
    return act


def header(name, value):
    """A header of the answer is another one; None: is missing."""
    def change(data):
        head, _, body = data.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(name.lower().encode() + b":")]
        if value is not None:
            lines.append(("%s: %s" % (name, value)).encode())
        return b"\r\n".join(lines) + b"\r\n\r\n" + body
    return change


def to_the_end(how):
    """The body's length is not told: it is what comes before the end, which is a good one or is not."""
    def act(t, q):
        data = t.hear(q)
        head, _, body = data.partition(b"\r\n\r\n")
        if b"chunked" in head:
            plain, rest = b"", body
            while True:
                size, _, rest = rest.partition(b"\r\n")
                if int(size, 16) == 0:
                    break
                plain, rest = plain + rest[:int(size, 16)], rest[int(size, 16) + 2:]
            body = plain
        lines = [line for line in head.split(b"\r\n")
                 if not line.lower().startswith((b"content-length", b"transfer-encoding"))]
        t.wire.send(b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\n" + body)
        t.wire.end(how)
    return act


def flip(at):
    """One bit of the body is turned; from its end where negative."""
    def act(t, q):
        t.ask(q)
        t.forward(q, flip=at if at >= 0 else q.length + at)
        t.wire.send(t.far_answer(q))
    return act


def no_continue(t, q):
    t.ask(q, tell=False)
    t.forward(q)
    t.wire.send(t.far_answer(q))


def drip(seconds):
    """Byte by byte."""
    def act(t, q):
        data = t.hear(q)
        for i in range(len(data)):
            t.wire.send(data[i:i + 1])
            time.sleep(seconds / len(data))
    return act


def delayed(seconds):
    def act(t, q):
        data = t.hear(q)
        time.sleep(seconds)
        t.wire.send(data)
    return act


def then_end(how):
    """A good answer that promises to keep the connection; and then it is closed all the same."""
    def act(t, q):
        t.wire.send(t.hear(q))
        t.wire.end(how)
    return act


def deaf_in_body(share):
    """Reads a share of the body and then nothing more, for ever."""
    def act(t, q):
        t.ask(q)
        t.forward(q, int(q.length * share))
        t.wire.plan.deaf = True
        t.wire.end("mute")
    return act


def signal_at(place):
    """The client is told to stop, at a place of this question."""
    def act(t, q):
        if place == "question":
            t.wire.plan.interrupt()
        t.ask(q)
        if place == "body":
            t.forward(q, q.length // 2)
            t.wire.plan.interrupt()
            t.forward(Rest(q, q.length - q.length // 2))
        else:
            t.forward(q)
        data = t.far_answer(q)
        if place == "answer":
            t.wire.plan.interrupt()
            time.sleep(0.05)
        t.wire.send(data)
    return act


class Rest:
    def __init__(self, q, length):
        self.length = length


# ---- what a row may do with a connection, before any question ----

def ends(how):
    def arrival(proxy, sock):
        Wire(sock, None, proxy.plan).end(how)
    return arrival


def says(data):
    """Not TLS at all."""
    def arrival(proxy, sock):
        sock.recv(65536)
        sock.sendall(data)
        Wire(sock, None, proxy.plan).end("fin")
    return arrival


def shows(context):
    """Another certificate, another version."""
    def arrival(proxy, sock):
        proxy.talk(sock, context)
    return arrival


class Plan:
    """What shall happen in a row. acts: {(step, try): act}, try 0: every one. arrivals: {n: arrival}, the
    same. And what did happen."""

    def __init__(self, acts=None, arrivals=None, cut=None):
        self.acts, self.arrivals, self.cut = acts or {}, arrivals or {}, cut
        self.records = {"up": 0, "down": 0}
        self.sizes = {"up": [], "down": []}
        self.questions, self.secrets, self.connections = [], set(), 0
        self.fired = 0
        self.deaf = False
        self.interrupt = lambda: None

    def count(self, way, size):
        self.records[way] += 1
        self.sizes[way].append(size)
        cut = self.cut
        if cut is None or cut.way != way or self.records[way] != cut.number:
            return None
        self.fired += 1
        return cut

    def act_on(self, q):
        self.questions.append(q.step)
        for name in ("authorization", "x-amz-security-token"):
            if name in q.fields:
                self.secrets.add(q.fields[name].rpartition("Signature=")[2])
        nth = self.questions.count(q.step)
        act = self.acts.get((q.step, nth)) or self.acts.get((q.step, 0))
        self.fired += act is not None
        return act or good


class Proxy:
    def __init__(self, port, context, plan):
        self.to, self.context, self.plan = port, context, plan
        self.errors = []
        self.listener = socket.socket()
        # A deaf server is felt soon: what waits in the machine's buffers was sent.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plan = self.plan
        plan.connections += 1
        arrival = plan.arrivals.get(plan.connections) or plan.arrivals.get(0)
        plan.fired += arrival is not None
        try:
            if arrival:
                arrival(self, sock)
            else:
                self.talk(sock, self.context)
        except (Gone, OSError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(repr(error))
        finally:
            sock.close()

    def talk(self, sock, context):
        wire = Wire(sock, context, self.plan)
        talk = Talk(wire, self.to)
        try:
            wire.handshake()
            while True:
                head = wire.head()
                if head is None:
                    wire.end("notify")
                question = Question(head)
                self.plan.act_on(question)(talk, question)
        finally:
            talk.close()
            wire.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
