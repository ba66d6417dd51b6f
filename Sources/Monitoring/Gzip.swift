import CZlib

/// Compresses a stream of bytes into memory, in gzip's format (RFC 1952).
package final class Gzip {
    private static let chunkBytes = 64 << 10

    /// zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output: [UInt8] = []

    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16 more than the largest window asks for gzip's header and checksum.
        let status = deflateInit2_(
            stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib is another one than was compiled against, or memory is gone")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    package func add(_ bytes: [UInt8]) { run(bytes, Z_NO_FLUSH) }

    /// Everything that was added; nothing may be added any more.
    package func finish() -> [UInt8] {
        run([], Z_FINISH)
        return output
    }

    private func run(_ bytes: [UInt8], _ flush: Int32) {
        var bytes = bytes
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        let count = UInt32(bytes.count)
        bytes.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = count
            var made = 0
            repeat {
                chunk.withUnsafeMutableBufferPointer { space in
                    stream.pointee.next_out = space.baseAddress
                    stream.pointee.avail_out = UInt32(space.count)
                    let status = deflate(stream, flush)
                    precondition(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR)
                    made = space.count - Int(stream.pointee.avail_out)
                }
                output += chunk.prefix(made)
            } while made == Self.chunkBytes
            stream.pointee.next_in = nil
        }
    }
}
