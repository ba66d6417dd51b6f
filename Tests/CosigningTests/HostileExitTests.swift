import BLS
import BeaconAPI
import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import Cosigning

/// Whoever runs the service, or an operator, may say anything.
@Suite("exits, when the service lies", .timeLimit(.minutes(5)))
struct HostileExitTests {
    /// What comes in place of the honest answer, which three operators have signed, the first one not.
    struct Lie: Sendable, CustomTestStringConvertible {
        let name: String
        /// In the error.
        let text: String
        let change: @Sendable (inout [JSONValue]) -> Void
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ change: @escaping @Sendable (inout [JSONValue]) -> Void) {
            self.name = name
            self.text = text
            self.change = change
        }
    }

    private static let stranger = SecretKey.random()
    private static let lies = [
        Lie("of another key", "signatures[0] is by none of the validator's key shares") {
            $0[0] = .string(stranger.sign(Root.zero).bytes.hex)
        },
        Lie("repeated", "signatures[1] is a second signature of share 2") { $0[0] = $0[1] },
        Lie("moved and repeated", "is a second signature of share 4") { $0[0] = $0[3] },
        Lie("64k entries", "signatures: longer than 256") { $0 += [JSONValue](repeating: "", count: 65536) },
        Lie("no hex", "signatures[0]: not a hex digit") { $0[0] = .string("0x" + String(repeating: "zz", count: 96)) },
        Lie("short hex", "signatures[0]: expected 96 bytes of hex, got 1") { $0[0] = "0xaa" },
        Lie("long hex", "signatures[0]: more than 96 bytes of hex") {
            $0[0] = .string("0x" + String(repeating: "aa", count: 97))
        },
        Lie("no point", "signatures[0] is no BLS signature") {
            $0[0] = .string("0x" + String(repeating: "aa", count: 96))
        },
        Lie("infinity", "signatures[0] is no BLS signature") {
            $0[0] = .string("0xc0" + String(repeating: "00", count: 95))
        },
        Lie("a number", "signatures[2]: expected hex text") { $0[2] = 5 },
        Lie("too few", "1 of the 3 signatures that are needed") { $0 = ["", $0[1], "0x", .null] },
    ]

    /// Neither is anything published nor written, and the error names the validator.
    private func check(
        _ scene: Scene, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let pubKey = scene.pubKeys[0]
        let directory = try TemporaryDirectory()
        for choice in [Exits.Choice.validator(pubKey), .all] {
            try await scene.exits(as: 0) { exits, seat, api in
                let fetched = await message {
                    try await exits.fetch(choice, to: directory.path, from: api, seat: seat)
                }
                #expect(
                    fetched.contains(text) && fetched.contains(pubKey.hex), "\(fetched)", sourceLocation: sourceLocation
                )
                let published = await message {
                    try await exits.broadcast(choice, from: .api(api, seat), isDryRun: false)
                }
                #expect(published == fetched, sourceLocation: sourceLocation)
            }
        }
        #expect(directory.names.isEmpty && scene.chain.exits.isEmpty, sourceLocation: sourceLocation)
    }

    private func honest(_ scene: Scene) async throws -> JSONValue {
        try await scene.sign(.validator(scene.pubKeys[0]), as: [1, 2, 3])
        return try await scene.acting(as: 0) { cluster, seat, api in
            let exit = try #require(try await api.exit(of: scene.pubKeys[0], seat))
            var signatures = [JSONValue](repeating: "", count: 4)
            for place in exit.signatures { signatures[place.position] = .string(place.signature.hex) }
            return [
                "epoch": exit.message.epoch.json(), "validator_index": exit.message.validatorIndex.json(),
                "signatures": .array(signatures),
            ]
        }
    }

    @Test("signatures", arguments: lies)
    func signatures(lie: Lie) async throws {
        try await Scene.with { scene in
            var answer = try #require(try await honest(scene).object)
            var signatures = try #require(answer["signatures"]?.array)
            lie.change(&signatures)
            answer["signatures"] = .array(signatures)
            let bytes = JSONValue.object(answer).bytes()
            scene.api.replace { $0.method == "GET" ? FakeBeaconNode.Answer(body: bytes) : nil }
            try await check(scene, lie.text)
        }
    }

    @Test("signatures in other places than the operators' own are as good")
    func places() async throws {
        try await Scene.with { scene in
            var answer = try #require(try await honest(scene).object)
            let signatures = try #require(answer["signatures"]?.array)
            answer["signatures"] = .array(signatures.reversed())
            let bytes = JSONValue.object(answer).bytes()
            scene.api.replace { $0.method == "GET" ? FakeBeaconNode.Answer(body: bytes) : nil }
            try await scene.exits(as: 0) { exits, seat, api in
                try await exits.broadcast(.all, from: .api(api, seat), isDryRun: false)
            }
            #expect(scene.chain.exits.count == 1 && scene.isValid(scene.chain.exits[0], of: 0))
        }
    }

    @Test(
        "the rest of the answer",
        arguments: [
            (200, #"{"epoch":"1","validator_index":"2","signatures":["#, "unexpected end"),
            (200, "[]", "expected object"), (200, #"{"validator_index":"2","signatures":[]}"#, "epoch: missing"),
            (200, #"{"epoch":"-1","validator_index":"2","signatures":[]}"#, "epoch: not a decimal number in range"),
            (200, #"{"epoch":"1","validator_index":"2","signatures":null}"#, "signatures: expected array"),
            (200, #"{"epoch":"1","validator_index":"2","signatures":[]}"#, "0 of the 3 signatures"),
            (200, String(repeating: " ", count: 300 << 10), "answered with more than 262144 bytes"),
            (200, String(repeating: "[", count: 5000), "nested deeper than 8"),
            (500, "out of order", "status 500 (out of order)"), (302, "", "redirect"),
        ])
    func shapes(status: Int, body: String, text: String) async throws {
        try await Scene.with { scene in
            scene.api.replace { _ in .json(body, status: status) }
            try await check(scene, text)
        }
    }

    @Test("a changed epoch or index")
    func messages() async throws {
        try await Scene.with { scene in
            let honest = try #require(try await honest(scene).object)
            for (name, value) in [("epoch", "194049"), ("validator_index", "501")] as [(String, JSONValue)] {
                var answer = honest
                answer[name] = value
                let bytes = JSONValue.object(answer).bytes()
                scene.api.replace { $0.method == "GET" ? FakeBeaconNode.Answer(body: bytes) : nil }
                try await check(scene, "is by none of the validator's key shares over this message")
            }
        }
    }

    @Test("a signed exit of an index that is not the validator's on the chain is not published")
    func otherIndex() async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            try await scene.sign(.both(pubKey, 9), as: [0, 1, 2])
            let text = await message {
                try await scene.exits(as: 3) { exits, seat, api in
                    try await exits.broadcast(.validator(pubKey), from: .api(api, seat), isDryRun: false)
                }
            }
            #expect(text.contains("is for index 9, but this validator has index 500"), "\(text)")
            #expect(scene.chain.exits.isEmpty)
        }
    }
}
