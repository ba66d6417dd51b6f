import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import Traces
import ValidatorAPI

/// What validator clients ask and bring, traced.
struct TracedBackend: ValidatorAPIBackend {
    let backend: NodeBackend
    let tracing: DutyTracing

    var domains: SigningDomains { backend.domains }
    var clock: SlotClock { backend.clock }
    var currentSlot: Slot { backend.currentSlot }

    func decided(_ selector: ValueSelector) async throws -> UnsignedData {
        let name: SpanName
        var outer: SpanName?
        switch selector {
        case .attestation: name = .attestationData
        case .proposal:
            name = .awaitProposal
            outer = .proposal
        case .aggregate: name = .aggregateAttestation
        case .contribution: return try await backend.decided(selector)
        }
        return try await tracing.follow(name, in: outer, of: [selector.duty]) { try await backend.decided(selector) }
    }

    func signed(_ duty: Duty, _ key: EntryKey) async throws -> SignedData {
        try await tracing.follow(.aggSigDBAwait, of: [duty]) { try await backend.signed(duty, key) }
    }

    func submit(_ sets: [LocalPartials]) async throws -> [[EntryKey: ValidatorAPIRefusal]] {
        let names = Dictionary(grouping: sets) { $0.spanName }
        // One request brings one kind.
        guard names.count == 1, case let name?? = names.keys.first else { return try await backend.submit(sets) }
        return try await tracing.follow(
            name, of: sets.map(\.duty), failure: { refusals in refusals.lazy.compactMap(\.values.first).first }
        ) {
            try await backend.submit(sets)
        }
    }

    func attesterDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<AttesterDuty> {
        try await tracing.follow(.attesterDuties, of: [nil]) {
            try await backend.attesterDuties(epoch: epoch, indices: indices)
        }
    }

    func proposerDuties(
        epoch: Epoch, version: BeaconEndpoint.ProposerDutiesVersion
    ) async throws -> DutiesAnswer<ProposerDuty> {
        try await tracing.follow(.proposerDuties, of: [nil]) {
            try await backend.proposerDuties(epoch: epoch, version: version)
        }
    }

    func validators(_ selection: ValidatorSelection, state: StateID) async throws -> [BeaconValidator] {
        try await tracing.follow(.validators, of: [nil]) { try await backend.validators(selection, state: state) }
    }

    // MARK: Not traced

    func definitions(of duty: Duty) async throws -> DutyDefinitionSet? { try await backend.definitions(of: duty) }

    func attesterPubKeys(_ positions: [AttesterPosition]) async throws -> [PubKey?] {
        try await backend.attesterPubKeys(positions)
    }

    func activeValidators(in epoch: Epoch) async throws -> [ValidatorIndex: PubKey] {
        try await backend.activeValidators(in: epoch)
    }

    func exits(in epoch: Epoch) async throws -> [ExitProgress] { try await backend.exits(in: epoch) }

    func verify(_ proofs: [ClusterProof]) async throws -> [Bool] { try await backend.verify(proofs) }

    func verify(_ sets: [LocalPartials]) async throws -> [ValidatorAPIRefusal?] { try await backend.verify(sets) }

    func syncDuties(epoch: Epoch, indices: [ValidatorIndex]) async throws -> DutiesAnswer<SyncDuty> {
        try await backend.syncDuties(epoch: epoch, indices: indices)
    }

    func proxy(_ request: ProxyRequest) async throws -> ProxyResponse { try await backend.proxy(request) }

    func proxyEvents(_ request: ProxyRequest) async throws -> ProxyResponse { try await backend.proxyEvents(request) }
}

extension LocalPartials {
    /// Of handing them in; nil for what has none.
    fileprivate var spanName: SpanName? {
        switch duty.type {
        case .attester: .submitAttestations
        case .proposer: isBlinded ? .submitBlindedProposal : .submitProposal
        case .aggregator: .submitAggregateAttestations
        case .signature, .exit, .builderProposer, .builderRegistration, .randao, .prepareAggregator, .syncMessage,
            .prepareSyncContribution, .syncContribution, .infoSync:
            nil
        }
    }

    private var isBlinded: Bool {
        self.set.values.contains { if case .proposal(let signed) = $0.data { signed.isBlinded } else { false } }
    }
}
