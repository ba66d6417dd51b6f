import AsyncHTTPClient
import BeaconAPI
import Ethereum
import NIOCore
import SSZ

/// An answer that does not fit the question.
private struct UnexpectedAnswer: Error, CustomStringConvertible {
    let description: String
}

/// The calls themselves. Every answer is checked before it counts as a success, so a node that answers nonsense loses
/// against a slower one that does not.
extension BeaconClient {
    package func genesis() async throws(BeaconError) -> Genesis {
        try await call(.genesis) { try Genesis(json: $0.member("data")) }
    }

    /// One node's own answer, whether it may be used or not.
    package func genesis(of node: Int) async throws(BeaconError) -> Genesis {
        try await call(.genesis, at: node, read: BeaconEndpoint.genesis.answerBytesMax) {
            try Genesis(json: $0.member("data"))
        }
    }

    /// The chain's constants.
    package func spec() async throws(BeaconError) -> ChainSpec {
        try await call(.spec) { try ChainSpec(json: $0.member("data")) }
    }

    /// What the node says about itself, e.g. `Lighthouse/v8.0.0-…/x86_64-linux`.
    package func nodeVersion() async throws(BeaconError) -> String {
        try await call(.nodeVersion) { try BeaconAnswer.nodeVersion($0) }
    }

    /// Whether we follow the chain: the status of a node that does, else of the one that is the least behind.
    package func syncing() async throws(BeaconError) -> SyncingStatus {
        var behind: [SyncingStatus] = []
        do {
            return try await call(.syncing) { json in
                let status = try SyncingStatus(json: json.member("data"))
                guard !status.isSyncing else {
                    behind.append(status)
                    throw BeaconError.Cause.syncing
                }
                return status
            }
        } catch {
            guard let nearest = behind.min(by: { $0.syncDistance < $1.syncDistance }) else { throw error }
            return nearest
        }
    }

    /// Unknown validators have no row; the order is the node's. An empty list of ids gives no rows.
    package func validators(
        _ selection: ValidatorSelection, state: StateID = .head
    ) async throws(BeaconError) -> [BeaconValidator] {
        // To a beacon node no ids mean all validators.
        if selection.count == 0 { return [] }
        return try await call(.validators(state, selection)) { json in
            let rows = try BeaconAnswer.validators(json)
            switch selection {
            case .all: return rows
            case .pubKeys(let keys):
                let asked = Set(keys)
                return rows.filter { asked.contains($0.validator.pubKey) }
            case .indices(let indices):
                let asked = Set(indices)
                return rows.filter { asked.contains($0.index) }
            }
        }
    }

    /// The duties of these validators in an epoch, by slot.
    ///
    /// Rows of validators not asked for are left out; a row of another epoch or with another key than the validator's
    /// is an error (workflow.md §5.3).
    ///
    /// - Parameter validators: not empty.
    package func attesterDuties(
        _ epoch: Epoch, validators: [ValidatorIndex: PubKey], slotsPerEpoch: UInt64
    ) async throws(BeaconError) -> DutiesAnswer<AttesterDuty> {
        let indices = validators.keys.sorted()
        return try await call(.attesterDuties(epoch, indices)) { json in
            var answer = try DutiesAnswer<AttesterDuty>(json: json, hasDependentRoot: true)
            answer.rows.removeAll { validators[$0.validatorIndex] == nil }
            for row in answer.rows {
                try Self.expect(row.slot.epoch(slotsPerEpoch: slotsPerEpoch) == epoch, "duty of slot \(row.slot)")
                try Self.expect(
                    validators[row.validatorIndex] == row.pubKey, "other key for validator \(row.validatorIndex)")
            }
            answer.rows.sort { ($0.slot, $0.validatorIndex) < ($1.slot, $1.validatorIndex) }
            return answer
        }
    }

    /// All proposers of an epoch that the node knows.
    package func proposerDuties(
        _ epoch: Epoch, version: BeaconEndpoint.ProposerDutiesVersion, slotsPerEpoch: UInt64
    ) async throws(BeaconError) -> DutiesAnswer<ProposerDuty> {
        try await call(.proposerDuties(epoch, version: version)) { json in
            let answer = try DutiesAnswer<ProposerDuty>(json: json, hasDependentRoot: true)
            for row in answer.rows {
                try Self.expect(row.slot.epoch(slotsPerEpoch: slotsPerEpoch) == epoch, "duty of slot \(row.slot)")
            }
            return answer
        }
    }

    /// Positions of these validators in the sync committee of an epoch. Others than those asked for are left out.
    package func syncDuties(
        _ epoch: Epoch, validators: [ValidatorIndex: PubKey]
    ) async throws(BeaconError) -> DutiesAnswer<SyncDuty> {
        try await call(.syncDuties(epoch, validators.keys.sorted())) { json in
            var answer = try DutiesAnswer<SyncDuty>(json: json, hasDependentRoot: false)
            answer.rows.removeAll { validators[$0.validatorIndex] == nil }
            for row in answer.rows {
                try Self.expect(
                    validators[row.validatorIndex] == row.pubKey, "other key for validator \(row.validatorIndex)")
            }
            return answer
        }
    }

    package func attestationData(
        _ slot: Slot, committee: CommitteeIndex
    ) async throws(BeaconError) -> AttestationData {
        try await call(.attestationData(slot, committee)) { try Self.attestationData($0, slot) }
    }

    static func attestationData(_ json: JSONValue, _ slot: Slot) throws -> AttestationData {
        let data = try BeaconAnswer.container(AttestationData.self, json)
        try expect(data.slot == slot, "attestation data of slot \(data.slot)")
        return data
    }

    /// Publishes attestations at every node; returns once one node has taken them.
    ///
    /// A node that knows them already has taken them (workflow.md §13).
    ///
    /// - Precondition: the submission has the form of the fork.
    package func submit(_ submission: AttestationSubmission, fork: ForkName) async throws(BeaconError) {
        precondition(submission.isForm(of: fork))
        try await call(.submitAttestations(fork, submission), read: nil) { _ in }
    }

    private static func expect(_ condition: Bool, _ what: String) throws(UnexpectedAnswer) {
        guard condition else { throw UnexpectedAnswer(description: what) }
    }
}

extension BeaconClient {
    private func call<Answer>(
        _ endpoint: BeaconEndpoint, _ read: (JSONValue) throws -> Answer
    ) async throws(BeaconError) -> Answer {
        try await call(endpoint, read: endpoint.answerBytesMax, read)
    }

    /// - Parameter bytesMax: nil if there is no answer to read beside the status; `read` then gets `null`.
    private func call<Answer>(
        _ endpoint: BeaconEndpoint, at node: Int? = nil, read bytesMax: Int?, _ read: (JSONValue) throws -> Answer
    ) async throws(BeaconError) -> Answer {
        let request = OutgoingRequest(endpoint, timeout: configuration.timeout(endpoint))
        return try await firstSuccess(request, at: node) { response in
            try Self.read(response, of: endpoint, bytesMax: bytesMax, read)
        }
    }

    /// What an answer says; throws why it is no success.
    static func read<Answer>(
        _ response: HTTPClient.Response, of endpoint: BeaconEndpoint, bytesMax: Int?,
        _ read: (JSONValue) throws -> Answer
    ) throws -> Answer {
        let body = response.body?.readableBytesView ?? ByteBufferView()
        let status = Int(response.status.code)
        guard (200..<300).contains(status) else {
            let cause = BeaconError.Cause.status(APIErrorBody(lenient: body, status: status), httpStatus: status)
            if endpoint.isSubmission, cause.isAlreadyKnown { return try read(.null) }
            throw cause
        }
        do {
            return try read(bytesMax.map { try BeaconAnswer.parse(body, bytesMax: $0) } ?? .null)
        } catch let cause as BeaconError.Cause {
            throw cause
        } catch {
            throw BeaconError.Cause.malformed("\(error)")
        }
    }
}
