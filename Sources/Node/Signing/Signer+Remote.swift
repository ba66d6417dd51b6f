import DutyWorkflow
import Ethereum
import NIOCore
import Program
import RemoteSigner
import SSZ

/// Signing by remote signers: what is asked of them, and what is made of their answers.
extension Signer {
    /// How long what never expires is asked for.
    private static let endlessEpochs = 2

    /// Bodies are written on a crypto thread, one for all that sign the same.
    func sign(
        _ duty: Duty, _ objects: SignedDataSet, by client: SignerClient, _ tell: @escaping @Sendable (Outcome) -> Void
    ) {
        let deadline = ContinuousClock.now + timeLeft(for: duty)
        threads.submit(.own) { [self] in
            // Until all are ordered: who takes a key out must find its orders, to end them.
            ring.use { held in order(duty, objects, held, until: deadline, by: client, tell) }
        }
    }

    private func order(
        _ duty: Duty, _ objects: SignedDataSet, _ held: [PubKey: KeyRing.Key], until deadline: ContinuousClock.Instant,
        by client: SignerClient, _ tell: @escaping @Sendable (Outcome) -> Void
    ) {
        let domains = chain.domains
        var bodies: [Root: ByteBuffer] = [:]
        var entries: [EntryKey] = []
        var orders: [SigningOrder] = []
        var unknown = Outcome()
        for (entry, object) in objects.sorted(by: { $0.key < $1.key }) {
            guard held[entry.pubKey] != nil else {
                unknown.failures[entry] = .noKey(entry.pubKey)
                continue
            }
            guard let key = keys.ownShare(entry.pubKey) else {
                unknown.failures[entry] = .remote(.noKey)
                continue
            }
            let root = domains.signingRoot(of: object)
            let body =
                bodies[root] ?? ByteBuffer(bytes: SigningRequest(object, in: domains).json.bytes())
            bodies[root] = body
            entries.append(entry)
            orders.append(SigningOrder(key: key.bytes, root: root, body: body))
        }
        if !unknown.failures.isEmpty { tell(unknown) }
        client.sign(orders, SigningRank(duty.type), until: deadline) { [entries] outcome in
            tell(made(outcome, of: entries, objects))
        }
    }

    private func timeLeft(for duty: Duty) -> Duration {
        let clock = chain.clock
        let longest = clock.slotDuration * Int(clamping: clock.slotsPerEpoch) * Self.endlessEpochs
        guard let deadline = Deadlines(clock: clock).deadline(of: duty) else { return longest }
        // What is signed ahead of time may be long before its slot: a signer is not waited for that long.
        return min(longest, max(.zero, deadline - SystemClock.now()))
    }

    private func made(_ outcome: SignerOutcome, of entries: [EntryKey], _ objects: SignedDataSet) -> Outcome {
        var result = Outcome(setbacks: Set(outcome.setbacks.map { .remote($0) }))
        for (position, failure) in outcome.failures { result.failures[entries[position]] = .remote(failure) }
        for (position, signature) in outcome.signatures {
            guard let object = objects[entries[position]] else { continue }
            result.signed[entries[position]] = ParSignedData(
                data: object.with(signature: signature), shareIndex: keys.own)
        }
        return result
    }
}

extension SignatureVerifier {
    /// Checks what remote signers make under this operator's key shares.
    package func check(under keys: ShareKeys) -> SignerClient.Check {
        let own = Dictionary(
            keys.pubKeys.compactMap { keys.ownShare($0) }.map { ($0.bytes, $0) },
            uniquingKeysWith: { first, _ in first })
        return { [self] made, done in
            let claims = made.compactMap { claim in
                own[claim.key].map { Claim(key: $0, signature: claim.signature, root: claim.root) }
            }
            precondition(claims.count == made.count, "nobody is asked for another operator's signature")
            return verify(claims, done: done)
        }
    }
}
