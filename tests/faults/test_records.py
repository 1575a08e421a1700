"""Each TLS record of a whole upload, in both directions, is where the connection once ends."""
import os
import ssl
import unittest

import table
from proxy import Cut

HOWS = {"before": "fin", "middle": "reset", "after": "fin"}


def counted(world, recording, context):
    """How many records a good upload has, each way."""
    row = table.Row("none", "-", recording, context=context).run(world)
    assert not row.wrong, (row.wrong, row.err)
    return row.plan.records


def rows(world, recording, context, chosen, name):
    made = []
    for way, count in counted(world, recording, context).items():
        for number in range(1, count + 1):
            for place, how in HOWS.items():
                if chosen(way, number, count, place):
                    # Behind the last answer nobody listens any more.
                    made.append(table.Row("%s %s record %d, %s" % (place, way, number, how), name, recording,
                                          context=context, cut=Cut(way, number, place, how), left=None, fires=False))
    return made


class Records(unittest.TestCase):
    def setUp(self):
        self.world = table.World()

    def each(self, recording, chosen, name, *versions):
        context = self.world.context("good", *versions)
        made = rows(self.world, recording, context, chosen, name)
        self.assertTrue(table.run(made, self.world, 4, "records, " + name, shown=False))
        unfired = sum(row.plan.fired == 0 for row in made)
        self.assertLessEqual(unfired, len(made) // 20, "faults that never happened")

    def test_one_part(self):
        self.each("one", lambda *_: True, "one part")

    def test_one_part_tls12(self):
        self.each("one", lambda *_: True, "one part, TLS 1.2", ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)

    def test_three_small_parts(self):
        self.each("small", lambda *_: True, "three small parts")

    def test_two_parts(self):
        """Of thousands: the first ones, the last ones, some between; FAULTS_EVERY=1 takes each."""
        every = int(os.environ.get("FAULTS_EVERY", "400"))
        edge = 8 if every > 1 else 0
        self.each("two", lambda way, n, count, place: (n % every == 0 and place == list(HOWS)[n // every % 3]) or (
            place == "after" and edge and (n <= edge or n > count - edge)), "two parts of 5 MiB")


if __name__ == "__main__":
    unittest.main()
