import Ethereum
import SSZ

/// One sentence a person understands: what was missed, whose fault it is, and what to do.
///
/// Connections are named only when they are the cause: when an operator that was needed is not connected.
package struct FailureSentence: Sendable, CustomStringConvertible {
    /// The cause and what to do about it.
    private struct Advice {
        let cause: String
        let cure: String
        init(_ cause: String, _ cure: String) {
            self.cause = cause
            self.cure = cure
        }
    }

    private static let keysMax = 3

    private let failure: DutyFailure
    private let view: ClusterView

    package init(_ failure: DutyFailure, in view: ClusterView) {
        self.failure = failure
        self.view = view
    }

    package var description: String {
        let advice = advice
        let isToldOnce = failure.reason.isToldOnce ? " (told once)" : ""
        return "\(subject): \(advice.cause); \(advice.cure)\(isToldOnce)"
    }

    /// The part of the sentence that says why.
    package var cause: String { advice.cause }

    /// The part of the sentence that says what to do.
    package var cure: String { advice.cure }

    /// Operators without whom, or because of whom, it failed, ascending; empty where it was nobody else's doing.
    package var guilty: [PeerIndex] {
        let signers = failure.signers
        switch failure.layer(in: view) {
        case .peers where failure.reason == .noConsensus: return view.missed(by: failure.duty)
        case .peers where !signers.twoFaced.isEmpty: return signers.twoFaced
        case .peers where !signers.camps.isEmpty: return signers.camps.dropFirst().joined().sorted()
        case .peers: return Set(signers.silent + signers.bad).sorted()
        case .thisNode, .machine, .beaconNode, .executionClient, .validatorClient, .signer, .relays, .cluster,
            .otherDuty:
            return []
        }
    }

    // MARK: What was missed

    /// The part of the sentence that says what did not happen.
    package var subject: String {
        let keys = failure.missing.prefix(Self.keysMax).map(\.shortened)
        let more = failure.missing.count - keys.count
        let named = more > 0 ? keys.joined(separator: ", ") + " and \(more) more" : ClusterView.list(keys)
        let all = failure.missing.count == 1 ? "validator" : "\(failure.missing.count) validators"
        let ofThose = failure.expected > failure.missing.count ? " of \(failure.expected)" : ""
        return "\(failure.duty.type.noun) of slot \(failure.duty.slot) missed for \(all)\(ofThose) (\(named))"
    }

    // MARK: Why, and what to do

    private var advice: Advice {
        switch failure.reason {
        case .fetchBNError:
            Advice(
                detailed("this node's beacon node gave nothing to sign"), "check that it can be reached and is synced")
        case .bugFetchError: Advice("this node asked its beacon node for nothing", bug)
        case .noConsensus: noConsensus
        case .bugDutyDBError:
            Advice(
                detailed("this node refused to sign what the cluster decided"),
                "if it happens again, compare this node's beacon node with the other operators'")
        case .noLocalVCSignature:
            Advice(
                "this node's validator client did not sign",
                "check that it runs, has the keys of these validators and uses this node as its beacon node")
        case .signingRefused:
            Advice(detailed("this node did not sign"), "look at this node's signer or validator client")
        case .bugParSigDBInternal: Advice(detailed("this node's own signature did not get to the other operators"), bug)
        case .noPeerSignatures: Advice("this node signed, but no other operator did", blame("a signature"))
        case .bugParSigDBExternal: Advice(detailed("a signature of another operator could not be kept"), bug)
        case .insufficientPeerSignatures:
            Advice("only \(failure.signers.count) of \(view.threshold) signatures came", blame("a signature"))
        case .bugParSigDBInconsistent: Advice("operators signed different data\(camps)", inconsistent)
        case .parSigDBInconsistentSync:
            Advice(
                "operators saw different heads of the chain\(camps)",
                "now and then that is normal; if it goes on, \(minority) should look for a slow beacon node")
        case .bugSigAgg: Advice(detailed("enough signatures came, but were not combined"), bug)
        case .bugAggregationError:
            Advice(
                detailed("the group signature was there, but did not get to the beacon node in time"),
                "if it happens again, check the load of this machine and the answers of its beacon node")
        case .broadcastBNError:
            Advice(
                detailed("this node's beacon node did not take it"),
                "check that beacon node; the other operators broadcast the same, so it may have worked all the same")
        case .notIncludedOnChain:
            Advice(
                detailed("it was broadcast, but is not in the chain"),
                "check that the beacon node has peers, and that duties are done early in their slot")
        case .unknown: Advice(detailed("it stopped after step \(failure.step.name)"), bug)
        default: prerequisite
        }
    }

    /// Reasons that lie in another duty of the slot.
    private var prerequisite: Advice {
        let type = failure.reason.prerequisite ?? failure.duty.type
        let line = "see the line of duty \(Duty(slot: failure.duty.slot, type: type))"
        let needed = type.noun.lowercasedFirst
        switch failure.reason {
        case .proposerNoExternalRandaos, .noAggregatorSelections, .syncContributionNoExternalPrepares:
            return Advice("no other operator signed \(needed) for it", blame(needed))
        case .proposerInsufficientRandaos, .insufficientAggregatorSelections, .syncContributionFewPrepares:
            return Advice(
                "only \(failure.signers.count) of \(view.threshold) operators signed \(needed) for it", blame(needed))
        case .proposerZeroRandaos:
            return Advice(
                "no operator's validator client asked for the block",
                "check that the validator clients run, have the key of this validator and use these nodes")
        case .zeroAggregatorPrepares, .syncContributionZeroPrepares:
            return Advice(
                "no operator's validator client sent \(needed)",
                "turn on distributed aggregation in the validator clients, e.g. --distributed")
        case .missingAggregatorAttestation:
            return Advice("there was no attestation to aggregate", line)
        case .syncContributionNoSyncMsg:
            return Advice("there was no sync committee message to build on", line)
        default: return Advice("the signatures of \(needed) did not come to anything", line)
        }
    }

    private var noConsensus: Advice {
        let (quorum, present) = (view.quorum, view.present)
        let missed = view.missed(by: failure.duty)
        guard present < quorum else {
            guard missed.isEmpty else {
                return Advice(
                    "\(view.name(missed)) leads the first round of this duty and is not connected, and another round came"
                        + " too late", "check the connections to \(view.name(missed))")
            }
            return Advice(
                "the operators did not agree on what to sign, though \(present) of \(view.nodes) are connected",
                "their beacon nodes were slow or see different chains: compare them, and the clocks")
        }
        return Advice(
            "the operators did not agree on what to sign: \(quorum) of \(view.nodes) are needed and \(present) are there",
            "check the connections to \(view.name(missed))")
    }

    private var inconsistent: String {
        let liars = failure.signers.twoFaced
        guard liars.isEmpty else {
            return
                "\(view.name(liars)) signed two messages: they lie, or run the same keys twice and must stop one process"
        }
        return "compare the beacon nodes and validator clients of \(minority) with the others'"
    }

    /// Whom to ask for what did not come.
    private func blame(_ what: String) -> String {
        let silent = failure.signers.silent
        let gone = silent.filter { !view.connected.contains($0) }
        let mute = silent.filter { view.connected.contains($0) }
        var advice: [String] = []
        if !gone.isEmpty { advice.append("check the connections to \(view.name(gone))") }
        if !mute.isEmpty {
            advice.append(
                "\(view.name(mute)) \(mute.count == 1 ? "is" : "are") connected but did not send \(what) in time: look"
                    + " at the validator client there")
        }
        if !failure.signers.bad.isEmpty {
            advice.append("\(view.name(failure.signers.bad)) sent bad signatures: compare the key shares there")
        }
        return advice.isEmpty
            ? "what there was came too late: compare the operators' clocks" : advice.joined(separator: "; ")
    }

    /// Who signed what, e.g. `: operators 0 and 1 against operator 2`.
    private var camps: String {
        let camps = failure.signers.camps
        return camps.isEmpty ? "" : ": " + camps.map { view.name($0) }.joined(separator: " against ")
    }

    private var minority: String {
        let others = failure.signers.camps.dropFirst().joined().sorted()
        return others.isEmpty ? "each operator" : view.name(others)
    }

    private func detailed(_ cause: String) -> String {
        failure.detail.isEmpty ? cause : "\(cause) (\(failure.detail))"
    }

    private var bug: String { "this is a fault of the program: report it with the debug log of the slot" }
}

extension DutyType {
    /// For people, with its article.
    fileprivate var noun: String {
        switch self {
        case .proposer: "The block"
        case .attester: "The attestation"
        case .signature: "The signature"
        case .exit: "The voluntary exit"
        case .builderProposer: "The builder's block"
        case .builderRegistration: "The builder registration"
        case .randao: "The randao signature"
        case .prepareAggregator: "The aggregator selection"
        case .aggregator: "The aggregate attestation"
        case .syncMessage: "The sync committee message"
        case .prepareSyncContribution: "The sync committee selection"
        case .syncContribution: "The sync committee contribution"
        case .infoSync: "The exchange of versions"
        }
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

extension FixedBytes {
    /// The first and last three hex digits, e.g. `914_490`: how logs name a validator. Source: workflow.md §1.2.
    package var shortened: String { "\(hex.dropFirst(2).prefix(3))_\(hex.suffix(3))" }
}
