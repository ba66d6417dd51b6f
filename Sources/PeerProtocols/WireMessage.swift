import DutyWorkflow
import Ethereum
import SSZ
import SwiftProtobuf

extension SwiftProtobuf.Message {
    /// Strict about depth (ours nest four deep), tolerant of unknown fields: they are kept and signed with the rest.
    init(wire bytes: some SwiftProtobufContiguousBytes, _ what: String) throws(MessageFault) {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 10
        do {
            try self.init(serializedBytes: bytes, options: options)
        } catch {
            throw .undecodable(what)
        }
    }

    /// "Deterministic marshal" of consensus.md §3.1: fields by number, map entries by key, unknown fields last.
    func canonicalBytes() -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        do {
            return try serializedBytes(partial: true, options: options)
        } catch {
            // Thrown for messages of 2 GiB and for `Any` holding a message object; we hold neither.
            preconditionFailure("encode \(Self.protoMessageName): \(error)")
        }
    }
}

extension WireDuty {
    init(_ duty: Duty) {
        self.init()
        slot = duty.slot.rawValue
        type = duty.type.rawValue
    }

    /// - Throws: types outside 1 to 13 and the deprecated one.
    func duty() throws(MessageFault) -> Duty {
        guard let type = DutyType(rawValue: type) else { throw .dutyType(.unknownDutyType(type)) }
        guard type != .builderProposer else { throw .dutyType(.deprecatedDuty(type)) }
        return Duty(slot: Slot(slot), type: type)
    }
}

/// A validator as a map key: `0x` and 96 lower-case hex digits, nothing else (protocols.md §2.3).
func pubKey(wire text: String) throws(MessageFault) -> PubKey {
    let digits = text.utf8.dropFirst(2)
    guard text.utf8.starts(with: "0x".utf8), digits.count == 96,
        digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
        let key = try? PubKey(hex: text)
    else { throw .malformedPublicKey }
    return key
}
