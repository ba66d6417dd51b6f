import SSZ

/// Walks the fields of one protobuf message; nothing is copied before a caller asks for it, so that what a decoder
/// holds is bounded by the checks it makes on the way.
///
/// Padded numbers and fields of later versions are tolerated, as protobuf has it. Stricter than protobuf where no
/// encoder of it goes: a field that stands once may not stand twice, and there are no groups.
struct FieldReader {
    let message: String
    private var rest: ArraySlice<UInt8>
    /// Known fields are 1 to this.
    private let fieldMax: Int
    /// Bit n: field n may stand more than once.
    private let repeated: UInt64
    private var seen: UInt64 = 0

    /// - Parameters:
    ///   - message: its name in the specification, for errors.
    ///   - fieldMax: the highest field of this message, at most 63; what lies beyond is skipped.
    ///   - repeated: fields that may stand any number of times; the caller counts them.
    init(_ bytes: ArraySlice<UInt8>, _ message: String, fields fieldMax: Int, repeated: [Int] = []) {
        self.message = message
        self.fieldMax = fieldMax
        self.repeated = repeated.reduce(0) { $0 | 1 << UInt64($1) }
        rest = bytes
    }

    /// As above, for a whole message of a peer.
    init(
        _ bytes: [UInt8], _ message: String, bytesMax: Int, fields fieldMax: Int, repeated: [Int] = []
    ) throws(WireFault) {
        guard bytes.count <= bytesMax else {
            throw .oversized(message: message, bytes: bytes.count, limit: bytesMax)
        }
        self.init(bytes[...], message, fields: fieldMax, repeated: repeated)
    }

    /// The next known field; nil at the end.
    mutating func next() throws(WireFault) -> Field? {
        while !rest.isEmpty {
            let tag = try varint()
            guard let number = Int(exactly: tag >> 3), (1..<1 << 29).contains(number) else { throw malformed }
            let value: Field.Value
            switch tag & 7 {
            case 0: value = .number(try varint())
            case 1: value = .fixed(try take(8))
            case 2: value = .bytes(try take(try varint()))
            case 5: value = .fixed(try take(4))
            default: throw malformed
            }
            guard number <= fieldMax else { continue }
            let bit: UInt64 = 1 << UInt64(number)
            guard seen & bit == 0 || repeated & bit != 0 else { throw .doubled(message: message, number: number) }
            seen |= bit
            return Field(number: number, value: value)
        }
        return nil
    }

    private var malformed: WireFault { .malformed(message: message) }

    private mutating func take(_ count: UInt64) throws(WireFault) -> ArraySlice<UInt8> {
        guard let count = Int(exactly: count), count <= rest.count else { throw malformed }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func varint() throws(WireFault) -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<10 {
            guard let byte = rest.popFirst() else { throw malformed }
            if place == 9, byte > 1 { throw malformed }
            value |= UInt64(byte & 0x7f) << UInt64(7 * place)
            if byte & 0x80 == 0 { return value }
        }
        throw malformed
    }
}

/// One field as it stands in a message. The name given to an accessor is the specification's, for errors.
struct Field {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// 4 or 8 bytes; none of our messages has one.
        case fixed(ArraySlice<UInt8>)
    }

    let number: Int
    private let value: Value

    init(number: Int, value: Value) {
        self.number = number
        self.value = value
    }

    func uint64(_ name: String) throws(WireFault) -> UInt64 {
        guard case .number(let value) = value else { throw .wireType(field: name) }
        return value
    }

    func int64(_ name: String) throws(WireFault) -> Int64 { Int64(bitPattern: try uint64(name)) }

    /// An index: a `uint32`, or an `int32` that is not negative.
    func index(_ name: String) throws(WireFault) -> Int {
        let value = try uint64(name)
        guard value <= UInt32.max else { throw .outOfRange(field: name, value: value) }
        return Int(value)
    }

    func bool(_ name: String) throws(WireFault) -> Bool {
        switch try uint64(name) {
        case 0: false
        case 1: true
        case let other: throw .outOfRange(field: name, value: other)
        }
    }

    /// The body of a message inside the message.
    func body(_ name: String) throws(WireFault) -> ArraySlice<UInt8> {
        guard case .bytes(let value) = value else { throw .wireType(field: name) }
        return value
    }

    func bytes(_ name: String, max: Int) throws(WireFault) -> [UInt8] {
        let value = try body(name)
        guard value.count <= max else { throw .tooLong(field: name, limit: max) }
        return Array(value)
    }

    func fixedBytes<let count: Int>(_ name: String) throws(WireFault) -> FixedBytes<count> {
        let value = try body(name)
        guard let exact = FixedBytes<count>(value) else {
            throw .length(field: name, expected: count, actual: value.count)
        }
        return exact
    }

    func text(_ name: String, bytesMax: Int) throws(WireFault) -> String {
        let value = try body(name)
        guard value.count <= bytesMax else { throw .tooLong(field: name, limit: bytesMax) }
        guard let text = String(validating: value, as: UTF8.self) else { throw .notText(field: name) }
        return text
    }
}

extension Optional {
    /// - Throws: `missing` for a field that did not stand in its message.
    func required(_ name: String) throws(WireFault) -> Wrapped {
        guard let self else { throw .missing(field: name) }
        return self
    }
}
