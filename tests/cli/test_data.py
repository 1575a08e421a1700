"""Inputs that once showed a fault: each is a file in tests/data, named after it."""
import os
import struct
import unittest

from support import DONE, FAILED, NOTHING, Case, rusuden

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")


class Data(Case):
    def convert(self, name, *options):
        out = self.path("out.wav")
        result = rusuden("convert", os.path.join(DATA, name + ".mkv"), "-o", out, *options)
        return result, open(out, "rb").read()[44:] if os.path.exists(out) else None

    def test_gap_limit_in_others_document(self):
        """A gap of 54 years, in a document of somebody else, was the end of our recording."""
        result, sound = self.convert("gap_limit_in_others_document", "--gaps", "silence", "-c", "nobody-of-these")
        self.assertEqual((result.code, sound), (NOTHING, None), result.err)
        result, sound = self.convert("gap_limit_in_others_document", "--gaps", "silence")
        self.assertEqual((result.code, sound), (FAILED, None), result.err)
        self.assertIn("GAP_MS_MAX", result.err)

    def test_stereo_earlier_block_overwrites(self):
        """A block before its own channel's first one overwrote what was held: 80 of 387 samples lost."""
        _, alone = self.convert("stereo_earlier_block_overwrites")
        os.remove(self.path("out.wav"))
        _, stereo = self.convert("stereo_earlier_block_overwrites", "--channels", "stereo")
        heard = [s for s in struct.unpack("<%dh" % (len(alone) // 2), alone) if s != 0]
        left = [s for s in struct.unpack("<%dh" % (len(stereo) // 2), stereo)[::2] if s != 0]
        self.assertGreater(len(heard), 100)
        self.assertEqual(left, heard)

    def test_salvage_two_contacts_in_one_document(self):
        """Blocks of a document that contradicts itself are nobody's, whole or not."""
        for contact in ("contact-aaaa", "contact-bbbb"):
            result, sound = self.convert("salvage_two_contacts_in_one_document", "--salvage", "-c", contact)
            self.assertEqual((result.code, sound), (NOTHING, None), result.err)

    def test_time_fits_though_its_factors_do_not(self):
        """A TimecodeScale of 2^64 - 1 is refused even for 0 ticks (READING.md 6.4)."""
        result, sound = self.convert("time_fits_though_its_factors_do_not", "--channels", "stereo")
        self.assertEqual((result.code, sound), (FAILED, None), result.err)
        self.assertIn("63 bits", result.err)


if __name__ == "__main__":
    unittest.main()
