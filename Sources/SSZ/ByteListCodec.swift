/// `ByteList[limit]`: variable size; in JSON hex.
package struct ByteListCodec: FieldCodec {
    package let limit: Int

    package init(limit: Int) {
        self.limit = limit
    }

    package func fixedSize(_ preset: Preset) -> Int? { nil }

    package func encode(_ value: [UInt8], into bytes: inout [UInt8], _ preset: Preset) {
        bytes.append(contentsOf: value)
    }

    package func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> [UInt8] {
        guard bytes.count <= limit else { throw SSZError(.limit(limit)) }
        return Array(bytes)
    }

    package func root(_ value: [UInt8], _ preset: Preset) -> Root {
        ChunkTree.mixIn(
            length: value.count, ChunkTree.root(packing: value, chunkLimit: (limit + 31) / 32))
    }

    package func json(_ value: [UInt8], _ preset: Preset) -> JSONValue { .string(Hex.encode(value)) }

    package func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> [UInt8] {
        try json.hexBytes(bytesMax: limit)
    }
}

/// `ByteVector[count]` kept in an array: for blobs and the like, too long to be `FixedBytes`.
package struct ByteVectorCodec: FieldCodec {
    package let count: Int

    package init(count: Int) {
        self.count = count
    }

    package func fixedSize(_ preset: Preset) -> Int? { count }

    package func encode(_ value: [UInt8], into bytes: inout [UInt8], _ preset: Preset) {
        bytes.append(contentsOf: stored(value))
    }

    package func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> [UInt8] {
        guard bytes.count == count else { throw SSZError(.length(expected: count, actual: bytes.count)) }
        return Array(bytes)
    }

    package func root(_ value: [UInt8], _ preset: Preset) -> Root {
        ChunkTree.root(packing: stored(value), chunkLimit: (count + 31) / 32)
    }

    package func json(_ value: [UInt8], _ preset: Preset) -> JSONValue { .string(Hex.encode(stored(value))) }

    package func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> [UInt8] {
        try decode(json.hexBytes(bytesMax: count)[...], preset)
    }

    /// An empty array is the field that was never set: zeros.
    private func stored(_ value: [UInt8]) -> [UInt8] {
        assert(value.isEmpty || value.count == count)
        return value.isEmpty ? Array(repeating: 0, count: count) : value
    }
}

extension JSONValue {
    /// The bytes of a hex text.
    func hexBytes(bytesMax: Int) throws(SSZError) -> [UInt8] {
        guard case .string(let text) = self else { throw SSZError(.json(expected: "hex text")) }
        do throws(HexError) {
            return try Hex.decode(text, bytesMax: bytesMax)
        } catch {
            throw SSZError(.hex(error))
        }
    }
}
