import DutyWorkflow
import Ethereum
import Testing

@testable import Doctor

@Suite("findings from facts")
struct ExaminationTests {
    /// A node of four operators with a validator client, where all is well.
    static func healthy() -> Facts {
        var facts = Facts()
        facts.node.listens = true
        facts.node.loopDelay = .milliseconds(3)
        facts.machine.journalPath = "j.sqlite"
        facts.machine.freeBytes = 50 << 30
        facts.machine.syncTimes = [.milliseconds(1), .milliseconds(900), .milliseconds(2)]
        facts.machine.memory = (4 << 30, 16 << 30)
        facts.machine.files = (100, 1024)
        var beacon = BeaconNodeFacts(name: "http://bn")
        beacon.state = .following(behind: 0)
        beacon.peers = 60
        beacon.version = "Lighthouse/v8.0.1-abcdef0/x86_64-linux"
        beacon.executionVersion = "Geth/v1.16.7-stable"
        beacon.clockOffset = .milliseconds(-700)
        facts.beaconNodes = [beacon]
        var client = ValidatorClientFacts()
        client.epochs = 2
        client.agents = ["Lighthouse/v8"]
        client.counts = [
            "submit_attestations_v2": .init(requests: 60), "aggregate_beacon_committee_selections": .init(requests: 2),
            "attestation_data": .init(requests: 60, failed: 1),
        ]
        facts.validatorClient = client
        facts.peersNeeded = 2
        facts.peers = (1...3).map { index -> PeerFacts in
            var peer = PeerFacts(PeerIndex(index))
            peer.isConnected = true
            peer.clockOffset = .milliseconds(30)
            peer.isSupported = true
            peer.isSameCluster = true
            peer.usesBuilder = false
            return peer
        }
        facts.relays = [RelayFacts(name: "r0", isReserved: true, problem: nil)]
        facts.cluster.validators = ValidatorFacts(total: 8)
        for _ in 0..<20 { facts.cluster.duties.succeeded(.attester, at: Instant(unixSeconds: 5)) }
        return facts
    }

    /// - Parameter connected: other operators, of three.
    private static func fail(
        _ reason: FailureReason, _ facts: inout Facts, times: Int = 1, detail: String = "",
        connected: [Int] = [1, 2, 3]
    ) {
        var signers = DutyFailure.Signers()
        signers.silent = [PeerIndex(2)]
        let view = ClusterView(
            own: PeerIndex(0), nodes: 4, threshold: 3, connected: Set(connected.map { PeerIndex($0) }))
        for _ in 0..<times {
            facts.cluster.duties.failed(
                DutyFailure(
                    Duty(slot: 7, type: .attester), step: .consensus, reason: reason, detail: detail, missing: [],
                    expected: 1, signers: signers),
                in: view, at: Instant(unixSeconds: 6))
        }
    }

    struct Row: CustomTestStringConvertible {
        let id: FindingID
        let layer: Layer
        let severity: Finding.Severity
        /// Must stand in the sentence.
        let words: String
        let change: @Sendable (inout Facts) -> Void
        var testDescription: String { "\(id.rawValue), \(words)" }

        init(
            _ id: FindingID, _ layer: Layer, _ severity: Finding.Severity, _ words: String,
            _ change: @escaping @Sendable (inout Facts) -> Void
        ) {
            (self.id, self.layer, self.severity, self.words, self.change) = (id, layer, severity, words, change)
        }
    }

    static let rows: [Row] = [
        Row(.twinSeen, .thisNode, .error, "seen at 10.0.0.1") { $0.node.twin = "seen at 10.0.0.1" },
        Row(.validatorStopped, .thisNode, .error, "validator 0xa1 and 1 more, as it was slashed: two blocks of slot 9")
        {
            $0.node.stopped = [("0xa1", "two blocks of slot 9"), ("0xb2", "told")]
        },
        Row(.journalNew, .thisNode, .info, "before slot 96, in 8 min") {
            $0.node.watchesUntil = 96
            $0.node.watchesFor = .seconds(450)
        },
        Row(.journalFile, .thisNode, .error, "is damaged") { $0.node.journalError = "it is damaged" },
        Row(.switchUndecided, .thisNode, .error, "at epoch 9") { $0.node.undecidedSwitch = 9 },
        Row(.clusterFiles, .thisNode, .error, "lock.json cannot be used: no JSON") {
            $0.node.fileErrors = [("lock.json", "no JSON")]
        },
        Row(.portInUse, .thisNode, .error, "--p2p-tcp-address 0.0.0.0:3610") {
            $0.node.takenAddresses = [("p2p-tcp-address", "0.0.0.0:3610", "Address already in use")]
        },
        Row(.lockUnverified, .thisNode, .warning, "hash differs") { $0.node.lockWarnings = ["hash differs"] },
        Row(.slotsSkipped, .thisNode, .warning, "7 slots") {
            $0.node.slotsSkipped = 7
            $0.node.skippedWhy = "the process stood still"
        },
        Row(.eventLoopSlow, .thisNode, .warning, "1.2 s late") { $0.node.loopDelay = .milliseconds(1200) },
        Row(.memoryGrows, .thisNode, .warning, "more memory") { $0.failing = [.memoryLeak] },
        Row(.clockOff, .machine, .warning, "300 ms slow") {
            for place in $0.peers.indices { $0.peers[place].clockOffset = .milliseconds(300) }
        },
        Row(.clockOff, .machine, .error, "2.5 s fast") {
            for place in $0.peers.indices { $0.peers[place].clockOffset = .milliseconds(-2500) }
        },
        Row(.clockOff, .machine, .warning, "as blocks come before") { $0.machine.headsEarly = .milliseconds(400) },
        Row(.clockOff, .machine, .warning, "beacon node's clock") {
            for place in $0.peers.indices { $0.peers[place].clockOffset = nil }
            $0.beaconNodes[0].clockOffset = .seconds(5)
        },
        Row(.diskFull, .machine, .warning, "500 MiB") { $0.machine.freeBytes = 500 << 20 },
        Row(.diskFull, .machine, .error, "50 MiB") { $0.machine.freeBytes = 50 << 20 },
        Row(.diskSlow, .machine, .warning, "150 ms") { $0.machine.syncTimes = [.milliseconds(150)] },
        Row(.diskSlow, .machine, .error, "1.0 s") { $0.machine.syncTimes = [.seconds(1), .seconds(1), .zero] },
        Row(.memoryLow, .machine, .warning, "100 MiB of 16.0 GiB") { $0.machine.memory = (100 << 20, 16 << 30) },
        Row(.filesRunOut, .machine, .warning, "900 of the 1024") { $0.machine.files = (900, 1024) },
        Row(.beaconNodeUnreachable, .beaconNode, .error, "http://bn does not answer: refused") {
            $0.beaconNodes[0].state = .unreachable("refused")
        },
        Row(.beaconNodeUnreachable, .beaconNode, .warning, "http://two does not answer") {
            $0.beaconNodes.append(BeaconNodeFacts(name: "http://two"))
            $0.beaconNodes[1].state = .unreachable("refused")
        },
        Row(.beaconNodeForeign, .beaconNode, .error, "0x01") { $0.beaconNodes[0].state = .foreign("0x01") },
        Row(.beaconNodeSyncing, .beaconNode, .error, "40 slots") { $0.beaconNodes[0].state = .syncing(behind: 40) },
        Row(.beaconNodeBehind, .beaconNode, .error, "321 slots") { $0.beaconNodes[0].state = .following(behind: 321) },
        Row(.beaconNodeWithoutPeers, .beaconNode, .error, "no peers") { $0.beaconNodes[0].peers = 0 },
        Row(.beaconNodesApart, .beaconNode, .warning, "a head at slot 90; that of http://two") {
            $0.beaconNodes.append(BeaconNodeFacts(name: "http://two"))
            for (place, head) in [UInt64(90), 99].enumerated() {
                $0.beaconNodes[place].state = .following(behind: 0)
                $0.beaconNodes[place].head = head
            }
        },
        Row(.beaconNodeClock, .beaconNode, .warning, "+3.0 s off") { $0.beaconNodes[0].clockOffset = .seconds(3) },
        Row(.beaconNodeOld, .beaconNode, .warning, "older than 8.0.0-rc.0") {
            $0.beaconNodes[0].version = "Lighthouse/v7.1.0-cfb1f73/x86_64-linux"
        },
        Row(.beaconNodeSlow, .beaconNode, .warning, "1 s") {
            $0.failing = [.beaconNodeLatency, .beaconNodeProposalLatency]
        },
        Row(.beaconNodeSlow, .beaconNode, .warning, "2 s") { $0.failing = [.beaconNodeProposalLatency] },
        Row(.beaconNodeFallback, .beaconNode, .warning, "fallback") { $0.failing = [.usingFallback] },
        Row(.headsLate, .beaconNode, .warning, "4 %") { $0.failing = [.headDelay] },
        Row(.registrationsFail, .beaconNode, .warning, "registrations") { $0.failing = [.registrationFailures] },
        Row(.blockPaysOther, .beaconNode, .error, "somebody else") { $0.failing = [.proposalFeeRecipient] },
        Row(.executionClientOffline, .executionClient, .error, "does not reach") {
            $0.beaconNodes[0].isExecutionOffline = true
            $0.beaconNodes[0].isOptimistic = true
        },
        Row(.executionClientBehind, .executionClient, .warning, "not verified") {
            $0.beaconNodes[0].isOptimistic = true
        },
        Row(.executionClientOld, .executionClient, .warning, "1.16.7") {
            $0.beaconNodes[0].executionVersion = "Geth/v1.15.11"
        },
        Row(.validatorClientSilent, .validatorClient, .error, "for an epoch") { $0.validatorClient?.isSilent = true },
        Row(.validatorClientNotDistributed, .validatorClient, .warning, "(Lighthouse/v8) attests") {
            $0.validatorClient?.counts["aggregate_beacon_committee_selections"] = nil
        },
        Row(.validatorClientForeignShares, .validatorClient, .error, "operator-2: 9 requests") {
            $0.validatorClient?.foreign = [PeerIndex(2): 9]
            $0.validatorClient?.badSignatures = 3
        },
        Row(.validatorClientForeignShares, .validatorClient, .error, "3 requests") {
            $0.validatorClient?.badSignatures = 3
        },
        Row(.validatorClientBuilder, .validatorClient, .info, "no --builder-api") {
            $0.validatorClient?.counts["submit_validator_registration"] = .init(requests: 1)
        },
        Row(.validatorClientFeeRecipient, .validatorClient, .info, "0xaa instead of 0xbb for 0x01") {
            $0.validatorClient?.payments = [.init(validator: "0x01", asked: "0xaa", due: "0xbb")]
        },
        Row(.validatorClientErrors, .validatorClient, .warning, "most often submit_attestations_v2") {
            $0.validatorClient?.counts["submit_attestations_v2"] = .init(requests: 60, failed: 30)
        },
        Row(.validatorClientsSeveral, .validatorClient, .warning, "Lighthouse/v8, Teku") {
            $0.validatorClient?.agents.insert("Teku")
        },
        Row(.signerUnreachable, .signer, .error, "https://s does not answer: timeout") {
            $0.signers = [SignerFacts(name: "https://s")]
            $0.signers[0].health = .unreachable("timeout")
        },
        Row(.signerUnreachable, .signer, .warning, "https://s ") {
            $0.signers = [SignerFacts(name: "https://s"), SignerFacts(name: "https://t")]
            $0.signers[0].health = .unreachable("timeout")
            $0.signers[1].health = .up
        },
        Row(.signerUnhealthy, .signer, .error, "database") {
            $0.signers = [SignerFacts(name: "https://s")]
            $0.signers[0].health = .unhealthy("database")
        },
        Row(.sharesMissing, .signer, .warning, "2 of this operator's 8") {
            $0.shares = ShareFacts(total: 8, missing: ["0x01", "0x02"], areRemote: true)
        },
        Row(.sharesMissing, .thisNode, .error, "1 of this operator's 1") {
            $0.shares = ShareFacts(total: 1, missing: ["0x01"], areRemote: false)
        },
        Row(.sharesForeign, .signer, .error, "4 key shares of operator-3") {
            $0.signers = [SignerFacts(name: "https://s")]
            $0.signers[0].foreign = [(PeerIndex(3), 4)]
        },
        Row(.peerMissing, .peers, .warning, "operator-1 is not connected: refused, and none can be spared") {
            $0.peers[0].isConnected = false
            $0.peers[0].lastFailure = "refused"
        },
        Row(.peerNotSigning, .peers, .warning, "operator-1 (mars) is connected") {
            $0.peers[0].isAbsent = true
            $0.peers[0].nickname = "mars"
        },
        Row(.peerClock, .peers, .warning, "operator-2 is -5.0 s off") { $0.peers[1].clockOffset = .seconds(-5) },
        Row(.peerClock, .peers, .warning, "it may be ours") {
            for place in 1...2 { $0.peers[place].clockOffset = nil }
            $0.peers[0].clockOffset = .seconds(1)
        },
        Row(.peerVersion, .peers, .warning, "v0.9") {
            $0.peers[0].isSupported = false
            $0.peers[0].version = "v0.9"
        },
        Row(.peerOtherCluster, .peers, .error, "another cluster lock") { $0.peers[0].isSameCluster = false },
        Row(.peerBuilderDiffers, .peers, .warning, "--builder-api on") { $0.peers[0].usesBuilder = true },
        Row(.peerTwin, .peers, .error, "two processes") { $0.peers[0].isTwin = true },
        Row(.peersSlow, .peers, .warning, "150 ms") { $0.failing = [.pingLatency] },
        Row(.signaturesLate, .peers, .warning, "votes") { $0.failing = [.parSigLatency, .parSigLatencyProposer] },
        Row(.signaturesLate, .peers, .warning, "blocks") { $0.failing = [.parSigLatencyProposer] },
        Row(.syncHeadsDiffer, .peers, .warning, "5 %") { $0.failing = [.syncHeadDisagreement] },
        Row(.relayMissing, .relays, .info, "r1 holds no place for this node: full.") {
            $0.relays.append(RelayFacts(name: "r1", isReserved: false, problem: "full"))
        },
        Row(.relaysNone, .relays, .warning, "None of the 1 relays") {
            $0.relays = [RelayFacts(name: "r1", isReserved: false, problem: "full")]
        },
        Row(.relaysNone, .relays, .error, "listens nowhere") {
            $0.relays = [RelayFacts(name: "r1", isReserved: false, problem: nil)]
            $0.node.listens = false
        },
        Row(
            .dutiesMissed, .beaconNode, .warning, "2 of the last 22 duties (attester) failed because of the beacon node"
        ) {
            ExaminationTests.fail(.fetchBNError, &$0, times: 2)
        },
        Row(.dutiesMissed, .validatorClient, .error, "no_local_vc_signature 30×") {
            ExaminationTests.fail(.noLocalVCSignature, &$0, times: 30)
        },
        Row(.dutiesMissed, .signer, .warning, "(no key)") {
            ExaminationTests.fail(.signingRefused, &$0, detail: "no key")
        },
        Row(.dutiesMissed, .cluster, .warning, "no_consensus 1×") { ExaminationTests.fail(.noConsensus, &$0) },
        Row(.dutiesMissed, .thisNode, .warning, "the node itself") { ExaminationTests.fail(.bugSigAgg, &$0) },
        Row(.dutiesMissed, .peers, .warning, "no_peer_signatures 1×; it lies with operator-2.") {
            ExaminationTests.fail(.noPeerSignatures, &$0)
        },
        Row(.dutiesMissed, .peers, .warning, "no_consensus 1×; it lies with operator-2, operator-3.") {
            ExaminationTests.fail(.noConsensus, &$0, connected: [1])
        },
        Row(.dutiesMissed, .otherDuty, .warning, "of the duties that they need first: missing_aggregator_att") {
            ExaminationTests.fail(.missingAggregatorAttestation, &$0)
        },
        Row(.dutiesMissed, .machine, .warning, "the machine") { ExaminationTests.fail(.bugAggregationError, &$0) },
        Row(.consensusRounds, .cluster, .warning, "more than one round") { $0.failing = [.consensusRounds] },
        Row(.consensusRounds, .cluster, .warning, "where most others were not") { $0.failing = [.roundChanges] },
        Row(.validatorsPending, .cluster, .info, "3 of the 8") { $0.cluster.validators = .init(pending: 3, total: 8) },
        Row(.validatorsUnknown, .cluster, .info, "2 of the 8") { $0.cluster.validators = .init(unknown: 2, total: 8) },
        Row(.validatorSlashed, .cluster, .error, "0xab") { $0.cluster.validators = .init(slashed: ["0xab"], total: 8) },
    ]

    @Test("a healthy node has none")
    func none() { #expect(Examination(Self.healthy()).findings == []) }

    @Test("what is unknown is no finding")
    func unknown() { #expect(Examination(Facts()).findings == []) }

    @Test("one cause gives one finding, of its layer", arguments: rows)
    func cause(row: Row) {
        var facts = Self.healthy()
        row.change(&facts)
        let findings = Examination(facts).findings
        #expect(findings.map(\.id) == [row.id])
        guard let found = findings.first else { return }
        #expect(found.layer == row.layer && found.severity == row.severity)
        #expect(found.sentence.contains(row.words), "\(found.sentence)")
        #expect(found.sentence.hasSuffix(".") && !found.cure.isEmpty)
    }

    @Test("the loss of the quorum is told beside those who are missing, the gravest first")
    func quorum() {
        var facts = Self.healthy()
        for place in 0..<2 { facts.peers[place].isConnected = false }
        #expect(Examination(facts).findings.map(\.id) == [.peersBelowQuorum, .peerMissing, .peerMissing])
    }

    @Test("a local block is a finding only where builders are used")
    func localBlock() {
        var facts = Self.healthy()
        facts.failing = [.localBlock]
        #expect(Examination(facts).findings == [])
        facts.node.usesBuilder = true
        facts.validatorClient?.counts["submit_validator_registration"] = .init(requests: 1)
        for place in facts.peers.indices { facts.peers[place].usesBuilder = true }
        #expect(Examination(facts).findings.map(\.id) == [.blocksLocal])
    }

    @Test("a wrong clock here is not blamed on those whose clocks are right")
    func blame() {
        var facts = Self.healthy()
        for place in facts.peers.indices { facts.peers[place].clockOffset = .seconds(3) }
        facts.beaconNodes[0].clockOffset = .seconds(3)
        #expect(Examination(facts).findings.map(\.id) == [.clockOff])
        // One that is right, and one that is wrong in its own way.
        facts.peers[2].clockOffset = .seconds(9)
        #expect(Examination(facts).findings.map(\.id) == [.clockOff, .peerClock])
    }

    @Test("every finding there is can be found")
    func complete() {
        let found = Set(Self.rows.map(\.id)).union([.peersBelowQuorum, .blocksLocal])
        #expect(found == Set(FindingID.allCases))
    }

    @Test("every health rule that concerns nothing told otherwise has a finding", arguments: HealthRule.allCases)
    func rules(rule: HealthRule) {
        var facts = Self.healthy()
        facts.node.usesBuilder = true
        facts.validatorClient?.counts["submit_validator_registration"] = .init(requests: 1)
        for place in facts.peers.indices { facts.peers[place].usesBuilder = true }
        facts.failing = [rule]
        // Told from better facts, or of no concern to operators.
        let others: Set<HealthRule> = [
            .beaconNodeSyncing, .connectedPeers, .pendingValidators, .highCardinality, .clockOffset,
        ]
        #expect(Examination(facts).findings.count == (others.contains(rule) ? 0 : 1))
    }
}
