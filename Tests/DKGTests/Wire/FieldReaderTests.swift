import SSZ
import Testing

@testable import DKG

@Suite("protobuf fields")
struct FieldReaderTests {
    private func numbers(_ hex: String, fields: Int = 3, repeated: [Int] = []) throws(WireFault) -> [Int] {
        let bytes = (try? Hex.decode(hex, bytesMax: 100)) ?? []
        var reader = FieldReader(bytes[...], "M", fields: fields, repeated: repeated)
        var found: [Int] = []
        while let field = try reader.next() { found.append(field.number) }
        return found
    }

    @Test("known fields come in the order they stand in, later versions' are skipped")
    func known() throws {
        #expect(try numbers("") == [])
        #expect(try numbers("120161 0801 2a0100 a00601 1d00000000".replacing(" ", with: "")) == [2, 1, 3])
        #expect(try numbers("0801 0802".replacing(" ", with: ""), repeated: [1]) == [1, 1])
        // Padded numbers are protobuf's.
        #expect(try numbers("8800" + "8100") == [1])
    }

    @Test(
        "what is no protobuf is refused",
        arguments: [
            "08", "0880", "120261", "12ffffffffffffffffff01", "12ffffffffffffffffff7f", "0001", "0b", "0c", "0e", "0f",
            "1d000000", "1900000000000000", "08ffffffffffffffffff02", "08ffffffffffffffffffff01", "8080808010",
        ])
    func malformed(hex: String) {
        #expect(throws: WireFault.malformed(message: "M")) { try numbers(hex) }
    }

    @Test("a field that stands once may not stand twice")
    func doubled() {
        #expect(throws: WireFault.doubled(message: "M", number: 1)) { try numbers("08010801") }
    }

    @Test("values are checked where they are read")
    func values() throws {
        func field(_ hex: String) throws -> Field {
            var reader = FieldReader(try Hex.decode(hex, bytesMax: 100)[...], "M", fields: 3)
            return try #require(try reader.next())
        }
        #expect(try field("08ffffffff0f").index("f") == Int(UInt32.max))
        #expect(throws: WireFault.outOfRange(field: "f", value: 1 << 32)) { try field("088080808010").index("f") }
        #expect(try field("08ffffffffffffffffff01").int64("f") == -1)
        #expect(throws: WireFault.outOfRange(field: "f", value: 2)) { try field("0802").bool("f") }
        #expect(throws: WireFault.wireType(field: "f")) { try field("0802").body("f") }
        #expect(throws: WireFault.wireType(field: "f")) { try field("0d00000000").uint64("f") }
        #expect(throws: WireFault.wireType(field: "f")) { try field("0a00").uint64("f") }
        #expect(try field("0a026162").text("f", bytesMax: 2) == "ab")
        #expect(throws: WireFault.tooLong(field: "f", limit: 1)) { try field("0a026162").text("f", bytesMax: 1) }
        #expect(throws: WireFault.notText(field: "f")) { try field("0a01ff").text("f", bytesMax: 9) }
        #expect(throws: WireFault.length(field: "f", expected: 4, actual: 2)) {
            let _: Bytes4 = try field("0a026162").fixedBytes("f")
        }
    }

    @Test("written fields leave out zeros, except entries of lists")
    func written() {
        let bytes = FieldWriter.message { writer in
            writer.number(1, 0)
            writer.number(2, 300)
            writer.number(3, Int64(-1))
            writer.bool(4, false)
            writer.text(5, "")
            writer.element(6, [UInt8]())
            writer.message(7) { $0.bool(1, true) }
        }
        #expect(Hex.encodeBare(bytes) == "10ac02" + "18ffffffffffffffffff01" + "3200" + "3a020801")
    }
}
