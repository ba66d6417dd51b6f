import Ethereum

/// How a duty ended for one validator that did not get through.
enum Verdict: Hashable, Sendable {
    case failed(DutyStep, FailureReason)
    /// Nobody was selected: not a failure.
    case nothingToDo
}

/// The table of workflow.md §16.3: the highest step that anything happened at, and what happened there last.
///
/// It differs in this: peers may have signed while this node did not, and then this node's missing signature is named
/// (or its refusal of what was decided) is named
/// first, as the one thing that its operator can mend. A beacon node's error is named as such for proposers too.
extension DutyRecord {
    /// - Parameter other: the record of the duty of that type in the same slot.
    func verdict(of pubKey: PubKey, own: ShareIndex, other: (DutyType) -> DutyRecord?) -> Verdict {
        paths[pubKey].flatMap { verdict(of: $0, own: own) } ?? beforeStored(pubKey, other)
    }

    /// Nil before anything was decided for it.
    func verdict(of path: Path, own: ShareIndex) -> Verdict? {
        let hasError = path.error != nil
        switch path.step {
        case .scheduler, .fetcher, .consensus: return nil
        case .dutyDB: return hasError ? .failed(.dutyDB, .bugDutyDBError) : unsigned()
        case .validatorAPI: return unsigned()
        case .parSigDBLocal: return .failed(.parSigDBLocal, .bugParSigDBInternal)
        case .parSigEx: return .failed(.parSigEx, hasError ? .unknown : .noPeerSignatures)
        case .parSigDBExternal:
            if hasError { return .failed(.parSigDBExternal, .bugParSigDBExternal) }
            if path.isInconsistent {
                let isOfHeads = duty.type == .syncMessage || duty.type == .syncContribution
                return .failed(
                    .parSigDBExternal, isOfHeads ? .parSigDBInconsistentSync : .bugParSigDBInconsistent)
            }
            if path.refusal != nil { return .failed(.dutyDB, .bugDutyDBError) }
            if path.isStored, !path.signers.contains(own) { return unsigned() }
            return .failed(.parSigDBExternal, .insufficientPeerSignatures)
        case .sigAggregation: return .failed(.sigAggregation, .bugSigAgg)
        case .aggSigDB: return .failed(.aggSigDB, .bugAggregationError)
        case .broadcast: return .failed(.broadcast, hasError ? .broadcastBNError : .unknown)
        case .chainInclusion: return .failed(.chainInclusion, hasError ? .notIncludedOnChain : .unknown)
        }
    }

    private func unsigned() -> Verdict {
        .failed(.validatorAPI, signError == nil ? .noLocalVCSignature : .signingRefused)
    }

    /// Nothing was decided, or nothing for this validator.
    private func beforeStored(_ pubKey: PubKey, _ other: (DutyType) -> DutyRecord?) -> Verdict {
        guard decidedAt == nil else { return .failed(.consensus, .unknown) }
        let undecided = Verdict.failed(.consensus, .noConsensus)
        switch fetch {
        case .done:
            if isUndecided { return undecided }
            return duty.type.rules.needsOwnData ? .nothingToDo : .failed(.fetcher, .bugFetchError)
        case .failed:
            return .failed(.fetcher, unmetPrerequisite(pubKey, other) ?? .fetchBNError)
        case nil:
            if let reason = unmetPrerequisite(pubKey, other) { return .failed(.fetcher, reason) }
            if isUndecided { return undecided }
            let isWaiting = duty.type == .proposer || duty.type.rules.needsOwnData
            return isWaiting ? .failed(.fetcher, .bugFetchError) : .failed(.scheduler, .unknown)
        }
    }

    /// What the fetcher waited for in vain.
    private func unmetPrerequisite(_ pubKey: PubKey, _ other: (DutyType) -> DutyRecord?) -> FailureReason? {
        switch duty.type {
        case .proposer:
            return Stop(of: other(.randao), for: pubKey).map { stop in
                switch stop {
                case .neverStarted: .proposerZeroRandaos
                case .withoutPeers: .proposerNoExternalRandaos
                case .withTooFew: .proposerInsufficientRandaos
                case .elsewhere: .failedProposerRandao
                }
            }
        case .aggregator:
            let selection: FailureReason? = Stop(of: other(.prepareAggregator), for: pubKey).map { stop in
                switch stop {
                case .neverStarted: .zeroAggregatorPrepares
                case .withoutPeers: .noAggregatorSelections
                case .withTooFew: .insufficientAggregatorSelections
                case .elsewhere: .failedAggregatorSelection
                }
            }
            let isAttested = other(.attester)?.paths[pubKey]?.isStored == true
            return selection ?? (isAttested ? nil : .missingAggregatorAttestation)
        case .syncContribution:
            let selection: FailureReason? = Stop(of: other(.prepareSyncContribution), for: pubKey).map { stop in
                switch stop {
                case .neverStarted: .syncContributionZeroPrepares
                case .withoutPeers: .syncContributionNoExternalPrepares
                case .withTooFew: .syncContributionFewPrepares
                case .elsewhere: .syncContributionFailedPrepare
                }
            }
            let hasMessage = other(.syncMessage)?.isCombined(pubKey) == true
            return selection ?? (hasMessage ? nil : .syncContributionNoSyncMsg)
        case .attester, .signature, .exit, .builderProposer, .builderRegistration, .randao, .prepareAggregator,
            .syncMessage, .prepareSyncContribution, .infoSync:
            return nil
        }
    }

    /// Whether the group signature is there.
    fileprivate func isCombined(_ pubKey: PubKey) -> Bool {
        guard let path = paths[pubKey] else { return false }
        return path.step > .aggSigDB || path.step == .aggSigDB && path.error == nil
    }
}

/// Where a duty ended whose group signature another duty needs.
private enum Stop {
    case neverStarted
    /// Signed here, and by nobody else.
    case withoutPeers
    case withTooFew
    case elsewhere

    /// Nil if the signature was there.
    init?(of record: DutyRecord?, for pubKey: PubKey) {
        guard let record, let path = record.paths[pubKey] else {
            self = .neverStarted
            return
        }
        if record.isCombined(pubKey) { return nil }
        switch path.step {
        case .parSigEx: self = .withoutPeers
        case .parSigDBExternal: self = .withTooFew
        default: self = .elsewhere
        }
    }
}
