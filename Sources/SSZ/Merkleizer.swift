/// A Merkle tree that is fed leaf by leaf and keeps one pending node per level. No heap.
///
/// `levels` bounds the leaves: less than 2^levels.
struct Merkleizer<let levels: Int> {
    /// `pending[k]` is the root of a full subtree of 2^k leaves that waits for its right sibling.
    /// It is meaningful while bit k of `count` is set.
    var pending = InlineArray<levels, Root>(repeating: .zero)
    var count: UInt64 = 0

    init() {}

    /// - Precondition: `count < 2^levels - 1`.
    mutating func append(_ leaf: Root) {
        var node = leaf
        var level = 0
        while count >> UInt64(level) & 1 == 1 {
            node = SHA256.hash(pending[level], node)
            level += 1
        }
        pending[level] = node
        count += 1
    }

    /// The root over the leaves and as many zero leaves as make the tree `depth` levels high.
    func root(depth: Int) -> Root {
        guard count > 0 else { return ZeroRoots.ofDepth(depth) }
        var level = count.trailingZeroBitCount
        var node = pending[level]
        while level < depth {
            let hasLeftSibling = (count - 1) >> UInt64(level) & 1 == 1
            node = hasLeftSibling ? SHA256.hash(pending[level], node) : SHA256.hash(node, ZeroRoots.ofDepth(level))
            level += 1
        }
        return node
    }
}

/// Leaves to the next power of two, as the height of the tree over them.
func treeDepth(leaves: Int) -> Int {
    leaves <= 1 ? 0 : Int.bitWidth - (leaves - 1).leadingZeroBitCount
}

/// The tree of lists and long byte strings: up to 2^40 chunks, more than the largest limit in the specifications.
typealias ListMerkleizer = Merkleizer<41>

enum ChunkTree {
    /// The root over bytes packed into 32-byte chunks, as a tree for up to `limit` chunks.
    static func root(packing bytes: some Collection<UInt8>, chunkLimit: Int) -> Root {
        let contiguous = bytes.withContiguousStorageIfAvailable { root(packing: $0, chunkLimit: chunkLimit) }
        return contiguous ?? Array(bytes).withUnsafeBufferPointer { root(packing: $0, chunkLimit: chunkLimit) }
    }

    private static func root(packing bytes: UnsafeBufferPointer<UInt8>, chunkLimit: Int) -> Root {
        if bytes.count <= 32, chunkLimit <= 1 { return Root(padding: bytes) }
        var tree = ListMerkleizer()
        var position = 0
        while position < bytes.count {
            let end = min(position + 32, bytes.count)
            tree.append(Root(padding: UnsafeBufferPointer(rebasing: bytes[position..<end])))
            position = end
        }
        return tree.root(depth: treeDepth(leaves: max(chunkLimit, Int(tree.count))))
    }

    /// The root of a list: that of its contents, hashed with its length.
    static func mixIn(length: Int, _ root: Root) -> Root {
        SHA256.hash(root, UInt64(length).chunk)
    }
}

/// Roots of trees that are all zero, by height.
enum ZeroRoots {
    /// - Precondition: `0 <= depth <= 64`.
    static func ofDepth(_ depth: Int) -> Root { table[depth] }

    private static let table: [Root] = {
        var roots = [Root.zero]
        for depth in 0..<64 { roots.append(SHA256.hash(roots[depth], roots[depth])) }
        return roots
    }()
}
