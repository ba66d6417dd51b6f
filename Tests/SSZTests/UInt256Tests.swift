import SSZ
import Testing

struct UInt256Tests {
    static let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    @Test(arguments: [
        "0", "1", "9", "10", "18446744073709551615", "18446744073709551616",
        "340282366920938463463374607431768211456", max,
    ])
    func survivesItsDecimal(text: String) throws {
        let value = try #require(UInt256(decimal: text))
        #expect(value.decimal == text)
        #expect(try UInt256(ssz: value.sszBytes()) == value)
        #expect(try UInt256(json: value.json()) == value)
        #expect(value.uint64 == UInt64(decimal: text))
    }

    @Test(arguments: [
        "", "-1", "+1", "0x1", " 1", "1.0",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        String(repeating: "9", count: 78), String(repeating: "0", count: 79),
    ])
    func refuses(text: String) {
        #expect(UInt256(decimal: text) == nil)
        #expect(throws: SSZError(.number)) { try UInt256(json: .string(text)) }
    }

    @Test func isLittleEndian() throws {
        var expected = [UInt8](repeating: 0, count: 32)
        expected[8] = 1
        let value = try #require(UInt256(decimal: "18446744073709551616"))
        #expect(value.sszBytes() == expected)
        #expect(value.hashTreeRoot().bytes == expected)
        #expect(UInt256(.max) < value)
        #expect(!(value < value))
        #expect(throws: SSZError(.length(expected: 32, actual: 31))) { try UInt256(ssz: expected.dropLast()) }
    }
}
