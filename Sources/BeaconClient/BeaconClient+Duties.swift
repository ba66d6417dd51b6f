import BeaconAPI
import Ethereum
import SSZ

extension BeaconClient {
    /// The duties of these validators in an epoch, by slot.
    ///
    /// Rows of validators not asked for are left out; a row of another epoch or with another key than the validator's
    /// is an error (workflow.md §5.3), and so are two rows for one validator. Without validators the answer still names
    /// the dependent root.
    ///
    /// - Parameter expecting: those of the validators that are active in the epoch. A node that has no row for one of them
    ///   loses against one that has; if none has, the answer with the most rows counts, for the others' sake.
    package func attesterDuties(
        _ epoch: Epoch, validators: [ValidatorIndex: PubKey], expecting: Set<ValidatorIndex> = [],
        slotsPerEpoch: UInt64
    ) async throws(BeaconError) -> DutiesAnswer<AttesterDuty> {
        // Some nodes refuse an empty list; the chain's first validator is there always.
        let indices = validators.isEmpty ? [ValidatorIndex.zero] : validators.keys.sorted()
        var incomplete: [DutiesAnswer<AttesterDuty>] = []
        do {
            return try await call(.attesterDuties(epoch, indices)) { json in
                let answer = try Self.attesterDuties(json, epoch, validators, slotsPerEpoch)
                if let without = expecting.subtracting(answer.rows.map { $0.validatorIndex }).min() {
                    incomplete.append(answer)
                    throw UnexpectedAnswer(description: "no duty of validator \(without), which is active")
                }
                return answer
            }
        } catch {
            guard error.cause != .cancelled, let fullest = incomplete.max(by: { $0.rows.count < $1.rows.count }) else {
                throw error
            }
            return fullest
        }
    }

    private static func attesterDuties(
        _ json: JSONValue, _ epoch: Epoch, _ validators: [ValidatorIndex: PubKey], _ slotsPerEpoch: UInt64
    ) throws -> DutiesAnswer<AttesterDuty> {
        var answer = try DutiesAnswer<AttesterDuty>(json: json, hasDependentRoot: true)
        answer.rows.removeAll { validators[$0.validatorIndex] == nil }
        var voters: Set<ValidatorIndex> = []
        for row in answer.rows {
            try expect(row.slot.epoch(slotsPerEpoch: slotsPerEpoch) == epoch, "duty of slot \(row.slot)")
            try expect(
                validators[row.validatorIndex] == row.pubKey, "other key for validator \(row.validatorIndex)")
            try expect(voters.insert(row.validatorIndex).inserted, "two duties of validator \(row.validatorIndex)")
        }
        answer.rows.sort { ($0.slot, $0.validatorIndex) < ($1.slot, $1.validatorIndex) }
        return answer
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
}
