import SSZ
import TestSupport
import Testing

/// One field of every kind.
struct Everything: SSZContainer, Hashable {
    var small = UInt8(0)
    var medium = UInt16(0)
    var large = UInt32(0)
    var flag = false
    var huge = UInt256.zero
    var name = [UInt8]()
    var blob = [UInt8](repeating: 0, count: 40)
    var numbers = [UInt64]()
    var pairs = [Pair]()
    var texts = [Text]()
    var vector = [Pair](repeating: Pair(), count: 3)
    var textVector = [Text](repeating: Text(), count: 2)
    var bits = Bitlist()
    var flags = Bitvector(count: 10)
    var lists = [[UInt8]]()

    mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("small", &small)
        try visitor.visit("medium", &medium)
        try visitor.visit("large", &large)
        try visitor.visit("flag", &flag)
        try visitor.visit("huge", &huge)
        try visitor.visit("name", &name, limit: 50)
        try visitor.visit("blob", &blob, count: 40)
        try visitor.visit("numbers", &numbers, limit: 9)
        try visitor.visit("pairs", &pairs, limit: 5)
        try visitor.visit("texts", &texts, limit: 4)
        try visitor.visit("vector", &vector, count: 3)
        try visitor.visit("text_vector", &textVector, count: 2)
        try visitor.visit("bits", &bits, limit: 300)
        try visitor.visit("flags", &flags, count: 10)
        try visitor.visit("lists", &lists, as: ListCodec(of: ByteListCodec(limit: 33), limit: 3))
    }

    static let sample = {
        var value = Everything()
        value.small = 0xfe
        value.medium = 0x0102
        value.large = 0x0a0b_0c0d
        value.flag = true
        value.huge = UInt256(1 << 40)
        value.name = Array("styx".utf8)
        value.blob = (0..<40).map { UInt8($0) }
        value.numbers = [1, .max, 3, 4, 5]
        value.pairs = [Pair(a: 1, b: Root(padding: [1])), Pair(a: 2, b: Root(padding: [2]))]
        value.texts = [Text(letters: [1, 2, 3]), Text(), Text(letters: [4])]
        value.vector[1] = Pair(a: 7, b: .zero)
        value.textVector[1] = Text(letters: [9])
        value.bits = Bitlist(count: 260, setting: [0, 257])
        value.flags = Bitvector(count: 10, setting: [9])
        value.lists = [[], [1], Array(repeating: 7, count: 33)]
        return value
    }()
}

struct Pair: SSZContainer, Hashable {
    var a = UInt64(0)
    var b = Root.zero

    init() {}
    init(a: UInt64, b: Root) {
        self.a = a
        self.b = b
    }

    mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("a", &a)
        try visitor.visit("b", &b)
    }
}

struct Text: SSZContainer, Hashable {
    var letters = [UInt8]()

    init() {}
    init(letters: [UInt8]) { self.letters = letters }

    mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("letters", &letters, limit: 8)
    }
}

struct ContainerTests {
    @Test(arguments: [Everything(), Everything.sample])
    func survivesBytesAndJSON(value: Everything) throws {
        #expect(try Everything(ssz: value.sszBytes()) == value)
        #expect(try Everything(json: value.json()) == value)
        #expect(try Everything(json: JSONValue(parsing: value.json().text())) == value)
    }

    @Test func knowsWhetherItsSizeIsFixed() {
        #expect(Pair.fixedSize(preset: .mainnet) == 40)
        #expect(Text.fixedSize(preset: .mainnet) == nil)
        #expect(Everything.fixedSize(preset: .mainnet) == nil)
    }

    @Test func laysOutOffsets() {
        #expect(Text(letters: [5, 6]).sszBytes() == [4, 0, 0, 0, 5, 6])
        #expect(
            Pair(a: 1, b: Root(padding: [9])).sszBytes() == [1, 0, 0, 0, 0, 0, 0, 0, 9]
                + [UInt8](repeating: 0, count: 31))
    }

    /// The same two values, made with the library of the executable specification by Scripts/make-fixtures.
    @Test func agreesWithTheReferenceLibrary() throws {
        let cases = try #require(Fixtures.json("everything.json").array)
        #expect(cases.count == 2)
        for testCase in cases {
            let value: Everything = testCase["name"]?.string == "zero" ? Everything() : .sample
            #expect(Hex.encode(value.sszBytes()) == testCase["ssz"]?.string)
            #expect(value.hashTreeRoot().hex == testCase["root"]?.string)
            #expect(value.json() == testCase["json"])
        }
    }

    @Test func jsonErrorsNameTheField() throws {
        let json = Everything.sample.json()
        let cases: [(String, JSONValue?, String)] = [
            ("small", "256", "small: not a decimal number in range"),
            ("small", 1, "small: expected decimal text"),
            ("small", "-1", "small: not a decimal number in range"),
            ("large", "", "large: not a decimal number in range"),
            ("flag", "true", "flag: expected true or false"),
            ("flag", nil, "flag: missing"),
            (
                "huge", "115792089237316195423570985008687907853269984665640564039457584007913129639936",
                "huge: not a decimal number in range"
            ),
            ("name", .string("0x" + String(repeating: "00", count: 51)), "name: more than 50 bytes of hex"),
            ("name", "0x0", "name: odd number of hex digits"),
            ("blob", "0x00", "blob: expected 40 bytes, got 1"),
            ("numbers", .null, "numbers: expected array"),
            ("numbers", ["1", "x"], "numbers[1]: not a decimal number in range"),
            ("numbers", .array(Array(repeating: "1", count: 10)), "numbers: longer than 9"),
            ("pairs", [["a": "1"]], "pairs[0].b: missing"),
            ("pairs", [["a": "1", "b": "0x00"]], "pairs[0].b: expected 32 bytes of hex, got 1"),
            ("pairs", ["x"], "pairs[0]: expected object"),
            ("vector", [], "vector: expected 3 elements, got 0"),
            ("bits", "0x00", "bits: bitlist without delimiter bit"),
            ("bits", "0x", "bits: bitlist without delimiter bit"),
            ("flags", "0x0004", "flags: bits set beyond the length"),
            ("flags", "0x00", "flags: expected 2 bytes, got 1"),
            ("lists", ["0x", 1], "lists[1]: expected hex text"),
        ]
        for (name, value, message) in cases {
            var object = try #require(json.object)
            object[name] = value
            let error = #expect(throws: SSZError.self) { try Everything(json: .object(object)) }
            #expect(error?.description == message)
        }
        #expect(throws: SSZError(.json(expected: "object"))) { try Everything(json: .null) }
    }

    @Test func ignoresUnknownMembers() throws {
        var object = try #require(Everything.sample.json().object)
        object["new_in_the_next_fork"] = ["x": 1]
        #expect(try Everything(json: .object(object)) == .sample)
    }
}
