import BLS
import Ethereum
import SSZ

/// `builder_registrations_overrides.json`: registrations that the cluster has signed since its lock was made, to have its
/// blocks pay somebody else, or be larger. Source: spec/cluster-files.md §12.1.
///
/// One bad entry refuses the file: half of a change of fee recipients is not what the operators agreed on.
package struct RegistrationOverrides: Equatable, Sendable {
    package static let name = "builder_registrations_overrides.json"
    /// The only form there is.
    static let version = "v1"

    /// By validator the newest entry, of several as new the first. Each is signed by the validator's own key.
    package let registrations: [PubKey: SignedValidatorRegistration]
    /// Entries for validators that are none of the cluster's: they are not looked at.
    package let foreignCount: Int

    /// - Parameter verified: each by its validator's own key.
    package init(verified registrations: [PubKey: SignedValidatorRegistration]) {
        self.registrations = registrations
        foreignCount = 0
    }

    /// - Parameters:
    ///   - keys: of the cluster; about 1 ms of work for each entry of theirs.
    ///   - forkVersion: of the network's genesis, as the lock has it.
    package static func load(
        _ path: String, keys: ClusterKeys, forkVersion: ForkVersion
    ) throws(ClusterError) -> RegistrationOverrides {
        let bytes = try FileAccess.read(path, bytesMax: FileLimits.overridesFileBytes)
        do throws(ClusterError) {
            return try RegistrationOverrides(json: bytes, keys: keys, forkVersion: forkVersion)
        } catch {
            throw .inFile(path, .document("overrides file", error))
        }
    }

    package init(json bytes: [UInt8], keys: ClusterKeys, forkVersion: ForkVersion) throws(ClusterError) {
        let json = try JSONValue(clusterFile: bytes, bytesMax: FileLimits.overridesFileBytes)
        guard let entries = json.array else { throw .field("file", "expected an array of registrations") }
        guard entries.count <= FileLimits.validators else {
            throw .field("file", "\(entries.count) entries, at most \(FileLimits.validators) allowed")
        }
        let own = Dictionary(
            keys.validators.map { ($0.publicKey.bytes, $0.publicKey) }, uniquingKeysWith: { first, _ in first })
        var batch = SignatureBatch()
        var claims: [(place: String, registration: SignedValidatorRegistration)] = []
        var foreignCount = 0
        for (i, entry) in entries.enumerated() {
            let registration = try Self.read(entry, "[\(i)]")
            guard let key = own[registration.message.pubKey] else {
                foreignCount += 1
                continue
            }
            batch.add(registration.signature, by: key, over: registration.message.signingRoot(forkVersion))
            claims.append(("[\(i)].\(Self.version).signature", registration))
        }
        var registrations: [PubKey: SignedValidatorRegistration] = [:]
        for (claim, outcome) in zip(claims, batch.verify()) {
            let message = claim.registration.message
            if case .failure(let error) = outcome {
                throw .field(claim.place, "not signed by validator \(message.pubKey) on this network (\(error))")
            }
            if let known = registrations[message.pubKey], known.message.timestamp >= message.timestamp { continue }
            registrations[message.pubKey] = claim.registration
        }
        self.registrations = registrations
        self.foreignCount = foreignCount
    }

    static func read(_ entry: JSONValue, _ path: String) throws(ClusterError) -> SignedValidatorRegistration {
        let members = try JSONMembers(entry, path: path)
        let version = try members.string("version")
        guard version == Self.version else {
            throw .field(members.path("version"), "\"\(version.prefix(16))\" is not \"\(Self.version)\"")
        }
        let signed = try members.members(Self.version)
        let message = try signed.members("message")
        let registration = ValidatorRegistration(
            feeRecipient: try message.whole("fee_recipient"), gasLimit: try message.decimal("gas_limit"),
            timestamp: try message.decimal("timestamp"), pubKey: try message.whole("pubkey"))
        guard registration.feeRecipient != .zero else {
            throw .field(message.path("fee_recipient"), "is the zero address: what it is paid is lost")
        }
        guard registration.gasLimit > 0 else { throw .field(message.path("gas_limit"), "is zero") }
        return SignedValidatorRegistration(message: registration, signature: try signed.whole("signature"))
    }
}

extension JSONMembers {
    /// Hex of exactly so many bytes, not absent.
    fileprivate func whole<let count: Int>(_ name: String) throws(ClusterError) -> FixedBytes<count> {
        guard let fixed = FixedBytes<count>(try hex(name, bytesMax: count)) else {
            throw .field(path(name), "expected \(count) bytes of hex")
        }
        return fixed
    }
}
