import SSZ
import Testing

struct BitlistTests {
    @Test(
        arguments: [
            ([], 0, [1]), ([], 7, [0x80]), ([], 8, [0, 1]), ([0], 1, [0b11]), ([0, 2], 3, [0b1101]),
            ([7], 8, [0x80, 1]), ([8], 9, [0, 0b11]), ([0, 15], 16, [1, 0x80, 1]),
        ] as [([Int], Int, [UInt8])])
    func hasADelimiterBit(set: [Int], count: Int, bytes: [UInt8]) throws {
        let bits = Bitlist(count: count, setting: set)
        #expect(bits.sszBytes == bytes)
        #expect(bits.setIndices == set)
        #expect(bits.setCount == set.count)
        #expect(try Bitlist(ssz: bytes, limit: count) == bits)
    }

    @Test(
        arguments: [
            ([], .delimiter), ([0], .delimiter), ([1, 0], .delimiter), ([0, 0, 0], .delimiter),
            ([0, 0x02], .limit(8)), ([0, 0, 1], .limit(8)), ([0xff, 0xff], .limit(8)),
        ] as [([UInt8], SSZError.Reason)])
    func refuses(bytes: [UInt8], reason: SSZError.Reason) {
        #expect(throws: SSZError(reason)) { try Bitlist(ssz: bytes, limit: 8) }
    }

    @Test func setsAndClears() {
        var bits = Bitlist(count: 10)
        bits[9] = true
        bits[3] = true
        bits[9] = false
        #expect(bits.setIndices == [3])
        #expect(bits == Bitlist(count: 10, setting: [3]))
        #expect(bits != Bitlist(count: 11, setting: [3]))
    }
}

struct BitvectorTests {
    @Test(
        arguments: [
            ([], 4, [0]), ([3], 4, [8]), ([0, 63], 64, [1, 0, 0, 0, 0, 0, 0, 0x80]), ([8], 9, [0, 1]),
        ] as [([Int], Int, [UInt8])])
    func packsLowBitFirst(set: [Int], count: Int, bytes: [UInt8]) throws {
        let bits = Bitvector(count: count, setting: set)
        #expect(bits.bytes == bytes)
        #expect(bits.setIndices == set)
        #expect(bits.setCount == set.count)
        #expect(try Bitvector(ssz: bytes, count: count) == bits)
    }

    @Test(
        arguments: [
            ([], .length(expected: 1, actual: 0)), ([0, 0], .length(expected: 1, actual: 2)), ([0x10], .padding),
            ([0x80], .padding), ([0xff], .padding),
        ] as [([UInt8], SSZError.Reason)])
    func refuses(bytes: [UInt8], reason: SSZError.Reason) {
        #expect(throws: SSZError(reason)) { try Bitvector(ssz: bytes, count: 4) }
    }

    @Test func clearsBits() {
        var bits = Bitvector(count: 9, setting: [1, 8])
        bits[8] = false
        #expect(bits.setIndices == [1])
    }
}
