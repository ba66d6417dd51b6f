import SSZ
import TestSupport
import Testing

@testable import BLS

@Suite struct MessagePointTests {
    private static let root = SHA256.hash([4, 5, 6])

    /// Scalars whose digits are extreme: all equal, all zero but one, carries through every window, next to r.
    private static let secrets: [String] = [
        "0000000000000000000000000000000000000000000000000000000000000001",
        "0000000000000000000000000000000000000000000000000000000000000002",
        "000000000000000000000000000000000000000000000000000000000000000f",
        "0000000000000000000000000000000000000000000000000000000000000010",
        "0000000000000000000000000000000000000000000000000000000000000011",
        "000000000000000000000000000000000000000000000000000000000000001f",
        "0000000000000000000000000000000000000000000000000000000000000020",
        "000000000000000000000000000000000000000000000000ffffffffffffffff",
        "0000000000000000000000000000000000000000000000010000000000000000",
        "3fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "4000000000000000000000000000000000000000000000000000000000000000",
        "4210842108421084210842108421084210842108421084210842108421084210",
        "1084210842108421084210842108421084210842108421084210842108421084",
        "5555555555555555555555555555555555555555555555555555555555555555",
        "2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        // r - 1, r - 2 and half of r, below and above.
        "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000",
        "73eda753299d7d483339d80809a1d80553bda402fffe5bfefffffffeffffffff",
        "39f6d3a994cebea4199cec0404d0ec02a9ded2017fff2dff7fffffff80000000",
        "39f6d3a994cebea4199cec0404d0ec02a9ded2017fff2dff7fffffff80000001",
    ]

    @Test("signs as each key signs by itself, with few keys and with many", arguments: [1, 23, 24, 60])
    func equal(count: Int) throws {
        var generator = SeededGenerator(seed: 21)
        let extreme = try Self.secrets.map { try SecretKey(bytes: Bytes32(hex: $0).bytes) }
        let keys = Array((extreme + (0..<60).map { _ in SecretKey.random(using: &generator) }).prefix(count))
        #expect(MessagePoint(Self.root, keys: count).sign(with: keys) == keys.map { $0.sign(Self.root) })
    }

    @Test("a table made for many signs for few, and for none")
    func few() throws {
        let point = MessagePoint(Self.root, keys: MessagePoint.tableMin)
        #expect(point.sign(with: []).isEmpty)
        let key = SecretKey.random()
        #expect(point.sign(with: [key, key]) == [key.sign(Self.root), key.sign(Self.root)])
    }

    @Test("the scalar for which the last addition is a doubling")
    func doubling() throws {
        // The last digit d stands for d * 2^255; below it must remain d * 2^255 modulo r. With d = 1:
        // 2 * 2^255 modulo r, if its upper windows come out so; either way the result must be right.
        let two = try SecretKey(bytes: [UInt8](repeating: 0, count: 31) + [2])
        var power = two
        for _ in 0..<255 { power = try SecretKey.sum([power, power]) }
        let keys = [power, two]
        let point = MessagePoint(Self.root, keys: MessagePoint.tableMin)
        #expect(point.sign(with: keys) == keys.map { $0.sign(Self.root) })
    }
}
