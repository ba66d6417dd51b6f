import SSZ
import TestSupport
import Testing

struct JSONParserTests {
    @Test(
        arguments: [
            (" null ", .null), ("true", true), ("false", false), ("\"\"", ""), ("[]", []), ("{}", [:]),
            ("[1, [2], {}]", [1, [2], [:]]),
            ("{\"b\":1,\"a\":{\"c\":null}}", ["b": 1, "a": ["c": .null]]),
            ("-0", .number("-0")), ("0.50", .number("0.50")), ("1e+9", .number("1e+9")), ("-1E-2", .number("-1E-2")),
            ("18446744073709551616", .number("18446744073709551616")),
            (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (#""\u0041\u00e9\uD83D\ude00""#, "Aé😀"), ("\"é😀\"", "é😀"), ("\"\u{7f}\"", "\u{7f}"),
            ("\t\r\n 7", 7),
        ] as [(String, JSONValue)])
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(
        arguments: [
            ("", .endOfText, 0), ("  ", .endOfText, 2), ("nul", .expected("null"), 0),
            ("True", .expected("a value"), 0),
            ("1 2", .trailingBytes, 2), ("[1]]", .trailingBytes, 3), ("[1", .endOfText, 2), ("[1,", .endOfText, 3),
            ("[1,]", .expected("a value"), 3), ("[,1]", .expected("a value"), 1),
            ("{\"a\":1,}", .expected("a member name"), 7), ("{\"a\"}", .expected("':'"), 4),
            ("{a:1}", .expected("a member name"), 1),
            ("{\"a\":1 \"b\":2}", .expected("',' or a closing bracket"), 7),
            ("[1}", .expected("',' or a closing bracket"), 2),
            ("{\"a\":1,\"b\":2,\"a\":3}", .duplicateName("a"), 13),
            (#"{"a":1,"\u0061":3}"#, .duplicateName("a"), 7),
            ("01", .trailingBytes, 1), ("+1", .expected("a value"), 0), ("-", .endOfText, 1),
            ("-a", .expected("a digit"), 1),
            ("1.", .endOfText, 2), (".5", .expected("a value"), 0), ("1.e5", .expected("a digit"), 2),
            ("1e", .endOfText, 2), ("0x10", .trailingBytes, 1),
            ("NaN", .expected("a value"), 0), ("Infinity", .expected("a value"), 0), ("'a'", .expected("a value"), 0),
            ("\"a", .endOfText, 2), ("\"a\\", .endOfText, 2), ("\"\\x\"", .escape, 1), ("\"\\u12", .endOfText, 1),
            ("\"\\u12g4\"", .escape, 1),
            ("\"a\nb\"", .controlCharacter, 2), ("\"\\n\nb\"", .controlCharacter, 3), ("\"\0\"", .controlCharacter, 1),
            (#""\ud83d""#, .encoding, 7), (#""\ud83d\n""#, .endOfText, 7), (#""\ud83dabcdefg""#, .encoding, 7),
            (#""\ude00""#, .encoding, 7), (#""\ud83d\u0041""#, .encoding, 13),
            ("/**/1", .expected("a value"), 0), ("\u{feff}1", .expected("a value"), 0),
        ] as [(String, JSONError.Reason, Int)])
    func refuses(text: String, reason: JSONError.Reason, offset: Int) {
        #expect(throws: JSONError(reason, offset: offset)) { try JSONValue(parsing: text) }
    }

    @Test(
        arguments: [[0xff], [0xc0, 0xaf], [0xe2, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let text = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        #expect(throws: JSONError(.encoding, offset: text.count - 1)) { try JSONValue(parsing: text) }
    }

    @Test func boundsDepthSizeAndValues() throws {
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(throws: Never.self) { try JSONValue(parsing: deep) }
        #expect(throws: JSONError(.tooDeep(max: 32), offset: 32)) { try JSONValue(parsing: "[" + deep + "]") }
        let hostile = String(repeating: "{\"a\":[", count: 200_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: hostile) }
        #expect(throws: JSONError(.tooManyBytes(max: 3), offset: 3)) {
            try JSONValue(parsing: "1234", limits: JSONLimits(bytesMax: 3))
        }
        #expect(throws: JSONError(.tooManyValues(max: 3), offset: 5)) {
            try JSONValue(parsing: "[0,0,0]", limits: JSONLimits(valuesMax: 3))
        }
        #expect(throws: JSONError(.longNumber, offset: 0)) {
            try JSONValue(parsing: String(repeating: "9", count: 101))
        }
    }

    @Test func findsDuplicatesInLargeObjects() throws {
        let members = (0..<100).map { "\"key\($0)\":\($0)" }
        let value = try JSONValue(parsing: "{" + members.joined(separator: ",") + "}")
        #expect(value["key77"] == 77)
        #expect(value["key100"] == nil)
        #expect(value.object?.members.map(\.name) == (0..<100).map { "key\($0)" })
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: "{" + (members + ["\"key50\":0"]).joined(separator: ",") + "}")
        }
    }

    /// Whatever the bytes, the parser answers; and what it accepts means the same after writing it.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func survivesDamage(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let original = Array(#"{"a":[1,-2.5e3,"x\u00e9\n"],"b":{"c":null,"d":[true,false,{}]},"e":"é😀"}"#.utf8)
        for _ in 0..<200 {
            let bytes = Mutation.damage(original, using: &random)
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            #expect(try JSONValue(parsing: value.text()) == value)
            #expect(try JSONValue(parsing: value.text(indent: " ")) == value)
        }
        for _ in 0..<200 {
            _ = try? JSONValue(parsing: random.bytes(Int.random(in: 0..<64, using: &random)))
        }
    }
}
