#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""aiortc publishes over WHIP or plays over WHEP: aiortc_client.py publish|watch URL SECONDS.

Prints a line of JSON at the end: the connection's state, the status of DELETE, and for a player how
many frames it has decoded of each kind.
"""
import asyncio
import json
import sys

import http_sdp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack


async def drain(track, counts):
    try:
        while True:
            await track.recv()
            counts[track.kind] += 1
    except MediaStreamError:
        pass


def prepare(pc, sends, counts, tasks):
    if sends:
        for track in (AudioStreamTrack(), VideoStreamTrack()):
            pc.addTransceiver(track, direction="sendonly")
        return
    for kind in ("audio", "video"):
        pc.addTransceiver(kind, direction="recvonly")
    pc.on("track", lambda track: tasks.append(asyncio.ensure_future(drain(track, counts))))


async def main(what, url, seconds):
    pc, counts, tasks = RTCPeerConnection(), {"audio": 0, "video": 0}, []
    prepare(pc, what == "publish", counts, tasks)
    await pc.setLocalDescription(await pc.createOffer())
    session, answer = await asyncio.to_thread(http_sdp.post, url, pc.localDescription.sdp)
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    print("answered", flush=True)
    await asyncio.sleep(seconds)
    state = pc.connectionState
    status = await asyncio.to_thread(http_sdp.delete, session)
    print(json.dumps({"state": state, "deleted": status, **counts}), flush=True)
    await pc.close()


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
