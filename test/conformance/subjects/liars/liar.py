"""An oracle that does what the id of a case says: die, hang, answer nonsense. Everything else it answers with no steps."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../py-oracle"))

import msgpack
import zmq

endpoint = sys.argv[sys.argv.index("--endpoint") + 1]
mode = sys.argv[sys.argv.index("--mode") + 1] if "--mode" in sys.argv else ""

if mode == "mute":  # never says that it is ready
    time.sleep(100)
if mode == "chatty":  # says something else first
    print("hello", flush=True)
if mode == "dead":
    sys.exit("no torch today")

if "--once" in sys.argv:  # the second life of this one does not begin
    flag = sys.argv[sys.argv.index("--once") + 1]
    if os.path.exists(flag):
        sys.exit("not again")
    open(flag, "w").close()

socket = zmq.Context.instance().socket(zmq.ROUTER)
socket.bind(endpoint)
print(json.dumps({"endpoint": endpoint, "protocol": 1}), flush=True)

poller = zmq.Poller()
poller.register(socket, zmq.POLLIN)
poller.register(0, zmq.POLLIN)


def pack(fields):
    return msgpack.packb({"protocol": 1, **fields})


last = {"sequence": 0, "nonce": ""}
while True:
    events = dict(poller.poll())
    if 0 in events and not os.read(0, 100):
        os._exit(0)
    if socket not in events:
        continue
    peer, *frames = socket.recv_multipart()
    header = msgpack.unpackb(frames[0])
    if header["kind"] == "hello":
        if mode == "wrong-version":
            socket.send_multipart([peer, msgpack.packb({"protocol": 2, "kind": "welcome"})])
        elif mode != "deaf":
            fields = {"kind": "welcome", "subject": "liar", "version": None, "capabilities": {}}
            socket.send_multipart([peer, pack(fields)])
        continue
    ids = [case["id"] for case in header["cases"]]
    answers = [{"outcome": {"kind": "returned", "steps": []}, "truth": None} for _ in ids]
    sizes = [0 for _ in ids]
    stamp = {"sequence": header["sequence"], "nonce": header["nonce"]}
    reply = [pack({"kind": "answer", **stamp, "answers": answers, "sizes": sizes}), b""]
    if "die" in ids:
        os._exit(7)
    if "hang" in ids:
        time.sleep(100)
    if "die-in-company" in ids and len(ids) > 1:
        os._exit(7)
    if "sequence" in ids:
        other = {**stamp, "sequence": header["sequence"] + 1000}
        reply[0] = pack({"kind": "answer", **other, "answers": answers, "sizes": sizes})
    if "nonce" in ids:
        reply[0] = pack({"kind": "answer", **stamp, "nonce": "guessed", "answers": answers, "sizes": sizes})
    if "again" in ids:  # the reply to the question before, which was right then
        reply[0] = pack({"kind": "answer", **last, "answers": answers, "sizes": sizes})
    if "garbage" in ids:
        reply[0] = b"\xc1garbage"
    if "proto" in ids:
        reply[0] = msgpack.packb({"protocol": 1, "__proto__": {"kind": "answer"}, **stamp})
    if "short" in ids:
        reply = reply[:-1]
    if "too-few" in ids:
        fields = {"kind": "answer", **stamp, "answers": answers[1:], "sizes": sizes[1:]}
        reply = [pack(fields), b""]
    if "twice" in ids:
        socket.send_multipart([peer, *reply])
    if "error" in ids:
        fields = {"kind": "error", **stamp, "reason": "malformed", "message": "no"}
        reply = [pack(fields)]
    if "nameless-error" in ids:
        reply = [pack({"kind": "error", "sequence": None, "nonce": None, "reason": "garbage", "message": "could not read it"})]
    socket.send_multipart([peer, *reply])
    last = stamp
