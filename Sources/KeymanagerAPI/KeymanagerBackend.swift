import Ethereum
import SSZ

/// What became of one key of a request.
package struct KeyStatus: Hashable, Sendable {
    package enum Word: String, Sendable {
        case imported
        case duplicate
        case deleted
        /// It was not in use, but what it signed is known.
        case notActive = "not_active"
        case notFound = "not_found"
        case error
    }

    package let word: Word
    /// For people; no secrets.
    package let message: String?

    package init(_ word: Word, _ message: String? = nil) {
        self.word = word
        self.message = message
    }

    var json: JSONValue {
        var members: [(String, JSONValue)] = [("status", .string(word.rawValue))]
        if let message { members.append(("message", .string(message))) }
        return .object(JSONObject(members))
    }
}

/// A key that a remote signer holds.
package struct ListedRemoteKey: Hashable, Sendable {
    package let pubKey: PubKey
    package let url: String

    package init(pubKey: PubKey, url: String) {
        self.pubKey = pubKey
        self.url = url
    }
}

/// Who does what the API asks. Keys are public keys of key shares. Each call may throw `KeymanagerFault`; any other error
/// is answered with 500.
package protocol KeymanagerBackend: Sendable {
    /// Those in use.
    func keystores() async throws -> [PubKey]
    /// - Returns: one status for each keystore, in order.
    func importKeystores(_ request: KeystoreImport) async throws -> [KeyStatus]
    /// None of the keys signs anything more from the answer on.
    ///
    /// - Returns: one status for each key, in order, and EIP-3076 of those that are `deleted` or `not_active`.
    func deleteKeystores(_ pubKeys: [PubKey]) async throws -> (statuses: [KeyStatus], slashingProtection: JSONValue)
    func remoteKeys() async throws -> [ListedRemoteKey]
    func importRemoteKeys(_ keys: [RemoteKey]) async throws -> [KeyStatus]
    func deleteRemoteKeys(_ pubKeys: [PubKey]) async throws -> [KeyStatus]
    func feeRecipient(_ pubKey: PubKey) async throws -> Bytes20
    func gasLimit(_ pubKey: PubKey) async throws -> UInt64
    func graffiti(_ pubKey: PubKey) async throws -> String
    /// Durable on return.
    func set(_ change: ValidatorChange, for pubKey: PubKey) async throws
    /// Back to what holds without it.
    func unset(_ setting: ValidatorSetting, of pubKey: PubKey) async throws
    /// A partial signature: nothing is sent anywhere.
    ///
    /// - Parameter epoch: nil for the current one.
    func voluntaryExit(_ pubKey: PubKey, epoch: Epoch?) async throws -> SignedVoluntaryExit
}

/// What the API sets for one validator.
package enum ValidatorSetting: String, Sendable, CaseIterable {
    case feeRecipient = "feerecipient"
    case gasLimit = "gas_limit"
    case graffiti
}
