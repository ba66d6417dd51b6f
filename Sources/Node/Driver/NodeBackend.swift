import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import Program
import SSZ
import ValidatorAPI

/// Answers the validator API's questions from the workflow and the beacon nodes.
struct NodeBackend: ValidatorAPIBackend {
    let runtime: NodeRuntime
    let beacon: BeaconClient
    let validators: ActiveValidators
    let duties: DutiesSource
    /// Told of each request that was passed on and that a beacon node took.
    var passedOn: @Sendable (ProxyRequest) -> Void = { _ in }
    /// Told of each request with a signature that is not of this operator's shares.
    var badSignature: @Sendable () -> Void = {}

    var domains: SigningDomains { runtime.chain.domains }
    var clock: SlotClock { runtime.chain.clock }
    var currentSlot: Slot { clock.currentSlot(at: SystemClock.now()) }

    func decided(_ selector: ValueSelector) async throws -> UnsignedData {
        guard case .decided(_, let data) = try await answer(.decided(selector)) else { throw Self.noAnswer }
        return data
    }

    func signed(_ duty: Duty, _ key: EntryKey) async throws -> SignedData {
        guard case .signed(let data) = try await answer(.signed(duty, key)) else { throw Self.noAnswer }
        return data
    }

    func definitions(of duty: Duty) async throws -> DutyDefinitionSet? {
        guard case .definitions(let set) = try await answer(.definitions(duty)) else { throw Self.noAnswer }
        return set
    }

    private static let noAnswer = ValidatorAPIRefusal.unavailable("no answer")

    private func answer(_ query: Query) async throws -> Answer {
        switch try await runtime.driver.ask(query) {
        case .refused(let reason): throw ValidatorAPIRefusal.unavailable(reason)
        case .absent(let reason): throw ValidatorAPIRefusal.notFound(reason)
        case let answer: return answer
        }
    }

    func activeValidators(in epoch: Epoch) async throws -> [ValidatorIndex: PubKey] {
        try await validators.active(in: epoch)
    }

    func verify(_ proofs: [ClusterProof]) async throws -> [Bool] { try await runtime.hold(proofs) }

    func attesterPubKeys(_ positions: [AttesterPosition]) async throws -> [PubKey?] {
        guard case .attesters(let keys) = try await runtime.driver.ask(.attesters(positions)) else {
            return positions.map { _ in nil }
        }
        return keys
    }

    func verify(_ sets: [LocalPartials]) async throws -> [ValidatorAPIRefusal?] {
        let found = try await runtime.firstBad(in: sets.map(\.set))
        if found.contains(where: { $0 != nil }) { badSignature() }
        return found.map { bad in
            bad.map {
                .refused("the signature for validator \($0.pubKey) does not verify under this operator's key share")
            }
        }
    }

    func submit(_ sets: [LocalPartials]) async throws -> [[EntryKey: ValidatorAPIRefusal]] {
        guard case .submitted(let verdicts) = try await runtime.driver.submit(sets) else { throw Self.noAnswer }
        return verdicts.map { verdict in verdict.refusals.mapValues { ValidatorAPIRefusal.refused($0) } }
    }

    func exits(in epoch: Epoch) async throws -> [ExitProgress] {
        guard case .exits(let rows) = try await answer(.exits(epoch)) else { throw Self.noAnswer }
        return rows
    }

    func attesterDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<AttesterDuty> {
        try requireNear(epoch)
        try await requireOwnSet(epoch)
        let wanted = try await select(epoch, indices)
        return try await duties.attesters(epoch, wanted, expecting: try await validators.expected(in: epoch))
    }

    func proposerDuties(
        epoch: Epoch, version: BeaconEndpoint.ProposerDutiesVersion
    ) async throws -> DutiesAnswer<ProposerDuty> {
        try requireNear(epoch)
        try await requireOwnSet(epoch)
        return try await duties.proposers(epoch, version)
    }

    func syncDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<SyncDuty> {
        // Sync committees are known up to the end of the next period.
        let period = runtime.chain.spec.epochsPerSyncCommitteePeriod
        try requireNear(epoch, ahead: period.multipliedReportingOverflow(by: 2).overflow ? .max : 2 * period)
        try await requireOwnSet(epoch)
        let wanted = try await select(epoch, indices)
        guard !wanted.isEmpty else { return DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: []) }
        return try await duties.syncs(epoch, wanted)
    }

    /// From the epoch of a switch on other key shares sign, which this node does not have yet. A client that was told
    /// duties of then under the old ones would keep them, and sign with the wrong keys.
    private func requireOwnSet(_ epoch: Epoch) async throws {
        guard let record = await runtime.driver.switchRecord, record.endsOldSet(in: epoch) else { return }
        throw ValidatorAPIRefusal.unavailable(
            "from epoch \(record.plan.epoch) on the cluster signs with other key shares: ask again then")
    }

    /// Duties further ahead are unknown to any beacon node. The next epoch's are known; one more for clocks that differ.
    private func requireNear(_ epoch: Epoch, ahead: UInt64 = 2) throws(ValidatorAPIRefusal) {
        let current = clock.epoch(of: currentSlot)
        guard epoch <= current || epoch.rawValue - current.rawValue <= ahead else {
            throw .refused("epoch \(epoch) is too far ahead: the current epoch is \(current)")
        }
    }

    func validators(_ selection: ValidatorSelection, state: StateID) async throws -> [BeaconValidator] {
        try await beacon.validators(selection, state: state)
    }

    func proxy(_ request: ProxyRequest) async throws -> ProxyResponse {
        let response = try await beacon.proxy(request)
        if (200..<300).contains(response.status) { passedOn(request) }
        return response
    }

    func proxyEvents(_ request: ProxyRequest) async throws -> ProxyResponse { try await beacon.proxyEvents(request) }

    /// The cluster's validators with these indices; all active ones for none.
    private func select(_ epoch: Epoch, _ indices: [ValidatorIndex]) async throws -> [ValidatorIndex: PubKey] {
        if indices.isEmpty { return try await validators.active(in: epoch) }
        let rows = try await validators.known()
        let wanted = Set(indices)
        return Dictionary(
            rows.filter { wanted.contains($0.index) }.map { ($0.index, $0.validator.pubKey) },
            uniquingKeysWith: { first, _ in first })
    }
}
