import Ethereum
import SSZ

/// A signed object of a duty: as one share signed it, or with the recovered group signature.
package enum SignedData: Hashable, Sendable {
    case attestation(VersionedAttestation)

    package var dutyType: DutyType {
        switch self {
        case .attestation: .attester
        }
    }

    /// The sync subcommittee it was signed for; 0 where there is none.
    package var subcommittee: UInt64 {
        switch self {
        case .attestation: 0
        }
    }

    /// Root of the part that is signed. Partial signatures are grouped by it (workflow.md §1.4).
    package var messageRoot: Root {
        switch self {
        case .attestation(let attestation): attestation.data.hashTreeRoot()
        }
    }

    package var signature: SignatureBytes {
        switch self {
        case .attestation(let attestation): attestation.signature
        }
    }

    /// The same object with another signature.
    package func with(signature: SignatureBytes) -> SignedData {
        switch self {
        case .attestation(var attestation):
            attestation.signature = signature
            return .attestation(attestation)
        }
    }
}

/// A signed object as one share signed it.
package struct ParSignedData: Hashable, Sendable {
    package var data: SignedData
    package var shareIndex: ShareIndex

    package init(data: SignedData, shareIndex: ShareIndex) {
        self.data = data
        self.shareIndex = shareIndex
    }
}

package typealias SignedDataSet = [EntryKey: SignedData]
package typealias ParSignedDataSet = [EntryKey: ParSignedData]

/// Sizes of the versioned SSZ headers (protocols.md §2.5).
private enum Header {
    /// `version u64 ‖ offset u32`.
    static let versioned = 12
    /// `version u64 ‖ validator index u64 ‖ offset u32`.
    static let withIndex = 20
}

extension SignedData {
    /// Wire bytes inside a `ParSignedData` (protocols.md §2.7). Attester: kind C,
    /// `version u64 ‖ validator_index u64 ‖ u32 20 ‖ attestation`; kind A without a validator index.
    package func wireBytes() -> [UInt8] {
        switch self {
        case .attestation(let attestation):
            var out = littleEndian(UInt64(attestation.fork.rawValue))
            if let index = attestation.validatorIndex {
                out += littleEndian(index.rawValue) + [UInt8(Header.withIndex), 0, 0, 0]
            } else {
                out += [UInt8(Header.versioned), 0, 0, 0]
            }
            return out + attestation.objectBytes()
        }
    }

    /// Decodes the wire form of a duty type. Accepts SSZ, and JSON as Charon does.
    package init(wire bytes: [UInt8], type: DutyType) throws(WireError) {
        switch type {
        case .attester: self = .attestation(try Self.decodeAttestation(bytes))
        case .builderProposer: throw .deprecatedDuty(type)
        default: throw .unsupportedDuty(type)
        }
    }

    private static func decodeAttestation(_ bytes: [UInt8]) throws(WireError) -> VersionedAttestation {
        if startsJSONObject(bytes) { return try decodeAttestationJSON(bytes) }
        guard bytes.count >= Header.withIndex else { throw .malformed("attestation of \(bytes.count) bytes") }
        let fork = try fork(littleEndian64(bytes, at: 0))
        do {
            if littleEndian32(bytes, at: 16) == UInt32(Header.withIndex) {
                return try VersionedAttestation(
                    fork: fork, objectBytes: bytes[Header.withIndex...],
                    validatorIndex: ValidatorIndex(littleEndian64(bytes, at: 8)))
            }
            let offset = Int(littleEndian32(bytes, at: 8))
            guard offset >= Header.versioned, offset <= bytes.count else {
                throw WireError.malformed("attestation offset \(offset) in \(bytes.count) bytes")
            }
            return try VersionedAttestation(fork: fork, objectBytes: bytes[offset...], validatorIndex: nil)
        } catch let error as WireError {
            throw error
        } catch {
            throw .malformed("attestation: \(error)")
        }
    }

    /// `{"version":N,"validator_index":"15"|null,"attestation":{…}}`.
    private static func decodeAttestationJSON(_ bytes: [UInt8]) throws(WireError) -> VersionedAttestation {
        do {
            let json = try JSONValue(parsing: bytes)
            guard let version = try json.member("version").integer else {
                throw WireError.malformed("attestation version")
            }
            let index = json["validator_index"].flatMap { $0.isNull ? nil : $0 }
            return try VersionedAttestation(
                fork: fork(version), json: json.member("attestation"),
                validatorIndex: index.map { try ValidatorIndex(json: $0) })
        } catch let error as WireError {
            throw error
        } catch {
            throw .malformed("attestation: \(error)")
        }
    }

    private static func fork(_ version: UInt64) throws(WireError) -> ForkName {
        guard let raw = Int(exactly: version), let fork = ForkName(rawValue: raw) else {
            throw .malformed("attestation version \(version)")
        }
        return fork
    }
}
