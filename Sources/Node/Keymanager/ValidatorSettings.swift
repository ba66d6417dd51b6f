import Cluster
import Ethereum
import Foundation
import Program
import SSZ
import Synchronization

/// What the operator set for single validators while the node ran, in a file beside the journal.
final class ValidatorSettings: Sendable {
    /// Of one validator; nil is not set.
    struct Setting: Hashable, Sendable {
        var graffiti: String?
        /// Wanted of the cluster; holds once as many operators as it takes want the same.
        var feeRecipient: Bytes20?
        var gasLimit: UInt64?
        /// Time of the registration that those two are to replace. When another one holds they are no wish any more.
        var replaces: UInt64?

        var isEmpty: Bool { graffiti == nil && feeRecipient == nil && gasLimit == nil }

        /// Without wishes that were made for another registration than the one that holds.
        func current(_ held: UInt64?) -> Setting {
            replaces == held ? self : Setting(graffiti: graffiti)
        }
    }

    /// Of the file's name, after the journal's.
    static let suffix = ".validator-settings.json"
    /// Of the largest cluster: 300 bytes each.
    private static let bytesMax = 32 << 20
    private static let countMax = 65_536

    let path: String
    private let settings: Mutex<[PubKey: Setting]>

    /// - Throws: if there is a file that cannot be read.
    init(path: String) throws(ConfigurationError) {
        self.path = path
        guard FileAccess.isTaken(path) else {
            settings = Mutex([:])
            return
        }
        do {
            let json = try JSONValue(
                parsing: try FileAccess.read(path, bytesMax: Self.bytesMax),
                limits: JSONLimits(bytesMax: Self.bytesMax, depthMax: 4, valuesMax: 8 * Self.countMax))
            let rows = try json.elements(limit: Self.countMax) { (row) throws(SSZError) in try Self.row(row) }
            settings = Mutex(Dictionary(rows, uniquingKeysWith: { _, last in last }))
        } catch {
            throw ConfigurationError(
                flag: "journal-file",
                what: "has beside it \(path), what the keymanager API set, which cannot be read: \(error)",
                cure: "correct the file, or remove it: then nothing is set")
        }
    }

    var all: [PubKey: Setting] { settings.withLock { $0 } }

    /// Durable on return; on failure nothing changes. Blocks for the disk: one caller at a time.
    func set(_ setting: Setting, for pubKey: PubKey) throws(ClusterError) {
        var new = all
        new[pubKey] = setting.isEmpty ? nil : setting
        let rows = new.sorted { $0.key < $1.key }.map { Self.json($0, $1) }
        try FileAccess.replace(path, Array(JSONValue.array(rows).text(indent: " ").utf8), mode: 0o600, durable: true)
        try FileAccess.syncDirectory(FileAccess.parent(of: path))
        let written = new
        settings.withLock { $0 = written }
    }

    private static func json(_ pubKey: PubKey, _ setting: Setting) -> JSONValue {
        var row = JSONObject([("pubkey", pubKey.json())])
        if let graffiti = setting.graffiti { row.append("graffiti", .string(graffiti)) }
        if let address = setting.feeRecipient { row.append("fee_recipient", address.json()) }
        if let limit = setting.gasLimit { row.append("gas_limit", .string("\(limit)")) }
        if let time = setting.replaces { row.append("replaces", .string("\(time)")) }
        return .object(row)
    }

    private static func row(_ json: JSONValue) throws(SSZError) -> (PubKey, Setting) {
        func number(_ name: String) throws(SSZError) -> UInt64? {
            guard let value = json[name] else { return nil }
            guard let number = value.string.flatMap({ UInt64(decimal: $0) }) else {
                throw SSZError(.json(expected: "a number as text"))
            }
            return number
        }
        var setting = Setting(gasLimit: try number("gas_limit"), replaces: try number("replaces"))
        if let graffiti = json["graffiti"] {
            guard let text = graffiti.string else { throw SSZError(.json(expected: "a text")) }
            setting.graffiti = text
        }
        if let address = json["fee_recipient"] { setting.feeRecipient = try Bytes20(json: address) }
        return (try json.field("pubkey"), setting)
    }
}
