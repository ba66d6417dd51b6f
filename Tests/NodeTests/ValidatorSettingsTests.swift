import DutyWorkflow
import Ethereum
import KeymanagerAPI
import Program
import SSZ
import TestSupport
import Testing

@testable import Cluster
@testable import Node

@Suite("what the keymanager API sets for single validators", .timeLimit(.minutes(2)))
struct ValidatorSettingsTests {
    private let address = Bytes20(padding: [0xAB])

    private func with(_ body: (ShareScene, Keymanager) async throws -> Void) async throws {
        let scene = try ShareScene()
        let keymanager = scene.keymanager()
        _ = try await keymanager.importKeystores(scene.request(scene.own(0, 1)))
        try await body(scene, keymanager)
        try await scene.stop()
    }

    private func status(_ body: () async throws -> Void) async -> Int? {
        do {
            try await body()
            return nil
        } catch { return (error as? KeymanagerFault)?.status }
    }

    @Test("a graffiti is used at once, is there after a restart, and goes when it is deleted")
    func graffiti() async throws {
        try await with { scene, keymanager in
            #expect(try keymanager.graffiti(scene.share(0)) == "Styx")
            let before = scene.changes
            try await keymanager.set(.graffiti("hällo"), for: scene.share(0))
            #expect(scene.changes == before + 1)
            #expect(try keymanager.graffiti(scene.share(0)) == "hällo")
            #expect(try keymanager.graffiti(scene.share(1)) == "")
            let again = try ValidatorSettings(path: scene.settings.path)
            #expect(again.all == [scene.pubKey(0): .init(graffiti: "hällo")])
            #expect(try scene.directory.mode("settings.json") == 0o600)
            #expect(await status { try await keymanager.unset(.graffiti, of: scene.share(1)) } == 404)
            try await keymanager.unset(.graffiti, of: scene.share(0))
            #expect(scene.settings.all.isEmpty && scene.changes == before + 2)
            let long = String(repeating: "x", count: 29)
            #expect(await status { try await keymanager.set(.graffiti(long), for: scene.share(0)) } == 400)
            #expect(await status { try await keymanager.set(.graffiti("x"), for: scene.share(2)) } == 404)
        }
    }

    @Test("fee recipient and gas limit are wishes that end when another registration holds")
    func wishes() async throws {
        try await with { scene, keymanager in
            try await keymanager.set(.feeRecipient(address), for: scene.share(0))
            try await keymanager.set(.gasLimit(36_000_000), for: scene.share(0))
            // What blocks pay now is still what the cluster signed.
            #expect(try keymanager.feeRecipient(scene.share(0)) == Bytes20(padding: [0xFE]))
            let set = ValidatorSettings.Setting(feeRecipient: address, gasLimit: 36_000_000, replaces: 1000)
            #expect(scene.settings.all == [scene.pubKey(0): set])
            #expect(set.current(1000) == set && set.current(1012).isEmpty && set.current(nil).isEmpty)
            scene.held.withLock { $0?.timestamp = 1012 }
            #expect(await status { try await keymanager.unset(.gasLimit, of: scene.share(0)) } == 403)
            try await keymanager.set(.gasLimit(60_000_000), for: scene.share(0))
            #expect(scene.settings.all == [scene.pubKey(0): .init(gasLimit: 60_000_000, replaces: 1012)])
            try await keymanager.unset(.gasLimit, of: scene.share(0))
            #expect(scene.settings.all.isEmpty)
            #expect(await status { try await keymanager.unset(.feeRecipient, of: scene.share(0)) } == 403)
            try await keymanager.set(.feeRecipient(address), for: scene.share(1))
            #expect(scene.settings.all == [scene.pubKey(1): .init(feeRecipient: address)])
        }
    }

    @Test("what cannot be written changes nothing")
    func unwritten() async throws {
        let scene = try ShareScene()
        let settings = try ValidatorSettings(path: scene.directory.file("none/settings.json"))
        #expect(throws: ClusterError.self) { try settings.set(.init(graffiti: "x"), for: scene.pubKey(0)) }
        #expect(settings.all.isEmpty)
        try await scene.stop()
    }

    @Test("a file that cannot be read ends the start, and is named", arguments: ["{", "[1]", #"[{"pubkey":"0x"}]"#])
    func broken(text: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("settings.json", Array(text.utf8))
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ValidatorSettings(path: directory.file("settings.json"))
        }
        #expect(error?.what.contains("settings.json") == true)
    }
}
