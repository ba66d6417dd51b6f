import BeaconAPI
import BeaconTestSupport
import DutyWorkflow
import Ethereum
import Logging
import SSZ
import TestSupport
import Testing

@testable import Node

/// A node whose beacon node takes back the fork that it started with.
@Suite("a node whose chain's forks move", .timeLimit(.minutes(1)))
struct ChangingForksTests {
    private let scene: DutyScene

    init() throws { scene = try DutyScene() }

    /// Fulu is withdrawn: Electra rules on.
    private static let moved: SigningDomains = {
        let entries = DutyScene.domains.forks.entries.filter { $0.fork != .fulu }
        return SigningDomains(
            forks: try! ForkSchedule(entries), genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: 32,
            preset: .mainnet)
    }()

    private func answer(_ request: ProxyRequest) -> FakeBeaconNode.Answer {
        switch request.target {
        case "/eth/v1/beacon/genesis":
            let genesis: JSONValue = [
                "genesis_time": .string("\(scene.chain.clock.genesis.unixSeconds)"),
                "genesis_validators_root": .string(Root.zero.hex), "genesis_fork_version": "0x00000000",
            ]
            return .json(JSONValue.object(JSONObject([("data", genesis)])).text())
        case "/eth/v1/config/spec":
            var members: [(String, JSONValue)] = [
                ("SECONDS_PER_SLOT", "12"), ("SLOTS_PER_EPOCH", "32"), ("GENESIS_FORK_VERSION", "0x00000000"),
            ]
            for entry in Self.moved.forks.entries.dropFirst() {
                guard let name = entry.fork?.name.uppercased() else { continue }
                members += [
                    ("\(name)_FORK_VERSION", .string(entry.version.hex)), ("\(name)_FORK_EPOCH", "0"),
                ]
            }
            members += [("FULU_FORK_VERSION", "0x06000000"), ("FULU_FORK_EPOCH", .string("\(UInt64.max)"))]
            return .json(JSONValue.object(JSONObject([("data", .object(JSONObject(members)))])).text())
        default:
            return .json(#"{"data":{"head_slot":"1","sync_distance":"0","is_syncing":false,"is_optimistic":false}}"#)
        }
    }

    /// The votes of all validators, signed by one operator under one schedule.
    private func partials(_ domains: SigningDomains, fork: ForkName, of peer: PeerIndex) throws -> ParSignedDataSet {
        var set: ParSignedDataSet = [:]
        for validator in scene.validators {
            let vote = try #require(VersionedAttestation(fork: fork, data: scene.data(), duty: validator.row))
            let object = SignedData.attestation(vote)
            let signature = validator.shares[peer.rawValue].sign(domains.signingRoot(of: object)).bytes
            set[validator.entry] = ParSignedData(data: object.with(signature: signature), shareIndex: ShareIndex(peer))
        }
        return set
    }

    /// What the beacon node says now reaches everybody in the node.
    private func follow(_ node: BackendScene) async throws {
        var questions = ChainDiscovery.Questions(node.backend.beacon)
        // One look.
        questions.sleep = { _ in throw CancellationError() }
        let discovery = ChainDiscovery(
            questions: questions, forkVersion: .zero, network: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await discovery.watch(scene.chain, root: .zero, slot: { scene.slot }) { forks in
            node.backend.runtime.follow(forks, exitVersion: discovery.exitVersion(of: forks))
        }
    }

    @Test("without a restart, shares are made, checked and combined for the fork that rules now, and for no other")
    func follows() async throws {
        let (own, before) = (DutyScene.own, try scene.partials())
        let after = try partials(Self.moved, fork: .electra, of: own)
        let sets = [before, after].map { LocalPartials(scene.duty, $0) }
        let verdicts = try await FakeBeaconNode.with({ self.answer($0) }) { beacon in
            try await BackendScene.run(scene, beacon: [beacon.url]) { node in
                let first = try await node.backend.verify(sets).map { $0 == nil }
                try await follow(node)
                #expect(node.backend.domains.forks == Self.moved.forks)
                #expect(node.backend.domains.exitVersion == Self.moved.forks.version(of: .capella))
                // A node's own hands, made at its start.
                let shares = scene.validators.map { ($0.pubKey, $0.shares[own.rawValue]) }
                let signer = Signer(
                    backend: .keystores(Dictionary(uniqueKeysWithValues: shares)), keys: scene.keys,
                    chain: scene.view, threads: scene.threads, verifier: scene.verifier)
                let signed = await withCheckedContinuation { done in
                    signer.sign(.attester(slot: .zero), after.mapValues(\.data)) { done.resume(returning: $0.signed) }
                }
                #expect(signed == after)
                let combiner = ThresholdCombiner(
                    keys: scene.keys, chain: scene.view, threads: scene.threads, verifier: scene.verifier)
                var groups: [EntryKey: PartialGroup] = [:]
                for peer in 0..<3 {
                    for (key, partial) in try partials(Self.moved, fork: .electra, of: PeerIndex(peer)) {
                        groups[key, default: PartialGroup(data: partial.data, signatures: [:])]
                            .signatures[partial.shareIndex] = partial.data.signature
                    }
                }
                let wanted = groups
                let recovered = await withCheckedContinuation { done in
                    combiner.combine(wanted) { done.resume(returning: $0) }
                }
                #expect(recovered.count == 2)
                for case .badShares(let shares) in recovered.values { Issue.record("bad: \(shares)") }
                return first + (try await node.backend.verify(sets).map { $0 == nil })
            }
        }
        #expect(verdicts == [true, false, false, true])
    }
}
