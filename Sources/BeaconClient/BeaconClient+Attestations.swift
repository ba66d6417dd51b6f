import AsyncHTTPClient
import BeaconAPI
import Ethereum
import SSZ

extension BeaconClient {
    package func attestationData(
        _ slot: Slot, committee: CommitteeIndex
    ) async throws(BeaconError) -> AttestationData {
        try await callRaw(.attestationData(slot, committee)) { body, _ in try Self.attestationData(body, slot) }
    }

    static func attestationData(_ body: EncodedBody, _ slot: Slot) throws -> AttestationData {
        let data: AttestationData
        switch body.encoding {
        case .ssz: data = try AttestationData(ssz: body.bytes)
        case .json:
            let bytesMax = BeaconEndpoint.attestationData(slot, .zero).answerBytesMax
            data = try BeaconAnswer.container(
                AttestationData.self, BeaconAnswer.parse(body.bytes, bytesMax: bytesMax))
        }
        try expect(data.slot == slot, "attestation data of slot \(data.slot)")
        return data
    }

    /// Publishes attestations at every node; returns once one node has taken them.
    ///
    /// - Precondition: the submission has the form of the fork.
    package func submit(_ submission: AttestationSubmission, fork: ForkName) async throws(BeaconError) {
        precondition(submission.isForm(of: fork))
        try await submit(.attestations(fork, submission))
    }

    /// The best aggregate that a node has of a committee's votes for these data.
    ///
    /// - Parameter fault: what else is wrong with one; that node then loses.
    /// - Throws: also, as a temporary error, if no node has one yet.
    package func aggregateAttestation(
        _ slot: Slot, dataRoot: Root, committee: CommitteeIndex, preset: Preset,
        fault: (VersionedAttestation) -> String? = { _ in nil }
    ) async throws(BeaconError) -> VersionedAttestation {
        let endpoint = BeaconEndpoint.aggregateAttestation(slot, dataRoot: dataRoot, committee)
        return try await orAbsent("no aggregate of these votes yet") { () throws(BeaconError) in
            try await callRaw(endpoint) { body, headers in
                let attestation = try Self.attestation(body, headers, endpoint.answerBytesMax, preset)
                try Self.expect(attestation.data.slot == slot, "aggregate of slot \(attestation.data.slot)")
                try Self.expect(attestation.data.hashTreeRoot() == dataRoot, "aggregate of other data")
                try Self.expect(attestation.committeeIndex == committee, "aggregate of another committee")
                if let fault = fault(attestation) { throw UnexpectedAnswer(description: fault) }
                return attestation
            }
        }
    }

    private static func attestation(
        _ body: EncodedBody, _ headers: HeaderFields, _ bytesMax: Int, _ preset: Preset
    ) throws -> VersionedAttestation {
        switch body.encoding {
        case .ssz:
            guard let fork = headers[HeaderName.consensusVersion].flatMap({ ForkName(name: $0) }) else {
                throw UnexpectedAnswer(description: "SSZ of no fork we know")
            }
            return try BeaconAnswer.attestation(ssz: body.bytes, fork: fork, preset: preset)
        case .json:
            let json = try BeaconAnswer.parse(body.bytes, bytesMax: bytesMax)
            if json["data"]?.isNull == true { throw BeaconError.Cause.absent("no aggregate of these votes yet") }
            return try BeaconAnswer.attestation(json, preset: preset)
        }
    }

    /// Publishes aggregates at every node; returns once one node has taken them.
    ///
    /// - Precondition: the submission has the form of the fork.
    package func submit(
        _ submission: AggregateSubmission, fork: ForkName, preset: Preset
    ) async throws(BeaconError) {
        precondition(submission.isForm(of: fork))
        try await submit(.aggregates(fork, submission, preset))
    }

    /// Has every node join the subnets of committees to come.
    package func subscribe(_ subscriptions: [BeaconCommitteeSubscription]) async throws(BeaconError) {
        try await submit(.committeeSubscriptions(subscriptions))
    }

    /// Runs a call whose 404 means that a node has nothing yet, which is worth another try.
    func orAbsent<Answer>(
        _ what: String, _ call: () async throws(BeaconError) -> Answer
    ) async throws(BeaconError) -> Answer {
        do {
            return try await call()
        } catch {
            guard error.httpStatus == 404 else { throw error }
            throw BeaconError(endpoint: error.endpoint, node: error.node, cause: .absent(what))
        }
    }
}
