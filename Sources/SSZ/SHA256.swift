import CBlst

/// SHA-256, as blst implements it (SHA-NI where the processor has it).
package enum SHA256 {
    package static func hash(_ bytes: some Collection<UInt8>) -> Root {
        bytes.withContiguousStorageIfAvailable { digest(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { digest($0) }
    }

    /// One node of a Merkle tree: the hash of `left` followed by `right`.
    package static func hash(_ left: Root, _ right: Root) -> Root {
        // A tuple of two 32-byte structs is 64 bytes without padding.
        withUnsafeBytes(of: (left, right)) { digest($0) }
    }

    private static func digest(_ message: UnsafeRawBufferPointer) -> Root {
        var out = Root()
        out.withUnsafeMutableBytes { out in
            // The pointer of an empty buffer may be nil; blst reads nothing from it then.
            withUnsafePointer(to: UInt8(0)) { nothing in
                let input = message.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing
                blst_sha256(out.baseAddress?.assumingMemoryBound(to: UInt8.self), input, message.count)
            }
        }
        return out
    }
}
