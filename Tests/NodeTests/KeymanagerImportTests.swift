import BLS
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import SSZ
import Storage
import TestSupport
import Testing

@testable import Cluster
@testable import Node

@Suite("key shares imported while the node runs", .timeLimit(.minutes(2)))
struct KeymanagerImportTests {
    private func words(_ statuses: [KeyStatus]) -> [KeyStatus.Word] { statuses.map(\.word) }

    @Test("are on disk under Charon's names, and sign; again they are duplicates")
    func imported() async throws {
        let scene = try ShareScene()
        let keymanager = scene.keymanager()
        let request = try scene.request(scene.own(2, 0, 2))
        #expect(words(try await keymanager.importKeystores(request)) == [.imported, .imported, .duplicate])
        #expect(keymanager.keystores() == [scene.share(0), scene.share(2)].sorted())
        #expect(
            scene.directory.names.filter { $0.hasPrefix("keys/") } == [
                "keys/keystore-0.json", "keys/keystore-0.txt", "keys/keystore-2.json", "keys/keystore-2.txt",
            ])
        #expect(try scene.directory.read("keys/keystore-2.json") == request.items[0].keystore)
        #expect(try scene.directory.read("keys/keystore-2.txt") == Array("päss word".utf8))
        #expect(try scene.directory.mode("keys/keystore-2.json") == 0o444)
        #expect(try scene.directory.mode("keys/keystore-2.txt") == 0o400)
        #expect(words(try await keymanager.importKeystores(request)) == [.duplicate, .duplicate, .duplicate])
        let reopened = try KeystoreDirectory.loadUsable(scene.folder, concurrency: 1).entries
        #expect(reopened.map(\.index) == [0, 2])
        #expect(reopened.map(\.key.publicKey.bytes) == [scene.share(0), scene.share(2)])
        try await scene.stop()
    }

    @Test("that are none of this operator's are refused, each by itself, with the reason")
    func strangers() async throws {
        let scene = try ShareScene()
        let validator = scene.scene.validators[1]
        let stranger = SecretKey.random()
        let request = try scene.request([validator.secret, validator.shares[2], stranger] + scene.own(1))
        let statuses = try await scene.keymanager().importKeystores(request)
        #expect(words(statuses) == [.error, .error, .error, .imported])
        #expect(statuses[0].message?.contains("name this operator's key share of it, \(scene.share(1).hex)") == true)
        #expect(statuses[1].message?.contains("the key share of operator 2 of validator") == true)
        #expect(statuses[2].message?.contains("belongs to no validator in the cluster lock") == true)
        #expect(statuses[2].message?.contains(stranger.publicKey.bytes.hex) == true)
        #expect(scene.ring.keys.keys.map { $0 } == [scene.pubKey(1)])
        try await scene.stop()
    }

    @Test("that do not open are refused, and nothing of them is kept")
    func unopened() async throws {
        let scene = try ShareScene()
        let good = try scene.keystore(scene.own(0)[0])
        let text = String(decoding: good, as: UTF8.self)
        let items: [([UInt8], String, String)] = [
            (good, "wrong", "the password does not open this keystore"),
            (Array("{}".utf8), "x", "this is no keystore of EIP-2335"), ([], "x", "JSON"),
            (Array(text.replacing("\"c\": 16", with: "\"c\": \(1 << 21)").utf8), "päss word", "rounds; at most"),
            (
                Array(
                    text.replacing("\"function\": \"pbkdf2\"", with: "\"function\": \"scrypt\"")
                        .replacing("\"c\": 16", with: "\"n\": \(1 << 19), \"r\": 16, \"p\": 1").utf8), "päss word",
                "scrypt"
            ),
        ]
        let request = KeystoreImport(keystores: items.map(\.0), passwords: items.map { Array($0.1.utf8) })
        let statuses = try await scene.keymanager().importKeystores(request)
        for (status, item) in zip(statuses, items) {
            #expect(status.word == .error)
            #expect(status.message?.contains(item.2) == true, "\(status.message ?? "")")
            #expect(status.message?.contains("wrong") == false)
        }
        #expect(scene.ring.keys.isEmpty && scene.directory.names.isEmpty)
        try await scene.stop()
    }

    @Test("bring their histories, under the names of shares or validators; others' are not taken up")
    func histories() async throws {
        let scene = try ShareScene()
        let history = SlashingHistory(
            attestations: [
                scene.pubKey(0): mark(8, 9), scene.pubKey(1): mark(5, 6), scene.pubKey(2): mark(3, 4),
                PubKey(padding: [1]): mark(1, 2),
            ], proposals: [scene.pubKey(0): block(300)])
        let request = try scene.request(scene.own(0, 1), history: history) { pubKey in
            pubKey == scene.pubKey(0) ? scene.share(0) : pubKey
        }
        #expect(words(try await scene.keymanager().importKeystores(request)) == [.imported, .imported])
        #expect(scene.told == history.of([scene.pubKey(0), scene.pubKey(1)]))
        try await scene.stop()
    }

    @Test("with a history that cannot be read: 400, and nothing is imported", arguments: ["{", "{}", "chain"])
    func badHistory(text: String) async throws {
        let scene = try ShareScene()
        let other = Interchange.export(SlashingHistory(), genesisValidatorsRoot: Root(padding: [1])).bytes()
        let request = KeystoreImport(
            keystores: [try scene.keystore(scene.own(0)[0])], passwords: [Array("päss word".utf8)],
            slashingProtection: text == "chain" ? other : Array(text.utf8))
        let fault = await #expect(throws: KeymanagerFault.self) {
            _ = try await scene.keymanager().importKeystores(request)
        }
        #expect(fault?.status == 400 && fault?.message.hasPrefix("slashing_protection: ") == true)
        #expect(scene.ring.keys.isEmpty && scene.directory.names.isEmpty)
        try await scene.stop()
    }

    @Test("whose history is not recorded do not sign")
    func unrecorded() async throws {
        let scene = try ShareScene(refuses: true)
        let statuses = try await scene.keymanager().importKeystores(scene.request(scene.own(0)))
        #expect(words(statuses) == [.error])
        #expect(scene.ring.keys.isEmpty && scene.directory.names.isEmpty)
        try await scene.stop()
    }

    @Test("that cannot be written do not sign")
    func unwritten() async throws {
        let scene = try ShareScene()
        try scene.directory.write("keys", [])
        let statuses = try await scene.keymanager().importKeystores(scene.request(scene.own(0)))
        #expect(words(statuses) == [.error])
        #expect(statuses[0].message?.contains("could not be written") == true)
        #expect(scene.ring.keys.isEmpty)
        try await scene.stop()
    }

    @Test("do not take the place of a file that is there")
    func taken() async throws {
        let scene = try ShareScene()
        try scene.directory.write("keys/keystore-insecure-0.json", Array("other".utf8))
        #expect(words(try await scene.keymanager().importKeystores(scene.request(scene.own(0)))) == [.error])
        #expect(scene.directory.names == ["keys", "keys/keystore-insecure-0.json"])
        try await scene.stop()
    }

    @Test("settings are what the node uses, of keys that it signs with")
    func settings() async throws {
        let scene = try ShareScene()
        let keymanager = scene.keymanager()
        let unknown = #expect(throws: KeymanagerFault.self) { _ = try keymanager.feeRecipient(scene.share(0)) }
        #expect(unknown?.status == 404)
        _ = try await keymanager.importKeystores(scene.request(scene.own(0, 1)))
        #expect(try keymanager.feeRecipient(scene.share(0)) == Bytes20(padding: [0xFE]))
        #expect(try keymanager.gasLimit(scene.share(0)) == 30_000_000)
        #expect(try keymanager.graffiti(scene.share(0)) == "Styx")
        #expect(try keymanager.graffiti(scene.share(1)) == "")
        #expect(throws: KeymanagerFault.self) { try keymanager.gasLimit(scene.share(1)) }
        let group = #expect(throws: KeymanagerFault.self) { _ = try keymanager.graffiti(scene.pubKey(0)) }
        #expect(group?.message.contains(scene.share(0).hex) == true)
        let exit = try await keymanager.voluntaryExit(scene.share(0), epoch: Epoch(77))
        #expect(exit.message.epoch == Epoch(77))
        await #expect(throws: KeymanagerFault.self) {
            try await keymanager.voluntaryExit(scene.share(2), epoch: nil)
        }
        try await scene.stop()
    }
}
