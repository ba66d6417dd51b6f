import BLS
import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Cosigning

@Suite("deposits, from key shares to files", .timeLimit(.minutes(5)))
struct DepositsTests {
    private func sign(
        _ scene: Scene, as nodes: [Int], _ pubKeys: [PubKey], amounts: [UInt64] = [32],
        withdrawals: [String] = [SmallCluster.address]
    ) async throws {
        for node in nodes {
            try await scene.acting(as: node) { cluster, seat, api in
                try await Deposits(cluster, api, notes: scene.said.notes)
                    .sign(pubKeys, withdrawals: withdrawals, amounts: amounts, seat: seat)
            }
        }
    }

    private func fetch(_ scene: Scene, _ pubKeys: [PubKey], to directory: String) async throws {
        try await scene.acting(as: 3) { cluster, _, api in
            try await Deposits(cluster, api, notes: scene.said.notes).fetch(pubKeys, to: directory)
        }
    }

    @Test("what three sign, anybody fetches: the files that the cluster was made with", arguments: [false, true])
    func files(compounding: Bool) async throws {
        let amounts: [UInt64] = compounding ? [1, 8, 32, 256] : [1, 32]
        try await Scene.with(validators: 2, change: { $0.compounding = compounding }) { scene in
            try await sign(scene, as: [0, 2, 3], scene.pubKeys, amounts: amounts)
            let directory = try TemporaryDirectory()
            try await fetch(scene, scene.pubKeys, to: directory.file("a/b"))
            let names = amounts.map { $0 == 32 ? "deposit-data.json" : "deposit-data-\($0)eth.json" }
            for name in names {
                #expect(try directory.read("a/b/" + name) == scene.cluster.directory.read("node0/" + name))
                #expect(try directory.mode("a/b/" + name) == 0o444)
            }
            #expect(directory.names.count == names.count + 2)
            #expect(scene.said.warned.isEmpty)
        }
    }

    @Test("an amount that too few have signed is left out; nothing else in the way of the rest")
    func short() async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            let directory = try TemporaryDirectory()
            let none = await message { try await fetch(scene, [pubKey], to: directory.path) }
            #expect(none.contains("nobody has signed a deposit for \(pubKey)"), "\(none)")
            try await sign(scene, as: [0, 1], [pubKey])
            let early = await message { try await fetch(scene, [pubKey], to: directory.path) }
            #expect(early.contains("32000000000 Gwei has 2 of the 3 signatures"), "\(early)")
            #expect(directory.names.isEmpty)
            try await sign(scene, as: [2], [pubKey], amounts: [32, 1])
            try await fetch(scene, [pubKey], to: directory.path)
            #expect(directory.names == ["deposit-data.json"])
            #expect(scene.said.warned.contains { $0.contains("1000000000 Gwei left out: 1 of the 3") })
            let again = await message { try await fetch(scene, [pubKey], to: directory.path) }
            #expect(again.contains("deposit-data.json: File exists"), "\(again)")
        }
    }

    @Test("flags that do not fit are refused before anything is signed; an unusual address is warned about")
    func flags() async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            for (pubKeys, withdrawals, amounts, text) in [
                ([], [SmallCluster.address], [32], "--validator-public-keys"),
                ([.zero], [SmallCluster.address], [32], "no validator of this cluster"),
                ([pubKey, pubKey], [SmallCluster.address], [32], "twice"),
                ([pubKey], [], [32], "--withdrawal-addresses"),
                ([pubKey], [SmallCluster.address, SmallCluster.address], [32], "one for each of 1"),
                ([pubKey], [SmallCluster.address], [33], "33 is not between 1 and 32"),
                ([pubKey], [SmallCluster.address], [0], "0 is not between 1 and 32"),
            ] as [([PubKey], [String], [UInt64], String)] {
                let error = await message {
                    try await sign(scene, as: [0], pubKeys, amounts: amounts, withdrawals: withdrawals)
                }
                #expect(error.contains(text), "\(error)")
            }
            #expect(scene.said.said.isEmpty)
            let other = "0x1111111111111111111111111111111111111111"
            try await sign(scene, as: [0], [pubKey], withdrawals: [other])
            #expect(scene.said.warned.contains { $0.contains("withdrawals go to \(other), but") })
        }
    }

    @Test(
        "what the service makes of it is not written",
        arguments: [
            ("\"pubkey\":\"", "\"pubkey\":\"ff", "pubkey: more than 48 bytes"),
            ("\"amount\":\"32000000000\"", "\"amount\":\"31000000000\"", "not by share 1 over this message"),
            ("\"withdrawal_credentials\":\"0x01", "\"withdrawal_credentials\":\"0x02", "not by share 1"),
            ("\"partial_public_key\":\"", "\"partial_public_key\":\"0x00", "more than 48 bytes"),
            ("\"partial_deposit_signature\":\"0x", "\"partial_deposit_signature\":\"0xzz", "more than 96 bytes"),
            ("\"amounts\":[", "\"amounts\":[[],", "expected object"),
            ("\"partials\":[", "\"partials\":[{},{},", "longer than 4"),
        ])
    func lies(old: String, new: String, text: String) async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            try await sign(scene, as: [0, 1, 2], [pubKey])
            let api = scene.api
            api.replace { request in
                api.replace(nil)
                var answer = api.answer(request)
                let text = String(decoding: answer.body, as: UTF8.self)
                guard let range = text.range(of: old) else { return answer }
                answer.body = Array(text.replacingCharacters(in: range, with: new).utf8)
                return answer
            }
            let directory = try TemporaryDirectory()
            let error = await message { try await fetch(scene, [pubKey], to: directory.file("new")) }
            #expect(error.contains(text) && error.contains(pubKey.hex), "\(error)")
            #expect(directory.names.isEmpty)
        }
    }

    @Test("another validator's answer, a share of nobody, a share twice, an amount twice")
    func mixed() async throws {
        let keys = (0..<3).map { _ in SecretKey.random() }
        let validator = ClusterKeys.Validator(publicKey: keys[0].publicKey, shares: keys.map(\.publicKey))
        let pubKey = validator.publicKey.bytes
        func answer(_ shares: [Bytes48], amounts: Int = 1, of named: PubKey? = nil) -> [UInt8] {
            let message = DepositMessage(pubKey: pubKey, withdrawalCredentials: .zero, amount: 5)
            let partials: [JSONValue] = shares.map { share in
                let key = keys.first { $0.publicKey.bytes == share } ?? keys[0]
                let signature = key.sign(message.signingRoot(Network.hoodi.genesisForkVersion))
                return [
                    "partial_public_key": .string(share.hex), "partial_deposit_signature": .string(signature.bytes.hex),
                ]
            }
            let rows = [JSONValue](repeating: ["amount": "5", "partials": .array(partials)], count: amounts)
            let json: JSONValue = [
                "pubkey": .string((named ?? pubKey).hex), "withdrawal_credentials": .string(Bytes32.zero.hex),
                "amounts": .array(rows),
            ]
            return json.bytes()
        }
        func error(_ bytes: [UInt8]) async -> String {
            await message {
                _ = try CollectedDeposits(json: bytes, of: pubKey, nodes: 3)
                    .assemble(validator, threshold: 2, forkVersion: Network.hoodi.genesisForkVersion)
            }
        }
        let shares = validator.shares.map(\.bytes)
        #expect(await error(answer(shares, of: shares[1])).contains("is about validator \(shares[1])"))
        #expect(await error(answer([SecretKey.random().publicKey.bytes])).contains("no key share of this validator"))
        #expect(await error(answer([shares[0], shares[0]])).contains("second signature of share 1"))
        #expect(await error(answer(shares, amounts: 2)).contains("one amount twice"))
        // Shares of nothing: each verifies, the whole does not.
        #expect(await error(answer(shares)).contains("do not make up the validator's"))
    }
}
