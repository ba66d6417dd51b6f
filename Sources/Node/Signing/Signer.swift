import BLS
import DutyWorkflow
import Ethereum
import RemoteSigner
import SSZ

/// Signs with this operator's key shares, so that a node can run without a validator client.
///
/// Of what is decided it is asked only for what DutyDB stored (workflow.md §2), and what it makes is shown to nobody
/// before it is durable.
package struct Signer: Sendable {
    package enum Backend: Sendable {
        /// Key shares of EIP-2335 keystores, in memory, by validator.
        case keystores([PubKey: SecretKey])
        /// Key shares that remote signers hold: of all validators.
        case remote(SignerClient)
    }

    package enum Failure: Error, Hashable, CustomStringConvertible {
        case noKey(PubKey)
        case remote(SigningFailure)

        package var description: String {
            switch self {
            case .noKey(let pubKey):
                "no key share for validator \(pubKey): it was deleted, or never was in the validator_keys directory"
            case .remote(let failure): "\(failure)"
            }
        }
    }

    /// One validator's failure does not hold up the others.
    package struct Outcome: Sendable {
        package var signed: ParSignedDataSet = [:]
        package var failures: [EntryKey: Failure] = [:]
        /// Why some take longer.
        package var setbacks: Set<Failure> = []

        /// Each once.
        var reasons: Set<Failure> { setbacks.union(failures.values) }
    }

    /// One message and who is to sign it.
    private struct Message: Sendable {
        var signers: [(entry: EntryKey, object: SignedData, key: SecretKey)] = []
    }

    private struct HashedMessage: Sendable {
        let message: Message
        let point: MessagePoint
    }

    /// Signatures in one part, about 10 ms without the table of `MessagePoint`.
    private static let partMax = 64
    /// Signatures below which a part is not worth its hand-off.
    private static let partMin = 8

    /// Whose keys sign now.
    package let ring: KeyRing
    /// nil: keystores.
    private let remote: SignerClient?
    let keys: ShareKeys
    let chain: ChainView
    let threads: CryptoThreads
    private let verifier: SignatureVerifier

    /// - Parameter unused: validators whose shares at remote signers are not used.
    package init(
        backend: Backend, keys: ShareKeys, chain: ChainView, threads: CryptoThreads, verifier: SignatureVerifier,
        unused: Set<PubKey> = []
    ) {
        switch backend {
        case .keystores(let shares):
            ring = KeyRing(shares.mapValues { .share($0) })
            remote = nil
        case .remote(let client):
            let used = Set(keys.pubKeys).subtracting(unused)
            ring = KeyRing(Dictionary(uniqueKeysWithValues: used.map { ($0, .remote) }))
            remote = client
        }
        self.keys = keys
        self.chain = chain
        self.threads = threads
        self.verifier = verifier
    }

    /// Replaces the signatures of a duty's objects. `tell` is called from any thread: by keystores once, by a remote
    /// signer as signatures and failures come, until all are told or the duty is over.
    package func sign(_ duty: Duty, _ objects: SignedDataSet, tell: @escaping @Sendable (Outcome) -> Void) {
        let tell: @Sendable (Outcome) -> Void = { [ring] in ring.tell($0, tell) }
        guard let remote else { return sign(objects, tell) }
        sign(duty, objects, by: remote, tell)
    }

    /// Each message is hashed once; then all that sign it are split over the threads.
    private func sign(_ objects: SignedDataSet, _ done: @escaping @Sendable (Outcome) -> Void) {
        threads.submit(.own) { [self] in
            let (messages, failures) = messages(objects, ring.keys)
            let hashing: [@Sendable () -> HashedMessage] = messages.map { root, message in
                { HashedMessage(message: message, point: MessagePoint(root, keys: message.signers.count)) }
            }
            threads.gather(hashing, .own) { [self] hashed in
                threads.gather(hashed.flatMap(parts), .own) { signed in
                    var outcome = Outcome(failures: failures)
                    for (entry, data) in signed.joined() { outcome.signed[entry] = data }
                    done(outcome)
                }
            }
        }
    }

    private func parts(of message: HashedMessage) -> [@Sendable () -> [(EntryKey, ParSignedData)]] {
        let signers = message.message.signers
        return CryptoThreads.parts(
            of: signers.count, threads: threads.count, least: Self.partMin, most: Self.partMax
        ).map { range in { sign(signers[range], message.point) } }
    }

    private func messages(
        _ objects: SignedDataSet, _ keys: [PubKey: KeyRing.Key]
    ) -> ([Root: Message], [EntryKey: Failure]) {
        let domains = chain.domains
        var messages: [Root: Message] = [:]
        var failures: [EntryKey: Failure] = [:]
        for (entry, object) in objects {
            guard case .share(let key)? = keys[entry.pubKey] else {
                failures[entry] = .noKey(entry.pubKey)
                continue
            }
            messages[domains.signingRoot(of: object), default: Message()].signers.append((entry, object, key))
        }
        return (messages, failures)
    }

    private func sign(
        _ signers: ArraySlice<(entry: EntryKey, object: SignedData, key: SecretKey)>, _ point: MessagePoint
    ) -> [(EntryKey, ParSignedData)] {
        let signatures = point.sign(with: signers.map(\.key))
        verifier.keep(signatures)
        return zip(signers, signatures).map { signer, signature in
            (signer.entry, ParSignedData(data: signer.object.with(signature: signature.bytes), shareIndex: keys.own))
        }
    }
}
