import NIOCore

/// Collects one message of the form unsigned varint length, body; refuses a length above the limit before it
/// allocates anything. Bytes after the message stay in the buffer.
package struct DelimitedReader: Sendable {
    /// Reserved at once; the whole length when as many bytes have arrived: an array that grows step by step would hold
    /// up to three times what it needs.
    private static let reserveMax = 1 << 16

    private let limit: Int
    private var length: Int?
    private var body: [UInt8] = []

    package init(limit: Int) { self.limit = limit }

    /// Something of a message was seen: an end of the stream is now an error.
    package private(set) var hasStarted = false

    /// - Returns: the body, or nil when more bytes are needed. Takes all it can from `input`.
    ///
    /// - Parameter admit: called once, with the announced length, before anything of the body is kept.
    package mutating func receive(
        _ input: inout ByteBuffer, admit: (Int) throws(StreamError) -> Void = { _ in }
    ) throws(StreamError) -> [UInt8]? {
        if input.readableBytes > 0 { hasStarted = true }
        if length == nil { try readLength(&input, admit) }
        guard let length else { return nil }
        let count = min(length - body.count, input.readableBytes)
        if count > 0 {
            if body.count < Self.reserveMax, body.count + count >= Self.reserveMax { body.reserveCapacity(length) }
            input.readWithUnsafeReadableBytes { bytes in
                body.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                return count
            }
        }
        return body.count == length ? body : nil
    }

    private mutating func readLength(
        _ input: inout ByteBuffer, _ admit: (Int) throws(StreamError) -> Void
    ) throws(StreamError) {
        let claimed: UInt64?
        do { claimed = try UVarint.read(&input) } catch { throw .malformedLength }
        guard let claimed else { return }
        guard let length = Int(exactly: claimed), length <= limit else {
            throw .tooLong(claimed: claimed, limit: limit)
        }
        try admit(length)
        self.length = length
        body.reserveCapacity(min(length, Self.reserveMax))
    }
}
