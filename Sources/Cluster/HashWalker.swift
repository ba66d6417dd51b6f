import SSZ

/// The tree over a definition's or lock's fields, collected leaf by leaf; its root is the hash.
///
/// Close to SSZ but not SSZ: an empty raw string adds no leaf at all, limits without elements behave in their own
/// way. Every rule has its name in spec/cluster-files.md §5.
package struct HashWalker {
    private var chunks: [Root] = []

    package init() {}

    /// U64: little-endian, padded to a chunk.
    package mutating func uint64(_ value: UInt64) { chunks.append(Self.chunk(value)) }

    /// BOOL
    mutating func bool(_ value: Bool) { chunks.append(Self.chunk(value ? 1 : 0)) }

    /// RAW: nothing when empty, one chunk up to 32 bytes, else the root of the chunks.
    package mutating func raw(_ bytes: [UInt8]) {
        let new = Self.chunks(of: bytes)
        chunks += bytes.count <= 32 ? new : [Self.merkle(new)]
    }

    /// FIX: left-padded with zeros to `count` bytes.
    package mutating func fixed(_ bytes: [UInt8], count: Int, _ field: String) throws(ClusterError) {
        guard bytes.count <= count else { throw .field(field, "\(bytes.count) bytes, at most \(count) allowed") }
        raw([UInt8](repeating: 0, count: count - bytes.count) + bytes)
    }

    /// BLIST: bounded bytes with their count mixed in.
    mutating func byteList(_ bytes: some Collection<UInt8>, max: Int, _ field: String) throws(ClusterError) {
        guard bytes.count <= max else { throw .field(field, "\(bytes.count) bytes, at most \(max) allowed") }
        let root = Self.merkle(Self.chunks(of: Array(bytes)), limit: (max + 31) / 32)
        chunks.append(SHA256.hash(root, Self.chunk(UInt64(bytes.count))))
    }

    /// A list of uint64, four to a chunk, with their count mixed in.
    mutating func uint64List(_ values: [UInt64], max: Int, _ field: String) throws(ClusterError) {
        guard values.count <= max else { throw .field(field, "\(values.count) entries, at most \(max) allowed") }
        let bytes = values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        let root = Self.merkle(Self.chunks(of: bytes), limit: (max + 3) / 4)
        chunks.append(SHA256.hash(root, Self.chunk(UInt64(values.count))))
    }

    /// LIST: the body walks one element, which adds one leaf or none; the count is mixed in.
    package mutating func list<Element>(
        _ elements: [Element], max: Int, _ field: String,
        _ body: (inout HashWalker, Element, String) throws(ClusterError) -> Void
    ) throws(ClusterError) {
        guard elements.count <= max else { throw .field(field, "\(elements.count) entries, at most \(max) allowed") }
        var inner = HashWalker()
        for (i, element) in elements.enumerated() { try body(&inner, element, "\(field)[\(i)]") }
        let root = Self.merkle(inner.chunks, limit: max)
        chunks.append(SHA256.hash(root, Self.chunk(UInt64(elements.count))))
    }

    /// SIGLIST: signatures of 65 bytes one after another, as a list of them.
    mutating func signatureList(_ bytes: [UInt8], _ field: String) throws(ClusterError) {
        let size = FileLimits.k1SignatureBytes
        guard bytes.count.isMultiple(of: size) else {
            throw .field(field, "\(bytes.count) bytes, but signatures have \(size) each")
        }
        let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<$0 + size]) }
        try list(pieces, max: FileLimits.signaturesInList, field) { walker, piece, _ in walker.raw(piece) }
    }

    /// BOX: a container inside.
    package mutating func box(_ body: (inout HashWalker) throws(ClusterError) -> Void) throws(ClusterError) {
        var inner = HashWalker()
        try body(&inner)
        chunks.append(inner.root)
    }

    /// A subtree computed elsewhere.
    mutating func root(_ root: Root) { chunks.append(root) }

    package var root: Root { Self.merkle(chunks) }

    /// Root of the chunks, padded to the limit with zero subtrees; no limit means their own count.
    private static func merkle(_ chunks: [Root], limit: Int? = nil) -> Root {
        let limit = limit ?? chunks.count
        precondition(chunks.count <= limit, "callers have checked the count")
        guard limit > 1 else { return chunks.first ?? .zero }
        let depth = Int.bitWidth - (limit - 1).leadingZeroBitCount
        var nodes = chunks
        var zero = Root.zero
        for _ in 0..<depth {
            if nodes.count.isMultiple(of: 2) == false { nodes.append(zero) }
            nodes = stride(from: 0, to: nodes.count, by: 2).map { SHA256.hash(nodes[$0], nodes[$0 + 1]) }
            zero = SHA256.hash(zero, zero)
        }
        return nodes.first ?? zero
    }

    /// Right-padded with zeros to whole chunks; none for no bytes.
    private static func chunks(of bytes: [UInt8]) -> [Root] {
        stride(from: 0, to: bytes.count, by: 32).map { start in
            let slice = bytes[start..<min(start + 32, bytes.count)]
            guard let chunk = Root(Array(slice) + [UInt8](repeating: 0, count: 32 - slice.count)) else {
                preconditionFailure("32 bytes")
            }
            return chunk
        }
    }

    private static func chunk(_ value: UInt64) -> Root {
        chunks(of: withUnsafeBytes(of: value.littleEndian) { Array($0) })[0]
    }
}
