#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What spatectl viewer says in words, for each way in which a viewer can receive, or not.

usage: test_viewer.py SPATECTL
"""
import json
import unittest

from test_spatectl import OnPlanes


class Viewer(OnPlanes):
    def explained(self, transport=None, **consumer):
        """What spatectl says of one consumer: its sentences, and its problems."""
        layers = [{"active": True, "width": 320, "height": 180, "bitrate": 100000},
                  {"active": True, "width": 640, "height": 360, "bitrate": 600000},
                  {"active": True, "width": 1280, "height": 720, "bitrate": 2600000}]
        entry = {"id": "con-1", "dp_id": "00000000000000c1", "kind": "video", "mime": "video/VP8", "score": 9,
                 "source": {"dp_id": "00000000000000b1", "peer": "anna", "paused": False, "layers": layers},
                 "currentLayers": {"spatialLayer": 1, "temporalLayer": 2},
                 "targetLayers": {"spatialLayer": 1, "temporalLayer": 2},
                 "preferredLayers": {"spatialLayer": None, "temporalLayer": None}} | consumer
        self.control_again(viewer={"ok": True, "room": "r", "peer": "bob", "transports": [
            {"id": "sub-1", "dp_id": "00000000000000a1", "consumers": [entry]} | (transport or {})]})
        shown = json.loads(self.run_ctl("viewer", "bob", "--json")[0])["transports"][0]
        return shown, " ".join(shown["consumers"][0]["words"]), " ".join(shown["consumers"][0]["problems"])

    def test_viewer_in_words(self):
        plane = self.data()
        plane.set_transport(1, 0xa1)
        plane.set_consumer(1, 0xc1, 10000, 0, [0] * 8, 0, 0)
        _, words, problems = self.explained()
        self.assertIn("It receives layer 1 of 0 to 2, 640 x 360, at 1.50 Mbit/s. No higher one, because its connection "
                      "can take 2.50 Mbit/s for all of its streams, and the next layer has 2.60 Mbit/s. Nothing that was "
                      "sent to it is known to be lost. Its round trip takes 34.5 ms.", words)
        self.assertEqual(problems, "")
        limited = {"spatialLayer": 1, "temporalLayer": None}
        self.assertIn("because its client prefers layer 1 at most", self.explained(preferredLayers=limited)[1])
        self.assertIn("because its client limits the bitrate", self.explained({"max_bps": 900000})[1])
        best = {"spatialLayer": 2, "temporalLayer": 2}
        self.assertIn("It changes to layer 2 at that layer's next key frame. It is the best that the publisher sends",
                      self.explained(targetLayers=best)[1])
        none = {"spatialLayer": None, "temporalLayer": None}
        self.assertIn("It is stuck without a layer: its connection can take 2.50 Mbit/s",
                      self.explained(targetLayers=none, currentLayers=none)[2])
        plane.set_consumer(1, 0xc1, 9000, 200, [300, 0, 0, 0, 0, 0, 0, 0], 600, 100, rtt_us=900000)
        _, words, problems = self.explained()
        for part in ("2.1 % were lost before they came here, so every viewer misses them: look at the network of the "
                     "publisher, peer anna.", "3.2 % were dropped here, most for tx_age: this worker or its NIC is too slow",
                     "6.3 % were lost on the way to it, and 5.3 % not repaired: its own network.",
                     "Its round trip takes 900 ms: what it loses is repaired too late"):
            self.assertIn(part, problems)
        self.assertNotIn("is known to be lost", words)
        plane.set_consumer(1, 0xc1, 9000, 0, [0] * 8, 20, 18)
        self.assertIn("0.22 % were lost on the way to it; retransmissions have repaired 90 % of them.", self.explained()[1])

    def test_viewer_that_gets_nothing(self):
        plane = self.data()
        plane.set_transport(1, 0xa1)
        plane.set_producer(1, 0xb1, bitrate=0, plis=7)
        simple = {"dp_id": "00000000000000b1", "peer": "anna", "paused": False}
        plane.set_consumer(1, 0xc1, 0, 0, [0] * 8, 0, 0)
        self.assertIn("because the publisher sends nothing: look at peer anna", self.explained(source=simple)[2])
        self.assertIn("the publisher, peer anna, has paused the stream", self.explained(source=simple | {"paused": True})[1])
        dead = simple | {"layers": [{"active": False}, {"active": False}]}
        self.assertIn("because the publisher sends none of its 2 layers", self.explained(source=dead)[2])
        plane.set_producer(1, 0xb1, bitrate=500000, plis=7)
        self.assertIn("the publisher sends it in one quality", self.explained(source=simple)[1])
        plane.set_consumer(1, 0xc1, 0, 0, [0] * 8, 0, 0, waiting=1)
        self.assertIn("It is stuck waiting for a key frame: the publisher was asked 7 times", self.explained(source=simple)[2])
        plane.set_consumer(1, 0xc1, 0, 0, [0] * 8, 0, 0, paused=1)
        self.assertIn("its client has paused it", self.explained(source=simple)[1])

    def test_viewer_that_does_not_connect(self):
        plane = self.data()
        for state, age, words in ((0, 0, "It is stuck before ICE: no connectivity check"), (1, 0, "It is stuck in DTLS"),
                                  (4, 31, "It is stuck: nothing was heard of it for 31 s"),
                                  (3, 12, "It is stuck: nothing was heard of it for 12 s")):
            plane.set_transport(1, 0xa1, state=state, age=age)
            shown, *_ = self.explained()
            self.assertIn(words, " ".join(shown["problems"]))
        plane.set_transport(1, 0xa1, unproven=1)
        self.assertIn("has not shown that it receives there", self.explained()[0]["problems"][0])
        plane.set_transport(1, 0xa9)
        self.assertIn("The data plane does not have this transport", self.explained()[0]["problems"][0])
        out, _ = self.run_ctl("viewer", "bob")
        self.assertRegex(out, r"(?m)^  PROBLEM  The data plane does not have this transport")


if __name__ == "__main__":
    unittest.main()
