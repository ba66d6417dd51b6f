import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import SwiftProtobuf

/// `ParSigExMsg` ↔ duty and partial signatures. Checks everything but the signatures. Source: protocols.md §2.4, §4.
package struct ParSigExCodec: Sendable {
    /// The validators of the cluster.
    private let validators: Set<PubKey>
    /// Operators, so the highest share.
    private let nodes: Int
    /// Of the chain, which gives blocks their shape: known before any message is admitted, but not when this is made.
    private let preset: @Sendable () -> Preset

    package init(
        validators: Set<PubKey>, nodes: Int, preset: @escaping @Sendable () -> Preset = { .mainnet }
    ) {
        self.validators = validators
        self.nodes = nodes
        self.preset = preset
    }

    /// Room for one block proposal with its blobs (10 MiB and some), the largest object of any duty and at most one a
    /// slot, and 2 KiB for each validator, whose attestation takes 480 bytes and whose sync contribution 600. Charon's
    /// limit is 128 MiB.
    package var messageBytesMax: Int { (16 << 20) + validators.count * 2048 }

    /// - Parameters:
    ///   - bytes: the protobuf, without its length prefix.
    ///   - admits: the duty gate.
    package func decode(
        _ bytes: [UInt8], admits: (Duty) -> Bool
    ) throws(MessageFault) -> (duty: Duty, set: ParSignedDataSet) {
        guard bytes.count <= messageBytesMax else { throw .oversized(bytes: bytes.count, limit: messageBytesMax) }
        guard let entries = FieldScan.count(1, inside: 2, of: bytes) else { throw .undecodable("ParSigExMsg") }
        guard entries <= validators.count else { throw .tooMany("partial signatures", limit: validators.count) }
        let wire = try WireParSigExMsg(wire: bytes, "ParSigExMsg")
        guard wire.hasDuty else { throw .missingField("duty") }
        guard wire.hasDataSet else { throw .missingField("data_set") }
        let duty = try wire.duty.duty()
        guard admits(duty) else { throw .dutyNotAdmitted(duty) }
        guard !wire.dataSet.set.isEmpty else { throw .emptySet }

        var set: ParSignedDataSet = [:]
        for (key, entry) in wire.dataSet.set {
            let pubKey = try pubKey(wire: key)
            guard validators.contains(pubKey) else { throw .unknownValidator(pubKey) }
            guard let share = ShareIndex(wire: Int(entry.shareIdx)), share.rawValue <= nodes else {
                throw .shareIndex(Int(entry.shareIdx))
            }
            let partial = try partial(entry, duty.type, share, pubKey)
            set[EntryKey(pubKey, subcommittee: partial.data.subcommittee)] = partial
        }
        return (duty, set)
    }

    private func partial(
        _ entry: WireParSignedData, _ type: DutyType, _ share: ShareIndex, _ pubKey: PubKey
    ) throws(MessageFault) -> ParSignedData {
        do {
            let data = try SignedData(wire: Array(entry.data), type: type, preset: preset())
            guard data.signature != .zero else { throw MessageFault.noSignature(pubKey) }
            // Field 2 is not looked at, as in Charon: the signature inside the object counts.
            return ParSignedData(data: data, shareIndex: share)
        } catch let error as WireError {
            throw .value(error)
        } catch let error as MessageFault {
            throw error
        } catch {
            throw .undecodable("ParSignedData")
        }
    }

    /// A set in parts that have one entry for each validator, as a message has: what a validator signs for a second
    /// subcommittee goes into a message of its own (protocols.md §4). Of nearly all sets there is one part.
    package static func parts(_ duty: Duty, _ set: ParSignedDataSet) -> [ParSignedDataSet] {
        guard duty.type.rules.isPerSubcommittee, !set.isEmpty else { return [set] }
        var parts: [ParSignedDataSet] = []
        var (last, place): (PubKey?, Int) = (nil, 0)
        for (key, partial) in set.sorted(by: { $0.key < $1.key }) {
            place = key.pubKey == last ? place + 1 : 0
            last = key.pubKey
            if place == parts.count { parts.append([:]) }
            parts[place][key] = partial
        }
        return parts
    }

    /// The protobuf, without its length prefix. Equal sets give equal bytes.
    ///
    /// - Precondition: one entry for each validator, as in `parts`.
    package static func encode(_ duty: Duty, _ set: ParSignedDataSet) -> [UInt8] {
        var wire = WireParSigExMsg()
        wire.duty = WireDuty(duty)
        var entries: [String: WireParSignedData] = [:]
        entries.reserveCapacity(set.count)
        for (key, partial) in set {
            var entry = WireParSignedData()
            entry.data = Data(partial.data.wireBytes())
            entry.signature = Data(partial.data.signature.bytes)
            entry.shareIdx = Int32(clamping: partial.shareIndex.rawValue)
            entries[key.pubKey.hex] = entry
        }
        assert(entries.count == set.count, "a validator's second entry needs a message of its own")
        // At once: through the message each entry would copy all before it.
        wire.dataSet = WireParSignedDataSet.with { $0.set = entries }
        return wire.canonicalBytes()
    }
}
