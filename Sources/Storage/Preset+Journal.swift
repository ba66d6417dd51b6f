import Ethereum
import GRDB
import SSZ

extension Preset {
    private static let key = "preset"
    /// No chain has more of anything.
    private static let sizeMax = 1 << 20

    /// By their names in the consensus specification.
    private static let sizes: [(name: String, size: WritableKeyPath<Preset, Int> & Sendable)] = [
        ("MAX_COMMITTEES_PER_SLOT", \.maxCommitteesPerSlot),
        ("MAX_VALIDATORS_PER_COMMITTEE", \.maxValidatorsPerCommittee),
        ("SYNC_COMMITTEE_SIZE", \.syncCommitteeSize),
        ("SYNC_COMMITTEE_SUBNET_COUNT", \.syncCommitteeSubnetCount),
        ("MAX_WITHDRAWALS_PER_PAYLOAD", \.maxWithdrawalsPerPayload),
        ("MAX_DEPOSIT_REQUESTS_PER_PAYLOAD", \.maxDepositRequestsPerPayload),
        ("MAX_BLOB_COMMITMENTS_PER_BLOCK", \.maxBlobCommitmentsPerBlock),
    ]

    /// Of the chain whose blocks are in a journal. Journals of earlier versions do not say it: then the chain is known by
    /// its root alone, and one that nobody knows has mainnet's.
    init(ofJournal db: Database, _ binding: JournalBinding, path: String) throws {
        self = .mainnet
        guard let text = try Self.text(in: db) else {
            let gnosis = [Network.gnosis, .chiado].map(\.genesisValidatorsRoot)
            if gnosis.contains(binding.genesisValidatorsRoot) { maxWithdrawalsPerPayload = 8 }
            return
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == Self.sizes.count else { throw Self.damaged(path) }
        for (word, (name, size)) in zip(words, Self.sizes) {
            guard word.hasPrefix(name + "="), let value = Int(word.dropFirst(name.count + 1)),
                (1...Self.sizeMax).contains(value)
            else { throw Self.damaged(path) }
            self[keyPath: size] = value
        }
    }

    func write(toJournal db: Database) throws {
        let text = Self.sizes.map { "\($0.name)=\(self[keyPath: $0.size])" }.joined(separator: " ")
        guard try Self.text(in: db) != text else { return }
        try db.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", arguments: [Self.key, text])
    }

    private static func text(in db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
    }

    private static func damaged(_ path: String) -> JournalError {
        .corrupt(path: path, detail: "table meta has no valid \(key)")
    }
}
