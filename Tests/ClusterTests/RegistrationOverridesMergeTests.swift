import BLS
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import Cluster

@Suite("adding to the overrides file")
struct RegistrationOverridesMergeTests {
    private static let version = Network.hoodi.genesisForkVersion
    private static let secrets = (1...3).map { _ in SecretKey.random() }.sorted {
        $0.publicKey.bytes < $1.publicKey.bytes
    }
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("overrides.json")
    }

    private func registration(_ validator: Int, pays byte: UInt8 = 7, at time: UInt64 = 100)
        -> SignedValidatorRegistration
    {
        let message = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [byte]), gasLimit: 36_000_000, timestamp: time,
            pubKey: Self.secrets[validator].publicKey.bytes)
        return SignedValidatorRegistration(
            message: message, signature: Self.secrets[validator].sign(message.signingRoot(Self.version)).bytes)
    }

    private func salvage() throws -> RegistrationOverrides.Salvage {
        try RegistrationOverrides.salvage(path, forkVersion: Self.version)
    }

    @Test("the newest of each validator, the old one of two as new, by public key")
    func merge() {
        let old = [registration(2, pays: 1, at: 5), registration(0, pays: 2, at: 9)]
        let new = [registration(0, pays: 3, at: 9), registration(2, pays: 4, at: 6), registration(1)]
        #expect(RegistrationOverrides.merge(old, new) == [old[1], new[2], new[1]])
        #expect(RegistrationOverrides.merge(old, []) == old.reversed())
    }

    @Test("what is written reads back, in Charon's form")
    func writes() throws {
        #expect(try salvage() == RegistrationOverrides.Salvage())
        let entries = [registration(0), registration(1, pays: 0xab)]
        #expect(try RegistrationOverrides.write(entries, to: path, after: salvage()) == nil)
        let read = try salvage()
        #expect(read.entries == entries && read.losses.isEmpty)
        #expect(try directory.mode("overrides.json") == 0o644 && directory.names == ["overrides.json"])
        let text = String(decoding: try directory.read("overrides.json"), as: UTF8.self)
        let message = entries[1].message
        #expect(
            text.contains(
                """
                  {
                    "version": "v1",
                    "v1": {
                      "message": {
                        "fee_recipient": "\(EthereumAddress(message.feeRecipient).checksummed)",
                        "gas_limit": "36000000",
                        "timestamp": "100",
                        "pubkey": "\(message.pubKey.hex)"
                      },
                      "signature": "\(entries[1].signature.hex)"
                    }
                  }
                ]
                """), "\(text)")
        let keys = ClusterKeys(
            operators: [], validators: Self.secrets.map { .init(publicKey: $0.publicKey, shares: []) })
        let strict = try RegistrationOverrides.load(path, keys: keys, forkVersion: Self.version)
        #expect(strict.registrations.count == 2)
    }

    @Test("bad entries are left out and kept beside; other clusters' entries stay")
    func salvages() throws {
        var forged = registration(1)
        forged.message.gasLimit = 1
        let entries: [JSONValue] = [registration(2), forged, registration(0)].map {
            ["version": "v1", "v1": $0.json()]
        }
        let bytes = JSONValue.array(entries + [["version": "v2"]]).bytes()
        try directory.write("overrides.json", bytes)
        let read = try salvage()
        #expect(read.entries == [registration(2), registration(0)])
        #expect(
            read.losses.count == 2 && read.losses[0].hasPrefix("[1].v1.signature") && read.losses[1].contains("[3]"))
        #expect(try RegistrationOverrides.write(read.entries, to: path, after: read) == path + ".bak")
        #expect(try directory.read("overrides.json.bak") == bytes)
        #expect(try salvage().losses.isEmpty)
    }

    @Test("a file that is none is replaced, and kept beside", arguments: ["", "{}", "nonsense", "[1]"])
    func unreadable(text: String) throws {
        try directory.write("overrides.json", Array(text.utf8))
        let read = try salvage()
        #expect(read.entries.isEmpty && read.losses.count == 1)
        _ = try RegistrationOverrides.write([registration(0)], to: path, after: read)
        #expect(try salvage().entries == [registration(0)])
        #expect(try directory.read("overrides.json.bak") == Array(text.utf8))
    }
}
