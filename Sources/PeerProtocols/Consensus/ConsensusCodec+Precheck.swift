import DutyWorkflow
import QBFT

/// What can be told of a message from the shape of its bytes, before anything is built, hashed or verified.
extension ConsensusCodec {
    /// What a message claims to be; its size is what that can need.
    package struct Prechecked: Sendable {
        package let bytes: [UInt8]
        package let duty: Duty
        package let kind: QBFT.Message.Kind
        package let signer: PeerIndex
        /// Of all values together: what decoding them is going to cost.
        package let valueBytes: Int
    }

    /// Bytes of one validator's entry in a value: as nodes send it, and at most, say as JSON.
    private struct EntrySize {
        let usual: Int
        let max: Int
        /// The text key, and the tags and lengths around key and entry.
        static let overhead = 112

        /// Nil for duties nothing is decided about, or no set of values.
        init?(_ type: DutyType) {
            switch type {
            case .attester: (usual, max) = (232, 2 << 10)
            // An attestation of all committees of a slot: 131,072 bits.
            case .aggregator: (usual, max) = (17 << 10, 40 << 10)
            // One of each subcommittee.
            case .syncContribution: (usual, max) = (4 << 10, 4 << 10)
            // A block with its blobs.
            case .proposer: (usual, max) = (ConsensusCodec.messageBytesMax, ConsensusCodec.messageBytesMax)
            case .signature, .exit, .builderProposer, .builderRegistration, .randao, .prepareAggregator, .syncMessage,
                .prepareSyncContribution, .infoSync:
                return nil
            }
        }
    }

    /// A vote has about 170 bytes; what later versions add has room.
    private static let voteBytesMax = 1 << 10

    /// Counts and measures. Cheap enough for an event loop, whatever the bytes are.
    ///
    /// - Parameter bytes: the protobuf, without its length prefix.
    package func precheck(_ bytes: [UInt8]) throws(MessageFault) -> Prechecked {
        guard bytes.count <= Self.messageBytesMax else {
            throw .oversized(bytes: bytes.count, limit: Self.messageBytesMax)
        }
        let parts = try parts(of: bytes)
        guard let vote = parts.vote else { throw .missingField("msg") }
        guard vote.hasDuty else { throw .missingField("duty") }
        let duty = try vote.duty.duty()
        let entry = EntrySize(duty.type)
        guard duties.contains(duty.type), entry != nil || duty.type == .infoSync else {
            throw .dutyType(.unsupportedDuty(duty.type))
        }
        let kind = try Self.kind(of: vote)
        let signer = try signer(of: vote)
        let limit = entry.map(sizeLimit) ?? prioritiesSizeLimit
        guard bytes.count <= limit else { throw .oversized(bytes: bytes.count, limit: limit) }
        let valuesMax = 2 * (parts.justifications + 1)
        guard parts.values.count <= valuesMax else { throw .tooMany("values", limit: valuesMax) }
        for value in parts.values { try check(value, of: bytes, entry) }
        return Prechecked(
            bytes: bytes, duty: duty, kind: kind, signer: PeerIndex(signer),
            valueBytes: parts.values.reduce(0) { $0 + $1.count })
    }

    /// Every vote, and a full set of values for each of their hashes as nodes encode it. A set as JSON is several times
    /// as large, but so many different ones never come together.
    private func sizeLimit(_ entry: EntrySize) -> Int {
        let votes = 2 * operators.count + 1
        let (values, overflow) = (2 * votes * validators).multipliedReportingOverflow(
            by: entry.usual + EntrySize.overhead)
        let all = values.addingReportingOverflow(2 * votes * entry.max + votes * Self.voteBytesMax)
        return overflow || all.overflow ? Self.messageBytesMax : min(Self.messageBytesMax, all.partialValue)
    }

    /// Every vote, and results as nodes make them for all hashes: about twice the operators' messages.
    private var prioritiesSizeLimit: Int {
        let votes = 2 * operators.count + 1
        let usual = 2 * operators.count * (2 << 10)
        return 2 * votes * usual + 2 * PriorityCodec.resultBytesMax(nodes: operators.count) + votes * Self.voteBytesMax
    }

    private struct Parts {
        /// The message's own vote: all occurrences of it, as any decoder merges them.
        var vote: WireQBFTMsg?
        var justifications = 0
        var values: [Range<Int>] = []
    }

    private func parts(of bytes: [UInt8]) throws(MessageFault) -> Parts {
        let justificationsMax = 2 * operators.count
        let valuesMax = 2 * (justificationsMax + 1)
        var parts = Parts()
        var vote: [UInt8]?
        var scan = FieldScan(bytes)
        while let field = scan.next() {
            guard let body = field.body else { continue }
            switch field.number {
            case 1:
                guard body.count + (vote?.count ?? 0) <= Self.voteBytesMax else { throw .undecodable("QBFTMsg") }
                vote = (vote ?? []) + bytes[body]
            case 2:
                parts.justifications += 1
                guard parts.justifications <= justificationsMax else {
                    throw .tooMany("justifications", limit: justificationsMax)
                }
            case 3:
                parts.values.append(body)
                guard parts.values.count <= valuesMax else { throw .tooMany("values", limit: valuesMax) }
            default: break
            }
        }
        guard scan.isComplete else { throw .undecodable("QBFTConsensusMsg") }
        if let vote { parts.vote = try WireQBFTMsg(wire: vote, "QBFTConsensusMsg") }
        return parts
    }

    /// - Parameter value: an `Any` that holds a set of values; without an entry's size, priorities.
    private func check(_ value: Range<Int>, of bytes: [UInt8], _ entry: EntrySize?) throws(MessageFault) {
        var any = FieldScan(bytes, value)
        var entries = 0
        while let field = any.next() {
            guard field.number == 2, let body = field.body else { continue }
            guard let entry else {
                try PriorityCodec.precheckResult(body, of: bytes, nodes: operators.count)
                continue
            }
            var set = FieldScan(bytes, body)
            while let field = set.next() {
                guard field.number == 1, let body = field.body else { continue }
                entries += 1
                guard entries <= validators else { throw .tooMany("validators", limit: validators) }
                let limit = entry.max + EntrySize.overhead
                guard body.count <= limit else { throw .oversized(bytes: body.count, limit: limit) }
            }
            guard set.isComplete else { throw .undecodable("UnsignedDataSet") }
        }
        guard any.isComplete else { throw .undecodable("QBFTConsensusMsg") }
    }
}
