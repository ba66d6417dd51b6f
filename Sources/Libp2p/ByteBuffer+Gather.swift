import NIOCore

extension ByteBuffer {
    /// Appends to what is unread, and gives back the room of what was read: a plain append keeps it, so a buffer in
    /// which something always stays unread, such as half a frame, would grow with everything ever received.
    mutating func gather(_ bytes: ByteBuffer) {
        guard readableBytes > 0 else { return self = bytes }
        discardReadBytes()
        writeImmutableBuffer(bytes)
    }
}
