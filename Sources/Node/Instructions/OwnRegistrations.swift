import Cluster
import DutyWorkflow
import Ethereum
import Logging
import SSZ
import Synchronization

/// Which builder registrations this operator wants the cluster to sign: the first one of a validator that has none, for
/// builders, and what the keymanager API set. Takes those that the cluster signed. From any thread.
final class OwnRegistrations: Sendable {
    /// Where the lock says nothing. Source: spec/cluster-files.md §12.
    private static let gasLimit: UInt64 = 30_000_000

    let book: RegistrationBook
    private let settings: ValidatorSettings?
    private let defaultGasLimit: UInt64
    private let pubKeys: [PubKey]
    private let usesBuilder: Bool
    private let holds: @Sendable (PubKey) -> Bool
    private let logger: Logger
    private let changed = Mutex<(@Sendable () -> Void)?>(nil)

    /// - Parameters:
    ///   - settings: nil if nobody can set anything.
    ///   - targetGasLimit: of the lock's definition; 0 if it has none.
    ///   - usesBuilder: whether builders are told of validators.
    ///   - holds: whether this node signs for a validator.
    init(
        book: RegistrationBook, settings: ValidatorSettings?, pubKeys: [PubKey], targetGasLimit: UInt64,
        usesBuilder: Bool, holds: @escaping @Sendable (PubKey) -> Bool, logger: Logger
    ) {
        self.book = book
        self.settings = settings
        self.pubKeys = pubKeys
        defaultGasLimit = targetGasLimit > 0 ? targetGasLimit : Self.gasLimit
        self.usesBuilder = usesBuilder
        self.holds = holds
        self.logger = logger
    }

    /// All that is missing now.
    var wanted: [PubKey: WantedRegistration] {
        let (registrations, settings) = (book.current, settings?.all ?? [:])
        var wanted: [PubKey: WantedRegistration] = [:]
        for pubKey in pubKeys where holds(pubKey) {
            let held = registrations.signed[pubKey]?.message
            let setting = settings[pubKey]?.current(held?.timestamp)
            let isSet = setting?.feeRecipient != nil || setting?.gasLimit != nil
            guard isSet || usesBuilder && held == nil,
                let address = setting?.feeRecipient ?? held?.feeRecipient ?? registrations.feeRecipients[pubKey]
            else { continue }
            let wish = WantedRegistration(
                feeRecipient: address, gasLimit: setting?.gasLimit ?? held?.gasLimit ?? defaultGasLimit,
                replaces: held?.timestamp)
            guard held?.feeRecipient != wish.feeRecipient || held?.gasLimit != wish.gasLimit else { continue }
            wanted[pubKey] = wish
        }
        return wanted
    }

    /// - Parameter changed: called whenever other registrations hold or are wanted than before.
    func observe(_ changed: @escaping @Sendable () -> Void) { self.changed.withLock { $0 = changed } }

    /// Other registrations may hold or be wanted than before.
    func announce() { changed.withLock { $0 }?() }

    /// Each signed by its validator, newly or in an earlier life.
    func take(_ signed: [SignedValidatorRegistration]) {
        let newest = Dictionary(signed.map { ($0.message.pubKey, $0) }) { a, b in
            a.message.timestamp >= b.message.timestamp ? a : b
        }
        let changed = book.take(RegistrationOverrides(verified: newest))
        guard !changed.isEmpty else { return }
        logger.info("builder registrations signed by the cluster", metadata: ["validators": "\(changed.count)"])
        for message in changed.sorted().compactMap({ newest[$0]?.message }) {
            logger.debug(
                "builder registration",
                metadata: [
                    "validator": "\(message.pubKey)", "fee_recipient": "\(message.feeRecipient)",
                    "gas_limit": "\(message.gasLimit)", "timestamp": "\(message.timestamp)",
                ])
        }
        announce()
    }
}

extension JournalSnapshot {
    /// That the cluster signed in an earlier life.
    var registrations: [SignedValidatorRegistration] {
        aggregated.filter { $0.key.type == .builderRegistration }.sorted { $0.key < $1.key }.flatMap(\.value.values)
            .compactMap { object in
                guard case .registration(let signed) = object else { return nil }
                return signed
            }
    }
}
