/// Why bytes are not the ceremony message they should be: always the sender's doing.
///
/// `field` is the field's name in the specification (spec/dkg.md), never what a peer wrote.
package enum WireFault: Error, Equatable, Sendable {
    /// More bytes than any message of this kind has.
    case oversized(message: String, bytes: Int, limit: Int)
    /// Not protobuf: cut off, a number of more than 64 bits, a group, or field number 0.
    case malformed(message: String)
    /// A field of another wire type than it has.
    case wireType(field: String)
    /// A field that stands once stands twice.
    case doubled(message: String, number: Int)
    case missing(field: String)
    case count(field: String, expected: Int, actual: Int)
    case tooMany(field: String, limit: Int)
    case length(field: String, expected: Int, actual: Int)
    case tooLong(field: String, limit: Int)
    /// Not UTF-8.
    case notText(field: String)
    /// A number outside its range, or in a role in which only one number is right.
    case outOfRange(field: String, value: UInt64)
    /// Not a point of G1 without infinity, not a reduced scalar, or zero where that is no key.
    case notOnGroup(field: String)
    /// The same index or key twice in one message.
    case repeatedEntry(field: String)
    /// A packed message of another type than its place asks for.
    case typeURL(expected: String)
    /// Of another ceremony.
    case foreignSession(message: String)
    /// Not a JSON text of a signature in base64.
    case notSignature(field: String)
}

extension WireFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .oversized(let message, let bytes, let limit): "\(message) of \(bytes) bytes, limit \(limit)"
        case .malformed(let message): "not a \(message)"
        case .wireType(let field): "\(field) is of another wire type"
        case .doubled(let message, let number): "field \(number) of \(message) stands twice"
        case .missing(let field): "\(field) is missing"
        case .count(let field, let expected, let actual): "\(actual) of \(field), expected \(expected)"
        case .tooMany(let field, let limit): "more than \(limit) of \(field)"
        case .length(let field, let expected, let actual): "\(field) of \(actual) bytes, expected \(expected)"
        case .tooLong(let field, let limit): "\(field) of more than \(limit) bytes"
        case .notText(let field): "\(field) is not text"
        case .outOfRange(let field, let value): "\(field) is \(value)"
        case .notOnGroup(let field): "\(field) is not of the group"
        case .repeatedEntry(let field): "two entries for the same \(field)"
        case .typeURL(let expected): "the packed message is not a \(expected)"
        case .foreignSession(let message): "\(message) of another ceremony"
        case .notSignature(let field): "\(field) is not a signature"
        }
    }
}
