import BLS

/// `FrostRound1P2P`: one participant's secret shares for another, by direct stream. Source: spec/dkg.md §5.3.
package struct FrostSharesMessage: Sendable {
    /// Share indices from 1: whose shares, and for whom, which is also where the polynomials were taken.
    package let source: Int
    package let target: Int
    /// By validator.
    package let shares: [SecretKey]

    package init(source: Int, target: Int, shares: [SecretKey]) {
        self.source = source
        self.target = target
        self.shares = shares
    }

    package static func bytesMax(validators: Int) -> Int { 256 + validators * 96 }

    /// - Parameters:
    ///   - source: the share index of who sent it: the message may be of nobody else.
    ///   - target: our own share index, which every `target_id` and every `id` must be. Charon takes any `id`.
    /// - Throws: also unless there is exactly one share for each validator, and none is zero.
    package init(decoding bytes: [UInt8], source: Int, target: Int, validators: Int) throws(WireFault) {
        var entries = FrostEntries<SecretKey>(source: source, target: target, validators: validators)
        var reader = try FieldReader(
            bytes, "FrostRound1P2P", bytesMax: Self.bytesMax(validators: validators), fields: 1, repeated: [1])
        while let field = try reader.next() {
            let (key, share) = try Self.share(field.body("shares"), target: target)
            try entries.add(key, share)
        }
        self.init(source: source, target: target, shares: try entries.complete("shares"))
    }

    private static func share(
        _ bytes: ArraySlice<UInt8>, target: Int
    ) throws(WireFault) -> (FrostMessageKey, SecretKey) {
        var key: FrostMessageKey?
        var id = 0
        var value: SecretKey?
        var reader = FieldReader(bytes, "FrostRound1ShamirShare", fields: 3)
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try FrostMessageKey(field.body("key"))
            case 2: id = try field.index("id")
            default: value = try field.secret("value")
            }
        }
        guard id == target else { throw .outOfRange(field: "id", value: UInt64(id)) }
        return (try key.required("key"), try value.required("value"))
    }

    /// The shares in the clear: the caller wipes the bytes once they are sent.
    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            for (validator, share) in shares.enumerated() {
                writer.message(1) { entry in
                    entry.message(1, FrostMessageKey(validator: validator, source: source, target: target).write)
                    entry.number(2, target)
                    share.withSecretBytes { entry.element(3, $0) }
                }
            }
        }
    }
}
