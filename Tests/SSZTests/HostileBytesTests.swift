import SSZ
import TestSupport
import Testing

struct HostileBytesTests {
    @Test(
        arguments: [
            ([], "expected 4 bytes, got 0"), ([4, 0, 0], "expected 4 bytes, got 3"),
            ([5, 0, 0, 0, 1], "invalid offset 5"), ([3, 0, 0, 0], "invalid offset 3"),
            ([0, 0, 0, 0], "invalid offset 0"),
            ([255, 255, 255, 255], "invalid offset 4294967295"),
            ([4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "letters: longer than 8"),
        ] as [([UInt8], String)])
    func refusesBadText(bytes: [UInt8], message: String) {
        let error = #expect(throws: SSZError.self) { try Text(ssz: bytes) }
        #expect(error?.description == message)
    }

    /// Three texts (offsets 12, 19, 23): element offsets that decrease, overlap or leave the bytes.
    @Test(arguments: [
        (0, 11, "invalid offset 11"), (0, 16, "invalid offset 4"), (4, 15, "[0]: expected 4 bytes, got 3"),
        (0, 0, "invalid offset 0"),
        (4, 11, "invalid offset 11"), (4, 200, "invalid offset 200"),
        (8, 18, "invalid offset 18"), (8, 255, "invalid offset 255"), (0, 20, "longer than 4"),
    ])
    func refusesBadElementOffsets(position: Int, value: UInt8, message: String) {
        let codec = ListCodec(of: ValueCodec<Text>(), limit: 4)
        var bytes: [UInt8] = []
        codec.encode([Text(letters: [1, 2, 3]), Text(), Text(letters: [4])], into: &bytes, .mainnet)
        #expect(Array(bytes[0..<12]) == [12, 0, 0, 0, 19, 0, 0, 0, 23, 0, 0, 0])
        bytes[position] = value
        let error = #expect(throws: SSZError.self) { try codec.decode(bytes[...], .mainnet) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        ([1, 2, 3], "length is no multiple of 8 bytes"),
        ([UInt8](repeating: 0, count: 80), "longer than 9"),
    ])
    func refusesBadNumberLists(bytes: [UInt8], message: String) {
        let error = #expect(throws: SSZError.self) {
            try ListCodec(of: ValueCodec<UInt64>(), limit: 9).decode(bytes[...], .mainnet)
        }
        #expect(error?.description == message)
    }

    @Test func refusesBadVectors() {
        let codec = VectorCodec(of: ValueCodec<UInt64>(), count: 2)
        #expect(throws: SSZError(.length(expected: 16, actual: 8))) {
            try codec.decode([0, 0, 0, 0, 0, 0, 0, 0], .mainnet)
        }
        let texts = VectorCodec(of: ValueCodec<Text>(), count: 2)
        #expect(throws: SSZError(.count(expected: 2, actual: 0))) { try texts.decode([], .mainnet) }
        #expect(throws: SSZError(.count(expected: 2, actual: 1))) {
            try texts.decode([4, 0, 0, 0, 4, 0, 0, 0], .mainnet)
        }
        #expect(throws: SSZError(.limit(2))) {
            try texts.decode([12, 0, 0, 0, 12, 0, 0, 0, 12, 0, 0, 0], .mainnet)
        }
    }

    @Test(arguments: [2, 3, 128, 255] as [UInt8])
    func refusesBadBooleans(byte: UInt8) {
        #expect(throws: SSZError(.boolean(byte))) { try Bool(ssz: [byte]) }
    }

    @Test func refusesWrongNumberLengths() {
        #expect(throws: SSZError(.length(expected: 8, actual: 7))) { try UInt64(ssz: [1, 2, 3, 4, 5, 6, 7]) }
        #expect(throws: SSZError(.length(expected: 2, actual: 9))) { try UInt16(ssz: [1, 2, 3, 4, 5, 6, 7, 8, 9]) }
        #expect(throws: SSZError(.length(expected: 1, actual: 0))) { try Bool(ssz: []) }
        #expect(throws: SSZError(.length(expected: 1, actual: 2))) { try Bool(ssz: [0, 0]) }
        #expect(throws: SSZError(.length(expected: 4, actual: 5))) { try Bytes4(ssz: [1, 2, 3, 4, 5]) }
    }

    @Test func everyTruncationIsRefused() {
        let bytes = Pair(a: 1, b: .zero).sszBytes()
        for count in 0..<bytes.count {
            #expect(throws: SSZError(.length(expected: 40, actual: count))) { try Pair(ssz: bytes.prefix(count)) }
        }
        #expect(throws: SSZError(.length(expected: 40, actual: 41))) { try Pair(ssz: bytes + [0]) }
    }

    /// SSZ is canonical: what a strict decoder accepts, the encoder writes back byte for byte.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func acceptsOnlyWhatItWouldWrite(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let original = Everything.sample.sszBytes()
        var accepted = 0
        for _ in 0..<300 {
            let bytes = Mutation.damage(original, using: &random)
            guard let value = try? Everything(ssz: bytes) else { continue }
            accepted += 1
            #expect(value.sszBytes() == bytes)
        }
        #expect(accepted > 0, "the damage is so large that nothing is tested")
        for _ in 0..<300 {
            let bytes = random.bytes(Int.random(in: 0..<400, using: &random))
            guard let value = try? Everything(ssz: bytes) else { continue }
            #expect(value.sszBytes() == bytes)
        }
    }
}
