"""rusuden inspect: what it says against what an independent reader of the same stream computes."""
import json
import re
import subprocess

import matroska as mk
from support import CONTACT, DONE, FAILED, RUSUDEN, Case, main, pcm, rusuden, stream

GAP_MS = 32  # less is a clock's trembling (docs: GAP_MS_MIN)


def expected(data):
    """The report's members, by the plain reader."""
    documents = mk.read(data)
    starts = [d.at for d in documents] + [len(data)]
    runs, contacts, fragments, errors, gaps = {}, {}, [], [], []
    totals = dict(bytes=len(data), documents=len(documents), blocks=0, customerBytes=0, agentBytes=0, inherited=0,
                  nobodys=0, unlistedFragments=0, errors=0, gaps=0, gapMs=0)
    tracks, before, until = {}, None, None
    for d in documents:
        tracks.update(d.tracks)
        sound = {side: sum(len(b[2]) for b in d.blocks if b[0] == side) for side in (mk.CUSTOMER, mk.AGENT)}
        code = [v for k, v in d.tags.items() if k in ("AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE",
                                                      "AWS_KINESISVIDEO_ERROR_CODE")]
        if code:
            errors.append((d.at, d.tags.get("AWS_KINESISVIDEO_EXCEPTION_MESSAGE", "")))
            totals["errors"] += 1
            continue
        own = d.tags.get("ContactId")
        contact = own or runs.get(d.uid)
        if contact:
            runs[d.uid] = contact
            row = contacts.setdefault(contact, dict(id=contact, fragments=0, customerBytes=0, agentBytes=0, at=d.at))
            row["fragments"] += 1
            row["customerBytes"] += sound[mk.CUSTOMER]
            row["agentBytes"] += sound[mk.AGENT]
        elif sound[mk.CUSTOMER] + sound[mk.AGENT]:
            totals["nobodys"] += 1
        totals["inherited"] += contact is not None and own is None
        totals["blocks"] += len(d.blocks)
        totals["customerBytes"] += sound[mk.CUSTOMER]
        totals["agentBytes"] += sound[mk.AGENT]
        if d.blocks:
            first = min(b[1] for b in d.blocks) // 1000000
            if until is not None and contact == before and first - until > GAP_MS:
                gaps.append(dict(ms=first - until, beforeFragmentAt=d.at))
                totals["gaps"] += 1
                totals["gapMs"] += first - until
            until = max(b[1] // 1000000 + len(b[2]) // 16 for b in d.blocks)
            before = contact
        fragments.append(dict(
            at=d.at, number=d.tags.get("AWS_KINESISVIDEO_FRAGMENT_NUMBER", ""), contact=contact,
            inherited=contact is not None and own is None,
            serverTimestamp=d.tags.get("AWS_KINESISVIDEO_SERVER_TIMESTAMP", d.tags.get(
                "AWS_KINESISVIDEO_SERVER_SIDE_TIMESTAMP", "")),
            producerTimestamp=d.tags.get("AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", d.tags.get(
                "AWS_KINESISVIDEO_PRODUCER_SIDE_TIMESTAMP", "")),
            blocks=len(d.blocks), customerBytes=sound[mk.CUSTOMER], agentBytes=sound[mk.AGENT]))
    assert len(starts) == len(documents) + 1
    return fragments, list(contacts.values()), gaps, errors, totals, tracks


FORMS = [
    (), ("--gap", "2,3"), ("--contacts", "3"), ("--contacts", "3", "--order", "alternating"), ("--tagless-tail",),
    ("--contacts", "2", "--gap", "1,1"), ("--error", "list"), ("--error", "media"), ("--tags", "none"),
    ("--tags", "before", "--get-media"), ("--tracks", "customer"), ("--tracks", "swapped"), ("--block-bytes", "320"),
    ("--track-numbers", "300,70000"), ("--sprinkle", "--nul-padded"), ("--segment-size", "known"),
    ("--cluster", "200ms"), ("--no-first-header",), ("--timecode-scale", "500000"),
]


class Json(Case):
    def ask(self, data, *args, code=DONE):
        result = rusuden("inspect", "--json", *args, given=data)
        self.assertEqual(result.code, code, result.err)
        return json.loads(result.out.decode()), result

    def test_against_the_plain_reader(self):
        for form in FORMS:
            with self.subTest(form):
                data = stream("--duration", "8s", *form)
                said, _ = self.ask(data)
                fragments, contacts, gaps, errors, totals, tracks = expected(data)
                self.assertEqual(said["fragments"], fragments)
                self.assertEqual(said["contacts"], contacts)
                self.assertEqual(said["gaps"], gaps)
                self.assertEqual([e["at"] for e in said["errors"]], [at for at, _ in errors])
                self.assertEqual(said["totals"], totals)
                self.assertEqual({t["number"]: t["name"] for t in said["tracks"]}, tracks)
                self.assertEqual({(t["type"], t["codec"]) for t in said["tracks"]}, {(2, "A_AAC")})
                self.assertIsNone(said["fault"])
                self.assertEqual(said["input"], "standard input")

    def test_file_and_pipe_say_the_same(self):
        data = stream("--duration", "8s", "--contacts", "3", "--gap", "1,1", "--error", "both")
        self.put("in.mkv", data)
        a, _ = self.ask(data)
        b, _ = self.ask(None, self.path("in.mkv"))
        self.assertEqual(b.pop("input"), self.path("in.mkv"))
        a.pop("input")
        self.assertEqual(a, b)

    def test_a_fault_in_the_middle(self):
        data = stream("--duration", "8s")
        documents = mk.read(data)
        cut = documents[3].blocks[4][3] + 10
        said, result = self.ask(data[:cut], code=FAILED)
        self.assertEqual(len(said["fragments"]), 3)
        self.assertEqual(said["fault"]["kind"], "truncated input")
        self.assertEqual(said["fault"]["at"], cut)
        self.assertEqual(said["totals"]["bytes"], cut)
        self.assertRefused(result, "truncated input at byte %d" % cut)

    def test_faults_at_once(self):
        for data in (b"", b"no recording"):
            said, result = self.ask(data, code=FAILED)
            self.assertEqual((said["fragments"], said["tracks"], said["contacts"]), ([], [], []))
            self.assertEqual(said["fault"]["kind"], "not Matroska")
            self.assertRefused(result, "not Matroska")

    def test_awkward_texts_are_json(self):
        evil = 'a"b\\c\x01\n\x7f/é漢😀'.encode() + b"\xff\xc0\xaf"
        data = mk.document([(1, 0, b"ab")], contact=evil, tracks=mk.track(1, evil, evil),
                           more_tags=[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", evil)])
        # a foreign codec is refused at the first block; the report must be JSON all the same
        said, _ = self.ask(data, code=FAILED)
        self.assertTrue(said["tracks"][0]["name"].startswith('a"b\\c\x01\n\x7f/é漢😀'))
        data = mk.document([(1, 0, b"ab")], contact=evil, more_tags=[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", evil)])
        said, _ = self.ask(data)
        self.assertTrue(said["fragments"][0]["number"].startswith('a"b\\c\x01\n\x7f/é漢😀'))

    def test_long_texts_fit(self):
        """Each text as long as it may be, and each byte escaped to six."""
        data = b"".join(mk.document([(1, 0, b"ab")], contact=b"\x01" * 64, tracks=mk.track(1, b"\x02" * 64), more_tags=[
            ("AWS_KINESISVIDEO_FRAGMENT_NUMBER", b"\x03" * 512), ("AWS_KINESISVIDEO_SERVER_TIMESTAMP", b"\x04" * 512),
            ("AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", b"\x05" * 512)]) for _ in range(50))
        error = mk.document([], more_tags=[("AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", b"\x06" * 512),
                                           ("AWS_KINESISVIDEO_EXCEPTION_MESSAGE", b"\x07" * 512)])
        said, _ = self.ask(data + error * 40)
        self.assertEqual(len(said["fragments"]), 50)
        self.assertEqual(len(said["errors"]), 32)
        self.assertEqual(said["totals"]["errors"], 40)

    def test_more_than_is_listed(self):
        data = b"".join(mk.document([(1, 0, b"ab" * 512)], contact="c%d" % (i % 70), at_ms=mk.START_MS + 1000 * i)
                        for i in range(210))
        said, _ = self.ask(data)
        self.assertEqual((len(said["contacts"]), said["totals"]["unlistedFragments"]), (64, 18))
        self.assertEqual(len(said["fragments"]), 210)

    def test_hours(self):
        data = stream("--duration", "600s", "--block-bytes", "4000", "--fragment", "1s")
        said, _ = self.ask(data)
        self.assertEqual(said["totals"]["customerBytes"], 600 * 16000)
        self.assertEqual(len(said["fragments"]), 600)


class Human(Case):
    def tell(self, data, *args, code=DONE):
        result = rusuden("inspect", *args, given=data)
        self.assertEqual(result.code, code, result.err)
        return result.out.decode()

    def test_says_it_all(self):
        options = ("--duration", "8s", "--contacts", "2", "--gap", "1,2", "--error", "media", "--tagless-tail")
        data = stream(*options)
        text = self.tell(data)
        fragments, contacts, gaps, errors, totals, _ = expected(data)
        self.assertIn("bytes %d, documents %d, blocks %d" % (len(data), totals["documents"], totals["blocks"]), text)
        for side in (mk.CUSTOMER, mk.AGENT):
            self.assertIn('"%s"  audio  codec "A_AAC"' % side, text)
        for row in contacts:
            self.assertRegex(text, r'"%s"  fragments %d  customer %.3f s  agent %.3f s  from byte %d' % (
                row["id"], row["fragments"], row["customerBytes"] / 16000, row["agentBytes"] / 16000, row["at"]))
        self.assertIn("gaps %d, %.3f s in all" % (len(gaps), sum(g["ms"] for g in gaps) / 1000), text)
        for gap in gaps:
            self.assertIn("%.3f s in or before the fragment at byte %d" % (gap["ms"] / 1000, gap["beforeFragmentAt"]),
                          text)
        for at, _ in errors:
            self.assertIn("at byte %d  code" % at, text)
        self.assertIn(fragments[0]["number"], text)
        self.assertIn(fragments[-1]["number"], text)
        self.assertIn("from 2025-03-06T00:00:00.123Z", text)
        self.assertIn("█", text)

    def test_fragments(self):
        data = stream("--duration", "8s")
        fragments = expected(data)[0]
        lines = [x for x in self.tell(data, "--fragments").split("\n") if x.startswith("  byte ")]
        self.assertEqual(len(lines), len(fragments))
        for line, f in zip(lines, fragments):
            for word in ("byte %d " % f["at"], f["number"], f["contact"], "customer %.3f s" % (f["customerBytes"] / 16000)):
                self.assertIn(word, line)

    def test_fault_in_the_middle_still_reports(self):
        data = stream("--duration", "8s")
        text = self.tell(data[:-5], code=FAILED)
        self.assertIn(CONTACT % 1, text)
        self.assertIn("documents 7", text)
        self.assertIn("█", text)

    def test_nobodys(self):
        text = self.tell(stream("--duration", "2s", "--tags", "none"))
        self.assertRegex(text, r"nobody's.* fragments 2")
        self.assertIn("contacts: none", text)

    def test_nothing_in_it(self):
        text = self.tell(mk.head() + mk.identity(mk.SEGMENT) + mk.UNKNOWN)
        self.assertIn("documents 1", text)
        self.assertIn("tracks: none", text)

    def test_two_unnamed_tracks_are_shown(self):
        """convert refuses them and points here."""
        data = mk.document([(1, 0, b"ab" * 99)], tracks=mk.track(1, None) + mk.track(2, None))
        result = rusuden("inspect", given=data)
        self.assertIn('  1  ""  audio', result.out.decode())
        self.assertIn('  2  ""  audio', result.out.decode())

    def test_closed_reader(self):
        data = stream("--duration", "600s", "--fragment", "100ms")
        p = subprocess.Popen(["/bin/sh", "-c", '{ "$R" inspect --json; echo $? >&2; } | head -c 100 >/dev/null'],
                             stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={"R": RUSUDEN})
        err = p.communicate(data)[1].decode()
        self.assertTrue(err.endswith("1\n"), err)
        self.assertIn("cannot write", err)

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            result = rusuden("inspect", given=stream("--duration", "1s"), stdout=full)
        self.assertRefused(result, "standard output")


class Silence(Case):
    def test_sound_is_counted(self):
        options = ("--duration", "8s", "--gap", "2,1")
        text = rusuden("inspect", given=stream(*options)).out.decode()
        self.assertIn("sound %.3f s" % (len(pcm("customer", *options)) / 16000), text)
        self.assertTrue(re.search(r"0 s +6\.912 s", text), text)


if __name__ == "__main__":
    main()
