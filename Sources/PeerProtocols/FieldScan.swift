/// Walks the fields of an encoded protobuf message without building anything.
///
/// A repeated field costs a sender two bytes per entry and a decoder a hundred, so entries are counted first.
struct FieldScan {
    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    init(_ bytes: [UInt8]) {
        self.init(bytes, bytes.indices)
    }

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Entries of `inner` inside all occurrences of `outer` together: occurrences of a message field are merged.
    static func count(_ inner: UInt64, inside outer: UInt64, of bytes: [UInt8]) -> Int? {
        var scan = FieldScan(bytes)
        var total = 0
        while let field = scan.next() {
            guard field.number == outer, let body = field.body else { continue }
            var nested = FieldScan(bytes, body)
            guard let count = nested.count(inner) else { return nil }
            total += count
        }
        return scan.isComplete ? total : nil
    }

    private mutating func count(_ wanted: UInt64) -> Int? {
        var total = 0
        while let field = next() {
            if field.number == wanted, field.body != nil { total += 1 }
        }
        return isComplete ? total : nil
    }

    var isComplete: Bool { position == end }

    /// The next field; nil at the end or at the first malformed byte (`isComplete` tells which). Groups are walked
    /// through: their start and end tags count as fields without a body.
    mutating func next() -> (number: UInt64, body: Range<Int>?)? {
        let start = position
        guard start < end, let tag = varint() else { return nil }
        let number = tag >> 3
        switch tag & 7 {
        case 0: if varint() != nil { return (number, nil) }
        case 1: if skip(8) { return (number, nil) }
        case 2:
            if let length = varint().flatMap(Int.init(exactly:)), case let from = position, skip(length) {
                return (number, from..<position)
            }
        case 3, 4: return (number, nil)
        case 5: if skip(4) { return (number, nil) }
        default: break
        }
        position = start
        return nil
    }

    private mutating func skip(_ count: Int) -> Bool {
        guard count <= end - position else { return false }
        position += count
        return true
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { return nil }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
