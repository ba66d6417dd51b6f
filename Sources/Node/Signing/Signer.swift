import BLS
import DutyWorkflow
import Ethereum
import SSZ

/// Signs decided values with this operator's key shares, so that a node can run without a validator client.
///
/// It is asked only for what DutyDB stored, after it is durable (workflow.md §2). The local backend holds the shares of
/// EIP-2335 keystores in memory; a remote signer will be a second case of `Backend`.
package struct Signer: Sendable {
    package enum Backend: Sendable {
        /// Key shares by validator.
        case keystores([PubKey: SecretKey])
    }

    package enum Failure: Error, CustomStringConvertible {
        case noKey(PubKey)
        case noTemplate(Duty)

        package var description: String {
            switch self {
            case .noKey(let pubKey): "no key share for validator \(pubKey); check the validator_keys directory"
            case .noTemplate(let duty): "duty \(duty) does not fit its fork"
            }
        }
    }

    private let backend: Backend
    private let share: ShareIndex
    private let domains: SigningDomains
    private let threads: CryptoThreads

    package init(backend: Backend, share: ShareIndex, domains: SigningDomains, threads: CryptoThreads) {
        self.backend = backend
        self.share = share
        self.domains = domains
        self.threads = threads
    }

    package func sign(_ duty: Duty, _ set: UnsignedDataSet) async throws -> ParSignedDataSet {
        switch backend {
        case .keystores(let keys):
            try await threads.run { [domains, share] in
                var signed: ParSignedDataSet = [:]
                for (pubKey, value) in set {
                    guard let key = keys[pubKey] else { throw Failure.noKey(pubKey) }
                    let unsigned = try Self.object(duty, value, domains.forks)
                    let signature = key.sign(domains.signingRoot(of: unsigned))
                    signed[EntryKey(pubKey)] = ParSignedData(
                        data: unsigned.with(signature: signature.bytes), shareIndex: share)
                }
                return signed
            }
        }
    }

    /// The object to sign, with an empty signature.
    private static func object(_ duty: Duty, _ value: UnsignedData, _ forks: ForkSchedule) throws -> SignedData {
        switch value {
        case .attester(let data, let row):
            let fork = forks.fork(at: data.target.epoch)
            guard let attestation = VersionedAttestation(fork: fork, data: data, duty: row) else {
                throw Failure.noTemplate(duty)
            }
            return .attestation(attestation)
        }
    }
}
