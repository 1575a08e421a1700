"""`rusuden budget` is the table in README.md, byte by byte (docs/STYLE.md, "Numbers are public")."""
import os
import re
import struct
import unittest

from support import DONE, INSTRUMENTED, RUSUDEN, Case, main, rusuden

README = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")


class Budget(Case):
    def table(self):
        result = self.assertDone(rusuden("budget"))
        return result.out.decode()

    def test_readme(self):
        if INSTRUMENTED or struct.calcsize("P") != 8:
            raise unittest.SkipTest("the table is of a 64-bit build without instruments")
        with open(README, encoding="utf-8") as f:
            found = re.search(r"<!-- budget -->\s*```[a-z]*\n(.*?)```\s*<!-- /budget -->", f.read(), re.S)
        self.assertIsNotNone(found, "README.md has no fenced block between <!-- budget --> and <!-- /budget -->")
        self.assertEqual(found.group(1), self.table())

    def test_adds_up(self):
        rows = {}
        for line in self.table().split("\n"):
            found = re.match(r"( *)(.*?) +(\d+)  (.+)$", line)
            if found:
                rows[found.group(2)] = int(found.group(3))
        self.assertEqual(rows["workspace"], max(rows["convert"], rows["send"], rows["inspect"]))
        self.assertLessEqual(rows["workspace"], 288 * 1024)
        self.assertLess(rows["upload"], 256 * 1024)

    def test_static_memory_of_the_program(self):
        """All that is writable in the linked program is the workspace and little else: read from its ELF header."""
        if INSTRUMENTED:
            raise unittest.SkipTest("instruments have tables of their own")
        with open(RUSUDEN, "rb") as f:
            elf = f.read()
        self.assertEqual(elf[:6], b"\x7fELF\x02\x01")
        (at,), (size, count) = struct.unpack_from("<Q", elf, 32), struct.unpack_from("<HH", elf, 54)
        writable = 0
        for i in range(count):
            kind, flags, _, _, _, _, memory = struct.unpack_from("<IIQQQQQ", elf, at + i * size)
            if kind == 1 and flags & 2:
                writable += memory
        workspace = int(re.search(r"^workspace +(\d+)", self.table(), re.M).group(1))
        print("static RAM: %d bytes, of them workspace %d" % (writable, workspace))
        # Tables with pointers in them are writable while the program is being loaded: 12 KB.
        self.assertLess(writable - workspace, 20 * 1024)


if __name__ == "__main__":
    main()
