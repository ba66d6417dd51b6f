import BLS

// The end of a run. Source: spec/dkg.md §8.3.

extension PedersenRun {
    /// The key from the dealers whose every share is confirmed, if there are enough.
    mutating func finish(_ effects: inout [PedersenEffect]) {
        phase = .over
        guard let ownReceiver else {
            effects.append(.left)
            return
        }
        for (index, node) in dealersInOrder where !isQualified(index) && !evictedDealers.contains(index) {
            blame(node.participant, .missing(.justifications), &effects)
        }
        let isEvicted = roster.own.deals && evictedDealers.contains(roster.own.index)
        guard !isEvicted, !evictedReceivers.contains(ownReceiver) else {
            return abort(CeremonyFault(roster.own.participant, .evicted), &effects)
        }
        let qualified = dealersInOrder.map(\.index).filter(isQualified)
        let dealersMin = roster.oldThreshold ?? roster.threshold
        guard qualified.count >= dealersMin else {
            return abort(tooFew(.dealer, dealersMin, qualified.count), &effects)
        }
        let receivers = roster.receivers.count - evictedReceivers.count
        guard receivers >= roster.threshold else {
            return abort(tooFew(.receiver, roster.threshold, receivers), &effects)
        }
        do throws(BLSError) {
            effects.append(.finished(try outcome(qualified, own: ownReceiver)))
        } catch {
            abort(CeremonyFault(nil, .cancelled(validator: validator)), &effects)
        }
    }

    mutating func abort(_ fault: CeremonyFault, _ effects: inout [PedersenEffect]) {
        phase = .over
        effects.append(.aborted(fault))
    }

    /// The cause, if somebody is known to have caused it.
    private func tooFew(_ role: CeremonyFault.Role, _ needed: Int, _ actual: Int) -> CeremonyFault {
        firstBlame ?? CeremonyFault(nil, .tooFew(role, needed: needed, actual: actual))
    }

    private func isQualified(_ dealer: Int) -> Bool {
        !evictedDealers.contains(dealer) && complaints[dealer]?.isEmpty == true
    }

    private func outcome(_ qualified: [Int], own: Int) throws(BLSError) -> PedersenOutcome {
        let (secret, polynomial) = try sharing == nil ? summed(qualified) : interpolated(qualified)
        var publicShares: [Int: PublicKey] = [:]
        for receiver in roster.receivers.indices { publicShares[receiver + 1] = try polynomial.share(receiver + 1) }
        // Follows from what was checked of each dealer; a key that is wrong must not get further than here.
        guard publicShares[own + 1] == secret.publicKey, sharing == nil || polynomial.key == sharing?.key else {
            throw .signatureNotVerified
        }
        return PedersenOutcome(key: polynomial.key, secret: secret, publicShares: publicShares)
    }

    /// A new key: the sum of what all dealt.
    private func summed(_ dealers: [Int]) throws(BLSError) -> (SecretKey, PublicPolynomial) {
        (try .sum(dealers.compactMap { shares[$0] }), try .sum(dealers.compactMap { polynomials[$0] }))
    }

    /// The old key, from what its first old threshold of holders dealt of their shares.
    private func interpolated(_ dealers: [Int]) throws(BLSError) -> (SecretKey, PublicPolynomial) {
        var (secrets, coefficients): ([Int: SecretKey], [[Int: PublicKey]]) = (
            [:], Array(repeating: [:], count: roster.threshold)
        )
        for dealer in dealers.prefix(roster.oldThreshold ?? 0) {
            secrets[dealer + 1] = shares[dealer]
            for (k, coefficient) in (polynomials[dealer]?.coefficients ?? []).enumerated() {
                coefficients[k][dealer + 1] = coefficient
            }
        }
        var recovered: [PublicKey] = []
        for coefficient in coefficients { recovered.append(try .recover(from: coefficient)) }
        return (try .recover(from: secrets), try PublicPolynomial(recovered))
    }
}
