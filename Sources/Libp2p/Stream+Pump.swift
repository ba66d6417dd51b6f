import NIOCore

/// A circuit carried as much as it may.
struct DataLimitReached: Error, Equatable {}

extension Stream {
    private static let pumpBytes = 1 << 16

    /// Copies until the other side ends, then ends that of `target`. Reads no faster than `target` takes.
    ///
    /// - Throws: `DataLimitReached` when more than `bytesMax` come; those bytes have been passed on.
    func pump(to target: Stream, bytesMax: UInt64, _ count: (Int) -> Void) async throws {
        var left = bytesMax
        while true {
            // Beyond the limit one byte tells that there is more.
            let wanted = Int(clamping: min(UInt64(Self.pumpBytes), max(1, left)))
            guard let bytes = try await read(upTo: wanted) else { return try await target.closeWrite() }
            guard left > 0 else { throw DataLimitReached() }
            left -= UInt64(bytes.readableBytes)
            count(bytes.readableBytes)
            try await target.write(bytes, queuedMax: Self.pumpBytes)
        }
    }
}
