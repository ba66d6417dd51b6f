import Cluster
import Ethereum
import SSZ

/// What partial signatures of a ceremony are over. On the wire a made-up slot. Source: spec/dkg.md §6.1.
package enum SignatureKind: Hashable, Sendable {
    /// Slot 101.
    case lockHash
    /// Slot 102.
    case registration
    /// Slot 200 and on: the place among the ascending amounts, from 0.
    case deposit(Int)

    /// More amounts than any definition has.
    package static let depositsMax = 1024

    package init?(slot: UInt64) {
        switch slot {
        case 101: self = .lockHash
        case 102: self = .registration
        case 200..<200 + UInt64(Self.depositsMax): self = .deposit(Int(slot) - 200)
        default: return nil
        }
    }

    package var slot: UInt64 {
        switch self {
        case .lockHash: 101
        case .registration: 102
        case .deposit(let place): 200 + UInt64(place)
        }
    }
}

extension SignatureKind: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.slot < right.slot }
}

/// `ParSigExMsg` of a ceremony: one participant's partial signatures, one for each validator. Source: spec/dkg.md §6.1.
///
/// Not verified: what is signed may not be known yet when a message comes.
package struct PartialSignatureSet: Equatable, Sendable {
    /// `Signature` of Charon's duty types.
    private static let dutyType: UInt64 = 3
    /// A JSON text: 96 bytes in base64 and two quotes.
    private static let jsonBytes = 130

    package let kind: SignatureKind
    /// The sender's share index, from 1.
    package let share: Int
    /// By the validator's key.
    package let signatures: [PubKey: Bytes96]

    package init(kind: SignatureKind, share: Int, signatures: [PubKey: Bytes96]) {
        self.kind = kind
        self.share = share
        self.signatures = signatures
    }

    /// An entry takes 340 bytes.
    package static func bytesMax(validators: Int) -> Int { 256 + validators * 400 }

    /// - Parameters:
    ///   - share: the share index of who sent it: no entry may be of another.
    ///   - validators: at most so many entries; which validators they are may not be known yet.
    package init(decoding bytes: [UInt8], share: Int, validators: Int) throws(WireFault) {
        var kind: SignatureKind?
        var signatures: [PubKey: Bytes96]?
        var reader = try FieldReader(
            bytes, "ParSigExMsg", bytesMax: Self.bytesMax(validators: validators), fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: kind = try Self.kind(field.body("duty"))
            default: signatures = try Self.signatures(field.body("data_set"), share: share, validators: validators)
            }
        }
        let given = try signatures.required("data_set")
        guard !given.isEmpty else { throw .missing(field: "set") }
        self.init(kind: try kind.required("duty"), share: share, signatures: given)
    }

    private static func kind(_ bytes: ArraySlice<UInt8>) throws(WireFault) -> SignatureKind {
        var (slot, type): (UInt64, UInt64) = (0, 0)
        var reader = FieldReader(bytes, "Duty", fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: slot = try field.uint64("slot")
            default: type = try field.uint64("type")
            }
        }
        guard type == dutyType else { throw .outOfRange(field: "duty type", value: type) }
        guard let kind = SignatureKind(slot: slot) else { throw .outOfRange(field: "slot", value: slot) }
        return kind
    }

    private static func signatures(
        _ bytes: ArraySlice<UInt8>, share: Int, validators: Int
    ) throws(WireFault) -> [PubKey: Bytes96] {
        var signatures: [PubKey: Bytes96] = [:]
        var reader = FieldReader(bytes, "ParSignedDataSet", fields: 1, repeated: [1])
        while let field = try reader.next() {
            guard signatures.count < validators else { throw .tooMany(field: "set", limit: validators) }
            var key: PubKey?
            var signature: Bytes96?
            var entry = FieldReader(try field.body("set"), "ParSignedDataSet.SetEntry", fields: 2)
            while let field = try entry.next() {
                switch field.number {
                case 1: key = try pubKey(field.body("key"))
                default: signature = try Self.signature(field.body("value"), share: share)
                }
            }
            let validator = try key.required("key")
            guard signatures[validator] == nil else { throw .repeatedEntry(field: "validator") }
            signatures[validator] = try signature.required("value")
        }
        return signatures
    }

    /// `0x` and 96 lower-case hex digits.
    private static func pubKey(_ bytes: ArraySlice<UInt8>) throws(WireFault) -> PubKey {
        guard bytes.count == 98 else { throw .length(field: "key", expected: 98, actual: bytes.count) }
        guard let text = String(validating: bytes, as: UTF8.self), let key = try? PubKey(hex: text), key.hex == text
        else { throw .notText(field: "key") }
        return key
    }

    private static func signature(_ bytes: ArraySlice<UInt8>, share: Int) throws(WireFault) -> Bytes96 {
        var data: Bytes96?
        var index = 0
        var reader = FieldReader(bytes, "ParSignedData", fields: 3)
        while let field = try reader.next() {
            switch field.number {
            case 1: data = try parse(field.body("data"))
            case 3: index = try field.index("share_idx")
            // The signature again, which Charon writes and does not read.
            default: break
            }
        }
        guard index == share else { throw .outOfRange(field: "share_idx", value: UInt64(index)) }
        return try data.required("data")
    }

    private static func parse(_ json: ArraySlice<UInt8>) throws(WireFault) -> Bytes96 {
        let quote = UInt8(ascii: "\"")
        guard json.count == jsonBytes, json.first == quote, json.last == quote,
            let bytes = Base64.standard.decode(json.dropFirst().dropLast()), let signature = Bytes96(bytes)
        else { throw .notSignature(field: "data") }
        return signature
    }

    /// Map entries ascend by key.
    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.message(1) { duty in
                duty.number(1, kind.slot)
                duty.number(2, Self.dutyType)
            }
            writer.message(2) { set in
                for (key, signature) in signatures.sorted(by: { $0.key < $1.key }) {
                    set.message(1) { entry in
                        entry.text(1, key.hex)
                        entry.message(2) { value in
                            value.text(1, "\"\(Base64.standard.encode(signature.bytes))\"")
                            value.element(2, signature.bytes)
                            value.number(3, share)
                        }
                    }
                }
            }
        }
    }
}
