import CBlst

/// Group signatures of many validators, recovered together: coefficients once for each set of share indexes, one
/// field inversion for all, and one subgroup check for each result instead of one for each share.
///
/// That the shares are not checked is safe for whoever verifies the results. Under one key there is exactly one
/// point of the subgroup that is the signature of a message. A result is checked to lie in the subgroup here, and
/// to be that point by verification: then it is the group's signature, whatever it was made from. A share outside
/// the subgroup can only spoil its own validator's result, as any wrong share can, and the strict decoding that
/// names wrong shares afterwards refuses it.
package struct RecoveryBatch: Sendable {
    /// In the order of adding: the recovered point, to be verified still, or why there is none.
    package typealias Outcome = Result<Signature, BLSError>

    private var interpolations: [[Int]: Interpolation] = [:]
    private var sums: [Result<blst_p2, BLSError>] = []

    package init() {}

    /// Partial signatures over one message by share index, at least the threshold of them. If decoding them throws,
    /// that is the outcome.
    package mutating func add(_ partials: () throws(BLSError) -> [Int: UncheckedSignature]) {
        sums.append(Result { () throws(BLSError) in try sum(of: partials()) })
    }

    package mutating func add(_ partials: [Int: UncheckedSignature]) { add { () throws(BLSError) in partials } }

    package func recover() -> [Outcome] {
        var points = blst_p2.affine(sums.compactMap { try? $0.get() })[...]
        return sums.map { sum in
            sum.flatMap { _ in
                guard let point = points.popFirst() else { preconditionFailure("a point for each sum") }
                return Result { () throws(BLSError) in try Self.checked(point) }
            }
        }
    }

    private mutating func sum(of partials: [Int: UncheckedSignature]) throws(BLSError) -> blst_p2 {
        let set = try ShareSet(partials.mapValues(\.point))
        let interpolation = interpolations[set.indexes] ?? Interpolation(set.indexes)
        interpolations[set.indexes] = interpolation
        return interpolation.value(of: set.shares)
    }

    private static func checked(_ point: blst_p2_affine) throws(BLSError) -> Signature {
        var point = point
        guard !blst_p2_affine_is_inf(&point) else { throw .infinity }
        guard blst_p2_affine_in_g2(&point) else { throw .notInSubgroup }
        return Signature(checked: point)
    }
}
