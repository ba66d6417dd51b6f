/// Hashes a container: the tree over the roots of its fields.
struct RootVisitor: FieldVisitor {
    let preset: Preset
    /// Up to 63 fields; the largest container has under 30.
    var tree = Merkleizer<6>()

    init(preset: Preset) {
        self.preset = preset
    }

    var root: Root { tree.root(depth: treeDepth(leaves: Int(tree.count))) }

    mutating func visit<Value: SSZCodable>(_ name: String, _ value: inout Value) throws(SSZError) {
        tree.append(value.hashTreeRoot(preset: preset))
    }

    mutating func visit<Codec: FieldCodec>(
        _ name: String, _ value: inout Codec.Value, as codec: Codec
    ) throws(SSZError) {
        tree.append(codec.root(value, preset))
    }
}
