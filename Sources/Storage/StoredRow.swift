import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import SSZ

/// One row of a table, read strictly.
struct StoredRow {
    let row: Row
    let table: String
    let path: String

    func duty() throws(JournalError) -> Duty {
        guard let raw = Int32(exactly: try integer("duty_type")), let type = DutyType(rawValue: raw) else {
            throw damaged("unknown duty type")
        }
        return Duty(slot: Slot(try unsigned("slot")), type: type)
    }

    func entryKey() throws(JournalError) -> EntryKey {
        EntryKey(try fixed("pub_key"), subcommittee: try unsigned("subcommittee"))
    }

    func integer(_ column: String) throws(JournalError) -> Int64 {
        guard let value = Int64.fromDatabaseValue(row[column]) else { throw damaged("\(column) is no integer") }
        return value
    }

    func unsigned(_ column: String) throws(JournalError) -> UInt64 {
        guard let value = UInt64(exactly: try integer(column)) else { throw damaged("\(column) is negative") }
        return value
    }

    func text(_ column: String) throws(JournalError) -> String {
        guard let value = String.fromDatabaseValue(row[column]) else { throw damaged("\(column) is no text") }
        return value
    }

    func fixed<let count: Int>(_ column: String) throws(JournalError) -> FixedBytes<count> {
        guard let value = FixedBytes<count>(try bytes(column)) else { throw damaged("\(column) is not \(count) bytes") }
        return value
    }

    func decode<R>(_ column: String, _ body: ([UInt8]) throws -> R) throws(JournalError) -> R {
        let bytes = try bytes(column)
        do {
            return try body(bytes)
        } catch {
            throw damaged("\(column): \(error)")
        }
    }

    func damaged(_ what: String) -> JournalError { .corrupt(path: path, detail: place(what)) }

    /// With where it is.
    func place(_ what: String) -> String {
        let id: Int64? = row["row_number"]
        return "table \(table), row \(id.map(String.init) ?? "?"): \(what)"
    }

    private func bytes(_ column: String) throws(JournalError) -> [UInt8] {
        let value: DatabaseValue = row[column]
        guard case .blob(let data) = value.storage else { throw damaged("\(column) is no blob") }
        return [UInt8](data)
    }
}
