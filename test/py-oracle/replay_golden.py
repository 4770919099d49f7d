"""Answers the golden requests with the oracle's own server code and prints each reply's frames as JSON: {name: [hex, …]}."""

import json
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../py-oracle"))

import server
from torch_side.oracle import Oracle
from torch_side.snippet.subject import Snippet
from wire import messages
from wire.limits import Limits

limits = Limits()
subjects = {"oracle": Oracle(limits), "snippet": Snippet(limits)}
for subject in subjects.values():  # what the machine has is not what the golden files are about
    subject.version = "2.13.0" if subject.name == "torch" else None
    subject.capabilities = {"threads": "1", "capability": "avx2"}

replies = {}
for request in json.load(sys.stdin):
    frames = [bytes.fromhex(frame) for frame in request["frames"]]
    try:
        reply = server._reply(frames, subjects[request["subject"]], limits)
    except messages.BadMessage as bad:
        reply = messages.error(bad)
    replies[request["name"]] = [frame.hex() for frame in reply]
print(json.dumps(replies))
