/// How one field is written, read, hashed and shown: its type together with its limits.
///
/// Types that need no limit are `SSZCodable` themselves and are used through `ValueCodec`.
package protocol FieldCodec<Value>: Sendable {
    associatedtype Value: Sendable

    /// Bytes of every value, nil when the size varies (then containers refer to it by an offset).
    func fixedSize(_ preset: Preset) -> Int?

    /// True for numbers and booleans, which are packed into chunks instead of hashed one by one.
    var isBasic: Bool { get }

    /// Appends the serialisation.
    func encode(_ value: Value, into bytes: inout [UInt8], _ preset: Preset)

    /// Reads all of `bytes`: anything left over is an error.
    func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> Value

    func root(_ value: Value, _ preset: Preset) -> Root

    func json(_ value: Value, _ preset: Preset) -> JSONValue

    func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> Value
}

extension FieldCodec {
    package var isBasic: Bool { false }
}

/// The codec of a type that carries its own rules.
package struct ValueCodec<Value: SSZCodable>: FieldCodec {
    package init() {}

    package func fixedSize(_ preset: Preset) -> Int? { Value.fixedSize(preset: preset) }

    package var isBasic: Bool { Value.isBasic }

    package func encode(_ value: Value, into bytes: inout [UInt8], _ preset: Preset) {
        value.encode(into: &bytes, preset: preset)
    }

    package func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> Value {
        try Value(decoding: bytes, preset: preset)
    }

    package func root(_ value: Value, _ preset: Preset) -> Root { value.hashTreeRoot(preset: preset) }

    package func json(_ value: Value, _ preset: Preset) -> JSONValue { value.json(preset: preset) }

    package func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> Value {
        try Value(json: json, preset: preset)
    }
}
