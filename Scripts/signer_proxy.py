"""Stands before a remote signer and spoils what it answers, by key: the first key's signatures are over something else,
the second's are no signatures, the third's come late. All others pass. With --how all of them are spoiled alike.

    signer_proxy.py --port 15001 --upstream http://127.0.0.1:15000 --log spoiled.jsonl
"""
import argparse
import http.server
import json
import re
import threading
import time
import urllib.error
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--upstream", required=True)
parser.add_argument("--late", type=float, default=0.7, help="seconds")
parser.add_argument("--how", choices=["wrong", "garbage", "late"], help="for all keys; by key if not given")
parser.add_argument("--log", required=True, help="a line for each spoiled answer")
args = parser.parse_args()
log = open(args.log, "a")
lock = threading.Lock()
with urllib.request.urlopen(f"{args.upstream}/api/v1/eth2/publicKeys", timeout=30) as answer:
    KEYS = sorted(json.load(answer))
earlier = {}


def spoiled(key, body):
    """What to answer instead of a key's signature."""
    kind = args.how or {0: "wrong", 1: "garbage", 2: "late"}.get(KEYS.index(key) if key in KEYS else None)
    match = re.search(rb"0x[0-9a-f]{192}", body)
    if kind is None or match is None:
        return kind, body
    if kind == "garbage":
        return kind, b"<html>this is no signature</html>"
    if kind == "late":
        time.sleep(args.late)
        return kind, body
    # Another message's: a good signature by the same key. The first one has a bit turned over.
    with lock:
        wrong = earlier.get(key) or match[0][:-1] + (b"0" if match[0][-1:] != b"0" else b"1")
        earlier[key] = match[0]
    return (kind, body.replace(match[0], wrong)) if wrong != match[0] else (None, body)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def pass_on(self):
        length = int(self.headers.get("Content-Length") or 0)
        request = urllib.request.Request(
            args.upstream + self.path, data=self.rfile.read(length) if length else None, method=self.command,
            headers={name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, kind, body = answer.status, answer.headers.get("Content-Type"), answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, error.headers.get("Content-Type"), error.read()
        except OSError:
            status, kind, body = 502, "text/plain", b""
        if status == 200 and "/sign/" in self.path:
            how, body = spoiled(self.path.rsplit("/", 1)[1].lower(), body)
            if how:
                with lock:
                    log.write(json.dumps({"t": time.time(), "key": self.path.rsplit("/", 1)[1], "how": how}) + "\n")
                    log.flush()
        self.send_response(status)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = pass_on


print(f"proxy {args.port} {len(KEYS)} keys", flush=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
server.daemon_threads = True
server.serve_forever()
