import DutyWorkflow
import Ethereum
import GRDB
import SSZ

/// Hands what a node has voted and signed on to the journal of the same validators under another lock, after an edit of
/// the cluster.
///
/// What protects from slashing goes along whole: watermarks, a halt, and validators that were slashed. Duties that the
/// node had begun under the old lock are closed under the new one: their votes and shares are worth nothing there, and a
/// second vote could contradict the first. Duties without a deadline are dropped, so that they can be asked for again, but
/// for registrations that the cluster has signed: they are of the validators' own keys, and say whom blocks pay.
///
/// Where the cluster has confirmed a planned switch between the two locks, the old key shares have an end that all
/// nodes know: the new journal counts as old as the other one, so nobody waits, and it holds from which epoch on it is
/// the one that signs. While a plan is not decided nothing is handed on.
///
/// Both journals belong to the new lock afterwards: from the directory that is left no node starts. Any step may be
/// repeated after a crash.
package struct JournalHandover: Sendable {
    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// Of neither lock.
        case stranger(path: String, found: Root)
        case otherChain(path: String)
        /// Others may go by it, and this node may not know yet what was decided.
        case planned(path: String, epoch: Epoch)

        package var description: String {
            switch self {
            case .stranger(let path, let found):
                "hand on journal \(path): it belongs to lock \(found), to neither of the two clusters; name the node's"
                    + " --journal-file"
            case .otherChain(let path): "hand on journal \(path): the other one is of another chain"
            case .planned(let path, let epoch):
                "hand on journal \(path): it holds a planned switch for epoch \(epoch.rawValue) that is not these two"
                    + " clusters', or not decided; start the node, and let it learn what the cluster decided"
            }
        }
    }

    /// What went along.
    package struct Summary: Equatable, Sendable {
        package var validators = 0
        package var duties = 0
        package var isHalted = false
        /// Whether the cluster had confirmed the switch.
        package var isAgreed = false
    }

    private let locks: (old: Root, new: Root)
    private let share: ShareIndex?
    private let now: @Sendable () -> Instant

    /// - Parameters:
    ///   - old: lock hash of the cluster that is left.
    ///   - new: of the one that is entered.
    ///   - share: this node's in the new one.
    package init(from old: Root, to new: Root, share: ShareIndex?, now: @escaping @Sendable () -> Instant) {
        locks = (old, new)
        self.share = share
        self.now = now
    }

    /// - Parameters:
    ///   - path: the journal in use until now.
    ///   - successor: the one in use from now on: made if it is not there. May be the same.
    /// - Returns: nil if there is no journal: then there is nothing to remember.
    package func perform(_ path: String, successor: String) async throws -> Summary? {
        let journal: Journal
        do {
            journal = try Journal(path: path, binding: nil, now: now)
        } catch .missing {
            return nil
        }
        return try await closing(journal) { journal in
            try check(journal)
            let planned = try await entered(journal)
            let created = planned == nil ? now() : journal.createdAt
            let binding = JournalBinding(
                lockHash: locks.new, genesisValidatorsRoot: journal.binding.genesisValidatorsRoot, share: share)
            let history = try await journal.slashingHistory()
            let snapshot = try await journal.load { $0.type == .builderRegistration }
            let duties = snapshot.closed.filter { $0.type.rules.span != .endless }
            let halt = try await journal.halt()
            if path != successor {
                let target = try open(successor, binding)
                try await closing(target) { target in
                    try await absorb(history, duties, halt, snapshot.slashed, into: target)
                    try await absorb(snapshot.aggregated, into: target)
                    try await target.rebind(to: binding, at: created, planned)
                }
            }
            // Last: until then the node may still go on as it was.
            try await journal.rebind(to: binding, at: created, planned)
            return Summary(
                validators: history.validators.count, duties: duties.count, isHalted: halt != nil,
                isAgreed: planned != nil)
        }
    }

    private func open(_ path: String, _ binding: JournalBinding) throws -> Journal {
        let journal: Journal
        do {
            journal = try Journal(path: path, binding: nil, now: now)
        } catch .missing {
            return try Journal(path: path, binding: binding, now: now)
        }
        try check(journal)
        guard journal.binding.genesisValidatorsRoot == binding.genesisValidatorsRoot else {
            throw Failure.otherChain(path: path)
        }
        return journal
    }

    private func check(_ journal: Journal) throws(Failure) {
        let found = journal.binding.lockHash
        guard [locks.old, locks.new].contains(found) else { throw .stranger(path: journal.path, found: found) }
    }

    /// - Returns: what the new journal holds of a switch that the cluster has confirmed; nil if it was not planned.
    private func entered(_ journal: Journal) async throws -> SwitchRecord? {
        guard let record = try await journal.plannedSwitch() else { return nil }
        let isLeft = record.plan.old.lock == locks.old
        let isBetween = isLeft && record.plan.new.lock == locks.new
        switch record.stage {
        case .confirmed where isBetween, .entered where isBetween: return SwitchRecord(record.plan, .entered)
        case .noted, .calledOff, .entered: return nil
        // It may never learn it, or come into a third cluster: a switch of a stopped node, as without a plan.
        case .open where isLeft, .locked where isLeft, .torn where isLeft, .confirmed where isLeft: return nil
        case .announced, .declined, .committed, .divided, .open, .locked, .torn, .confirmed:
            throw Failure.planned(path: journal.path, epoch: record.plan.epoch)
        }
    }

    /// Nothing falls. Where a target or slot rises its root becomes unknown: nothing more is signed for it.
    private func absorb(
        _ history: SlashingHistory, _ duties: Set<Duty>, _ halt: Halt?, _ slashed: [PubKey: Slashing],
        into journal: Journal
    ) async throws {
        let root = journal.binding.genesisValidatorsRoot
        let bytes = Interchange.export(history, genesisValidatorsRoot: root).bytes()
        let raised = try Interchange.read(
            bytes, genesisValidatorsRoot: root, current: try await journal.slashingHistory(), mayBeStrange: true
        ).raised
        try await journal.commit(
            raised.records + duties.sorted().map { .expired($0) } + (halt.map { [.halted($0)] } ?? [])
                + slashed.sorted { $0.key < $1.key }.map { .slashed($0, $1) })
    }

    /// Registrations that the cluster has signed, where the other journal has none of them.
    private func absorb(_ registrations: [Duty: SignedDataSet], into journal: Journal) async throws {
        let known = try await journal.load { $0.type == .builderRegistration }.aggregated
        let missing = registrations.filter { known[$0.key] == nil }.sorted { $0.key < $1.key }
        try await journal.commit(missing.map { .aggregated($0.key, $0.value) })
    }

    private func closing<R>(_ journal: Journal, _ body: (Journal) async throws -> R) async throws -> R {
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

extension Journal {
    /// Gives the file to another lock, in one transaction: duties that were begun are closed, watermarks stay. It counts
    /// as new, so that a node that signs by itself waits until the old cluster has stood still. To be closed then.
    ///
    /// - Parameter created: since when it knows what was signed; nil where that is not known, in a journal of the first
    ///   version.
    func rebind(
        to binding: JournalBinding, at created: Instant?, _ planned: SwitchRecord? = nil
    ) async throws(JournalError) {
        let endless = DutyType.allCases.filter { $0.rules.span == .endless }.map { String($0.rawValue) }
            .joined(separator: ", ")
        try await perform("rebind journal") { db in
            try db.inTransaction(.immediate) {
                for table in Self.dutyTables {
                    try db.execute(
                        sql: """
                            INSERT INTO closed_duty (slot, duty_type) SELECT DISTINCT slot, duty_type FROM \(table) WHERE true
                            ON CONFLICT DO NOTHING
                            """)
                    let kept =
                        table == "agg_sig_db" ? " WHERE duty_type <> \(DutyType.builderRegistration.rawValue)" : ""
                    try db.execute(sql: "DELETE FROM \(table)\(kept)")
                }
                try db.execute(sql: "DELETE FROM closed_duty WHERE duty_type IN (\(endless))")
                try db.execute(
                    sql:
                        "DELETE FROM meta WHERE key IN ('lock_hash', 'genesis_validators_root', 'share_index', 'created_at')"
                )
                try binding.write(to: db)
                if let created {
                    try db.execute(
                        sql: "INSERT INTO meta (key, value) VALUES ('created_at', ?)",
                        arguments: [String(created.nanoseconds / 1_000_000)])
                }
                try SwitchRow(db: db).write(planned)
                return .commit
            }
        }
    }

    private static let dutyTables = ["vote", "vote_value", "duty_db", "par_sig_db", "par_sig_object", "agg_sig_db"]
}
