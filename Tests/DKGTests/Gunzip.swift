import CZlib

struct NotGzip: Error {}

/// Inflates one gzip file.
func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    // 16 more than the largest window asks for gzip's header and checksum.
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw NotGzip()
    }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    return try input.withUnsafeMutableBufferPointer { input in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        while true {
            let (status, made) = chunk.withUnsafeMutableBufferPointer { space in
                stream.next_out = space.baseAddress
                stream.avail_out = UInt32(space.count)
                return (inflate(&stream, Z_NO_FLUSH), space.count - Int(stream.avail_out))
            }
            output += chunk.prefix(made)
            if status == Z_STREAM_END { return output }
            guard status == Z_OK else { throw NotGzip() }
        }
    }
}
