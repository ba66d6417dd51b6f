import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Ethereum
import SSZ
import TestSupport
import Testing

/// Answers of a Teku node for hoodi: `vectors/core/charon-mock/static.json`.
@Suite("Sample answers", .enabled(if: Vectors.has("core/charon-mock/static.json")))
struct SampleAnswerTests {
    @Test("genesis, constants and version are read")
    func samples() async throws {
        let samples = try Vectors.json("core/charon-mock/static.json")
        try await FakeBeaconNode.with({ request in
            samples[request.target].map { .json($0.text()) } ?? .json("{}", status: 404)
        }) { node in
            try await withClient([node.url]) { client in
                let genesis = try await client.genesis()
                #expect(genesis.time == 1_742_213_400)
                #expect(genesis.forkVersion.hex == "0x10000910")
                let spec = try await client.spec()
                #expect(spec.slotsPerEpoch == 32 && spec.slotDuration == .seconds(12))
                #expect(spec.forks.epoch(of: .electra) == 2048)
                let version = try await client.nodeVersion()
                #expect(version.hasPrefix("teku/"))
            }
        }
    }
}
