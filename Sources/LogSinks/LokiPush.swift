import Ethereum
import Libp2p
import NIOCore

/// What is posted to Loki: `logproto.PushRequest` with one stream. Source: grafana/loki, pkg/push/push.proto:
///
/// ```
/// PushRequest { repeated Stream streams = 1 }
/// Stream { string labels = 1; repeated Entry entries = 2 }
/// Entry { google.protobuf.Timestamp timestamp = 1; string line = 2 }
/// ```
struct LokiPush {
    static let contentType = "application/x-protobuf"
    /// Of a line; Charon's own bound, which servers are set up for. Source: operations.md §6.5.
    static let lineBytesMax = 4096

    /// `{name="value", …}`, in the order of the names.
    private let labels: String
    private var entries = ByteBuffer()
    private(set) var count = 0

    init(labels: [(name: String, value: String)]) {
        self.labels = Self.text(labels)
    }

    static func text(_ labels: [(name: String, value: String)]) -> String {
        let pairs = labels.sorted { $0.name < $1.name }.map { label in
            var value = LineBytes()
            value.quoted(label.value, bytesMax: 1024)
            return "\(label.name)=" + String(decoding: value.bytes, as: UTF8.self)
        }
        return "{" + pairs.joined(separator: ", ") + "}"
    }

    /// - Returns: false for a line that is too long, which is left out.
    mutating func add(_ line: [UInt8], at time: Instant) -> Bool {
        guard line.count <= Self.lineBytesMax else { return false }
        var timestamp = ByteBuffer()
        Self.put(1, UInt64(max(0, time.unixSeconds)), into: &timestamp)
        Self.put(2, UInt64(max(0, time.nanoseconds)) % 1_000_000_000, into: &timestamp)
        var entry = ByteBuffer()
        Self.put(1, timestamp.readableBytesView, into: &entry)
        Self.put(2, line, into: &entry)
        Self.put(2, entry.readableBytesView, into: &entries)
        count += 1
        return true
    }

    /// Before compression.
    var message: [UInt8] {
        var stream = ByteBuffer()
        Self.put(1, labels.utf8, into: &stream)
        stream.writeImmutableBuffer(entries)
        var request = ByteBuffer()
        Self.put(1, stream.readableBytesView, into: &request)
        return Array(request.readableBytesView)
    }

    var body: [UInt8] { Snappy.compress(message) }

    // Fields of protobuf: wire type 0 is a varint, 2 has its length in front.

    private static func put(_ number: UInt64, _ value: UInt64, into buffer: inout ByteBuffer) {
        guard value > 0 else { return }
        UVarint.write(number << 3, into: &buffer)
        UVarint.write(value, into: &buffer)
    }

    private static func put(_ number: UInt64, _ value: some Collection<UInt8>, into buffer: inout ByteBuffer) {
        UVarint.write(number << 3 | 2, into: &buffer)
        UVarint.write(UInt64(value.count), into: &buffer)
        buffer.writeBytes(value)
    }
}
