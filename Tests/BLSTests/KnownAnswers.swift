import Foundation
import SSZ

@testable import BLS

/// Fixtures/known_answers.json: our own, computed by Fixtures/generate.py with a code base unrelated to blst.
enum KnownAnswers {
    static let document: JSONValue = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/known_answers.json")
        guard let data = try? Data(contentsOf: file), let value = try? JSONValue(parsing: [UInt8](data)) else {
            fatalError("read \(file.path)")
        }
        return value
    }()

    static func rows(_ name: String) -> [JSONValue] { document[name]?.array ?? [] }
}

extension JSONValue {
    /// The bytes of a member of hex text.
    func bytes(_ name: String) throws -> [UInt8] {
        try Hex.decode(member(name).string ?? "not a text", bytesMax: 1 << 16)
    }

    func rows(_ name: String) throws -> [JSONValue] { try member(name).array ?? [] }

    func int(_ name: String) throws -> Int { Int(try member(name).integer ?? 0) }
}

/// All choices of `count` from `items`.
func choices<T>(_ count: Int, from items: ArraySlice<T>) -> [[T]] {
    guard count > 0 else { return [[]] }
    guard let first = items.first else { return [] }
    return choices(count - 1, from: items.dropFirst()).map { [first] + $0 } + choices(count, from: items.dropFirst())
}

/// The error `body` throws, nil when it does not.
func failure<T>(_ body: () throws(BLSError) -> T) -> BLSError? {
    do throws(BLSError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// -P for a compressed point: the flag of the larger y flipped.
func negated(_ signature: Signature) throws -> Signature {
    var bytes = signature.bytes.bytes
    bytes[0] ^= 0x20
    return try Signature(bytes: bytes)
}
