import Testing

@testable import Diagnostics

@Suite struct SimulationPlanTests {
    /// How often each request occurs in so many slots from an epoch's first.
    private static func counts(_ mix: ValidatorMix, slots: Int, chain: SimulationPlan.Chain) -> [String: Int] {
        let plan = SimulationPlan(mix: mix, slots: slots)
        let requests = (0..<slots).flatMap { plan.bursts($0, chain) }.flatMap(\.rows).flatMap { $0 }
        return requests.reduce(into: [:]) { $0[$1.name, default: 0] += 1 }
    }

    @Test("an epoch of ten validators: every duty at its cadence")
    func epoch() {
        var chain = SimulationPlan.Chain()
        chain.headSlot = 32 * 1000 - 1
        let counts = Self.counts(.usual(10), slots: 32, chain: chain)
        for (name, expected) in [
            ("GET /eth/v1/validator/attestation_data", 10 * 32), ("POST /eth/v2/beacon/pool/attestations", 10 * 32),
            ("GET /eth/v2/validator/aggregate_attestation", 10 * 16),
            ("POST /eth/v2/validator/aggregate_and_proofs", 10 * 16),
            ("GET /eth/v3/validator/blocks/{slot}", 4 * 8), ("POST /eth/v2/beacon/blocks", 4 * 8),
            ("GET /eth/v1/beacon/blocks/head/root", 32), ("POST /eth/v1/beacon/pool/sync_committees", 32),
            ("GET /eth/v1/validator/sync_committee_contribution", 8),
            ("POST /eth/v1/validator/contribution_and_proofs", 8),
            ("POST /eth/v1/validator/sync_committee_subscriptions", 1),
            ("GET /eth/v2/beacon/blocks/{slot}/attestations", 32),
            ("GET /eth/v1/validator/duties/proposer/{epoch}", 32),
            ("POST /eth/v1/validator/duties/attester/{epoch}", 3), ("POST /eth/v1/validator/duties/sync/{epoch}", 3),
            ("POST /eth/v1/validator/beacon_committee_subscriptions", 3),
            // 384 s: every 10 s and every minute, from the beginning.
            ("GET /eth/v1/node/syncing", 39), ("GET /eth/v1/node/peer_count", 7),
            ("POST /eth/v1/beacon/states/head/validators", 1), ("GET /eth/v1/beacon/genesis", 1),
            ("POST /eth/v1/validator/prepare_beacon_proposer", 1), ("GET /eth/v1/config/spec", 1),
            ("GET /eth/v1/node/version", 1),
        ] {
            #expect(counts[name] == expected, "\(name)")
        }
        #expect(counts.count == 23)
    }

    @Test("one validator alone has every duty")
    func alone() {
        let counts = Self.counts(.usual(1), slots: 32, chain: SimulationPlan.Chain(headSlot: 31))
        #expect(counts["POST /eth/v2/beacon/blocks"] == 8)
        #expect(counts["POST /eth/v1/validator/contribution_and_proofs"] == 8)
    }

    @Test("bursts are in order and within their slot, for any slot time", arguments: [1, 5, 12, 61])
    func order(seconds: Int64) {
        let chain = SimulationPlan.Chain(
            timing: SlotTiming(slotDuration: .seconds(seconds), slotsPerEpoch: 8), headSlot: 5)
        let plan = SimulationPlan(mix: .usual(10), slots: 64)
        for index in 0..<64 {
            let offsets = plan.bursts(index, chain).map(\.offset)
            #expect(offsets == offsets.sorted() && offsets.allSatisfy { $0 >= .zero && $0 < .seconds(seconds) })
        }
    }

    @Test("nothing that is sent names a validator's fee recipient, block or vote")
    func harmless() {
        let plan = SimulationPlan(mix: .usual(100), slots: 32)
        for request in (0..<32).flatMap({ plan.bursts($0, .init()) }).flatMap(\.rows).flatMap({ $0 }) {
            let isQuestion = request.path.contains("/duties/") || request.path.hasSuffix("/states/head/validators")
            #expect(request.body == nil || isQuestion || request.body == [] || request.body == [:], "\(request.name)")
        }
    }
}
