import BeaconAPI
import Ethereum
import SSZ

extension BeaconClient {
    /// The best aggregate that a node has of a sync subcommittee's votes for a block.
    ///
    /// - Throws: also, as a temporary error, if no node has one yet.
    package func syncContribution(
        _ slot: Slot, subcommittee: UInt64, blockRoot: Root, preset: Preset
    ) async throws(BeaconError) -> SyncCommitteeContribution {
        let absent = "no contribution to this block yet"
        return try await orAbsent(absent) { () throws(BeaconError) in
            try await call(.syncContribution(slot, subcommittee: subcommittee, blockRoot: blockRoot)) { json in
                let data = try json.member("data")
                if data.isNull { throw BeaconError.Cause.absent(absent) }
                let contribution = try SyncCommitteeContribution(json: data, preset: preset)
                try Self.expect(
                    contribution.slot == slot && contribution.subcommitteeIndex == subcommittee
                        && contribution.beaconBlockRoot == blockRoot, "another contribution than asked for")
                return contribution
            }
        }
    }

    /// Publishes votes of sync committee members at every node; returns once one node has taken them.
    package func submit(_ messages: [SyncCommitteeMessage]) async throws(BeaconError) {
        try await submit(.syncMessages(messages))
    }

    /// Publishes contributions at every node; returns once one node has taken them.
    package func submit(
        _ contributions: [SignedContributionAndProof], preset: Preset
    ) async throws(BeaconError) {
        try await submit(.contributions(contributions, preset))
    }

    /// Has every node join the subnets of sync committee members.
    package func subscribe(_ subscriptions: [SyncCommitteeSubscription]) async throws(BeaconError) {
        try await submit(.syncSubscriptions(subscriptions))
    }
}
