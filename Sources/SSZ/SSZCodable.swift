/// A value with an SSZ form, a hash tree root and the beacon API's JSON form.
///
/// Source: consensus-specs `ssz/simple-serialize.md`; eth2-types.md §1 and §10.
package protocol SSZCodable: Sendable {
    /// Bytes of every value of the type, nil when the size varies.
    static func fixedSize(preset: Preset) -> Int?

    /// True for numbers and booleans, which are packed into chunks instead of hashed one by one.
    static var isBasic: Bool { get }

    /// Appends the serialisation to `bytes`.
    func encode(into bytes: inout [UInt8], preset: Preset)

    /// Strict: all of `bytes` is the value, nothing is left over.
    init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError)

    func hashTreeRoot(preset: Preset) -> Root

    func json(preset: Preset) -> JSONValue

    /// Strict about members that are there, but ignores members that the container does not have.
    init(json: JSONValue, preset: Preset) throws(SSZError)
}

extension SSZCodable {
    package static var isBasic: Bool { false }

    /// The SSZ form.
    package func sszBytes(preset: Preset = .mainnet) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(into: &bytes, preset: preset)
        return bytes
    }

    /// Reads the SSZ form.
    package init(ssz bytes: some Collection<UInt8>, preset: Preset = .mainnet) throws(SSZError) {
        try self.init(decoding: Array(bytes)[...], preset: preset)
    }

    package func hashTreeRoot() -> Root { hashTreeRoot(preset: .mainnet) }

    package func json() -> JSONValue { json(preset: .mainnet) }

    package init(json: JSONValue) throws(SSZError) {
        try self.init(json: json, preset: .mainnet)
    }
}
