#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/capacity: which rows it takes, and that it says why it takes none.

usage: test_capacity.py CAPACITY
"""
import json
import os
import pty
import subprocess
import sys
import unittest

CAPACITY = sys.argv.pop(1)
MACHINE = {"benchmark": "fanout", "case": "machine", "cores": 2}
ROW = {"benchmark": "fanout", "case": "null", "profile": "gcm-128", "viewers": 1000, "payload": 1100, "burst": 8,
       "workers": 1, "cycles_per_packet": 1000.0, "right": True}


class Capacity(unittest.TestCase):
    def run_it(self, *args, rows=(), text=None, code=0):
        text = "".join(json.dumps(row) + "\n" for row in rows) if text is None else text
        done = subprocess.run([CAPACITY, *args], input=text, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.stdout if code == 0 else done.stderr

    def cores(self, *args, **options):
        """How many viewers the cores are enough for: 1e9 cycles a second to share."""
        out = self.run_it("--stream", "100/1100", "--scaling", "1", "--busy", "1", "--ghz", "1", "--cores", "2", *args,
                          **options)
        return int(next(line.split()[-1] for line in out.splitlines() if line.startswith("cores")).replace(",", ""))

    def test_rows(self):
        others = [MACHINE] + [ROW | wrong | {"cycles_per_packet": 5.0} for wrong in (
            {"viewers": 100}, {"workers": 2}, {"burst": 1}, {"profile": "cm-sha1"}, {"case": "virtio-user"})]
        self.assertEqual(self.cores(rows=others + [ROW]), 10000)
        self.assertEqual(self.cores("--viewers", "100", rows=others + [ROW]), 2000000)
        self.assertEqual(self.cores(rows=[ROW | {"payload": 600, "cycles_per_packet": 500.0},
                                          ROW | {"payload": 1600, "cycles_per_packet": 1500.0}]), 10000)
        self.assertEqual(self.cores("--cycles", "1100=2000"), 5000)

    def test_nobody_types_rows(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        with subprocess.Popen([CAPACITY], stdin=slave, stderr=subprocess.PIPE, text=True) as done:
            os.close(slave)
            _, err = done.communicate(timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage: tools/bench fanout | tools/capacity", err)
        self.assertIn("neither --cycles nor rows of tools/bench", err)

    def plan(self, *args):
        """By resource of a cluster: what is needed and what there is. The first one is the key "first"."""
        lines = self.run_it("--cluster", *args).splitlines()
        rows = {line.split()[0]: [int(word.replace(",", "")) for word in line.split()[1:3]] for line in lines[2:]}
        return rows | {"first": lines[2].split()[0], "title": lines[0]}

    def test_a_cluster_has_a_plan(self):
        plan = self.plan("--audience", "1000000", "--spare", "0.1")
        self.assertEqual(plan["viewers"], [56, 56])  # 1e6 / 20,000 / 0.9
        self.assertTrue(plan["title"].startswith("57 nodes"))  # and the origin
        self.assertEqual(plan["first"], "viewers")
        # 14,286 joins a second come, each of which costs 1/500 s and is sent on for 1/1000 s.
        self.assertEqual(self.plan("--joins", "500", "--sockets", "1000", "--spare", "0", "--arrive", "70")["joins"],
                         [43, 50])
        self.assertEqual(self.plan("--arrive", "6", "--spare", "0")["joins"][0], 220)
        # (2 * 300 + 10000) / 3 + 300 * (1 + 5) / 9
        self.assertEqual(self.plan("--nodes", "300")["Redis"], [3733, 83333])
        self.assertEqual(self.plan("--nodes", "300", "--command-us", "1000")["first"], "Redis")
        # 10 rooms and itself in 3 s, and 9 others in 9 s
        node = ("--nodes", "10", "--rooms", "100", "--audience", "1000")
        self.assertEqual(self.plan(*node, "--write-us", "300", "--read-us", "7")["node"], [1107, 1000000])

    def test_an_origin_has_so_many_edges(self):
        # 125 packets of 894 + 106 bytes are 1 Mbit a second.
        link = ("--gbit", "0.1", "--link", "125/894", "--nodes", "101", "--cycles", "894=1")
        self.assertEqual(self.plan(*link)["links"], [100, 100])
        self.assertEqual(self.plan(*link, "--link", "125/894")["links"], [100, 50])

    def test_plans_that_cannot_be(self):
        for wrong in (("--audience", "0"), ("--nodes", "-1"), ("--spare", "1")):
            self.run_it("--cluster", *wrong, code=2)

    def test_errors_are_told_apart(self):
        self.assertIn("the input is empty", self.run_it(code=1))
        self.assertIn("none of 2 rows has case null, profile gcm-128, burst 1, 1 worker: see",
                      self.run_it("--burst", "1", rows=[MACHINE, ROW], code=1))
        self.assertIn("1 worker, 7 viewers: see", self.run_it("--viewers", "7", rows=[ROW], code=1))
        self.assertIn("the case null with 1000 viewers and 1100 bytes went wrong",
                      self.run_it(rows=[ROW, ROW | {"right": False}], code=1))
        for text in ("GCM  1,000 viewers\n", "[1]\n", json.dumps(ROW)[:-1]):
            self.assertIn("line 1 of the input is no JSON line", self.run_it(text=text, code=1))
        self.assertIn("argument --cycles: invalid", self.run_it("--cycles", "1100", code=2))


if __name__ == "__main__":
    unittest.main()
