import Ethereum
import SSZ

/// What a request asks for. Source: ethereum/keymanager-APIs; remote-signer.md §D.2.
enum KeymanagerRoute: Hashable, Sendable {
    case listKeystores
    case importKeystores
    case deleteKeystores
    case listRemoteKeys
    case importRemoteKeys
    case deleteRemoteKeys
    case get(ValidatorSetting, PubKey)
    case set(ValidatorSetting, PubKey)
    case unset(ValidatorSetting, PubKey)
    case voluntaryExit(PubKey, epoch: Epoch?)

    private static let keystores: [(String, KeymanagerRoute)] = [
        ("GET", .listKeystores), ("POST", .importKeystores), ("DELETE", .deleteKeystores),
    ]
    private static let remoteKeys: [(String, KeymanagerRoute)] = [
        ("GET", .listRemoteKeys), ("POST", .importRemoteKeys), ("DELETE", .deleteRemoteKeys),
    ]

    /// - Parameters:
    ///   - path: without query.
    ///   - epoch: of the query, as it was written; nil if there is none.
    init(method: String, path: String, epoch: String? = nil) throws(KeymanagerFault) {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        switch segments.count {
        case 3 where segments == ["eth", "v1", "keystores"]: self = try Self.pick(method, Self.keystores)
        case 3 where segments == ["eth", "v1", "remotekeys"]: self = try Self.pick(method, Self.remoteKeys)
        case 5 where segments[..<3] == ["eth", "v1", "validator"]:
            self = try Self.ofValidator(method, segments[3], segments[4], epoch)
        default: throw .noSuchPath
        }
    }

    /// Whether the request has a body that means something.
    var hasBody: Bool {
        switch self {
        case .importKeystores, .deleteKeystores, .importRemoteKeys, .deleteRemoteKeys, .set: true
        case .listKeystores, .listRemoteKeys, .get, .unset, .voluntaryExit: false
        }
    }

    private static func ofValidator(
        _ method: String, _ key: String, _ name: String, _ epoch: String?
    ) throws(KeymanagerFault) -> KeymanagerRoute {
        if name == "voluntary_exit" {
            _ = try pick(method, [("POST", .listKeystores)])
            return .voluntaryExit(try pubKey(key), epoch: try epoch.map(number))
        }
        guard let setting = ValidatorSetting(rawValue: name) else { throw .noSuchPath }
        let pubKey = try pubKey(key)
        return try pick(
            method,
            [("GET", .get(setting, pubKey)), ("POST", .set(setting, pubKey)), ("DELETE", .unset(setting, pubKey))])
    }

    private static func pick(
        _ method: String, _ routes: [(method: String, route: KeymanagerRoute)]
    ) throws(KeymanagerFault) -> KeymanagerRoute {
        guard let found = routes.first(where: { $0.method == method }) else {
            throw .method(allowed: routes.map(\.method).joined(separator: ", "))
        }
        return found.route
    }

    private static func pubKey(_ text: String) throws(KeymanagerFault) -> PubKey {
        guard let pubKey = PubKey(keymanagerText: text) else {
            throw KeymanagerFault(400, "the path names no BLS public key: write 0x and 96 hex digits")
        }
        return pubKey
    }

    private static func number(_ text: String) throws(KeymanagerFault) -> Epoch {
        guard let number = UInt64(decimal: text) else {
            throw KeymanagerFault(400, "epoch is no number without sign, of 64 bits")
        }
        return Epoch(number)
    }
}

extension PubKey {
    /// `0x` and 96 hex digits, in any case.
    init?(keymanagerText text: String) {
        guard text.hasPrefix("0x"), let bytes = try? PubKey(hex: text) else { return nil }
        self = bytes
    }

    init(keymanagerJSON json: JSONValue) throws(SSZError) {
        guard let pubKey = json.string.flatMap({ PubKey(keymanagerText: $0) }) else {
            throw SSZError(.json(expected: "0x and 96 hex digits"))
        }
        self = pubKey
    }
}
