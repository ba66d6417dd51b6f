import BeaconAPI
import DutyWorkflow
import Ethereum
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
        var verify: @Sendable (LocalPartials) -> ValidatorAPIRefusal? = { _ in nil }
        var submit: @Sendable (LocalPartials) -> ValidatorAPIRefusal? = { _ in nil }
        var validators: [BeaconValidator] = []
        var proposers: [ProposerDuty] = []
        var syncDuties: [SyncDuty] = []
        var proxy: @Sendable (ProxyRequest) async throws -> ProxyResponse = { _ in
            throw BeaconError(endpoint: "proxy", node: "", cause: .timeout)
        }
        /// Thrown by every read.
        var failure: (any Error)?
    }

    private let behaviour: Behaviour
    private let log = Mutex<[String]>([])
    private let taken = Mutex<[(Duty, ParSignedDataSet)]>([])

    init(_ change: (inout Behaviour) -> Void = { _ in }) {
        var behaviour = Behaviour()
        change(&behaviour)
        self.behaviour = behaviour
    }

    /// What the node was asked for, in words.
    var asked: [String] { log.withLock { $0 } }
    var submitted: [(Duty, ParSignedDataSet)] { taken.withLock { $0 } }

    private func note(_ words: String) throws {
        log.withLock { $0.append(words) }
        if let failure = behaviour.failure { throw failure }
    }

    func awaitAttestationData(slot: Slot, committee: CommitteeIndex) async throws -> AttestationData {
        try note("attestation data \(slot) \(committee)")
        return try await behaviour.attestationData(slot, committee)
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

    func attesterDefinitions(slot: Slot) async throws -> [AttesterDuty] {
        behaviour.attesters.filter { $0.slot == slot }
    }

    func fork(at slot: Slot) async throws -> ForkName { behaviour.fork }

    func verify(_ sets: [LocalPartials]) async throws -> [ValidatorAPIRefusal?] {
        try note("verify " + sets.map { "\($0.duty)" }.joined(separator: " "))
        return sets.map(behaviour.verify)
    }

    func submit(_ sets: [LocalPartials]) async throws -> [ValidatorAPIRefusal?] {
        try note("submit " + sets.map { "\($0.duty)" }.joined(separator: " "))
        return sets.map { partials in
            if let refusal = behaviour.submit(partials) { return refusal }
            taken.withLock { $0.append((partials.duty, partials.set)) }
            return nil
        }
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
