import BLS

/// `FrostRound1Casts`: a participant's proofs and commitments, for all. Source: spec/dkg.md §5.3.
package struct FrostCastsMessage: Equatable, Sendable {
    static let name = "FrostRound1Casts"

    /// Of one validator.
    package struct Cast: Equatable, Sendable {
        /// `wi`.
        package let response: Scalar
        /// `ci`.
        package let challenge: Scalar
        /// As many as the threshold.
        package let commitments: [BLS.PublicKey]

        package init(response: Scalar, challenge: Scalar, commitments: [BLS.PublicKey]) {
            self.response = response
            self.challenge = challenge
            self.commitments = commitments
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

    package static func bytesMax(threshold: Int, validators: Int) -> Int { 256 + validators * (128 + 56 * threshold) }

    /// - Parameter source: the share index of who sent it: the message may be of nobody else.
    /// - Throws: also unless there is exactly one cast for each validator, with exactly `threshold` commitments.
    package init(decoding bytes: [UInt8], source: Int, threshold: Int, validators: Int) throws(WireFault) {
        var entries = FrostEntries<Cast>(source: source, target: 0, validators: validators)
        var reader = try FieldReader(
            bytes, Self.name, bytesMax: Self.bytesMax(threshold: threshold, validators: validators), fields: 1,
            repeated: [1])
        while let field = try reader.next() {
            let (key, cast) = try Self.cast(field.body("casts"), threshold: threshold)
            try entries.add(key, cast)
        }
        self.init(source: source, casts: try entries.complete("casts"))
    }

    private static func cast(
        _ bytes: ArraySlice<UInt8>, threshold: Int
    ) throws(WireFault) -> (FrostMessageKey, Cast) {
        var key: FrostMessageKey?
        var (response, challenge): (Scalar?, Scalar?)
        var commitments: [BLS.PublicKey] = []
        var reader = FieldReader(bytes, "FrostRound1Cast", fields: 4, repeated: [4])
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try FrostMessageKey(field.body("key"))
            case 2: response = try field.scalar("wi")
            case 3: challenge = try field.scalar("ci")
            default:
                guard commitments.count < threshold else { throw .tooMany(field: "commitments", limit: threshold) }
                commitments.append(try field.point("commitments"))
            }
        }
        guard commitments.count == threshold else {
            throw .count(field: "commitments", expected: threshold, actual: commitments.count)
        }
        let cast = Cast(
            response: try response.required("wi"), challenge: try challenge.required("ci"), commitments: commitments)
        return (try key.required("key"), cast)
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            for (validator, cast) in casts.enumerated() {
                writer.message(1) { entry in
                    entry.message(1, FrostMessageKey(validator: validator, source: source, target: 0).write)
                    entry.element(2, cast.response.bytes.bytes)
                    entry.element(3, cast.challenge.bytes.bytes)
                    for point in cast.commitments { entry.element(4, point.bytes.bytes) }
                }
            }
        }
    }

    /// For the reliable broadcast.
    package var packed: PackedMessage { PackedMessage(Self.name, encoded()) }

    package init(
        unpacking message: PackedMessage, source: Int, threshold: Int, validators: Int
    ) throws(WireFault) {
        try self.init(
            decoding: message.unpacked(Self.name), source: source, threshold: threshold, validators: validators)
    }
}
