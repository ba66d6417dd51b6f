import SSZ

/// The members of one JSON object in a cluster file, read as Go reads them: names in any case, unknown members
/// ignored, `null` and absent alike give the zero value, hex with or without `0x`.
///
/// Stricter than Go in one thing: a name that occurs twice, in whatever case, is an error.
struct JSONMembers {
    /// Where this object stands in the file, for errors; empty at the top.
    let path: String
    private let members: [String: JSONValue]

    /// Absent and `null` read as an object without members.
    init(_ value: JSONValue?, path: String) throws(ClusterError) {
        self.path = path
        guard let value, !value.isNull else {
            members = [:]
            return
        }
        guard let object = value.object else { throw .field(path.isEmpty ? "file" : path, "expected an object") }
        var members: [String: JSONValue] = [:]
        for (name, value) in object.members {
            guard members.updateValue(value, forKey: name.lowercased()) == nil else {
                throw .field(Self.join(path, name), "occurs twice")
            }
        }
        self.members = members
    }

    func path(_ name: String) -> String { Self.join(path, name) }

    /// Neither absent nor `null`.
    func has(_ name: String) -> Bool { member(name) != nil }

    func string(_ name: String) throws(ClusterError) -> String {
        guard let value = member(name) else { return "" }
        guard let string = value.string else { throw .field(path(name), "expected a string") }
        return string
    }

    /// A JSON number without sign, fraction and exponent.
    func uint64(_ name: String, max: UInt64 = .max) throws(ClusterError) -> UInt64 {
        guard let value = member(name) else { return 0 }
        guard let number = value.integer, number <= max else {
            throw .field(path(name), "expected a whole number from 0 to \(max)")
        }
        return number
    }

    func count(_ name: String, max: Int) throws(ClusterError) -> Int {
        Int(try uint64(name, max: UInt64(max)))
    }

    /// A JSON number that may be negative, as Unix seconds are before 1970.
    func int64(_ name: String) throws(ClusterError) -> Int64 {
        guard let value = member(name) else { return 0 }
        guard case .number(let digits) = value, let number = Int64(digits) else {
            throw .field(path(name), "expected a whole number of 64 bits")
        }
        return number
    }

    /// A whole number, not absent: decimal text in quotes as the beacon API has it, or a JSON number.
    func decimal(_ name: String) throws(ClusterError) -> UInt64 {
        guard let number = member(name)?.uint64 else {
            throw .field(path(name), "expected a whole number of 64 bits, in quotes")
        }
        return number
    }

    /// Decimal text in quotes.
    func gweiText(_ name: String) throws(ClusterError) -> UInt64 {
        guard let value = member(name) else { return 0 }
        return try Self.gwei(value, path(name))
    }

    func bool(_ name: String) throws(ClusterError) -> Bool {
        guard let value = member(name) else { return false }
        guard let bool = value.bool else { throw .field(path(name), "expected true or false") }
        return bool
    }

    func hex(_ name: String, bytesMax: Int) throws(ClusterError) -> [UInt8] {
        guard let value = member(name) else { return [] }
        return try Self.hex(value, bytesMax: bytesMax, path(name))
    }

    func bytes(_ name: String, _ text: ByteText, bytesMax: Int) throws(ClusterError) -> [UInt8] {
        guard let value = member(name) else { return [] }
        return try Self.bytes(value, text, bytesMax: bytesMax, path(name))
    }

    /// Exactly so many bytes; absent, `null` and empty give zeros.
    func fixed<let count: Int>(
        _ name: String, _ text: ByteText = .hex
    ) throws(ClusterError) -> FixedBytes<count> {
        let bytes = try bytes(name, text, bytesMax: count)
        guard !bytes.isEmpty else { return .zero }
        guard let fixed = FixedBytes<count>(bytes) else {
            throw .field(path(name), "expected \(count) bytes of \(text), got \(bytes.count)")
        }
        return fixed
    }

    func members(_ name: String) throws(ClusterError) -> JSONMembers {
        try JSONMembers(member(name), path: path(name))
    }

    /// The elements of an array, each read by `read`, which also gets the element's path.
    func array<Element>(
        _ name: String, max: Int, _ read: (JSONValue, String) throws(ClusterError) -> Element
    ) throws(ClusterError) -> [Element] {
        guard let value = member(name) else { return [] }
        guard let values = value.array else { throw .field(path(name), "expected an array") }
        guard values.count <= max else { throw .field(path(name), "\(values.count) entries, at most \(max) allowed") }
        var elements: [Element] = []
        elements.reserveCapacity(values.count)
        for (i, value) in values.enumerated() { elements.append(try read(value, "\(path(name))[\(i)]")) }
        return elements
    }

    static func hex(_ value: JSONValue, bytesMax: Int, _ path: String) throws(ClusterError) -> [UInt8] {
        guard !value.isNull else { return [] }
        guard let text = value.string else { throw .field(path, "expected hex in a string") }
        do throws(HexError) {
            return try Hex.decode(text, bytesMax: bytesMax)
        } catch {
            throw .field(path, "\(error)")
        }
    }

    static func bytes(
        _ value: JSONValue, _ text: ByteText, bytesMax: Int, _ path: String
    ) throws(ClusterError) -> [UInt8] {
        guard text == .base64 else { return try hex(value, bytesMax: bytesMax, path) }
        guard !value.isNull else { return [] }
        guard let digits = value.string else { throw .field(path, "expected base64 in a string") }
        guard digits.utf8.count <= (bytesMax + 2) / 3 * 4 else {
            throw .field(path, "more than \(bytesMax) bytes of base64")
        }
        guard let bytes = Base64.standard.decode(digits.utf8) else { throw .field(path, "not base64 with padding") }
        guard bytes.count <= bytesMax else { throw .field(path, "more than \(bytesMax) bytes of base64") }
        return bytes
    }

    static func gwei(_ value: JSONValue, _ path: String) throws(ClusterError) -> UInt64 {
        // Charon holds amounts as signed 64-bit numbers.
        guard value.string != nil, let amount = value.uint64, amount <= UInt64(Int64.max) else {
            throw .field(path, "expected an amount in Gwei as decimal text in quotes")
        }
        return amount
    }

    private func member(_ name: String) -> JSONValue? {
        guard let value = members[name], !value.isNull else { return nil }
        return value
    }

    private static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}

extension JSONValue {
    /// `0x` and lower-case hex; the empty text for no bytes.
    static func hex(_ bytes: some Collection<UInt8>) -> JSONValue {
        .string(bytes.isEmpty ? "" : Hex.encode(bytes))
    }

    /// - Parameter nullIfEmpty: what base64 does for no bytes, instead of the empty text.
    static func bytes(_ bytes: some Collection<UInt8>, _ text: ByteText, nullIfEmpty: Bool = false) -> JSONValue {
        switch text {
        case .hex: .hex(bytes)
        case .base64: bytes.isEmpty && nullIfEmpty ? .null : .string(Base64.standard.encode(bytes))
        }
    }

    /// Go writes an absent list as `null`.
    static func list(orNull values: [JSONValue]) -> JSONValue { values.isEmpty ? .null : .array(values) }
}
