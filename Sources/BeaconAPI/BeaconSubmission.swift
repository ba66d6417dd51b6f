import Ethereum
import SSZ

/// What is published at beacon nodes, or what they have to know of us. Every node gets it.
package enum BeaconSubmission: Hashable, Sendable {
    case attestations(ForkName, AttestationSubmission)
    case aggregates(ForkName, AggregateSubmission, Preset)
    case syncMessages([SyncCommitteeMessage])
    case contributions([SignedContributionAndProof], Preset)
    /// A signed block or its contents.
    case block(ForkName, isBlinded: Bool, EncodedBody)
    case voluntaryExit(SignedVoluntaryExit)
    case registrations([SignedValidatorRegistration])
    case preparations([ProposerPreparation])
    case committeeSubscriptions([BeaconCommitteeSubscription])
    case syncSubscriptions([SyncCommitteeSubscription])

    /// The label of metrics and errors.
    package var name: String {
        switch self {
        case .attestations: "submit_attestations"
        case .aggregates: "submit_aggregate_attestations"
        case .syncMessages: "submit_sync_committee_messages"
        case .contributions: "submit_sync_committee_contributions"
        case .block(_, let isBlinded, _): isBlinded ? "submit_blinded_proposal" : "submit_proposal"
        case .voluntaryExit: "submit_voluntary_exit"
        case .registrations: "submit_validator_registrations"
        case .preparations: "submit_proposal_preparations"
        case .committeeSubscriptions: "submit_beacon_committee_subscriptions"
        case .syncSubscriptions: "submit_sync_committee_subscriptions"
        }
    }

    package var path: String {
        switch self {
        case .attestations: "/eth/v2/beacon/pool/attestations"
        case .aggregates: "/eth/v2/validator/aggregate_and_proofs"
        case .syncMessages: "/eth/v1/beacon/pool/sync_committees"
        case .contributions: "/eth/v1/validator/contribution_and_proofs"
        case .block(_, let isBlinded, _): isBlinded ? "/eth/v2/beacon/blinded_blocks" : "/eth/v2/beacon/blocks"
        case .voluntaryExit: "/eth/v1/beacon/pool/voluntary_exits"
        case .registrations: "/eth/v1/validator/register_validator"
        case .preparations: "/eth/v1/validator/prepare_beacon_proposer"
        case .committeeSubscriptions: "/eth/v1/validator/beacon_committee_subscriptions"
        case .syncSubscriptions: "/eth/v1/validator/sync_committee_subscriptions"
        }
    }

    /// What the header `Eth-Consensus-Version` names; nil where the form is the same in all forks.
    var fork: ForkName? {
        switch self {
        case .attestations(let fork, _), .aggregates(let fork, _, _), .block(let fork, _, _): fork
        case .syncMessages, .contributions, .voluntaryExit, .registrations, .preparations, .committeeSubscriptions,
            .syncSubscriptions:
            nil
        }
    }

    var encoding: EncodedBody.Encoding {
        if case .block(_, _, let body) = self { body.encoding } else { .json }
    }

    var body: [UInt8] {
        switch self {
        case .attestations(_, let submission): submission.json().bytes()
        case .aggregates(_, let submission, let preset): submission.json(preset: preset).bytes()
        case .syncMessages(let messages): Self.array(messages)
        case .contributions(let contributions, let preset): Self.array(contributions, preset)
        case .block(_, _, let body): body.bytes
        case .voluntaryExit(let exit): exit.json().bytes()
        case .registrations(let registrations): Self.array(registrations)
        case .preparations(let preparations): Self.array(preparations)
        case .committeeSubscriptions(let subscriptions): Self.array(subscriptions)
        case .syncSubscriptions(let subscriptions): Self.array(subscriptions)
        }
    }

    private static func array(_ values: [some SSZCodable], _ preset: Preset = .mainnet) -> [UInt8] {
        JSONValue.array(values.map { $0.json(preset: preset) }).bytes()
    }
}
