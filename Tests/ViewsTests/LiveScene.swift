import Ethereum
import SSZ

@testable import DutyWorkflow
@testable import Views

/// A cluster of a few nodes as node 0 sees it, on a clock of the test's own.
struct LiveScene {
    static let genesis = Instant(unixSeconds: 1_795_467_600)

    let nodes: Int
    let clock = SlotClock(genesis: LiveScene.genesis, slotDuration: .seconds(12), slotsPerEpoch: 8)
    let pubKeys: [PubKey]
    var view: LiveView
    var connected: Set<PeerIndex>

    init(nodes: Int = 4, validators: Int = 3) {
        self.nodes = nodes
        pubKeys = (0..<validators).map(Self.pubKey)
        view = LiveView(own: PeerIndex(0), nodes: nodes, validators: pubKeys)
        view.follow(clock)
        connected = Set((1..<nodes).map { PeerIndex($0) })
    }

    static func pubKey(_ index: Int) -> PubKey {
        var bytes = [UInt8](repeating: 0xab, count: 48)
        (bytes[0], bytes[1]) = (UInt8(index % 256), UInt8(index / 256 % 256))
        return PubKey(bytes) ?? PubKey()
    }

    var cluster: ClusterView {
        ClusterView(own: PeerIndex(0), nodes: nodes, threshold: (2 * nodes + 2) / 3, connected: connected)
    }

    func duty(_ slot: UInt64, _ type: DutyType = .attester) -> Duty { Duty(slot: Slot(slot), type: type) }

    /// - Parameter after: the start of the slot.
    func time(_ slot: UInt64, after: Duration = .seconds(4)) -> Instant { clock.start(of: Slot(slot)) + after }

    mutating func report(_ report: Report, at now: Instant) { view.receive(report, in: cluster, at: now) }

    mutating func sign(_ duty: Duty, by peers: some Sequence<Int>, _ pubKeys: [PubKey]? = nil, at now: Instant) {
        for peer in peers { view.signed(duty, pubKeys ?? self.pubKeys, by: PeerIndex(peer), at: now) }
    }

    /// A duty from its start to the beacon node.
    mutating func complete(_ duty: Duty, signers: some Sequence<Int>, round: Int64 = 1) {
        let start = clock.begin(of: duty)
        report(.started(duty, validators: pubKeys.count), at: start)
        report(.decided(duty, round: round, leader: PeerIndex(1), after: .milliseconds(13)), at: start)
        sign(duty, by: signers, at: start + .milliseconds(20))
        report(
            .succeeded(duty, validators: pubKeys.count, sinceDecided: .milliseconds(18)), at: start + .milliseconds(31))
    }

    func failure(
        _ duty: Duty, _ reason: FailureReason = .insufficientPeerSignatures, silent: [Int] = [], detail: String = ""
    ) -> DutyFailure {
        var signers = DutyFailure.Signers()
        signers.silent = silent.map { PeerIndex($0) }
        signers.count = 2
        return DutyFailure(
            duty, step: .parSigDBExternal, reason: reason, detail: detail, missing: Array(pubKeys.prefix(1)),
            expected: pubKeys.count, signers: signers)
    }

    /// What the tracker says in the end.
    func analysis(
        _ duty: Duty, _ outcome: DutyAnalysis.Outcome = .succeeded, signers: [Int: [PubKey]]
    ) -> DutyAnalysis {
        let shares = (0..<nodes).map { ShareIndex(PeerIndex($0)) }
        var record = DutyRecord(duty, own: shares[0])
        record.note(.started(Set(pubKeys)), at: time(0))
        for (peer, keys) in signers {
            record.note(
                .signedByPeer(shares[peer], Dictionary(uniqueKeysWithValues: keys.map { (EntryKey($0), Root()) })),
                at: time(0))
        }
        return DutyAnalysis(
            duty: duty, outcome: outcome, validators: pubKeys.count,
            participation: Participation(record, shares: shares, due: Set(pubKeys)), isInconsistent: false,
            inclusionDelays: [], inclusionMissed: 0)
    }
}
