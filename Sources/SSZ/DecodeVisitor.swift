/// Reads a container whose layout is known. Checks every offset before it reads a field.
///
/// Strict: the first offset equals the length of the fixed part, offsets do not decrease and stay within the bytes,
/// and the last field ends with them.
struct DecodeVisitor: FieldVisitor {
    let preset: Preset
    private let bytes: ArraySlice<UInt8>
    /// Where each variable-size field begins, and the end of all; relative to the start of `bytes`.
    private var bounds: [Int] = []
    private var position = 0
    private var variableFields = 0

    init(_ bytes: ArraySlice<UInt8>, layout: LayoutVisitor) throws(SSZError) {
        self.bytes = bytes
        preset = layout.preset
        guard layout.isFixed ? bytes.count == layout.fixedPart : bytes.count >= layout.fixedPart else {
            throw SSZError(.length(expected: layout.fixedPart, actual: bytes.count))
        }
        guard !layout.isFixed else { return }
        var previous = layout.fixedPart
        for position in layout.offsets {
            let offset = bytes.offset(at: position)
            let isFirst = bounds.isEmpty
            guard Int(offset) >= previous, Int(offset) <= bytes.count, !isFirst || Int(offset) == previous else {
                throw SSZError(.offset(offset))
            }
            previous = Int(offset)
            bounds.append(previous)
        }
        bounds.append(bytes.count)
    }

    mutating func visit<Value: SSZCodable>(_ name: String, _ value: inout Value) throws(SSZError) {
        do throws(SSZError) {
            value = try Value(decoding: next(size: Value.fixedSize(preset: preset)), preset: preset)
        } catch {
            throw error.inside(name)
        }
    }

    mutating func visit<Codec: FieldCodec>(
        _ name: String, _ value: inout Codec.Value, as codec: Codec
    ) throws(SSZError) {
        do throws(SSZError) {
            value = try codec.decode(next(size: codec.fixedSize(preset)), preset)
        } catch {
            throw error.inside(name)
        }
    }

    /// The bytes of the next field; `size` is nil if it lies in the variable part.
    private mutating func next(size: Int?) -> ArraySlice<UInt8> {
        let range: Range<Int>
        if let size {
            range = position..<position + size
            position += size
        } else {
            range = bounds[variableFields]..<bounds[variableFields + 1]
            variableFields += 1
            position += 4
        }
        let start = bytes.startIndex
        return bytes[start + range.lowerBound..<start + range.upperBound]
    }
}
