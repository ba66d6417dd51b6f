/// Bits of a length that the value carries, up to a limit that the field sets.
package struct Bitlist: Hashable, Sendable {
    package let count: Int
    /// Bit i is bit i % 8 of byte i / 8. Bits beyond `count` are zero.
    private var storage: [UInt8]

    /// All bits clear.
    package init(count: Int = 0) {
        precondition(count >= 0)
        self.count = count
        storage = Array(repeating: 0, count: (count + 7) / 8)
    }

    /// Only the given bits set.
    /// - Precondition: the indices are below `count`.
    package init(count: Int, setting indices: some Sequence<Int>) {
        self.init(count: count)
        for i in indices { self[i] = true }
    }

    /// - Parameters:
    ///   - bytes: the SSZ form: the bits, then a delimiter bit, then zeros to the end of the byte.
    ///   - limit: the most bits to accept.
    package init(ssz bytes: some Collection<UInt8>, limit: Int) throws(SSZError) {
        var storage = Array(bytes)
        guard let last = storage.last, last != 0 else { throw SSZError(.delimiter) }
        let delimiter = 7 - last.leadingZeroBitCount
        let count = (storage.count - 1) * 8 + delimiter
        guard count <= limit else { throw SSZError(.limit(limit)) }
        storage[storage.count - 1] &= ~(1 << UInt8(delimiter))
        if delimiter == 0 { storage.removeLast() }
        self.count = count
        self.storage = storage
    }

    /// The SSZ form, delimiter included; `[1]` for no bits.
    package var sszBytes: [UInt8] {
        var bytes = storage
        if count % 8 == 0 { bytes.append(0) }
        bytes[count / 8] |= 1 << UInt8(count % 8)
        return bytes
    }

    /// - Precondition: `0 <= i < count`.
    package subscript(i: Int) -> Bool {
        get {
            precondition(i >= 0 && i < count)
            return storage[i / 8] >> UInt8(i % 8) & 1 == 1
        }
        set {
            precondition(i >= 0 && i < count)
            let mask: UInt8 = 1 << UInt8(i % 8)
            storage[i / 8] = newValue ? storage[i / 8] | mask : storage[i / 8] & ~mask
        }
    }

    /// Positions of the set bits, ascending.
    package var setIndices: [Int] { (0..<count).filter { self[$0] } }

    package var setCount: Int { storage.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The bits without delimiter.
    var packed: [UInt8] { storage }
}

/// `Bitlist[limit]`: variable size; in JSON the hex of the SSZ form.
struct BitlistCodec: FieldCodec {
    let limit: Int

    func fixedSize(_ preset: Preset) -> Int? { nil }

    func encode(_ value: Bitlist, into bytes: inout [UInt8], _ preset: Preset) {
        bytes.append(contentsOf: value.sszBytes)
    }

    func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> Bitlist {
        guard bytes.count <= limit / 8 + 1 else { throw SSZError(.limit(limit)) }
        return try Bitlist(ssz: bytes, limit: limit)
    }

    func root(_ value: Bitlist, _ preset: Preset) -> Root {
        ChunkTree.mixIn(
            length: value.count, ChunkTree.root(packing: value.packed, chunkLimit: (limit + 255) / 256))
    }

    func json(_ value: Bitlist, _ preset: Preset) -> JSONValue { .string(Hex.encode(value.sszBytes)) }

    func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> Bitlist {
        try decode(json.hexBytes(bytesMax: limit / 8 + 1)[...], preset)
    }
}
