import Cluster
import Secp256k1
import Testing

@Suite struct IdentityKeyFileTests {
    let digits = "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d"

    @Test("writes 64 digits for the owner only, and reads them back")
    func roundTrip() throws {
        let directory = try TemporaryDirectory()
        let key = PrivateKey.random()
        try IdentityKeyFile.create(directory.file("key"), key)
        #expect(try directory.mode("key") == 0o600)
        #expect(try directory.read("key").count == 64)
        #expect(try IdentityKeyFile.load(directory.file("key")).publicKey == key.publicKey)
    }

    @Test("never overwrites")
    func refusesOverwriting() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("key", Array(digits.utf8))
        #expect(throws: ClusterError.self) { try IdentityKeyFile.create(path, .random()) }
        #expect(try directory.read("key") == Array(digits.utf8))
    }

    @Test("white space around and capital digits are fine", arguments: ["%@", "%@\n", "  %@\r\n\t", "\n%@"])
    func tolerance(template: String) throws {
        let directory = try TemporaryDirectory()
        let expected = try IdentityKeyFile.load(directory.write("plain", Array(digits.utf8))).publicKey
        for digits in [digits, digits.uppercased()] {
            let text = template.replacingOccurrences(of: "%@", with: digits)
            #expect(try IdentityKeyFile.load(directory.write("key", Array(text.utf8))).publicKey == expected)
        }
    }

    @Test(
        "says what is wrong and where",
        arguments: [
            ("", "0 characters where 64 hex digits belong"), ("0x%@", "remove the prefix"), ("%@0", "65 characters"),
            ("%@%@", "128 characters"),
            ("zz3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d", "no hex digit"),
            ("0000000000000000000000000000000000000000000000000000000000000000", "not a key"),
            ("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe", "not a key"),
            (String(repeating: " ", count: 1025), "larger than 1024 bytes"),
        ])
    func refuses(template: String, reason: String) throws {
        let directory = try TemporaryDirectory()
        let text = template.replacingOccurrences(of: "%@", with: digits)
        let path = try directory.write("key", Array(text.utf8))
        let error = #expect(throws: ClusterError.self) { try IdentityKeyFile.load(path) }
        let description = error?.description ?? ""
        #expect(description.contains(path) && description.contains(reason), "\(description)")
        #expect(!description.contains("4f3edf"), "an error must not show key material")
    }

    @Test("a missing file tells how to make one")
    func missing() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: ClusterError.self) { try IdentityKeyFile.load(directory.file("none")) }
        #expect(error?.description.contains("styx create enr") == true)
    }
}
