/// What is wrong with bytes or JSON that should be an SSZ value, and at which field.
package struct SSZError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// The value needs exactly, or at least, `expected` bytes.
        case length(expected: Int, actual: Int)
        /// An offset points before the previous one, past the end, or not at the end of the fixed part.
        case offset(UInt32)
        /// More elements, bits or bytes than the limit of the field.
        case limit(Int)
        /// A fixed vector with a wrong number of elements.
        case count(expected: Int, actual: Int)
        /// The bytes do not divide into elements of this size.
        case elementSize(Int)
        /// A boolean that is neither 0 nor 1.
        case boolean(UInt8)
        /// Bits beyond the length of a bitvector are set.
        case padding
        /// A bitlist without delimiter bit: no bytes, or last byte zero.
        case delimiter
        /// JSON of another kind than this one.
        case json(expected: String)
        /// A member that JSON objects of this container must have.
        case missing
        /// Not a decimal number without sign, or out of range.
        case number
        case hex(HexError)

        var text: String {
            switch self {
            case .length(let expected, let actual): "expected \(expected) bytes, got \(actual)"
            case .offset(let offset): "invalid offset \(offset)"
            case .limit(let limit): "longer than \(limit)"
            case .count(let expected, let actual): "expected \(expected) elements, got \(actual)"
            case .elementSize(let size): "length is no multiple of \(size) bytes"
            case .boolean(let byte): "invalid boolean \(byte)"
            case .padding: "bits set beyond the length"
            case .delimiter: "bitlist without delimiter bit"
            case .json(let expected): "expected \(expected)"
            case .missing: "missing"
            case .number: "not a decimal number in range"
            case .hex(let error): error.description
            }
        }
    }

    package let reason: Reason
    /// Field names and element positions (`[3]`) from the outermost container inwards.
    package private(set) var path: [String] = []

    package init(_ reason: Reason) {
        self.reason = reason
    }

    /// The same error, seen from the container that has the value as its field `name`.
    package func inside(_ name: String) -> SSZError {
        var error = self
        error.path.insert(name, at: 0)
        return error
    }

    /// For example `data.target.epoch: not a decimal number in range`.
    package var description: String {
        guard !path.isEmpty else { return reason.text }
        let place = path.joined(separator: ".").replacing(".[", with: "[")
        return "\(place): \(reason.text)"
    }
}
