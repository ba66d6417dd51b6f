/// Remote signers, and the key shares that they or this node hold.
extension Examination {
    static func signers(_ facts: Facts) -> [Finding] {
        let works = facts.signers.contains { $0.health == .up || $0.health == nil }
        var found = facts.signers.compactMap { signer -> Finding? in
            switch signer.health {
            case .unreachable(let why)?:
                Finding(
                    .signerUnreachable, of: signer.name, .signer, works ? .warning : .error,
                    "Remote signer \(signer.name) does not answer: \(why).",
                    cure: "Start it, or correct --signer-url and the --signer-… files for TLS.")
            case .unhealthy(let why)?:
                Finding(
                    .signerUnhealthy, of: signer.name, .signer, works ? .warning : .error,
                    "Remote signer \(signer.name) says that it is not well: \(why).",
                    cure: "See its log, and its slashing protection database.")
            case .up?, nil: nil
            }
        }
        for signer in facts.signers {
            for (peer, count) in signer.foreign {
                found.append(
                    Finding(
                        .sharesForeign, of: "\(signer.name) \(peer)", .signer, .error,
                        "Remote signer \(signer.name) has \(count) key shares of operator-\(peer): who holds several"
                            + " operators' shares can sign for the cluster alone.",
                        cure: "Remove them there."))
            }
        }
        if let shares = facts.shares, !shares.missing.isEmpty {
            let isAll = shares.missing.count >= shares.total
            found.append(
                Finding(
                    .sharesMissing, shares.areRemote ? .signer : .thisNode, isAll ? .error : .warning,
                    "\(shares.missing.count) of this operator's \(shares.total) key shares are missing"
                        + (shares.areRemote ? " at the remote signers" : "")
                        + ", so nothing is signed for \(list(shares.missing, max: 3)).",
                    cure: shares.areRemote
                        ? "Import them there, and see that --signer-url is this operator's signer."
                        : "Put this operator's keystores of this cluster into --validator-keys-dir."))
        }
        return found
    }
}
