import Ethereum
import SSZ

/// What the cluster agrees on for one validator: the value that consensus decides and validator clients sign.
package enum UnsignedData: Hashable, Sendable {
    case attester(AttestationData, AttesterDuty)

    package var dutyType: DutyType {
        switch self {
        case .attester: .attester
        }
    }

    /// The validator's row that the cluster agreed on with the value.
    package var definition: DutyDefinition {
        switch self {
        case .attester(_, let row): .attester(row)
        }
    }
}

package typealias UnsignedDataSet = [PubKey: UnsignedData]

extension UnsignedData {
    /// Wire bytes inside an `UnsignedDataSet` (protocols.md §2.6).
    ///
    /// Attester: `u32 8 ‖ u32 136 ‖ AttestationData (128) ‖ AttesterDuty (96)`, 232 bytes; the two offsets are redundant
    /// but on the wire.
    package func wireBytes() -> [UInt8] {
        switch self {
        case .attester(let data, let duty):
            [8, 0, 0, 0, 136, 0, 0, 0] + data.sszBytes() + duty.sszBytes()
        }
    }

    /// Decodes the wire form of a duty type. Accepts SSZ, and JSON as Charon does.
    package init(wire bytes: [UInt8], type: DutyType) throws(WireError) {
        switch type {
        case .attester: self = try Self.decodeAttester(bytes)
        case .builderProposer: throw .deprecatedDuty(type)
        default: throw .unsupportedDuty(type)
        }
    }

    private static func decodeAttester(_ bytes: [UInt8]) throws(WireError) -> UnsignedData {
        if startsJSONObject(bytes) {
            do {
                let json = try JSONValue(parsing: bytes)
                return .attester(
                    try AttestationData(json: json.member("attestation_data")),
                    try AttesterDuty(json: json.member("attestation_duty")))
            } catch {
                throw .malformed("attester value: \(error)")
            }
        }
        guard bytes.count >= 8 else { throw .malformed("attester value of \(bytes.count) bytes") }
        let first = Int(littleEndian32(bytes, at: 0))
        let second = Int(littleEndian32(bytes, at: 4))
        guard first >= 8, second >= first, second <= bytes.count else {
            throw .malformed("attester value offsets \(first), \(second) in \(bytes.count) bytes")
        }
        do {
            return .attester(
                try AttestationData(ssz: bytes[first..<second]), try AttesterDuty(ssz: bytes[second...]))
        } catch {
            throw .malformed("attester value: \(error)")
        }
    }
}

extension [PubKey: UnsignedData] {
    /// Deterministic protobuf of `UnsignedDataSet { map<string, bytes> set = 1 }`: keys ascending, both entry fields
    /// always present (consensus.md §3.1). The text key is `0x` and 96 lower-case hex digits.
    package func canonicalBytes() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(count * 340)
        for (pubKey, value) in sorted(by: { $0.key < $1.key }) {
            let data = value.wireBytes()
            let key = Array(pubKey.hex.utf8)
            var entry: [UInt8] = []
            appendField(1, key, to: &entry)
            appendField(2, data, to: &entry)
            appendField(1, entry, to: &out)
        }
        return out
    }

    /// What consensus votes on: the root of the canonical bytes.
    package func valueHash() -> Root { consensusHashRoot(canonicalBytes()) }
}

/// Appends a length-delimited protobuf field.
private func appendField(_ number: UInt8, _ bytes: [UInt8], to out: inout [UInt8]) {
    out.append(number << 3 | 2)
    var length = bytes.count
    while length >= 0x80 {
        out.append(UInt8(truncatingIfNeeded: length) | 0x80)
        length >>= 7
    }
    out.append(UInt8(length))
    out += bytes
}
