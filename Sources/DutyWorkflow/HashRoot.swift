import SSZ

/// The hash of every signed consensus message and value: bytes zero-padded to 32-byte chunks, SHA-256 tree, missing
/// right siblings taken from the zero subtrees, no length mixed in. Up to 32 bytes are their own root; nothing gives
/// zeros. Source: consensus.md §3.2.
package func consensusHashRoot(_ bytes: [UInt8]) -> Root {
    var level = stride(from: 0, to: bytes.count, by: 32).map { start in
        Root(padding: bytes[start..<min(start + 32, bytes.count)])
    }
    guard var root = level.first else { return .zero }
    var zero = Root.zero
    while level.count > 1 {
        if !level.count.isMultiple(of: 2) { level.append(zero) }
        level = stride(from: 0, to: level.count, by: 2).map { SHA256.hash(level[$0], level[$0 + 1]) }
        zero = SHA256.hash(zero, zero)
        root = level[0]
    }
    return root
}
