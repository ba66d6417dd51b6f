import DutyWorkflow
import Ethereum
import Prometheus
import Testing

@testable import Node

@Suite("features")
struct FeatureSetTests {
    @Test("by default what is stable is on, as in Charon, and nothing is remarked")
    func defaults() {
        for features in [FeatureSet(), FeatureSet(.stable), FeatureSet(.beta)] {
            let on = FeatureSet.Feature.allCases.filter { features.isOn($0) }.map(\.rawValue)
            #expect(
                on == ["eager_double_linear", "consensus_participate", "proposal_timeout", "fetch_only_commidx_0"])
            #expect(features.remarks.isEmpty && features.asked.isEmpty)
            #expect(features.consensus == ConsensusPreferences())
        }
        #expect(FeatureSet(.alpha).consensus.isLinearForProposals && FeatureSet(.alpha).isOn(.jsonRequests))
        #expect(FeatureSet(.alpha).remarks.allSatisfy { !$0.isWarning }, "they were not asked for by name")
    }

    @Test(
        "names change what they are about, and nothing else",
        arguments: [
            (["linear"], [], preferring { $0.isLinearForProposals = true }),
            (["LINEAR"], [], preferring { $0.isLinearForProposals = true }),
            ([], ["eager_double_linear"], preferring { $0.isEager = false }),
            ([], ["proposal_timeout"], preferring { $0.hasProposalTimeout = false }),
            ([], ["consensus_participate"], preferring { $0.joinsEarly = false }),
            (["chain_split_halt"], [], preferring { $0.haltsOnChainSplit = true }),
            (["linear"], ["linear"], ConsensusPreferences()),
            (["json_requests", "disable_duties_cache", "quic"], [], ConsensusPreferences()),
        ] as [([String], [String], ConsensusPreferences)])
    func consensus(enable: [String], disable: [String], expected: ConsensusPreferences) {
        #expect(FeatureSet(enable: enable, disable: disable).consensus == expected)
    }

    private static func preferring(_ change: (inout ConsensusPreferences) -> Void) -> ConsensusPreferences {
        var preferences = ConsensusPreferences()
        change(&preferences)
        return preferences
    }

    @Test(
        "what is without effect is remarked, with a reason",
        arguments: [
            (["quic"], [], ["quic"], true), (["attestation_inclusion"], [], [], true),
            (["fetch_att_on_block"], [], ["fetch_att_on_block"], true), (["sse_reorg_duties"], [], [], true),
            ([], ["sse_reorg_duties"], ["sse_reorg_duties"], true), ([], ["quic"], [], true),
            ([], ["fetch_only_commidx_0"], ["fetch_only_commidx_0"], true),
            (
                ["aggsigdb_v2", "gnosis_block_hotfix"], ["mock_alpha"],
                ["aggsigdb_v2", "gnosis_block_hotfix", "mock_alpha"], false
            ),
            (["nonsense", "nonsense"], ["other"], ["nonsense", "other"], true),
            (["linear", "json_requests", "disable_duties_cache", "chain_split_halt"], [], [], true),
        ] as [([String], [String], [String], Bool)])
    func remarks(enable: [String], disable: [String], expected: [String], isWarning: Bool) {
        let remarks = FeatureSet(enable: enable, disable: disable).remarks
        #expect(remarks.map(\.name) == expected)
        #expect(remarks.allSatisfy { $0.isWarning == isWarning && !$0.why.isEmpty })
    }

    @Test("a slip is told with what was meant")
    func meant() {
        #expect(FeatureSet(enable: ["json-requests"]).remarks.map(\.meant) == ["json_requests"])
        #expect(FeatureSet(enable: ["zzzzzz"]).remarks.map(\.meant) == [nil])
    }

    @Test("metrics name what was asked for and is on, and the timer of each duty")
    func metrics() async throws {
        let features = FeatureSet(
            enable: ["linear", "json_requests", "quic"], disable: ["quic", "eager_double_linear"])
        #expect(features.asked == ["json_requests", "linear"])
        let metrics = try NodeFiles().metrics(features: features)
        for type in [DutyType.proposer, .attester] {
            metrics.duties.receive(
                .decided(Duty(slot: Slot(9), type: type), round: 1, leader: PeerIndex(0), after: .seconds(1)))
        }
        let lines = Exposition(metrics.registry).text.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("app_feature_flags{") } == 2)
        #expect(lines.contains { $0.hasPrefix("app_feature_flags{") && $0.contains(#"feature_flags="linear""#) })
        for (duty, timer) in [("proposer", "linear"), ("attester", "inc")] {
            #expect(
                lines.contains {
                    $0.hasPrefix("core_consensus_decided_rounds{") && $0.contains("duty=\"\(duty)\"")
                        && $0.contains("timer=\"\(timer)\"")
                }, "\(duty)")
        }
    }

    @Test("beacon nodes are asked for JSON only if that is wanted")
    func json() async throws {
        for (features, expected) in [(FeatureSet(), false), (FeatureSet(enable: ["json_requests"]), true)] {
            let files = try NodeFiles()
            var configuration = files.configuration
            configuration.features = features
            let node = try await StyxNode(configuration, logger: NodeFiles.quiet)
            #expect(try node.beaconConfiguration(Reconnections()).isJSONOnly == expected)
            try await node.threads.shutdown()
            withExtendedLifetime(files) {}
        }
    }
}
