import BLS
import Cluster
import ClusterSetup
import Ethereum
import SSZ

extension FeeRecipients {
    /// Signs the change with this operator's key shares, and leaves it for the other operators. Nothing is signed if one
    /// of the validators has to be refused.
    ///
    /// - Parameters:
    ///   - feeRecipient: an address, with a right checksum unless it is all in one case.
    ///   - gasLimit: zero: as before.
    ///   - timestamp: Unix seconds; zero: now.
    package func sign(
        _ pubKeys: [PubKey], feeRecipient: String, gasLimit: UInt64, timestamp: UInt64, seat: Seat, now: Instant
    ) async throws {
        let address = try EthereumAddress(checked: feeRecipient, "--fee-recipient")
        guard !address.isZero else {
            throw ClusterError.option("--fee-recipient", "the zero address: fees would be lost")
        }
        guard !pubKeys.isEmpty else { throw ClusterError.option(Self.keysOption, "is missing") }
        try check(pubKeys)
        let wish = FeeRecipientChange.Wish(
            feeRecipient: address.bytes, gasLimit: gasLimit == 0 ? nil : gasLimit,
            timestamp: timestamp == 0 ? nil : timestamp)
        let (lock, overrides) = try await known()
        let collected = try await api.registrations(of: pubKeys, in: cluster)
        var open: [ValidatorRegistration] = []
        for pubKey in pubKeys {
            let groups = try collected.groups(of: pubKey)
            let known = [lock.signed[pubKey], overrides[pubKey]].compactMap { $0?.message }
            let change = FeeRecipientChange(pubKey: pubKey, wish: wish, known: known, groups: groups)
            switch change.decide(now: UInt64(clamping: now.unixSeconds)) {
            case .agreed(let message): notes.say("nothing to do: the operators have agreed on \(Self.name(message))")
            case .begin(let message): open.append(message)
            case .join(let message, let overruled):
                try await verify(groups, message)
                for flag in overruled {
                    notes.warn("validator \(pubKey): overruled, as another operator has begun: \(flag)")
                }
                open.append(message)
            case .refuse(let reason): throw ClusterError.field("validator \(pubKey)", reason)
            }
        }
        guard !open.isEmpty else { return }
        let signed = try await sign(open, seat)
        try await api.submit(signed, seat)
        for registration in signed { notes.say("signed: \(Self.name(registration.message))") }
        notes.say(
            "handed over \(String.count(signed.count, "partial registration")) to \(api.place), as share"
                + " \(seat.shareIndex)")
    }

    /// What is joined, an operator of this cluster must have begun: the service could have made it up.
    private func verify(_ groups: [RegistrationGroup], _ message: ValidatorRegistration) async throws {
        let (cluster, pubKey) = (cluster, message.pubKey)
        guard let validator = cluster.validator(pubKey), let group = groups.first(where: { $0.message == message })
        else {
            return
        }
        try await TrustedDealer.onOwnThread {
            let signatures = try group.verified(validator, forkVersion: cluster.forkVersion)
            guard !signatures.byIndex.isEmpty else {
                throw AnswerFault(pubKey, "a registration that nobody has signed")
            }
        }
    }

    private func sign(_ open: [ValidatorRegistration], _ seat: Seat) async throws -> [SignedValidatorRegistration] {
        let shares = try await seat.openShares()
        let jobs = try open.map { message in
            guard let position = cluster.position(of: message.pubKey), let share = shares[position] else {
                throw ClusterError.option(seat.sharesOption, "holds no key share of validator \(message.pubKey)")
            }
            return Seat.Job(
                position: position, share: share, root: message.signingRoot(cluster.forkVersion),
                message: .registration(message))
        }
        let signatures = try await seat.sign(jobs)
        return try zip(open, signatures).map { message, signature in
            // Who names a validator means it.
            guard let signature else {
                throw ClusterError.option(
                    seat.sharesOption, "no remote signer has the key share of validator \(message.pubKey)")
            }
            return SignedValidatorRegistration(message: message, signature: signature)
        }
    }
}
