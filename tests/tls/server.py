"""Certificates (made by openssl), TLS servers (Python's ssl, which is OpenSSL) and a proxy that cuts."""
import os
import socket
import ssl
import subprocess
import threading

# As AWS writes them: long names, and 28 of them in one certificate.
SANS = ["s3.eu-test-1.example", "*.s3.eu-test-1.example"] + [
    "*.s3-%s-%d.dualstack.eu-test-1.amazon-like-and-very-long-service-name.example" % (kind, n)
    for kind in ("accesspoint", "control", "website", "object-lambda", "outposts-accesspoint", "deprecated-fips")
    for n in range(5)][:26]
HOST = "bucket.s3.eu-test-1.example"


def openssl(*words, **more):
    done = subprocess.run(["openssl", *words], capture_output=True, **more)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


class Authority:
    """A tree of certificates in a folder. Every name is a file: NAME.pem, NAME.key."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as f:
            return f.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        return self.path(name)

    def make(self, name, issuer, kind, extensions, subject=None, days=3650):
        """One key and certificate; the issuer is another name, or the same: self-signed."""
        key = self.path(name + ".key")
        kind, _, bits = kind.partition("-")
        if kind == "rsa":
            openssl("genrsa", "-out", key, bits)
        else:
            openssl("ecparam", "-name", kind, "-genkey", "-out", key)
        subject = subject or "/C=US/O=Amazon-like Trust Services of the Test/CN=" + name
        openssl("req", "-new", "-sha256", "-key", key, "-subj", subject, "-out", self.path(name + ".csr"))
        self.write(name + ".ext", extensions + "\n")
        sign = ["-signkey", key] if issuer == name else [
            "-CA", self.path(issuer + ".pem"), "-CAkey", self.path(issuer + ".key"), "-CAcreateserial"]
        openssl("x509", "-req", "-sha256", "-in", self.path(name + ".csr"), "-days", str(days), *sign,
                "-extfile", self.path(name + ".ext"), "-out", self.path(name + ".pem"))

    def chain(self, name, *names):
        """NAME-chain.pem: what a server shows."""
        return self.write(name + "-chain.pem", "".join(self.read(n + ".pem") for n in (name,) + names))

    def make_all(self):
        ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash"
        # What AWS's leaves carry besides names, and takes room: policies, CRL and OCSP places, SCTs.
        leaf = ("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                "extendedKeyUsage=serverAuth,clientAuth\ncertificatePolicies=2.23.140.1.2.1\n"
                "crlDistributionPoints=URI:http://crl.ca.example/ca.crl\n"
                "authorityInfoAccess=OCSP;URI:http://ocsp.ca.example,caIssuers;URI:http://crt.ca.example/ca.cer\n"
                "1.3.6.1.4.1.11129.2.4.2=ASN1:FORMAT:HEX,OCTETSTRING:" + "5a" * 120 + "\n"
                "subjectAltName=")
        names = ",".join("DNS:" + n for n in SANS)
        for kind, curve in (("rsa", "rsa-2048"), ("ec", "prime256v1")):
            self.make(kind + "-root", kind + "-root", curve, ca)
            self.make(kind + "-ca1", kind + "-root", curve, ca)
            self.make(kind + "-ca2", kind + "-ca1", curve, ca)
            self.make(kind + "-ca3", kind + "-ca2", curve, ca)
            self.make(kind, kind + "-ca3", curve, leaf + names, "/CN=s3.eu-test-1.example")
            self.chain(kind, kind + "-ca3", kind + "-ca2", kind + "-ca1")
        # As companies have them: everything of 4096 bits, and the root shown, too.
        self.make("big-root", "big-root", "rsa-4096", ca)
        self.make("big-ca", "big-root", "rsa-4096", ca)
        self.make("big", "big-ca", "rsa-4096", leaf + "DNS:" + HOST)
        self.chain("big", "big-ca", "big-root")
        self.make("p384", "ec-root", "secp384r1", leaf + "DNS:" + HOST)
        self.make("ip", "ec-root", "prime256v1", leaf + "IP:127.0.0.1,IP:::1,DNS:localhost")
        self.make("name-like-ip", "ec-root", "prime256v1", leaf + "DNS:127.0.0.1", "/CN=127.0.0.1")
        self.make("selfsigned", "selfsigned", "prime256v1", leaf + "DNS:" + HOST, "/CN=" + HOST)
        self.make("brief", "ec-root", "prime256v1", leaf + "DNS:" + HOST, days=10)
        self.make("only-client", "ec-root", "prime256v1",
                  "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:" + HOST)
        self.make("me-ca", "me-ca", "prime256v1", ca)
        self.make("me-rsa", "me-ca", "rsa-2048", "extendedKeyUsage=clientAuth", "/CN=a box in a cellar")
        self.make("me-ec", "me-ca", "prime256v1", "extendedKeyUsage=clientAuth", "/CN=a box in an attic")
        self.make("stranger", "stranger", "prime256v1", "extendedKeyUsage=clientAuth")
        openssl("ec", "-in", self.path("me-ec.key"), "-aes128", "-passout", "pass:x", "-out", self.path("me-locked.sec1"))
        openssl("pkcs8", "-topk8", "-in", self.path("me-ec.key"), "-passout", "pass:x", "-out", self.path("me-locked.key"))


def pattern(n):
    return (bytes((i * 7) & 255 for i in range(256)) * (n // 256 + 1))[:n]


class Server:
    """Takes connections until closed. On each: reads the line "take N give M ENDING", takes N bytes,
    gives M, and ends: "notify" says close_notify, "cut" does not, "reset" is a TCP reset."""

    def __init__(self, authority, name, version=None, suites=None, client_ca=None, tickets=2, groups=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.options &= ~0x80  # OP_IGNORE_UNEXPECTED_EOF, which Python sets: a cut shall be told from an end
        chain = authority.path(name + "-chain.pem")
        context.load_cert_chain(chain if os.path.exists(chain) else authority.path(name + ".pem"),
                                authority.path(name + ".key"))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if suites is not None:
            context.set_ciphers(suites)
        if groups is not None:
            context.set_ecdh_curve(groups)
        context.num_tickets = tickets
        if tickets == 0:
            context.options |= ssl.OP_NO_TICKET
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        context.sni_callback = lambda sock, sni, _: self.names.append(sni)
        self.context = context
        self.names = []     # server names that clients sent; None: none
        self.seen = []      # one dict a connection that shook hands
        self.failures = []  # what OpenSSL says of the others
        self.threads = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(10)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one = threading.Thread(target=self.one, args=(sock,), daemon=True)
            one.start()
            self.threads = [t for t in self.threads if t.is_alive()] + [one]

    def one(self, sock):
        try:
            self.serve(sock)
        except OSError as error:
            self.failures.append(str(error))
        finally:
            sock.close()

    def serve(self, raw):
        sock = self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False,
                                        suppress_ragged_eofs=False)
        try:
            sock.do_handshake()
        except OSError:
            # So that the alert is heard: a close with something unread is a reset.
            with socket.socket(fileno=sock.detach()) as rest:
                rest.settimeout(2)
                try:
                    rest.shutdown(socket.SHUT_WR)
                    while rest.recv(65536):
                        pass
                except OSError:
                    pass
            raise
        seen = {"version": sock.version(), "suite": sock.cipher()[0], "reused": sock.session_reused,
                "client": sock.getpeercert() if self.context.verify_mode else None, "right": None}
        self.seen.append(seen)
        try:
            self.talk(sock, seen)
        finally:
            sock.close()

    def talk(self, sock, seen):
        line = b""
        while not line.endswith(b"\n"):
            byte = sock.recv(1)
            if not byte:
                seen["end"] = "close_notify"
                return
            line += byte
        take, give, ending = int(line.split()[1]), int(line.split()[3]), line.split()[4]
        got = b""
        while len(got) < take:
            more = sock.recv(65536)
            if not more:
                return
            got += more
        seen["right"] = got == pattern(take)
        if give:
            sock.sendall(pattern(give))
        if ending == b"notify":
            try:
                sock.unwrap()
            except OSError:
                pass
        elif ending == b"reset":
            raw = socket.socket(fileno=sock.detach())
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.close()

    def close(self):
        """Waits for what it is at. Safe to call twice."""
        if self.thread.is_alive():
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(15)
        for one in self.threads:
            one.join(15)
        self.listener.close()


class Plain:
    """A server that answers every connection with the same bytes and hangs up, or says nothing."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock:
                sock.recv(65536)
                sock.sendall(self.answer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Proxy:
    """Between a client and a server: lets `limit` bytes of one direction through and then cuts the
    connection ("cut"), or lets nothing more through ("stall"), or turns a bit of the last byte
    ("damage")."""

    def __init__(self, port, direction="down", limit=1 << 40, what="cut"):
        self.to, self.direction, self.limit, self.what = port, direction, limit, what
        self.switch = None  # a port to go to from the second connection on
        self.passed = {"up": 0, "down": 0}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            self.to = self.switch or self.to
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.both, args=(client, server), daemon=True).start()

    def both(self, client, server):
        self.passed = {"up": 0, "down": 0}
        up = threading.Thread(target=self.pump, args=(client, server, "up"), daemon=True)
        up.start()
        self.pump(server, client, "down")
        up.join()
        for sock in (client, server):
            sock.close()

    def pump(self, source, sink, direction):
        left = self.limit if direction == self.direction else 1 << 40
        try:
            while True:
                piece = source.recv(65536)
                if not piece:
                    break
                passing = piece[:left]
                left -= len(passing)
                if left == 0 and self.what == "damage":
                    passing = passing[:-1] + bytes([passing[-1] ^ 1]) + piece[len(passing):]
                    left = 1 << 40
                if passing:
                    sink.sendall(passing)
                self.passed[direction] += len(passing)
                if left == 0:
                    if self.what == "stall":
                        while source.recv(65536):
                            pass
                    break
            # Both ways at once: the other pump wakes up too.
            for sock in (source, sink):
                sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
