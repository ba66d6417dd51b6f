import BLS
import Cluster
import SSZ
import TestSupport
import Testing

/// One keystore file with one thing wrong: refused, naming the file and the member, or opened if it does not matter.
@Suite struct KeystoreMutationTests {
    private static let vitalMembers = [
        "crypto", "crypto.cipher", "crypto.cipher.function", "crypto.cipher.message", "crypto.cipher.params",
        "crypto.cipher.params.iv", "crypto.checksum", "crypto.checksum.function", "crypto.checksum.message",
        "crypto.kdf", "crypto.kdf.function", "crypto.kdf.params", "crypto.kdf.params.c", "crypto.kdf.params.dklen",
        "crypto.kdf.params.prf", "crypto.kdf.params.salt",
    ]
    private static let idleMembers = [
        "description", "pubkey", "path", "uuid", "name", "version", "crypto.checksum.params", "crypto.kdf.message",
        "crypto.more",
    ]
    private static let values: [JSONValue?] = [
        nil, .null, true, -1, 0, .number("1.5"), .number("1e3"), .number("340282366920938463463374607431768211456"),
        .number("18446744073709551616"), "", "0x", "zz", "nonsense", .string(String(repeating: "ab", count: 2000)),
        [], [1], .array([.object(JSONObject())]),
    ]

    let directory: TemporaryDirectory
    let key: SecretKey
    let text: String
    let json: JSONValue

    init() throws {
        directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 5)
        key = .random(using: &generator)
        let seed = Keystore.Seed(using: &generator)
        let bytes = try Keystore.encrypt(key, cost: .insecure, seed)
        text = String(decoding: bytes, as: UTF8.self)
        json = try JSONValue(parsing: bytes)
        try directory.write("keystore-0.txt", seed.password)
    }

    private func load(_ bytes: [UInt8]) throws -> SecretKey {
        try directory.write("keystore-0.json", bytes)
        return try #require(KeystoreDirectory.load(directory.path, concurrency: 1).first).key
    }

    private func refusal(_ bytes: [UInt8]) -> String {
        let error = #expect(throws: ClusterError.self) { try load(bytes) }
        return error?.description ?? ""
    }

    @Test(
        "a vital member that is missing, null, of another type or senseless is named with the file",
        arguments: vitalMembers)
    func vital(member: String) {
        for value in Self.values {
            let changed = json.replacing(member.split(separator: ".").map(String.init), with: value)
            let text = refusal(changed.bytes())
            let what = "\(member) = \(value.map { String($0.text().prefix(20)) } ?? "nothing"): \(text)"
            #expect(text.contains("\(directory.path)/keystore-0.json"), "\(what)")
            #expect(text.contains(member), "\(what)")
            #expect(text.utf8.count < 400, "\(what)")
        }
    }

    @Test("what is not needed may be anything", arguments: idleMembers)
    func idle(member: String) throws {
        for value in Self.values {
            let changed = json.replacing(member.split(separator: ".").map(String.init), with: value)
            #expect(try load(changed.bytes()).publicKey == key.publicKey)
        }
    }

    @Test("a vital member that occurs twice, in whatever case, is refused", arguments: vitalMembers)
    func twice(member: String) throws {
        let name = try #require(member.split(separator: ".").last)
        let first = try #require(text.range(of: "\"\(name)\":"))
        for copy in [String(name), name.uppercased()] {
            let changed = text.replacingCharacters(in: first, with: "\"\(copy)\": \"x\", \"\(name)\":")
            let text = refusal(Array(changed.utf8))
            #expect(text.contains("\(directory.path)/keystore-0.json") && text.contains(name), "\(text)")
        }
    }

    @Test("hex may be upper case or start with 0x")
    func otherHex() throws {
        for path in [["crypto", "cipher", "message"], ["crypto", "kdf", "params", "salt"]] {
            let value = try #require(path.reduce(json) { $0[$1] ?? .null }.string)
            for other in [value.uppercased(), "0x" + value] {
                let changed = json.replacing(path, with: .string(other))
                #expect(try load(changed.bytes()).publicKey == key.publicKey)
            }
        }
    }

    @Test("work bombs are refused at once, whatever else is in the file")
    func bombs() {
        let scrypt: JSONValue = [
            "function": "scrypt", "message": "",
            "params": ["dklen": 32, "n": 262144, "p": 1, "r": 8, "salt": "00"],
        ]
        let rows: [(JSONValue, String, JSONValue)] = [
            (scrypt, "n", .number("9223372036854775808")), (scrypt, "n", .number("67108864")), (scrypt, "r", 17),
            (scrypt, "r", .number("9223372036854775807")), (scrypt, "p", 64), (scrypt, "p", .number("4294967296")),
            (scrypt, "n", 262143), (scrypt, "dklen", .number("99999999999")),
            (json["crypto"]?["kdf"] ?? .null, "c", .number("67108865")),
            (json["crypto"]?["kdf"] ?? .null, "c", .number("4294967295")),
        ]
        for (kdf, name, value) in rows {
            let kdf = kdf.replacing(["params", name], with: value)
            let text = refusal(json.replacing(["crypto", "kdf"], with: kdf).bytes())
            #expect(text.contains("keystore-0.json: crypto.kdf.params"), "\(name) = \(value.text()): \(text)")
        }
    }

    @Test("garbage and huge files are refused by name")
    func garbage() throws {
        let rows: [([UInt8], String)] = [
            ([], "unexpected end"), (Array("keystore".utf8), "expected"), ([0xff, 0xfe, 0], "expected"),
            (Array("[]".utf8), "expected an object"), (Array("3".utf8), "expected an object"),
            (Array((text + "x").utf8), "bytes after the value"),
            (Array(repeating: UInt8(ascii: "["), count: 60_000), "nested deeper"),
            (Array((text + String(repeating: " ", count: 1 << 20)).utf8), "larger than 65536 bytes"),
        ]
        for (bytes, complaint) in rows {
            let text = refusal(bytes)
            #expect(text.contains("\(directory.path)/keystore-0.json") && text.contains(complaint), "\(text)")
        }
    }

    @Test("damaged files never trap, and never open to another key", arguments: 0..<8)
    func damage(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var bytes = Array(text.utf8)
            // Digits of the cost would make this a test of patience.
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                guard !(0x30...0x39).contains(bytes[position]) else { continue }
                bytes[position] = UInt8.random(in: .min ... .max, using: &random)
            }
            guard let opened = try? Keystore.decrypt(bytes, password: directory.read("keystore-0.txt")) else {
                continue
            }
            #expect(opened.publicKey == key.publicKey)
        }
    }
}
