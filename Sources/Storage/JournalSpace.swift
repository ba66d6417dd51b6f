import GRDB

/// How much of the file's bound is left. A quarter of it is kept for what the node cannot do without.
struct JournalSpace {
    static let pageBytes = 4096
    private let pagesMax: Int

    init(bytesMax: Int) { pagesMax = Swift.max(1, bytesMax / Self.pageBytes) }

    /// From now on a write that needs more pages fails like one to a full disk.
    func limit(_ db: Database) throws {
        _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pagesMax)")
    }

    func isShort(_ db: Database) throws -> Bool {
        let pages = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA page_count")) ?? 0
        guard pages > pagesMax - pagesMax / 4 else { return false }
        let unused = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
        return pagesMax - pages + unused < pagesMax / 4
    }
}
