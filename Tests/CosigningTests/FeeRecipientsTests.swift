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

@Suite("fee recipients, from key shares to the overrides file", .timeLimit(.minutes(5)))
struct FeeRecipientsTests {
    private static let address = "0x1111111111111111111111111111111111111111"
    private static let other = "0x2222222222222222222222222222222222222222"
    private let directory: TemporaryDirectory
    private let file: String

    init() throws {
        directory = try TemporaryDirectory()
        file = directory.file("overrides.json")
    }

    private func acting(
        _ scene: Scene, as node: Int, _ body: (FeeRecipients, Seat) async throws -> Void
    ) async throws {
        try await scene.acting(as: node) { cluster, seat, api in
            try await body(FeeRecipients(cluster, api, overridesFile: file, notes: scene.said.notes), seat)
        }
    }

    private func sign(
        _ scene: Scene, as nodes: [Int], _ pubKeys: [PubKey], _ address: String = address, after seconds: Int = 0
    ) async throws {
        for node in nodes {
            try await acting(scene, as: node) { feeRecipients, seat in
                try await feeRecipients.sign(
                    pubKeys, feeRecipient: address, gasLimit: 0, timestamp: 0, seat: seat,
                    now: SmallCluster.now + .seconds(seconds + node))
            }
        }
    }

    private func overrides(_ scene: Scene) throws -> RegistrationOverrides {
        try RegistrationOverrides.load(
            file, keys: ClusterKeys(scene.cluster.lock), forkVersion: scene.cluster.lock.definition.forkVersion)
    }

    @Test("three agree, each at its own time: one registration, in the file that nodes read")
    func fetch() async throws {
        try await Scene.with(validators: 2) { scene in
            let pubKey = scene.pubKeys[1]
            try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            try await sign(scene, as: [3, 1], [pubKey])
            try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            #expect(!FileAccess.isTaken(file))
            #expect(scene.said.warned.contains { $0.contains("waiting for signatures, 2 of 3") })
            try await sign(scene, as: [0], [pubKey])
            try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            let message = try #require(try overrides(scene).registrations[pubKey]?.message)
            // The first operator's time, the lock's gas limit.
            #expect(message.timestamp == UInt64(SmallCluster.now.unixSeconds) + 3 && message.gasLimit == 60_000_000)
            #expect(EthereumAddress(message.feeRecipient).checksummed == Self.address)
            #expect(try overrides(scene).registrations.count == 1)
            #expect(try directory.mode("overrides.json") == 0o644)
            let before = try directory.read("overrides.json")
            try await sign(scene, as: [2], [pubKey])
            #expect(scene.said.said.contains { $0.hasPrefix("nothing to do: the operators have agreed") })
            try await acting(scene, as: 2) { feeRecipients, _ in try await feeRecipients.fetch([pubKey]) }
            #expect(try directory.read("overrides.json") == before && directory.names == ["overrides.json"])
        }
    }

    @Test("a second change replaces the first, another one meanwhile is refused")
    func changes() async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            try await sign(scene, as: [0], [pubKey])
            let text = await message { try await sign(scene, as: [1], [pubKey], Self.other) }
            #expect(text.contains("another change is in progress") && text.contains(pubKey.hex), "\(text)")
            try await sign(scene, as: [1, 2], [pubKey])
            try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            try await sign(scene, as: [1, 2, 3], [pubKey], Self.other, after: 100)
            try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            let message = try #require(try overrides(scene).registrations[pubKey]?.message)
            #expect(EthereumAddress(message.feeRecipient).checksummed == Self.other)
            // And back.
            try await sign(scene, as: [1, 2, 3], [pubKey], after: 200)
            try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            let again = try #require(try overrides(scene).registrations[pubKey]?.message)
            #expect(EthereumAddress(again.feeRecipient).checksummed == Self.address)
        }
    }

    @Test("the list says where a registration is known from, by fee recipient")
    func list() async throws {
        try await Scene.with(validators: 3) { scene in
            try await sign(scene, as: [0, 1, 2], [scene.pubKeys[2]])
            try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            try await sign(scene, as: [0, 1, 2], [scene.pubKeys[1]], Self.other)
            func lines(_ pubKeys: [PubKey]) async throws -> [String] {
                let before = scene.said.said.count
                try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.list(pubKeys) }
                return Array(scene.said.said.dropFirst(before))
            }
            let all = try await lines([])
            #expect(all.count == 3)
            for (line, (address, validator, sources)) in zip(
                all,
                [
                    (SmallCluster.address, 0, "(lock)"), (Self.address, 2, "(overrides+remote)"),
                    (Self.other, 1, "(remote)"),
                ])
            {
                #expect(line.contains(address) && line.contains(scene.pubKeys[validator].hex), "\(line)")
                #expect(line.hasSuffix(sources), "\(line)")
            }
            scene.api.replace { _ in .json("down", status: 503) }
            let one = try await lines([scene.pubKeys[2]])
            #expect(one.count == 1 && one[0].hasSuffix("(overrides)"))
            #expect(scene.said.warned.contains { $0.contains("without what operators agreed on") })
        }
    }

    @Test(
        "flags that do not fit are refused",
        arguments: [
            ("0x0000000000000000000000000000000000000000", "zero address"), ("0x12", "not 0x and 40 hex digits"),
            ("0x000000000000000000000000000000000000dEAD", "no valid checksum"),
        ])
    func flags(address: String, text: String) async throws {
        try await Scene.with { scene in
            let error = await message { try await sign(scene, as: [0], [scene.pubKeys[0]], address) }
            #expect(error.contains("--fee-recipient") && error.contains(text), "\(error)")
            let foreign = await message { try await sign(scene, as: [0], [.zero]) }
            #expect(foreign.contains("no validator of this cluster"), "\(foreign)")
        }
    }

    @Test(
        "404 is nothing, or a lock that the service does not know, or no such service",
        arguments: [
            ("no partial registrations found", nil), ("lock not found", "publish the lock first"),
            ("page not found", "--publish-address"),
        ] as [(String, String?)])
    func absent(text: String, expected: String?) async throws {
        try await Scene.with { scene in
            scene.api.replace { _ in .json(text, status: 404) }
            let error = await message {
                try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            }
            #expect(expected.map { error.contains($0) } ?? (error == "(no error)"), "\(error)")
        }
    }

    @Test(
        "what the service makes of it is not written",
        arguments: [
            ("\"gas_limit\":\"60000000\"", "\"gas_limit\":\"60000001\"", "not by share 1 over this message"),
            ("\"gas_limit\":\"60000000\"", "\"gas_limit\":\"0\"", "no gas limit"),
            ("\"share_index\":1", "\"share_index\":2", "not by share 2"),
            ("\"share_index\":1", "\"share_index\":0", "by share 0"),
            ("\"share_index\":1", "\"share_index\":5", "share_index: not a decimal number in range"),
            ("\"share_index\":1", "\"share_index\":\"1\"", "share_index: not a decimal number in range"),
            ("\"quorum\":true", "\"quorum\":1", "quorum: expected true or false"),
            ("\"signature\":\"0x", "\"signature\":\"0xzz", "more than 96 bytes"),
            ("{\"share_index\":1", "{\"share_index\":9},{\"share_index\":1", "share_index: not a decimal"),
            ("\"message\":{", "\"message\":[],\"x\":{", "message: expected object"),
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
            let error = await message {
                try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            }
            #expect(error.contains(text) && error.contains(pubKey.hex), "\(error)")
            #expect(directory.names.isEmpty)
        }
    }

    @Test("a word of quorum is not one: two signatures of three are refused")
    func quorum() async throws {
        try await Scene.with { scene in
            try await sign(scene, as: [0, 1], [scene.pubKeys[0]])
            let api = scene.api
            api.replace { request in
                api.replace(nil)
                var answer = api.answer(request)
                let text = String(decoding: answer.body, as: UTF8.self)
                answer.body = Array(text.replacing("\"quorum\":false", with: "\"quorum\":true").utf8)
                return answer
            }
            let error = await message {
                try await acting(scene, as: 0) { feeRecipients, _ in try await feeRecipients.fetch([]) }
            }
            #expect(error.contains("2 of the 3 signatures"), "\(error)")
        }
    }

    @Test("a change that nobody of the cluster began is not joined")
    func invented() async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            var begun = ValidatorRegistration()
            begun.feeRecipient = try Bytes20(hex: Self.address)
            (begun.gasLimit, begun.timestamp, begun.pubKey) = (1, 1_800_000_000, pubKey)
            for (partials, text) in [
                ([], "nobody has signed"),
                ([["share_index": 2, "signature": .string(SecretKey.random().sign(Root.zero).bytes.hex)]], "share 2"),
            ] as [([JSONValue], String)] {
                let row: JSONValue = [
                    "message": begun.json(), "partial_signatures": .array(partials), "quorum": false,
                ]
                let answer: JSONValue = [
                    "validators": [["pubkey": .string(pubKey.hex), "builder_registrations": [row]]]
                ]
                let body = answer.text()
                scene.api.replace { _ in .json(body) }
                let error = await message { try await sign(scene, as: [0], [pubKey], after: 100_000_000) }
                #expect(error.contains(text) && error.contains(pubKey.hex), "\(error)")
            }
        }
    }
}
