/// Measures the fixed part of a container: where each offset stands, and where the variable part begins.
struct LayoutVisitor: FieldVisitor {
    let preset: Preset
    /// Bytes of the fixed part, offsets included.
    var fixedPart = 0
    /// Positions of the offsets of the variable-size fields.
    var offsets: [Int] = []

    init(preset: Preset) {
        self.preset = preset
    }

    var isFixed: Bool { offsets.isEmpty }

    mutating func visit<Value: SSZCodable>(_ name: String, _ value: inout Value) throws(SSZError) {
        add(Value.fixedSize(preset: preset))
    }

    mutating func visit<Codec: FieldCodec>(
        _ name: String, _ value: inout Codec.Value, as codec: Codec
    ) throws(SSZError) {
        add(codec.fixedSize(preset))
    }

    private mutating func add(_ size: Int?) {
        if let size {
            fixedPart += size
        } else {
            offsets.append(fixedPart)
            fixedPart += 4
        }
    }
}
