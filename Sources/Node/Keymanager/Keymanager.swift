import Cluster
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import Logging
import RemoteSigner
import SSZ
import Synchronization

/// Adds and takes away this operator's key shares while the node runs. Source: ethereum/keymanager-APIs, flows;
/// remote-signer.md §D.2.
///
/// What changes keys happens one request at a time. A key signs only after its history and its file are durable; one that
/// goes leaves the ring first, so that its history is complete when it is written down.
final class Keymanager: KeymanagerBackend {
    /// Where the key shares are.
    enum Store: Sendable {
        case keystores(directory: String)
        case remote(SignerClient, RetiredKeys)
    }

    /// The rest of the node; tests script it.
    struct Hands: Sendable {
        /// Takes up what was signed elsewhere; durable on return.
        var heed: @Sendable (SlashingHistory) async throws -> Void
        /// All that was signed so far, durable.
        var history: @Sendable (Set<PubKey>) async throws -> SlashingHistory
        /// Whom blocks pay now.
        var feeRecipient: @Sendable (PubKey) -> Bytes20?
        /// What the cluster has signed.
        var registration: @Sendable (PubKey) -> ValidatorRegistration?
        /// What blocks say now.
        var graffiti: @Sendable (PubKey) -> Bytes32?
        /// Of what can be set.
        var graffitiBytesMax: Int
        var settings: ValidatorSettings
        /// The settings, or the keys that sign, are others than before.
        var changed: @Sendable () -> Void
        /// Signed with the key share.
        var exit: @Sendable (PubKey, Epoch?) async throws -> SignedVoluntaryExit
    }

    let shares: OwnShares
    let ring: KeyRing
    let store: Store
    let genesisValidatorsRoot: Root
    let hands: Hands
    /// Of its own: keystores that are opened keep no signature waiting.
    let threads: CryptoThreads
    let logger: Logger
    let turns = Turns()
    /// Keystores by validator, as far as they are on disk: those of the ring, and what could not be removed.
    let files: Mutex<[PubKey: String]>

    /// - Parameter files: keystores that are open, by validator.
    init(
        shares: OwnShares, ring: KeyRing, store: Store, files: [PubKey: String], genesisValidatorsRoot: Root,
        hands: Hands, threads: CryptoThreads, logger: Logger
    ) {
        self.shares = shares
        self.ring = ring
        self.store = store
        self.files = Mutex(files)
        self.genesisValidatorsRoot = genesisValidatorsRoot
        self.hands = hands
        self.threads = threads
        self.logger = logger
    }

    func keystores() -> [PubKey] {
        guard case .keystores = store else { return [] }
        return ring.keys.keys.map { shares.share(of: $0) }.sorted()
    }

    // MARK: One validator

    func feeRecipient(_ pubKey: PubKey) throws -> Bytes20 {
        let validator = try held(pubKey)
        guard let address = hands.feeRecipient(validator) else {
            throw KeymanagerFault(404, "the cluster lock has no fee recipient for validator \(validator.hex)")
        }
        return address
    }

    func gasLimit(_ pubKey: PubKey) throws -> UInt64 {
        let validator = try held(pubKey)
        guard let limit = hands.registration(validator)?.gasLimit else {
            throw KeymanagerFault(404, "there is no builder registration of validator \(validator.hex)")
        }
        return limit
    }

    func voluntaryExit(_ pubKey: PubKey, epoch: Epoch?) async throws -> SignedVoluntaryExit {
        let validator = try held(pubKey)
        let exit = try await hands.exit(validator, epoch)
        logger.warning(
            "partial exit signed for a keymanager client; it takes effect only if enough operators submit theirs",
            metadata: ["validator": "\(validator)", "epoch": "\(exit.message.epoch)"])
        return exit
    }

    /// The validator of a share that is in use.
    func held(_ pubKey: PubKey) throws(KeymanagerFault) -> PubKey {
        guard let validator = shares.validator(of: pubKey) else {
            throw KeymanagerFault(404, shares.objection(to: pubKey))
        }
        guard ring.holds(validator) else {
            throw KeymanagerFault(404, "this node does not sign with this key share now; import it first")
        }
        return validator
    }
}
