#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""GStreamer's webrtcbin publishes over WHIP or plays over WHEP: gstreamer_client.py publish|watch URL SECONDS.

Debian has neither whipsink nor whepsrc, which do the same around webrtcbin. Prints a line of JSON at
the end: the connection's state, the status of DELETE, and for a player how many frames it has decoded.
"""
import json
import sys

import gi
import http_sdp

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PUBLISH = """webrtcbin name=webrtc bundle-policy=max-bundle
  videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1 ! vp8enc deadline=1
    keyframe-max-dist=30 ! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! webrtc.
  audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=97 !
    application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! webrtc."""
CAPS = {"video": "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96",
        "audio": "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97"}
DECODERS = {"VP8": "rtpvp8depay ! vp8dec", "OPUS": "rtpopusdepay ! opusdec"}


class Client:
    def __init__(self, what, url, seconds):
        self.url, self.seconds = url, seconds
        self.counts, self.session = {"audio": 0, "video": 0}, None
        self.loop = GLib.MainLoop()
        sends = what == "publish"
        # A description of one element would give no pipeline.
        self.pipeline = Gst.parse_launch(PUBLISH) if sends else Gst.Pipeline.new(None)
        self.webrtc = self.pipeline.get_by_name("webrtc") if sends else Gst.ElementFactory.make("webrtcbin")
        if not sends:
            self.webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.webrtc)
        self.webrtc.connect("on-negotiation-needed", self.negotiate)
        self.webrtc.connect("notify::ice-gathering-state", self.gathered)
        self.webrtc.connect("pad-added", self.decode)
        direction = GstWebRTC.WebRTCRTPTransceiverDirection
        if not sends:
            for caps in CAPS.values():
                self.webrtc.emit("add-transceiver", direction.RECVONLY, Gst.Caps.from_string(caps))
        self.sends = sends

    def negotiate(self, webrtc):
        if self.sends:
            for i in range(2):
                webrtc.emit("get-transceiver", i).set_property("direction",
                                                               GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        webrtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None))

    def offered(self, promise, _):
        promise.wait()
        reply = promise.get_reply()  # has to live as long as what is in it
        self.webrtc.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def gathered(self, webrtc, _):
        if webrtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def post(self):
        offer = self.webrtc.get_property("local-description").sdp.as_text()
        self.session, answer = http_sdp.post(self.url, offer)
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        # Both objects own the message, which must therefore be freed by neither: they are kept.
        self.kept = sdp, GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.webrtc.emit("set-remote-description", self.kept[1], Gst.Promise.new())
        print("answered", flush=True)
        GLib.timeout_add(int(self.seconds * 1000), self.end)
        return False

    def decode(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        caps = pad.get_current_caps().get_structure(0)
        kind = caps.get_string("media")
        sink = Gst.parse_bin_from_description(DECODERS[caps.get_string("encoding-name").upper()] +
                                              " ! fakesink name=sink sync=false signal-handoffs=true", True)
        sink.get_by_name("sink").connect("handoff", self.count, kind)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def count(self, _sink, _buffer, _pad, kind):
        self.counts[kind] += 1

    def end(self):
        state = self.webrtc.get_property("connection-state").value_nick
        print(json.dumps({"state": state, "deleted": http_sdp.delete(self.session), **self.counts}), flush=True)
        self.loop.quit()
        return False

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)


Gst.init(None)
Client(sys.argv[1], sys.argv[2], float(sys.argv[3])).run()
