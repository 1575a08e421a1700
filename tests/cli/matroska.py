"""Matroska in Python for the tests: a builder for inputs the generator cannot make, and a plain reader.

Both know RFC 8794 and RFC 9559 and nothing of src/. The reader wants well-formed input without lacing.
"""
import struct

EBML, DOC_TYPE, SEGMENT, INFO, UID, SCALE = 0x1A45DFA3, 0x4282, 0x18538067, 0x1549A966, 0x73A4, 0x2AD7B1
TRACKS, ENTRY, NUMBER, TYPE, NAME, CODEC = 0x1654AE6B, 0xAE, 0xD7, 0x83, 0x536E, 0x86
AUDIO, FREQUENCY, CHANNELS, DEPTH = 0xE1, 0xB5, 0x9F, 0x6264
TAGS, TAG, SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
CLUSTER, TIMECODE, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK = 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1
VOID = 0xEC

CUSTOMER, AGENT = "AUDIO_FROM_CUSTOMER", "AUDIO_TO_CUSTOMER"
UNKNOWN = b"\x01" + b"\xff" * 7
START_MS = 1741219200000


def identity(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def size(n, width=8):
    return (n | 1 << 7 * width).to_bytes(width, "big")


def element(number, payload, width=8):
    return identity(number) + size(len(payload), width) + payload


def unsigned(number, value, length=8):
    return element(number, value.to_bytes(length, "big"))


def text(number, value):
    return element(number, value if isinstance(value, bytes) else value.encode())


def head(doc_type="matroska"):
    return element(EBML, text(DOC_TYPE, doc_type))


def track(number, name=CUSTOMER, codec="A_AAC", kind=2, rate=None, channels=None, depth=None, more=b""):
    audio = b"" if rate is None else element(FREQUENCY, struct.pack(">d", rate))
    audio += b"" if channels is None else unsigned(CHANNELS, channels, 1)
    audio += b"" if depth is None else unsigned(DEPTH, depth, 1)
    return element(ENTRY, unsigned(NUMBER, number, 1) + unsigned(TYPE, kind, 1) +
                   (text(NAME, name) if name is not None else b"") +
                   (text(CODEC, codec) if codec is not None else b"") +
                   (element(AUDIO, audio) if audio else b"") + more)


def tags(pairs):
    return element(TAGS, b"".join(
        element(TAG, element(SIMPLE_TAG, text(TAG_NAME, n) + text(TAG_STRING, v))) for n, v in pairs))


def block(track_number, ms, payload):
    return element(SIMPLE_BLOCK, size(track_number, 1) + struct.pack(">hB", ms, 0x80) + payload)


def document(blocks, contact="c1", tracks=None, at_ms=START_MS, more_tags=(), first=False, uid=b"u" * 16,
             known=False, codec="A_AAC"):
    """blocks: (track, ms from at_ms, payload). first: tags before the sound."""
    if tracks is None:
        tracks = track(1, CUSTOMER, codec) + track(2, AGENT, codec)
    said = tags(([("ContactId", contact)] if contact is not None else []) + list(more_tags))
    inside = unsigned(TIMECODE, at_ms) + b"".join(block(*b) for b in blocks)
    cluster = element(CLUSTER, inside) if known else identity(CLUSTER) + UNKNOWN + inside
    body = (said if first else b"") + element(INFO, element(UID, uid) + unsigned(SCALE, 1000000)) + \
        element(TRACKS, tracks) + cluster + (b"" if first else said)
    return head() + (element(SEGMENT, body) if known else identity(SEGMENT) + UNKNOWN + body)


# ---- the plain reader ----

INSIDE = {SEGMENT: None, INFO: SEGMENT, TRACKS: SEGMENT, TAGS: SEGMENT, CLUSTER: SEGMENT, ENTRY: TRACKS, AUDIO: ENTRY,
          TAG: TAGS, SIMPLE_TAG: TAG, BLOCK_GROUP: CLUSTER, EBML: None}


def elements(data):
    """(id, where it begins, where its payload is, where it ends) of leaves and masters, in stream order;
    masters are told when they begin, with their payload's end only where they say it."""
    at = 0
    while at < len(data):
        began = at
        width = 9 - data[at].bit_length()
        number = int.from_bytes(data[at:at + width], "big")
        at += width
        width = 9 - data[at].bit_length()
        length = int.from_bytes(data[at:at + width], "big") & (1 << 7 * width) - 1
        unknown = length == (1 << 7 * width) - 1
        at += width
        end = None if unknown else at + length
        yield number, began, at, end
        if number not in INSIDE:
            at = end


class Document:
    def __init__(self, at):
        self.at, self.tracks, self.blocks, self.tags, self.tag_ends = at, {}, [], {}, {}
        self.uid, self.scale = None, 1000000


def read(data):
    """[Document]; blocks are (name of the track, time in ns, payload, where the element ends)."""
    documents, headed, number, cluster, name = [], None, None, 0, None
    for which, began, at, end in elements(data):
        body = data[at:end] if end is not None else b""
        d = documents[-1] if documents else None
        if which == EBML:
            headed = began
        elif which == SEGMENT:
            documents.append(Document(began if headed is None else headed))
            headed = None
        elif which == UID:
            d.uid = body
        elif which == SCALE:
            d.scale = int.from_bytes(body, "big")
        elif which == NUMBER:
            number = int.from_bytes(body, "big")
            d.tracks[number] = ""
        elif which == NAME:
            d.tracks[number] = body.rstrip(b"\0").decode()
        elif which == TIMECODE:
            cluster = int.from_bytes(body, "big")
        elif which == TAG_NAME:
            name = body.decode()
        elif which == TAG_STRING:
            d.tags[name] = body.decode()
            d.tag_ends[name] = end
        elif which in (SIMPLE_BLOCK, BLOCK):
            width = 9 - body[0].bit_length()
            to = int.from_bytes(body[:width], "big") & (1 << 7 * width) - 1
            (ticks,) = struct.unpack_from(">h", body, width)
            assert body[width + 2] & 6 == 0, "this reader knows no lacing"
            d.blocks.append((d.tracks[to], (cluster + ticks) * d.scale, body[width + 3:], end))
    return documents


def right_ends(data):
    """Where an input may end: between elements, with nothing of known size open."""
    ends, known = set(), 0
    for which, began, _, end in elements(data):
        if began >= known:
            ends.add(began)
        if which in INSIDE and end is not None:
            known = max(known, end)
    return ends | {len(data)}


def heard(documents, cut, contact=None):
    """{track name: sound} of the whole blocks before `cut`, of documents whose contact is known there."""
    sound, runs, mine = {}, {}, contact
    for d in documents:
        if d.at >= cut:
            break
        named = d.tags.get("ContactId") if d.tag_ends.get("ContactId", cut + 1) <= cut else None
        named = named or runs.get(d.uid)
        if named is None:
            continue
        runs[d.uid] = named
        mine = mine or named
        for track_name, _, payload, end in d.blocks:
            if named == mine and end <= cut:
                sound[track_name] = sound.get(track_name, b"") + payload
    return sound
