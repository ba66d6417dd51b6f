import Cluster
import SSZ
import Secp256k1
import TestSupport
import Testing

@Suite struct ENRTests {
    static let known =
        "enr:-HW4QEp-BLhP30tqTGFbR9n2PdUKWP9qc0zphIRmn8_jpm4BYkgekztXQaPA_znRW8RvNYHo0pUwyPEwUGGeZu26XlKAgmlkgnY0iXNlY3AyNTZr"
        + "MaEDG4TFVnsSZECZXT7VqroFZdceGDRgSBn_nBf16dXdB48"

    @Test("a record is a function of the key")
    func create() throws {
        let key = try PrivateKey([UInt8](repeating: 1, count: 32))
        let record = ENR(signedBy: key)
        #expect(record.text == Self.known)
        #expect(try ENR(record.text) == record)
        #expect(record.publicKey == key.publicKey)
    }

    @Test("any key's record parses back", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let record = ENR(signedBy: .random(using: &generator))
        #expect(try ENR(record.text) == record)
    }

    @Test("no prefix and no changed character parses")
    func mutations() throws {
        let text = Array(Self.known.utf8)
        for count in text.indices {
            #expect(throws: ENRError.self) { try ENR(String(decoding: text.prefix(count), as: UTF8.self)) }
        }
        for i in text.indices {
            var changed = text
            changed[i] = text[i] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            // The last character carries two spare bits that no decoder of the field looks at.
            if i == text.count - 1 { changed[i] = UInt8(ascii: "A") }
            #expect(throws: ENRError.self, "character \(i)") { try ENR(String(decoding: changed, as: UTF8.self)) }
        }
    }

    @Test(
        "refuses what is no record, and says why",
        arguments: [
            ("", .missingPrefix), ("ENR:AA", .missingPrefix), ("enr:", .invalidRLP), ("enr:A", .invalidBase64),
            ("enr:++++", .invalidBase64), ("enr: AAA", .invalidBase64), ("enr:AAAA", .invalidRLP),
            ("enr:" + String(repeating: "A", count: 1021), .tooLong),
            // A list of nothing; of three; of five strings; lengths beyond the end, also near 2^64.
            ("enr:wA", .invalidRLP), ("enr:w4CAgA", .invalidRLP), ("enr:xYCAgICA", .invalidRLP),
            ("enr:xIG4gIA", .invalidRLP), ("enr:_________38", .invalidRLP), ("enr:yL___________w", .invalidRLP),
        ] as [(String, ENRError)])
    func refuses(text: String, error: ENRError) {
        #expect(throws: error) { try ENR(text) }
    }

    @Test("arbitrary bytes never trap", arguments: 0..<4)
    func fuzz(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let text = String(
                (0..<Int.random(in: 0...120, using: &generator)).map { _ in
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".randomElement(using: &generator)
                        ?? "A"
                })
            #expect(throws: ENRError.self) { try ENR("enr:-" + text) }
        }
    }

    /// Third-party records; without the vectors folder this is disabled.
    @Test("agrees with Charon's records", .enabled(if: Vectors.has("cluster/derived/enr.json")))
    func vectors() throws {
        let file = try Vectors.json("cluster/derived/enr.json")
        let create = try #require(file["create"]?.array)
        #expect(create.count == 3)
        for item in create {
            let key = try PrivateKey(Hex.decode(text(item, "private_key_file_content"), bytesMax: 32))
            let record = ENR(signedBy: key)
            #expect(record.text == (try text(item, "enr")))
            #expect(Hex.encodeBare(record.publicKey.compressed.bytes) == (try text(item, "pubkey")))
            #expect(Hex.encodeBare(record.signature) == (try text(item, "signature_rs")))
        }
        let parse = try #require(file["parse"]?.array)
        #expect(parse.count >= 5)
        for item in parse {
            let name = try text(item, "name")
            guard item["valid"]?.bool == true else {
                #expect(throws: ENRError.self, "\(name)") { try ENR(text(item, "enr")) }
                continue
            }
            let record = try ENR(text(item, "enr"))
            #expect(Hex.encodeBare(record.publicKey.compressed.bytes) == (try text(item, "pubkey")))
            #expect(record.ip == item["ip"]?.string)
            #expect(record.tcpPort.map(UInt64.init) == item["tcp"]?.integer)
            #expect(record.udpPort.map(UInt64.init) == item["udp"]?.integer)
        }
    }

    private func text(_ item: JSONValue, _ name: String) throws -> String { try #require(item[name]?.string) }
}
