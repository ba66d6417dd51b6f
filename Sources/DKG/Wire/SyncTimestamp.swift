import Ethereum

/// `google.protobuf.Timestamp`: what a peer's clock said; only echoed and compared with itself.
package struct SyncTimestamp: Hashable, Sendable {
    package let seconds: Int64
    package let nanoseconds: Int32

    package init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package init(_ instant: Instant) {
        let seconds = instant.unixSeconds
        self.init(
            seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: instant.nanoseconds &- seconds &* 1_000_000_000))
    }

    init(_ bytes: ArraySlice<UInt8>) throws(WireFault) {
        var (seconds, nanoseconds): (Int64, Int64) = (0, 0)
        var reader = FieldReader(bytes, "Timestamp", fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: seconds = try field.int64("seconds")
            default: nanoseconds = try field.int64("nanos")
            }
        }
        guard let exact = Int32(exactly: nanoseconds) else {
            throw .outOfRange(field: "nanos", value: UInt64(bitPattern: nanoseconds))
        }
        self.init(seconds: seconds, nanoseconds: exact)
    }

    func write(_ writer: inout FieldWriter) {
        writer.number(1, seconds)
        writer.number(2, Int64(nanoseconds))
    }
}
