import SSZ
import Testing

struct JSONWriterTests {
    let value: JSONValue = [
        "name": "a<b>&c\u{2028}\u{2029}\"\\\n\r\t\u{8}\u{c}\u{1}é",
        "empty": [[:], []],
        "list": [1, "2", .null, true],
        "nested": ["z": 1, "a": 2],
    ]

    @Test func writesWithoutSpace() {
        #expect(
            value.text()
                == #"{"name":"a\u003cb\u003e\u0026c\u2028\u2029\"\\\n\r\t\b\f\u0001é","empty":[{},[]],"#
                + #""list":[1,"2",null,true],"nested":{"z":1,"a":2}}"#)
    }

    /// Expected text made with Go's `json.MarshalIndent` rules: `": "`, empty containers closed at once.
    @Test(arguments: [" ", "  ", "\t"])
    func indentsLikeGo(indent: String) {
        let value: JSONValue = ["a": [], "b": [:], "c": [1, ["d": "e"]], "f": .null]
        let expected = [
            "{", "_\"a\": [],", "_\"b\": {},", "_\"c\": [", "__1,", "__{", "___\"d\": \"e\"", "__}", "_],",
            "_\"f\": null", "}",
        ]
        #expect(value.text(indent: indent) == expected.joined(separator: "\n").replacing("_", with: indent))
    }

    @Test func separatesEscapesFromLookalikes() {
        // E2 80 A7 is U+2027: not escaped. C2 A8 is U+00A8: the byte A8 without the two before.
        #expect(JSONValue.string("\u{2027}\u{a8}\u{2028}x\u{2029}").text() == "\"\u{2027}\u{a8}\\u2028x\\u2029\"")
    }
}

struct JSONValueTests {
    @Test func readsNumbersFromNumbersAndText() {
        let max: JSONValue = "18446744073709551615"
        #expect(max.uint64 == .max)
        #expect(JSONValue.number("18446744073709551615").uint64 == .max)
        #expect(JSONValue("12").integer == nil)
        #expect(JSONValue(12).integer == 12)
        for text in ["", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "18446744073709551616", "000000000000000000001"] {
            #expect(JSONValue.string(text).uint64 == nil, "\(text)")
            #expect(JSONValue.number(text).integer == nil, "\(text)")
        }
    }

    @Test func memberErrorsNameThePlace() throws {
        let value: JSONValue = ["a": [["b": "x"]]]
        #expect(throws: SSZError(.missing).inside("c")) { try value.member("c") }
        #expect(throws: SSZError(.json(expected: "object"))) { try JSONValue.null.member("c") }
        let error = #expect(throws: SSZError.self) {
            try value.member("a") { (list) throws(SSZError) in
                try list.elements(limit: 9) { (item) throws(SSZError) in
                    try item.member("b") { (text) throws(SSZError) in try UInt64(json: text) }
                }
            }
        }
        #expect(error?.description == "a[0].b: not a decimal number in range")
        #expect(throws: SSZError(.limit(0))) {
            try value.member("a").elements(limit: 0) { (item) throws(SSZError) in item }
        }
    }

    @Test func objectsKeepOrderWhenEdited() {
        var object = JSONObject([("c", 1), ("a", 2)])
        object["b"] = 3
        object["c"] = 4
        #expect(object.members.map(\.name) == ["c", "a", "b"])
        #expect(object["c"] == 4)
        object["a"] = nil
        #expect(object.members.map(\.name) == ["c", "b"])
        #expect(object["a"] == nil)
        object["zz"] = nil
        for i in 0..<40 { object["k\(i)"] = JSONValue(i) }
        object["k3"] = nil
        #expect(object["k3"] == nil)
        #expect(object["k39"] == 39)
        #expect(object.members.count == 41)
        let wasNew = object.appendIfNew("k39", 0)
        #expect(!wasNew)
    }
}
