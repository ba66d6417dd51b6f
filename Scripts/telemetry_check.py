"""Holds traces and pushed logs to what collectors take, with the protocols' own libraries.

Traces: every span belongs to a trace with one root, the trace of a duty is the same on all nodes, a collector that is
away for a while costs nothing but what no bounded queue can hold. Lines: all lines of a node's log of its level arrive
once, in order, across an outage.
"""

import collections
import concurrent.futures
import http.server
import json
import pathlib
import struct
import threading

import grpc
import snappy
from lab import Failed, Lab, arguments, run
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

PORTS = 3810
parser = arguments(__doc__)
parser.add_argument("--slots", type=int, default=16)
args = parser.parse_args()
lab = Lab(args, "telemetry-check")


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """An OpenTelemetry collector that keeps what it is sent."""

    def __init__(self):
        self.lock, self.spans, self.is_away, self.refused = threading.Lock(), [], False, 0
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def Export(self, request, context):  # noqa: N802, the service's name for it
        with self.lock:
            if self.is_away:
                self.refused += 1
                context.abort(grpc.StatusCode.UNAVAILABLE, "away")
            for of in request.resource_spans:
                resource = {each.key: each.value.string_value for each in of.resource.attributes}
                self.spans += [(resource, span) for scope in of.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()


def fields(message):
    """Of a protobuf message: number and value of each field."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            length = varint()
            at += length
            if at > len(message):
                raise ValueError("cut off")
            yield key >> 3, message[at - length : at]
        else:
            raise ValueError(f"wire type {key & 7}")


class Loki:
    """Takes pushes, and keeps (labels, time, line)."""

    def __init__(self):
        self.lock, self.lines, self.bad, self.is_away, self.refused = threading.Lock(), [], [], False, 0
        loki = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802, the library's name for it
                body = self.rfile.read(int(self.headers["content-length"]))
                with loki.lock:
                    status = loki.take(self.path, self.headers["content-type"], body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, media, body):
        if self.is_away:
            self.refused += 1
            return 503
        try:
            if (path, media) != ("/loki/api/v1/push", "application/x-protobuf"):
                raise ValueError(f"{path}, {media}")
            for number, stream in fields(snappy.decompress(body)):
                parts = list(fields(stream))
                labels = next(value for key, value in parts if key == 1).decode()
                for entry in (dict(fields(value)) for key, value in parts if key == 2):
                    time = dict(fields(entry[1]))
                    self.lines.append((labels, time.get(1, 0) * 10**9 + time.get(2, 0), entry[2].decode()))
        except (ValueError, KeyError, StopIteration, IndexError, struct.error, snappy.UncompressError) as error:
            self.bad.append(repr(error))
            return 400
        return 204


def check_traces(collector):
    by_trace, names = collections.defaultdict(dict), collections.Counter()
    for resource, span in collector.spans:
        if len(span.trace_id) != 16 or len(span.span_id) != 8 or span.end_time_unix_nano < span.start_time_unix_nano:
            raise Failed(f"a span that is none: {span}")
        by_trace[span.trace_id].setdefault(resource["service.name"], []).append(span)
        names[span.name.split("/")[0]] += 1
    services = {resource["service.name"] for resource, _ in collector.spans}
    if len(services) != args.nodes:
        raise Failed(f"{args.nodes} nodes, services {services}")
    shared = [trace for trace, of in by_trace.items() if len(of) == args.nodes]
    if len(shared) < args.slots // 2:
        raise Failed(f"only {len(shared)} of {len(by_trace)} traces have spans of all nodes")
    orphans = 0
    for of in by_trace.values():
        ids = {span.span_id for spans in of.values() for span in spans}
        orphans += sum(
            1 for spans in of.values() for span in spans if span.parent_span_id and span.parent_span_id not in ids)
    lab.say(f"traces: {len(collector.spans)} spans in {len(by_trace)} traces, {len(shared)} of them of all nodes, "
            f"{orphans} spans whose parent did not come; {collector.refused} exports refused in the outage")
    lab.say("    " + ", ".join(f"{name} {count}" for name, count in names.most_common(12)))
    return orphans


def check_outage(index):
    """Of its spans a node lost none while the collector was away."""
    back = [line for line in log_lines(index) if line["msg"] == "the collector takes traces again"]
    if not back:
        raise Failed(f"node {index} does not say that the collector is back")
    if any(line["dropped"] != "0" for line in back):
        raise Failed(f"node {index} dropped spans in the outage: {back}")


def log_lines(index):
    lines = []
    for line in pathlib.Path(f"{lab.folder}/node{index}.log").read_text().splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            pass
    return lines


def check_lines(loki, index):
    if loki.bad:
        raise Failed(f"Loki could not read {loki.bad[:3]}")
    wanted = log_lines(index)
    mine = [(time, text) for labels, time, text in loki.lines if f"node-{index}" in labels]
    if not mine:
        raise Failed(f"no line of node {index}; labels {sorted({labels for labels, _, _ in loki.lines})}")
    if len({*mine}) != len(mine):
        raise Failed(f"{len(mine) - len({*mine})} lines of node {index} came twice")
    for before, after in zip(mine, mine[1:]):
        if before[0] > after[0]:
            raise Failed(f"lines of node {index} came out of order by {before[0] - after[0]} ns: {before} {after}")
    # What is said before Loki's labels are known, and at the very end, may be missing.
    if len(mine) < 0.9 * len(wanted) or len(mine) > len(wanted):
        raise Failed(f"node {index} wrote {len(wanted)} lines, {len(mine)} came")
    lab.say(f"lines: {len(mine)} of {len(wanted)} of node {index} came, once and in order, after {loki.refused} refused "
            f"pushes of all nodes; the last: {mine[-1][1][:90]}")


def body():
    collector, loki = Collector(), Loki()
    lab.create()
    lab.start_chain()
    addresses = [f"127.0.0.1:{PORTS + index}" for index in range(args.nodes)]
    known = [f"/ip4/127.0.0.1/tcp/{PORTS + index}/p2p/{peer}" for index, peer in enumerate(lab.ids)]
    for index in range(args.nodes):
        lab.start_node(
            index, ["--p2p-relays", "", "--p2p-tcp-address", addresses[index], "--p2p-peers",
                    ",".join(each for place, each in enumerate(known) if place != index),
                    "--otlp-address", f"127.0.0.1:{collector.port}", "--otlp-insecure",
                    "--otlp-service-name", f"node-{index}",
                    "--loki-addresses", f"http://127.0.0.1:{loki.port}/loki/api/v1/push",
                    "--loki-service", f"node-{index}"],
            debug_port=PORTS + 20 + index)
    lab.wait_for_genesis()
    lab.sleep_until_slot(args.slots // 3)
    collector.is_away = loki.is_away = True
    lab.say("collector and Loki are away")
    lab.sleep_until_slot(2 * args.slots // 3)
    collector.is_away = loki.is_away = False
    lab.say("both are back")
    lab.sleep_until_slot(args.slots)
    for index in range(args.nodes):
        lab.stop(f"node{index}")
    check_traces(collector)
    for index in range(args.nodes):
        check_outage(index)
        check_lines(loki, index)
    if not collector.refused or not loki.refused:
        raise Failed("nobody noticed the outage")
    if rejects := lab.stats()["rejects"]:
        raise Failed(f"the chain rejected {rejects[:3]}")


raise SystemExit(run(lab, body))
