import DutyWorkflow
import Ethereum
import PeerProtocols
import QBFT
import SSZ

/// What operators send each other.
enum PeerFuzz {
    // MARK: Values

    /// Byte 0: unsigned or signed; byte 1: duty type; then the value's bytes.
    static func wireValue(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let isSigned = source.flag()
        let type = DutyType.allCases[source.choice(DutyType.allCases.count)]
        let wire = source.rest()
        return isSigned ? outcome { try signed(wire, type) } : outcome { try unsigned(wire, type) }
    }

    private static func unsigned(_ wire: [UInt8], _ type: DutyType) throws -> String {
        let value = try UnsignedData(wire: wire, type: type)
        precondition(value.dutyType == type)
        precondition((try? UnsignedData(wire: value.wireBytes(), type: type)) == value, "value changed")
        let set: UnsignedDataSet = [Known.pubKeys[0]: value]
        precondition(set.valueHash() == consensusHashRoot(set.canonicalBytes()))
        return "unsigned \(wire == value.wireBytes())"
    }

    private static func signed(_ wire: [UInt8], _ type: DutyType) throws -> String {
        let value = try SignedData(wire: wire, type: type)
        precondition(value.dutyType == type)
        _ = value.messageRoot
        guard case .attestation(let attestation) = value else { return "signed" }
        // The one ambiguity of the format (protocols.md §2.7): it must not cross into another value.
        let isAmbiguous =
            attestation.validatorIndex == nil && UInt32(truncatingIfNeeded: attestation.data.slot.rawValue) == 20
        let again = try? SignedData(wire: value.wireBytes(), type: type)
        precondition(again == value || isAmbiguous && again == nil, "object changed")
        return "signed \(attestation.fork) \(attestation.validatorIndex == nil) \(wire == value.wireBytes())"
    }

    // MARK: Consensus

    private static let codec = ConsensusCodec(operators: Known.keys.map(\.publicKey), validators: 64)

    /// Byte 0: 0 raw, the rest is the message; else a message built from the rest, signed by those it names.
    static func consensus(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let wire = source.flag() ? built(&source) : source.rest()
        return outcome {
            let message = try codec.decode(wire) { $0.slot.rawValue < 1 << 32 }
            check(message)
            return "\(message.message.kind)\(message.message.justification.count)"
        }
    }

    /// A decoded message is in range, complete, and survives being sent on.
    private static func check(_ message: ConsensusMessage) {
        let all = [message.message] + message.message.justification
        precondition(all.count <= 2 * Known.nodes + 1 && message.duty.slot.rawValue < 1 << 32)
        for vote in all {
            precondition((0..<Known.nodes).contains(vote.source) && vote.round >= 1 && vote.preparedRound >= 0)
            precondition(vote.signature.count <= 1024)
        }
        let hashes = Set(all.flatMap { [$0.value, $0.preparedValue] }).subtracting([.zero])
        precondition(Set(message.values.keys) == hashes, "values are not those named")
        for (hash, value) in message.values { precondition(value.valueHash() == hash, "value under a foreign hash") }
        guard let wire = try? ConsensusCodec.encode(message), let again = try? codec.decode(wire, admits: { _ in true })
        else { preconditionFailure("an accepted message cannot be sent on") }
        precondition(again == message, "an accepted message changes when sent on")
    }

    private static func built(_ source: inout ByteSource) -> [UInt8] {
        let sets = (0..<1 + source.choice(2)).map { _ in valueSet(&source) }
        let hashes = sets.map { consensusHashRoot($0).bytes } + [Root.zero.bytes, [1, 2, 3], []]
        let justifications = source.choice(2 * Known.nodes + 2)
        return ProtobufBytes.message { message in
            message.field(1, flat(&source, hashes))
            for _ in 0..<justifications { message.field(2, flat(&source, hashes)) }
            for set in sets {
                let any = ProtobufBytes.message {
                    $0.field(1, Array("type.googleapis.com/core.corepb.v1.UnsignedDataSet".utf8))
                    $0.field(2, set)
                }
                message.field(3, any)
            }
            message.raw(source.take(source.choice(4)))
        }
    }

    /// Canonical protobuf of a value set with one entry: ours, or any bytes.
    private static func valueSet(_ source: inout ByteSource) -> [UInt8] {
        let kind = source.choice(4)
        if kind == 0 { return Known.unsigned(seed: source.byte()).canonicalBytes() }
        var value = Known.unsigned(validators: 1).values.first?.wireBytes() ?? []
        if kind == 1 { value[source.choice(value.count)] = source.byte() }
        if kind == 2 { value = source.take(source.choice(250)) }
        let key = kind == 3 ? source.take(source.choice(99)) : Array(Known.pubKeys[0].hex.utf8)
        return ProtobufBytes.message { set in
            let entry = ProtobufBytes.message {
                $0.field(1, key)
                $0.field(2, value)
            }
            set.field(1, entry)
        }
    }

    /// One `QBFTMsg` with the signature of the operator it names, fields a later version may know included.
    private static func flat(_ source: inout ByteSource, _ hashes: [[UInt8]]) -> [UInt8] {
        let kind = Int64(source.choice(7))
        let duty = ProtobufBytes.message {
            $0.varint(1, source.flag() ? Known.slot : source.number())
            $0.varint(2, source.choice(16) == 15 ? source.number() : 2)
        }
        let peer = source.choice(Known.nodes + 1)
        let round = Int64(bitPattern: source.number())
        let preparedRound = Int64(bitPattern: source.number())
        let (value, prepared) = (hashes[source.choice(hashes.count)], hashes[source.choice(hashes.count)])
        let unknown = source.choice(8) == 7 ? source.take(source.choice(40)) : []
        func message(_ signature: [UInt8]) -> [UInt8] {
            ProtobufBytes.message {
                $0.int(1, kind)
                $0.field(2, duty)
                $0.int(3, Int64(peer))
                $0.int(4, round)
                $0.int(6, preparedRound)
                if !signature.isEmpty { $0.field(8, signature) }
                if !value.isEmpty { $0.field(11, value) }
                if !prepared.isEmpty { $0.field(12, prepared) }
                if !unknown.isEmpty { $0.field(20, unknown) }
            }
        }
        let digest = consensusHashRoot(message([]))
        return message(Known.keys[peer % Known.nodes].sign(digest: digest).bytes)
    }

    // MARK: Partial signatures

    private static let parSigCodec = ParSigExCodec(validators: Set(Known.pubKeys), nodes: Known.nodes)

    /// Byte 0: 0 raw; else entries are built around the bytes.
    static func parSigEx(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let wire = source.flag() ? builtPartials(&source) : source.rest()
        return outcome {
            let (duty, set) = try parSigCodec.decode(wire) { $0.slot.rawValue < 1 << 32 }
            precondition(!set.isEmpty && set.count <= Known.pubKeys.count && duty.slot.rawValue < 1 << 32)
            for (key, partial) in set {
                precondition(
                    Known.pubKeys.contains(key.pubKey) && (1...Known.nodes).contains(partial.shareIndex.rawValue))
                precondition(partial.data.signature != .zero && partial.data.dutyType == duty.type)
            }
            // All but the ambiguous kind A of slot 20, see `signed`.
            let hasIndexes = set.values.allSatisfy {
                if case .attestation(let attestation) = $0.data { attestation.validatorIndex != nil } else { true }
            }
            guard hasIndexes else { return "no index" }
            let again = try? parSigCodec.decode(ParSigExCodec.encode(duty, set)) { _ in true }
            precondition(again?.set == set && again?.duty == duty, "an accepted set changes when sent on")
            return "ok\(set.count)"
        }
    }

    private static func builtPartials(_ source: inout ByteSource) -> [UInt8] {
        let entries = (0..<source.choice(5)).map { _ in
            ProtobufBytes.message { entry in
                let key = source.choice(4)
                entry.field(1, key == 3 ? source.take(98) : Array(Known.pubKeys[key].hex.utf8))
                var data = Known.signed(0, fork: source.flag() ? .fulu : .deneb).wireBytes()
                for _ in 0..<source.choice(4) { data[source.choice(data.count)] = source.byte() }
                if source.choice(8) == 7 { data = Array(data.prefix(source.choice(256))) }
                entry.field(
                    2,
                    ProtobufBytes.message {
                        $0.field(1, data)
                        $0.varint(3, source.choice(8) == 7 ? source.number() : UInt64(source.choice(Known.nodes + 2)))
                    })
            }
        }
        return ProtobufBytes.message { message in
            message.field(
                1,
                ProtobufBytes.message {
                    $0.varint(1, source.number())
                    $0.varint(2, source.choice(8) == 7 ? source.number() : 2)
                })
            message.field(2, ProtobufBytes.message { set in for entry in entries { set.field(1, entry) } })
            message.raw(source.rest())
        }
    }

    // MARK: Peer info

    /// All of it is the message; also read as a version text.
    static func peerInfo(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(64), as: UTF8.self)
        if let version = CharonVersion(text) {
            precondition(CharonVersion(version.description) == version)
            return "version"
        }
        return outcome {
            let info = try PeerInfo(wire: bytes)
            let again = try? PeerInfo(wire: info.wireBytes())
            precondition(again == info, "peer info changed")
            let own = PeerInfo(lockHash: .zero, startedAt: Instant(unixSeconds: 1_700_000_000))
            for now in [Int64.min, 1_700_000_000_000_000_000, .max] {
                let assessment = PeerInfoAssessment(
                    of: info, own: own, previous: nil, receivedAt: Instant(nanoseconds: now), roundTrip: .seconds(1))
                guard let report = assessment.report else { continue }
                precondition(report.nickname.unicodeScalars.count <= PeerInfo.nicknameCharactersMax)
                precondition(report.version.unicodeScalars.count <= 64 && report.client.unicodeScalars.count <= 32)
                precondition(report.clockOffset <= .seconds(3600) && report.clockOffset >= .seconds(-3600))
            }
            return "info \(info.sentAt == nil) \(info.startedAt == nil)"
        }
    }
}
