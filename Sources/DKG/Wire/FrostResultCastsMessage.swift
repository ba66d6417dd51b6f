import BLS

/// `FrostRound2Casts`: what came out of the key generation at one participant, for all. Source: spec/dkg.md §5.4.
package struct FrostResultCastsMessage: Equatable, Sendable {
    static let name = "FrostRound2Casts"

    /// Of one validator.
    package struct Cast: Equatable, Sendable {
        /// The validator's key.
        package let verificationKey: BLS.PublicKey
        /// `vk_share`: the sender's public share.
        package let shareKey: BLS.PublicKey

        package init(verificationKey: BLS.PublicKey, shareKey: BLS.PublicKey) {
            self.verificationKey = verificationKey
            self.shareKey = shareKey
        }
    }

    /// Share index of the sender, from 1.
    package let source: Int
    /// By validator.
    package let casts: [Cast]

    package init(source: Int, casts: [Cast]) {
        self.source = source
        self.casts = casts
    }

    package static func bytesMax(validators: Int) -> Int { 256 + validators * 160 }

    /// - Parameter source: the share index of who sent it: the message may be of nobody else.
    /// - Throws: also unless there is exactly one cast for each validator.
    package init(decoding bytes: [UInt8], source: Int, validators: Int) throws(WireFault) {
        var entries = FrostEntries<Cast>(source: source, target: 0, validators: validators)
        var reader = try FieldReader(
            bytes, Self.name, bytesMax: Self.bytesMax(validators: validators), fields: 1, repeated: [1])
        while let field = try reader.next() {
            let (key, cast) = try Self.cast(field.body("casts"))
            try entries.add(key, cast)
        }
        self.init(source: source, casts: try entries.complete("casts"))
    }

    private static func cast(_ bytes: ArraySlice<UInt8>) throws(WireFault) -> (FrostMessageKey, Cast) {
        var key: FrostMessageKey?
        var (verificationKey, shareKey): (BLS.PublicKey?, BLS.PublicKey?)
        var reader = FieldReader(bytes, "FrostRound2Cast", fields: 3)
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try FrostMessageKey(field.body("key"))
            case 2: verificationKey = try field.point("verification_key")
            default: shareKey = try field.point("vk_share")
            }
        }
        let cast = Cast(
            verificationKey: try verificationKey.required("verification_key"),
            shareKey: try shareKey.required("vk_share"))
        return (try key.required("key"), cast)
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            for (validator, cast) in casts.enumerated() {
                writer.message(1) { entry in
                    entry.message(1, FrostMessageKey(validator: validator, source: source, target: 0).write)
                    entry.element(2, cast.verificationKey.bytes.bytes)
                    entry.element(3, cast.shareKey.bytes.bytes)
                }
            }
        }
    }

    /// For the reliable broadcast.
    package var packed: PackedMessage { PackedMessage(Self.name, encoded()) }

    package init(unpacking message: PackedMessage, source: Int, validators: Int) throws(WireFault) {
        try self.init(decoding: message.unpacked(Self.name), source: source, validators: validators)
    }
}
