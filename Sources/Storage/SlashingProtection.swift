import DutyWorkflow
import Ethereum
import SSZ

/// A journal's watermarks out to an EIP-3076 file, and such a file into a journal, while no node runs. And the end of a
/// halt.
package struct SlashingProtection: Sendable {
    /// What a cluster's lock says about keys.
    package struct Cluster: Sendable {
        package let lockHash: Root
        /// By every key that signs for a validator: its own, and each operator's share. Another operator's share only
        /// makes us more careful.
        package let validators: [PubKey: PubKey]
        /// Of its public network; nil for a private chain.
        package var genesisValidatorsRoot: Root?

        package init(lockHash: Root, validators: [PubKey: PubKey], genesisValidatorsRoot: Root? = nil) {
            self.lockHash = lockHash
            self.validators = validators
            self.genesisValidatorsRoot = genesisValidatorsRoot
        }
    }

    package struct Exported: Sendable {
        package let bytes: [UInt8]
        package let validators: Int
    }

    package struct Imported: Equatable, Sendable {
        package let contents: Interchange.Import
        /// Whether there was no journal before.
        package let isNew: Bool
    }

    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// A new journal must say whose it is.
        case unknownCluster(journal: String)
        package var description: String {
            switch self {
            case .unknownCluster(let journal):
                """
                make journal \(journal): it is not there yet, and a new one belongs to a cluster. Name the cluster with \
                --lock-file, or the journal of a node that has run with --journal-file.
                """
            }
        }
    }

    private let path: String
    private let cluster: Cluster?
    private let now: @Sendable () -> Instant

    /// - Parameter cluster: nil if no lock is at hand: then keys are taken as they are.
    package init(journal path: String, cluster: Cluster?, now: @escaping @Sendable () -> Instant) {
        self.path = path
        self.cluster = cluster
        self.now = now
    }

    package func export() async throws -> Exported {
        try await with(try Journal(path: path, binding: nil, now: now)) { journal in
            try check(journal)
            let history = try await journal.slashingHistory()
            let root = journal.binding.genesisValidatorsRoot
            return Exported(
                bytes: Interchange.export(history, genesisValidatorsRoot: root).bytes(),
                validators: history.validators.count)
        }
    }

    /// Nothing ever falls. A new journal of a private chain takes the chain from the file: a node of another one will not
    /// open it.
    package func `import`(_ bytes: [UInt8]) async throws -> Imported {
        try await with(try openForImport(bytes)) { journal in
            try check(journal)
            let contents = try read(
                bytes, journal.binding.genesisValidatorsRoot, current: try await journal.slashingHistory())
            try await journal.commit(contents.raised.records)
            return Imported(contents: contents, isNew: journal.isNew)
        }
    }

    /// Lets the node vote and sign again that saw its key in use elsewhere.
    ///
    /// - Returns: what it had seen; nil if it was not halted.
    package func liftHalt() async throws -> Halt? {
        try await with(try Journal(path: path, binding: nil, now: now)) { journal in
            try check(journal)
            guard let halt = try await journal.halt() else { return nil }
            try await journal.commit([.haltLifted])
            return halt
        }
    }

    private func openForImport(_ bytes: [UInt8]) throws -> Journal {
        do {
            return try Journal(path: path, binding: nil, now: now)
        } catch .missing {
            guard let cluster else { throw Failure.unknownCluster(journal: path) }
            // Before anything is made: a file that cannot be taken leaves nothing behind.
            let root = try cluster.genesisValidatorsRoot ?? Interchange.genesisValidatorsRoot(bytes)
            _ = try read(bytes, root, current: SlashingHistory())
            let binding = JournalBinding(lockHash: cluster.lockHash, genesisValidatorsRoot: root)
            return try Journal(path: path, binding: binding, now: now)
        }
    }

    private func read(
        _ bytes: [UInt8], _ root: Root, current: SlashingHistory
    ) throws(Interchange.ImportError) -> Interchange.Import {
        try Interchange.read(bytes, genesisValidatorsRoot: root, current: current) { key in
            cluster.map { $0.validators[key] } ?? key
        }
    }

    private func check(_ journal: Journal) throws(JournalError) {
        guard let cluster, cluster.lockHash != journal.binding.lockHash else { return }
        throw .otherCluster(
            path: path, what: "lock hash", expected: cluster.lockHash, found: journal.binding.lockHash)
    }

    private func with<R>(_ journal: Journal, _ body: (Journal) async throws -> R) async throws -> R {
        do {
            let result = try await body(journal)
            await journal.close()
            return result
        } catch {
            await journal.close()
            throw error
        }
    }
}
