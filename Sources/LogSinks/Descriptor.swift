import Glibc

/// Writing to an open file, pipe or terminal, to the end.
package enum Descriptor {
    /// - Returns: how much was written, and why not all, as in `errno`.
    @discardableResult
    package static func write(_ bytes: [UInt8], to descriptor: Int32) -> (written: Int, code: Int32?) {
        bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                if count > 0 {
                    written += count
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    // Somebody who shares it wants it so.
                    var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&watched, 1, -1)
                default: return (written, count == 0 ? EIO : errno)
                }
            }
            return (written, nil)
        }
    }
}
