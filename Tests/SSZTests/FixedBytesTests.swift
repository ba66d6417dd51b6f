import SSZ
import Testing

struct FixedBytesTests {
    @Test(
        arguments: [
            ("0x00010aff", [0, 1, 10, 255]), ("00010AFF", [0, 1, 10, 255]), ("0X00010aFf", [0, 1, 10, 255]),
        ] as [(String, [UInt8])])
    func readsHexOfAnyCase(text: String, bytes: [UInt8]) throws {
        #expect(try Bytes4(hex: text).bytes == bytes)
        #expect(try Bytes4(hex: text).hex == "0x00010aff")
    }

    @Test(arguments: [
        ("", HexError.length(expected: 4, actual: 0)), ("0x", .length(expected: 4, actual: 0)),
        ("0x0001", .length(expected: 4, actual: 2)), ("0x000102030", .oddLength),
        ("0x0001020304", .tooLong(bytesMax: 4)), ("0x0001020g", .digit(position: 9)),
        ("0x 0010203", .digit(position: 2)), ("0x0x000102", .digit(position: 3)), ("0x00é1020", .digit(position: 4)),
        ("-0010203", .digit(position: 0)),
    ])
    func refusesOtherText(text: String, error: HexError) {
        #expect(throws: error) { try Bytes4(hex: text) }
    }

    @Test func wantsTheExactLength() {
        #expect(Bytes4([1, 2, 3]) == nil)
        #expect(Bytes4([1, 2, 3, 4, 5]) == nil)
        #expect(Bytes4([1, 2, 3, 4])?.bytes == [1, 2, 3, 4])
        #expect(Bytes4([9, 1, 2, 3, 4, 9][1..<5])?.bytes == [1, 2, 3, 4])
        #expect(Bytes4((1...4).lazy.map { UInt8($0) })?.bytes == [1, 2, 3, 4])
    }

    @Test func padsAndCuts() {
        #expect(Bytes4(padding: [1, 2]).bytes == [1, 2, 0, 0])
        #expect(Bytes4(padding: [1, 2, 3, 4, 5]).bytes == [1, 2, 3, 4])
        #expect(Bytes4(padding: (1...9).lazy.map { UInt8($0) }).bytes == [1, 2, 3, 4])
    }

    @Test func ordersLikeItsHex() throws {
        let values = try ["00000001", "00000100", "7fffffff", "80000000", "ff000000"].map { try Bytes4(hex: $0) }
        #expect(values.shuffled().sorted() == values)
        #expect(!(values[0] < values[0]))
    }

    @Test func equalValuesHashAlike() throws {
        let a = try Bytes4(hex: "01020304")
        var b = Bytes4.zero
        #expect(a != b)
        for i in 0..<4 { b[i] = UInt8(i + 1) }
        #expect(a == b)
        #expect(Set([a, b]).count == 1)
    }
}

struct HexTests {
    @Test func writesWithAndWithoutPrefix() {
        #expect(Hex.encode([0, 0xab, 9]) == "0x00ab09")
        #expect(Hex.encodeBare([0, 0xab, 9]) == "00ab09")
        #expect(Hex.encode([]) == "0x")
    }

    @Test func boundsTheLength() throws {
        #expect(try Hex.decode("0x0102", bytesMax: 2) == [1, 2])
        #expect(throws: HexError.tooLong(bytesMax: 1)) { try Hex.decode("0x0102", bytesMax: 1) }
        #expect(try Hex.decode("0x", bytesMax: 0) == [])
        #expect(try Hex.decode("", bytesMax: 0) == [])
        #expect(throws: HexError.oddLength) { try Hex.decode("0", bytesMax: 9) }
    }

    @Test func everyByteSurvives() throws {
        let bytes = (0...255).map { UInt8($0) }
        #expect(try Hex.decode(Hex.encode(bytes), bytesMax: 256) == bytes)
        #expect(try Hex.decode(Hex.encode(bytes).uppercased(), bytesMax: 256) == bytes)
    }
}
