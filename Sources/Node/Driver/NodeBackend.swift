import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import SSZ
import ValidatorAPI

/// Answers the validator API's questions from the workflow and the beacon nodes.
struct NodeBackend: ValidatorAPIBackend {
    let runtime: NodeRuntime
    let beacon: BeaconClient
    let validators: ActiveValidators

    func awaitAttestationData(slot: Slot, committee: CommitteeIndex) async throws -> AttestationData {
        switch try await runtime.driver.ask(.decided(.attestation(slot, committee))) {
        case .decided(_, .attester(let data, _)): return data
        case .refused(let reason): throw ValidatorAPIRefusal.unavailable(reason)
        case .absent(let reason): throw ValidatorAPIRefusal.notFound(reason)
        case .attesters, .signed, .submitted: throw ValidatorAPIRefusal.unavailable("no answer")
        }
    }

    func attesterPubKey(slot: Slot, committee: CommitteeIndex, validator: ValidatorIndex) async throws -> PubKey? {
        let position = AttesterPosition(slot: slot, committee: committee, validator: validator)
        guard case .attesters(let keys) = try await runtime.driver.ask(.attesters([position])) else { return nil }
        return keys.first ?? nil
    }

    func attesterDefinitions(slot: Slot) async throws -> [AttesterDuty] {
        let epoch = runtime.chain.clock.epoch(of: slot)
        return try await attesterDuties(epoch: epoch, indices: []).rows.filter { $0.slot == slot }
    }

    func fork(at slot: Slot) async throws -> ForkName {
        runtime.chain.forks.fork(at: runtime.chain.clock.epoch(of: slot))
    }

    func verify(_ duty: Duty, _ set: ParSignedDataSet) async throws {
        guard let bad = try await runtime.firstBad(set) else { return }
        throw ValidatorAPIRefusal.refused(
            "the signature for validator \(bad.pubKey) does not verify under this operator's key share")
    }

    func submit(_ duty: Duty, _ set: ParSignedDataSet) async throws {
        if case .refused(let reason) = try await runtime.driver.submit([LocalPartials(duty, set)]) {
            throw ValidatorAPIRefusal.refused(reason)
        }
    }

    func attesterDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<AttesterDuty> {
        let wanted = try await select(epoch, indices)
        guard !wanted.isEmpty else { return DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: false, rows: []) }
        return try await beacon.attesterDuties(
            epoch, validators: wanted, slotsPerEpoch: runtime.chain.clock.slotsPerEpoch)
    }

    func proposerDuties(
        epoch: Epoch, version: BeaconEndpoint.ProposerDutiesVersion
    ) async throws -> DutiesAnswer<ProposerDuty> {
        try await beacon.proposerDuties(epoch, version: version, slotsPerEpoch: runtime.chain.clock.slotsPerEpoch)
    }

    func syncDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<SyncDuty> {
        let wanted = try await select(epoch, indices)
        guard !wanted.isEmpty else { return DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: []) }
        return try await beacon.syncDuties(epoch, validators: wanted)
    }

    func validators(_ selection: ValidatorSelection, state: StateID) async throws -> [BeaconValidator] {
        try await beacon.validators(selection, state: state)
    }

    func proxy(_ request: ProxyRequest) async throws -> ProxyResponse { try await beacon.proxy(request) }

    func proxyEvents(_ request: ProxyRequest) async throws -> ProxyResponse { try await beacon.proxyEvents(request) }

    /// The cluster's validators with these indices; all active ones for none.
    private func select(_ epoch: Epoch, _ indices: [ValidatorIndex]) async throws -> [ValidatorIndex: PubKey] {
        if indices.isEmpty { return try await validators.active(in: epoch) }
        let rows = try await validators.known(in: epoch)
        let wanted = Set(indices)
        return Dictionary(
            rows.filter { wanted.contains($0.index) }.map { ($0.index, $0.validator.pubKey) },
            uniquingKeysWith: { first, _ in first })
    }
}
