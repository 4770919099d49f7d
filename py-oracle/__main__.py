"""`python py-oracle`: binds a socket, prints one ready line, and answers until its standard input closes."""

from __future__ import annotations

import os
import sys

if sys.version_info < (3, 10):
    sys.exit(f"{sys.executable} is Python {sys.version.split()[0]}; the oracle needs 3.10 or later")

# Read by torch when it is imported, so they come first. One thread and one instruction set make the bits reproducible.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import contextlib
import json
import signal
import threading
from typing import Callable

from confine import start_with_clean_environment
from wire.limits import Limits


def main() -> None:
    options = _options()
    if options.host:
        start_with_clean_environment()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when this ends
    limits = Limits(frame_bytes=options.max_frame_bytes, header_bytes=options.max_header_bytes)
    if options.mend:
        _mend()
    elif options.host:
        _host(limits)
    else:
        _serve(options.endpoint, limits, options.threads)


# --- internal ---


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="py-oracle", description="Answers normalisation Cases with PyTorch.")
    parser.add_argument("--endpoint", help="ipc://PATH (default, in a folder of its own) or tcp://127.0.0.1:PORT (0: any)")
    parser.add_argument("--host", action="store_true", help="fork workers that run snippets, as told on standard input")
    parser.add_argument("--mend", action="store_true", help="propose edits of source, as asked on standard input")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of torch; answers are pinned to 1")
    parser.add_argument("--max-frame-bytes", type=int, default=Limits().frame_bytes, metavar="N")
    parser.add_argument("--max-header-bytes", type=int, default=Limits().header_bytes, metavar="N")
    options = parser.parse_args()
    endpoint = options.endpoint
    if endpoint is not None and not endpoint.startswith(("ipc://", "tcp://127.0.0.1:")):
        parser.error(f"--endpoint is {endpoint!r}, expected ipc://PATH or tcp://127.0.0.1:PORT; other hosts are not served")
    return options


def _serve(endpoint: str | None, limits: Limits, threads: int) -> None:
    import zmq

    from server import bind, collect_rarely, serve
    from torch_side.oracle import Oracle
    from wire.messages import PROTOCOL

    folder: str | None = None
    if endpoint is None:
        import tempfile

        folder = tempfile.mkdtemp(prefix="nmv-")
        endpoint = f"ipc://{folder}/o"
    subject = Oracle(limits, threads)
    socket = bind(endpoint, limits)
    bound = socket.getsockopt_string(zmq.LAST_ENDPOINT)
    threading.Thread(target=_end_with_stdin, args=(bound, folder), daemon=True).start()
    ready = {"endpoint": bound, "protocol": PROTOCOL, "torch": subject.version, **subject.capabilities}
    print(json.dumps(ready), flush=True)
    collect_rarely()
    serve(socket, subject, limits)


def _host(limits: Limits) -> None:
    import server
    from host import run_host
    from torch_side.facts import TORCH_VERSION, capabilities, use_one_thread
    from torch_side.snippet.subject import Snippet
    from wire.messages import PROTOCOL

    use_one_thread()
    server.collect_rarely()
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]  # foreign code imports nothing of this

    def run_worker(listener: int, tell_bound: Callable[[], None]) -> None:
        socket = server.bind_listening(listener, limits)  # the first context of this process; the host makes none
        tell_bound()
        server.serve(socket, Snippet(limits), limits)

    run_host({"protocol": PROTOCOL, "torch": TORCH_VERSION, **capabilities()}, run_worker)


def _mend() -> None:
    from torch_side.mend.serve import serve_mend

    serve_mend()


def _end_with_stdin(endpoint: str, folder: str | None) -> None:
    """A thread, so that even an oracle stuck in a long computation goes when its parent does."""
    while os.read(0, 4096):
        pass
    if endpoint.startswith("ipc://"):
        with contextlib.suppress(OSError):
            os.unlink(endpoint[len("ipc://") :])
    if folder is not None:
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as missing:
        packages = "torch, pyzmq, msgpack and numpy, as requirements.txt pins them"
        sys.exit(f"{sys.executable} has no module {missing.name}; the oracle needs {packages}")
