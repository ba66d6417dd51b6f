import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization
import TestSupport
import ValidatorAPI

/// A node that does what the test tells it to, and remembers what it was asked.
final class StubBackend: ValidatorAPIBackend {
    struct Behaviour: Sendable {
        var attestationData: @Sendable (Slot, CommitteeIndex) async throws -> AttestationData = { slot, committee in
            var data = AttestationData()
            data.slot = slot
            return data
        }
        /// Of attester duties: who attests.
        var attesters: [AttesterDuty] = []
        var fork = ForkName.fulu
        var preset = Preset.mainnet
        var currentSlot = Slot(40)
        /// Every selector but those of attestations.
        var decided: @Sendable (ValueSelector) async throws -> UnsignedData = { _ in throw CancellationError() }
        var signed: @Sendable (Duty, EntryKey) async throws -> SignedData = { _, _ in throw CancellationError() }
        var definitions: @Sendable (Duty) -> DutyDefinitionSet? = { _ in nil }
        var active: [ValidatorIndex: PubKey] = [7: TestCluster.validatorA, 8: TestCluster.validatorB]
        /// Whether it is the cluster's own.
        var verifyProof: @Sendable (ClusterProof) -> Bool = { _ in true }
        var verify: @Sendable (LocalPartials) -> ValidatorAPIRefusal? = { _ in nil }
        /// Of a whole set.
        var submit: @Sendable (LocalPartials) -> ValidatorAPIRefusal? = { _ in nil }
        /// Of one validator's alone.
        var submitOne: @Sendable (Duty, EntryKey) -> ValidatorAPIRefusal? = { _, _ in nil }
        var validators: [BeaconValidator] = []
        var proposers: [ProposerDuty] = []
        var syncDuties: [SyncDuty] = []
        var proxy: @Sendable (ProxyRequest) async throws -> ProxyResponse = { _ in
            throw BeaconError(endpoint: "proxy", node: "", cause: .timeout)
        }
        var exits: [ExitProgress] = []
        /// Thrown by every read.
        var failure: (any Error)?
    }

    private let behaviour: Behaviour
    private let log = Mutex<[String]>([])
    private let looked = Mutex<[Duty]>([])
    private let taken = Mutex<[(Duty, ParSignedDataSet)]>([])

    init(_ change: (inout Behaviour) -> Void = { _ in }) {
        var behaviour = Behaviour()
        change(&behaviour)
        self.behaviour = behaviour
    }

    /// What the node was asked for, in words.
    var asked: [String] { log.withLock { $0 } }
    /// Whose rows it was asked for.
    var lookedUp: [Duty] { looked.withLock { $0 } }
    var submitted: [(Duty, ParSignedDataSet)] { taken.withLock { $0 } }

    private func note(_ words: String) throws {
        log.withLock { $0.append(words) }
        if let failure = behaviour.failure { throw failure }
    }

    var clock: SlotClock {
        SlotClock(genesis: Instant(nanoseconds: 0), slotDuration: .seconds(12), slotsPerEpoch: 32)
    }
    var currentSlot: Slot { behaviour.currentSlot }

    /// All forks up to that of the behaviour rule from genesis on.
    var domains: SigningDomains {
        let forks = ForkName.allCases.filter { $0 <= behaviour.fork }.map {
            ForkSchedule.Entry(fork: $0, version: Bytes4(padding: [UInt8($0.rawValue)]), epoch: .zero)
        }
        guard let schedule = try? ForkSchedule(forks) else { preconditionFailure("\(forks)") }
        return SigningDomains(
            forks: schedule, genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: 32,
            preset: behaviour.preset)
    }

    func decided(_ selector: ValueSelector) async throws -> UnsignedData {
        if case .attestation(let slot, let committee) = selector {
            try note("attestation data \(slot) \(committee)")
            return .attester(try await behaviour.attestationData(slot, committee), AttesterDuty())
        }
        try note("decided \(selector.duty)")
        return try await behaviour.decided(selector)
    }

    func signed(_ duty: Duty, _ key: EntryKey) async throws -> SignedData {
        try await behaviour.signed(duty, key)
    }

    func definitions(of duty: Duty) async throws -> DutyDefinitionSet? {
        looked.withLock { $0.append(duty) }
        return behaviour.definitions(duty)
    }

    func activeValidators(in epoch: Epoch) async throws -> [ValidatorIndex: PubKey] {
        try note("active \(epoch)")
        return behaviour.active
    }

    func verify(_ proofs: [ClusterProof]) async throws -> [Bool] {
        try note("proofs \(proofs.count)")
        return proofs.map(behaviour.verifyProof)
    }

    func attesterPubKeys(_ positions: [AttesterPosition]) async throws -> [PubKey?] {
        try note("attesters of \(positions.count)")
        return positions.map { position in
            behaviour.attesters.first {
                $0.slot == position.slot && $0.committeeIndex == position.committee
                    && $0.validatorIndex == position.validator
            }?.pubKey
        }
    }

    func verify(_ sets: [LocalPartials]) async throws -> [ValidatorAPIRefusal?] {
        try note("verify " + sets.map { "\($0.duty)" }.joined(separator: " "))
        return sets.map(behaviour.verify)
    }

    func submit(_ sets: [LocalPartials]) async throws -> [[EntryKey: ValidatorAPIRefusal]] {
        try note("submit " + sets.map { "\($0.duty)" }.joined(separator: " "))
        return sets.map { partials in
            var refusals: [EntryKey: ValidatorAPIRefusal] = [:]
            for key in partials.set.keys {
                refusals[key] = behaviour.submit(partials) ?? behaviour.submitOne(partials.duty, key)
            }
            let good = partials.set.filter { refusals[$0.key] == nil }
            if !good.isEmpty { taken.withLock { $0.append((partials.duty, good)) } }
            return refusals
        }
    }

    func exits(in epoch: Epoch) async throws -> [ExitProgress] {
        try note("exits \(epoch)")
        return behaviour.exits
    }

    func attesterDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<AttesterDuty> {
        try note("attesters \(epoch) \(indices)")
        return DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: false, rows: behaviour.attesters)
    }

    func proposerDuties(
        epoch: Epoch, version: BeaconEndpoint.ProposerDutiesVersion
    ) async throws -> DutiesAnswer<ProposerDuty> {
        try note("proposers \(epoch) \(version.rawValue)")
        return DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: true, rows: behaviour.proposers)
    }

    func syncDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<SyncDuty> {
        try note("sync \(epoch) \(indices)")
        return DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: behaviour.syncDuties)
    }

    func validators(_ selection: ValidatorSelection, state: StateID) async throws -> [BeaconValidator] {
        try note("validators \(state) \(selection.ids)")
        return behaviour.validators
    }

    func proxy(_ request: ProxyRequest) async throws -> ProxyResponse {
        try note("proxy \(request.method) \(request.target)")
        return try await behaviour.proxy(request)
    }

    func proxyEvents(_ request: ProxyRequest) async throws -> ProxyResponse {
        try note("events \(request.target)")
        return try await behaviour.proxy(request)
    }
}

/// Two validators of a cluster of three operators; we are the second.
enum TestCluster {
    static let own = ShareIndex(PeerIndex(1))
    static let validatorA = PubKey(padding: [0xA0])
    static let validatorB = PubKey(padding: [0xB0])
    static let stranger = PubKey(padding: [0xFF])
    static func share(_ validator: PubKey, _ operatorIndex: Int) -> PubShare {
        PubShare(padding: [validator[0] + UInt8(operatorIndex)])
    }
    static let shareA = share(validatorA, 2)
    static let shareB = share(validatorB, 2)
    static let keys = KeyTranslation(
        validators: [
            validatorA: (1...3).map { share(validatorA, $0) }, validatorB: (1...3).map { share(validatorB, $0) },
        ], own: own)

    static func attester(_ key: PubKey, index: ValidatorIndex, slot: Slot = 40, position: UInt64 = 0) -> AttesterDuty {
        var row = AttesterDuty()
        row.pubKey = key
        row.validatorIndex = index
        row.slot = slot
        row.committeeIndex = 3
        row.committeeLength = 16
        row.committeesAtSlot = 4
        row.validatorCommitteeIndex = position
        return row
    }

    static func validator(
        _ key: PubKey, index: ValidatorIndex, status: ValidatorStatus = .activeOngoing
    ) -> BeaconValidator {
        var record = ValidatorRecord()
        record.pubKey = key
        return BeaconValidator(index: index, balance: 32, status: status, validator: record)
    }
}
