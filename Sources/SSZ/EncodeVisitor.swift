/// Writes a container in two walks: the fixed part with blank offsets, then the variable parts.
///
/// The second walk is only needed if there are variable-size fields.
struct EncodeVisitor: FieldVisitor {
    let preset: Preset
    private(set) var bytes: [UInt8]
    /// Where the container begins: offsets count from here.
    private let start: Int
    /// Positions in `bytes` of the offsets that are still blank, in field order.
    private var blanks: [Int] = []
    private var blanksFilled = 0
    private var inVariableParts = false

    init(appendingTo bytes: [UInt8], preset: Preset) {
        self.bytes = bytes
        self.preset = preset
        start = bytes.count
    }

    /// Call between the walks.
    /// - Returns: whether a second walk is needed.
    mutating func beginVariableParts() -> Bool {
        inVariableParts = true
        return !blanks.isEmpty
    }

    mutating func visit<Value: SSZCodable>(_ name: String, _ value: inout Value) throws(SSZError) {
        if isDue(isFixed: Value.fixedSize(preset: preset) != nil) { value.encode(into: &bytes, preset: preset) }
    }

    mutating func visit<Codec: FieldCodec>(
        _ name: String, _ value: inout Codec.Value, as codec: Codec
    ) throws(SSZError) {
        if isDue(isFixed: codec.fixedSize(preset) != nil) { codec.encode(value, into: &bytes, preset) }
    }

    /// Whether the field's bytes come now; leaves or fills the blank for its offset.
    private mutating func isDue(isFixed: Bool) -> Bool {
        switch (inVariableParts, isFixed) {
        case (false, true): return true
        case (true, true): return false
        case (false, false):
            blanks.append(bytes.count)
            bytes.append(contentsOf: [0, 0, 0, 0])
            return false
        case (true, false):
            bytes.setOffset(bytes.count - start, at: blanks[blanksFilled])
            blanksFilled += 1
            return true
        }
    }
}

extension [UInt8] {
    /// Appends a 4-byte little-endian offset.
    /// - Precondition: values of 4 GiB and more do not exist here.
    package mutating func appendOffset(_ offset: Int) {
        append(contentsOf: [0, 0, 0, 0])
        setOffset(offset, at: count - 4)
    }

    /// Writes a 4-byte little-endian offset over the bytes at `position`.
    /// - Precondition: values of 4 GiB and more do not exist here.
    mutating func setOffset(_ offset: Int, at position: Int) {
        precondition(offset <= Int(UInt32.max))
        for i in 0..<4 { self[position + i] = UInt8(truncatingIfNeeded: offset >> (8 * i)) }
    }
}

extension ArraySlice<UInt8> {
    /// The 4-byte little-endian offset at a position counted from the start of the slice.
    /// - Precondition: four bytes are there.
    package func offset(at position: Int) -> UInt32 {
        var value: UInt32 = 0
        for i in 0..<4 { value |= UInt32(self[startIndex + position + i]) << (8 * i) }
        return value
    }
}
