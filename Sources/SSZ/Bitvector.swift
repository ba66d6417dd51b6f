/// Bits of a length that the field sets.
package struct Bitvector: Hashable, Sendable {
    /// 0 only for the value of a field that was never set; such a field is written as clear bits.
    package let count: Int
    /// Bit i is bit i % 8 of byte i / 8. Bits beyond `count` are zero. This is the SSZ form.
    package private(set) var bytes: [UInt8]

    /// All bits clear.
    package init(count: Int = 0) {
        precondition(count >= 0)
        self.count = count
        bytes = Array(repeating: 0, count: (count + 7) / 8)
    }

    /// Only the given bits set.
    /// - Precondition: the indices are below `count`.
    package init(count: Int, setting indices: some Sequence<Int>) {
        self.init(count: count)
        for i in indices { self[i] = true }
    }

    /// Reads the SSZ form of `count` bits.
    package init(ssz bytes: some Collection<UInt8>, count: Int) throws(SSZError) {
        guard bytes.count == (count + 7) / 8 else {
            throw SSZError(.length(expected: (count + 7) / 8, actual: bytes.count))
        }
        self.bytes = Array(bytes)
        self.count = count
        if count % 8 != 0, let last = self.bytes.last, last >> UInt8(count % 8) != 0 { throw SSZError(.padding) }
    }

    /// - Precondition: `0 <= i < count`.
    package subscript(i: Int) -> Bool {
        get {
            precondition(i >= 0 && i < count)
            return bytes[i / 8] >> UInt8(i % 8) & 1 == 1
        }
        set {
            precondition(i >= 0 && i < count)
            let mask: UInt8 = 1 << UInt8(i % 8)
            bytes[i / 8] = newValue ? bytes[i / 8] | mask : bytes[i / 8] & ~mask
        }
    }

    /// Positions of the set bits, ascending.
    package var setIndices: [Int] { (0..<count).filter { self[$0] } }

    package var setCount: Int { bytes.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// With as many bits: new ones are zero, those beyond are dropped.
    package func resized(to count: Int) -> Bitvector {
        Bitvector(count: count, setting: setIndices.filter { $0 < count })
    }
}

/// `Bitvector[count]`: fixed size; in JSON the hex of the SSZ form.
struct BitvectorCodec: FieldCodec {
    let count: Int

    func fixedSize(_ preset: Preset) -> Int? { (count + 7) / 8 }

    func encode(_ value: Bitvector, into bytes: inout [UInt8], _ preset: Preset) {
        bytes.append(contentsOf: stored(value).bytes)
    }

    func decode(_ bytes: ArraySlice<UInt8>, _ preset: Preset) throws(SSZError) -> Bitvector {
        try Bitvector(ssz: bytes, count: count)
    }

    func root(_ value: Bitvector, _ preset: Preset) -> Root {
        ChunkTree.root(packing: stored(value).bytes, chunkLimit: (count + 255) / 256)
    }

    func json(_ value: Bitvector, _ preset: Preset) -> JSONValue { .string(Hex.encode(stored(value).bytes)) }

    func value(_ json: JSONValue, _ preset: Preset) throws(SSZError) -> Bitvector {
        try decode(json.hexBytes(bytesMax: (count + 7) / 8)[...], preset)
    }

    /// A value of another preset keeps the bits that both have: nodes of a cluster exchange mainnet's shape on every chain.
    /// Bits that a smaller chain has no room for are refused where such values come in (`AggregateRules`).
    private func stored(_ value: Bitvector) -> Bitvector { value.count == count ? value : value.resized(to: count) }
}
