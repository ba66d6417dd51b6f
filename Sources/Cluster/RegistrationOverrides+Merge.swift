import BLS
import Ethereum
import SSZ

/// Adding to the file. Source: spec/cluster-files.md §12.1.
extension RegistrationOverrides {
    /// What can be used of a file that is to be rewritten.
    package struct Salvage: Equatable, Sendable {
        /// Each signed by the key it names, in the file's order.
        package fileprivate(set) var entries: [SignedValidatorRegistration] = []
        /// Why the rest is of no use. The file's bytes are kept for `backUp`.
        package fileprivate(set) var losses: [String] = []
        fileprivate var bytes: [UInt8] = []
    }

    /// No file is an empty one; what cannot be used is left out.
    package static func salvage(_ path: String, forkVersion: ForkVersion) throws(ClusterError) -> Salvage {
        guard FileAccess.isTaken(path) else { return Salvage() }
        var salvage = Salvage(bytes: try FileAccess.read(path, bytesMax: FileLimits.overridesFileBytes))
        do throws(ClusterError) {
            let json = try JSONValue(clusterFile: salvage.bytes, bytesMax: FileLimits.overridesFileBytes)
            guard let entries = json.array, entries.count <= FileLimits.validators else {
                throw .field("file", "expected an array of at most \(FileLimits.validators) registrations")
            }
            for (i, entry) in entries.enumerated() {
                do throws(ClusterError) {
                    salvage.entries.append(try verified(entry, "[\(i)]", forkVersion))
                } catch {
                    salvage.losses.append("\(error)")
                }
            }
        } catch {
            salvage.losses.append("\(error)")
        }
        return salvage
    }

    private static func verified(
        _ entry: JSONValue, _ place: String, _ forkVersion: ForkVersion
    ) throws(ClusterError) -> SignedValidatorRegistration {
        let registration = try read(entry, place)
        guard let key = try? PublicKey(registration.message.pubKey),
            let signature = try? Signature(registration.signature),
            key.verify(signature, over: registration.message.signingRoot(forkVersion))
        else {
            throw .field(
                "\(place).\(version).signature",
                "not signed by validator \(registration.message.pubKey) on this network")
        }
        return registration
    }

    /// By validator the newest, of two as new the old one; sorted by public key.
    package static func merge(
        _ old: [SignedValidatorRegistration], _ new: [SignedValidatorRegistration]
    ) -> [SignedValidatorRegistration] {
        var newest: [PubKey: SignedValidatorRegistration] = [:]
        for registration in old + new {
            let pubKey = registration.message.pubKey
            if let known = newest[pubKey], known.message.timestamp >= registration.message.timestamp { continue }
            newest[pubKey] = registration
        }
        return newest.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Replaces the file in one step. What was of no use in the old one stays beside it as `….bak`.
    ///
    /// - Returns: where the old file is kept; nil if nothing is lost.
    package static func write(
        _ entries: [SignedValidatorRegistration], to path: String, after salvage: Salvage
    ) throws(ClusterError) -> String? {
        var backUp: String?
        if !salvage.losses.isEmpty {
            backUp = path + ".bak"
            try FileAccess.replace(path + ".bak", salvage.bytes, mode: 0o644, durable: true)
        }
        let json = JSONValue.array(entries.map(json))
        try FileAccess.replace(path, Array(json.text(indent: "  ").utf8), mode: 0o644, durable: true)
        return backUp
    }

    private static func json(_ registration: SignedValidatorRegistration) -> JSONValue {
        let message = registration.message
        return [
            "version": .string(version),
            version: [
                "message": [
                    "fee_recipient": .string(EthereumAddress(message.feeRecipient).checksummed),
                    "gas_limit": .string("\(message.gasLimit)"), "timestamp": .string("\(message.timestamp)"),
                    "pubkey": .string(message.pubKey.hex),
                ],
                "signature": .string(registration.signature.hex),
            ],
        ]
    }
}
