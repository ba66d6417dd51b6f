import Ethereum
import KeymanagerAPI
import SSZ
import Synchronization

/// A keymanager of scripted answers that notes what it was asked.
final class StubKeymanager: KeymanagerBackend {
    static let known = PubKey(padding: [0xA1])
    static let other = PubKey(padding: [0xB2])
    static let history: JSONValue = ["metadata": ["interchange_format_version": "5"], "data": []]

    struct Broken: Error {}

    private let calls = Mutex<[String]>([])
    /// Called within an import; for tests of bounds.
    private let importing: @Sendable () async -> Void
    private let isBroken: Bool

    init(isBroken: Bool = false, importing: @escaping @Sendable () async -> Void = {}) {
        self.isBroken = isBroken
        self.importing = importing
    }

    var asked: [String] { calls.withLock { $0 } }

    private func note(_ call: String) throws {
        calls.withLock { $0.append(call) }
        if isBroken { throw Broken() }
    }

    private func require(_ pubKey: PubKey) throws {
        guard pubKey == Self.known else { throw KeymanagerFault(404, "no such key") }
    }

    func keystores() throws -> [PubKey] {
        try note("list")
        return [Self.known]
    }

    func importKeystores(_ request: KeystoreImport) async throws -> [KeyStatus] {
        let items = request.items.map { String(decoding: $0.keystore + [0x7c] + $0.password, as: UTF8.self) }
        let history = request.slashingProtection.map { String(decoding: $0, as: UTF8.self) } ?? "-"
        try note("import \(items.joined(separator: ",")) \(history)")
        await importing()
        return request.items.indices.map { $0 == 0 ? KeyStatus(.imported) : KeyStatus(.error, "bad password") }
    }

    func deleteKeystores(_ pubKeys: [PubKey]) throws -> (statuses: [KeyStatus], slashingProtection: JSONValue) {
        try note("delete \(pubKeys.count)")
        return (pubKeys.map { KeyStatus($0 == Self.known ? .deleted : .notFound) }, Self.history)
    }

    func remoteKeys() throws -> [ListedRemoteKey] {
        try note("remote list")
        return [ListedRemoteKey(pubKey: Self.known, url: "https://signer:9000")]
    }

    func importRemoteKeys(_ keys: [RemoteKey]) throws -> [KeyStatus] {
        try note("remote import \(keys.map { $0.url ?? "-" }.joined(separator: ","))")
        return keys.map { _ in KeyStatus(.duplicate) }
    }

    func deleteRemoteKeys(_ pubKeys: [PubKey]) throws -> [KeyStatus] {
        try note("remote delete \(pubKeys.count)")
        return pubKeys.map { _ in KeyStatus(.deleted) }
    }

    func feeRecipient(_ pubKey: PubKey) throws -> Bytes20 {
        try note("fee recipient")
        try require(pubKey)
        return Bytes20(padding: [0xFE])
    }

    func gasLimit(_ pubKey: PubKey) throws -> UInt64 {
        try note("gas limit")
        try require(pubKey)
        return 36_000_000
    }

    func graffiti(_ pubKey: PubKey) throws -> String {
        try note("graffiti")
        try require(pubKey)
        return "plain text"
    }

    func set(_ change: ValidatorChange, for pubKey: PubKey) throws {
        try note("set \(change)")
        try require(pubKey)
    }

    func unset(_ setting: ValidatorSetting, of pubKey: PubKey) throws {
        try note("unset \(setting.rawValue)")
        try require(pubKey)
        if setting == .gasLimit { throw KeymanagerFault(403, "the cluster signed it") }
    }

    func voluntaryExit(_ pubKey: PubKey, epoch: Epoch?) throws -> SignedVoluntaryExit {
        try note("exit \(epoch.map { "\($0.rawValue)" } ?? "-")")
        try require(pubKey)
        let message = VoluntaryExit(epoch: epoch ?? Epoch(9), validatorIndex: ValidatorIndex(7))
        return SignedVoluntaryExit(message: message, signature: .zero)
    }
}
