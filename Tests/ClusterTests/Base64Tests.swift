import TestSupport
import Testing

@testable import Cluster

@Suite struct Base64Tests {
    /// From RFC 4648 §10, and bytes that need the last two characters of the alphabet.
    static let rows: [(bytes: [UInt8], standard: String, url: String)] = [
        ([], "", ""), (Array("f".utf8), "Zg==", "Zg"), (Array("fo".utf8), "Zm8=", "Zm8"),
        (Array("foo".utf8), "Zm9v", "Zm9v"), (Array("foob".utf8), "Zm9vYg==", "Zm9vYg"),
        (Array("fooba".utf8), "Zm9vYmE=", "Zm9vYmE"), (Array("foobar".utf8), "Zm9vYmFy", "Zm9vYmFy"),
        ([0xfb, 0xff, 0xbf], "+/+/", "-_-_"),
    ]

    @Test("both flavours agree with the standard", arguments: 0..<rows.count)
    func known(i: Int) {
        let row = Self.rows[i]
        #expect(Base64.standard.encode(row.bytes) == row.standard)
        #expect(Base64.url.encode(row.bytes) == row.url)
        #expect(Base64.standard.decode(row.standard.utf8) == row.bytes)
        #expect(Base64.url.decode(row.url.utf8) == row.bytes)
    }

    @Test("writing and reading are inverse")
    func inverse() {
        var generator = SeededGenerator(seed: 4)
        for count in 0..<100 {
            let bytes = generator.bytes(count)
            for flavour in [Base64.standard, .url] { #expect(flavour.decode(flavour.encode(bytes).utf8) == bytes) }
        }
    }

    @Test(
        "refuses foreign characters, missing padding and impossible lengths",
        arguments: ["Z", "Zg", "Zg=", "Zm8", "Z===", "====", "Zg==Zg==", "Zm9-", "Zm 8", "Zg==\n"])
    func refuses(text: String) { #expect(Base64.standard.decode(text.utf8) == nil) }
}
