import Glibc

extension Array where Element == UInt8 {
    /// Overwrites a secret where it stands, in a way the optimiser keeps, and empties the array.
    ///
    /// Only the sole owner erases: if another copy of the array exists, that copy keeps its bytes.
    package mutating func erase() {
        withUnsafeMutableBytes { buffer in
            if let base = buffer.baseAddress { explicit_bzero(base, buffer.count) }
        }
        self = []
    }
}
