import SSZ

/// Why bytes in a journal column are not what this program writes there.
enum BlobError: Error, Equatable, CustomStringConvertible {
    case version(UInt8)
    case tooShort
    case trailingBytes(Int)
    /// A count or length beyond its bound.
    case limit(String, Int)
    /// A number outside of its type's range.
    case range(String)
    case unsorted

    var description: String {
        switch self {
        case .version(let version): "unknown blob version \(version)"
        case .tooShort: "blob ends too early"
        case .trailingBytes(let count): "\(count) bytes after the blob"
        case .limit(let what, let count): "\(count) is too many for \(what)"
        case .range(let what): "\(what) out of range"
        case .unsorted: "keys not ascending"
        }
    }
}

/// Takes a blob apart from the front. Integers are little-endian.
struct BlobReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_: T.Type) throws(BlobError) -> T {
        let bytes = try bytes(T.bitWidth / 8)
        return bytes.reversed().reduce(0) { $0 << 8 | T($1) }
    }

    mutating func bytes(_ count: Int) throws(BlobError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw .tooShort }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func fixed<let count: Int>(_: FixedBytes<count>.Type) throws(BlobError) -> FixedBytes<count> {
        guard let value = FixedBytes<count>(try bytes(count)) else { throw .tooShort }
        return value
    }

    func end() throws(BlobError) {
        guard rest.isEmpty else { throw .trailingBytes(rest.count) }
    }
}

extension [UInt8] {
    mutating func appendInteger<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        for i in 0..<T.bitWidth / 8 { append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
    }
}
