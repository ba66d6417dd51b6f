import Ethereum
import SSZ

/// What peers sign of what the cluster decided.
extension UnsignedDataSet {
    /// Whether a share for a validator is over what was decided. What was decided without that validator, or is not known
    /// here, forbids nothing.
    ///
    /// Validator clients are given one value for all of a committee, so it may be that of another validator.
    func isSigned(by signed: SignedData, of pubKey: PubKey) -> Bool {
        guard let own = self[pubKey], !own.isSigned(by: signed) else { return true }
        return values.contains { $0.isSigned(by: signed) }
    }

    /// The same share, with our own copy of a decided block. What of it is not signed, its blobs, is as it was decided.
    func sharing(_ partial: ParSignedData, of pubKey: PubKey) -> ParSignedData {
        guard case .proposal(let proposal)? = self[pubKey], case .proposal(let signed) = partial.data,
            proposal.messageRoot == signed.messageRoot
        else { return partial }
        return ParSignedData(
            data: .proposal(proposal.signed(with: signed.signature)), shareIndex: partial.shareIndex)
    }
}

extension UnsignedData {
    fileprivate func isSigned(by signed: SignedData) -> Bool {
        switch (self, signed) {
        case (.attester(let data, _), .attestation(let attestation)): return data == attestation.data
        case (.proposal(let proposal), .proposal(let signed)): return proposal.messageRoot == signed.messageRoot
        case (.aggregate(let decided), .aggregateAndProof(let signed)):
            let aggregate = signed.aggregate
            return decided == aggregate || decided.root == aggregate.root
        case (.contributions(let contributions), .contributionAndProof(let signed)):
            let contribution = signed.message.contribution
            guard let decided = contributions[contribution.subcommitteeIndex] else { return true }
            return decided == contribution || decided.hashTreeRoot() == contribution.hashTreeRoot()
        case (.attester, _), (.proposal, _), (.aggregate, _), (.contributions, _): return false
        }
    }
}

extension VersionedAttestation {
    /// Of all of it, bits and signature included.
    var root: Root {
        switch form {
        case .phase0(let attestation): attestation.hashTreeRoot()
        case .electra(let attestation): attestation.hashTreeRoot()
        }
    }
}
