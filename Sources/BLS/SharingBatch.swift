import CBlst

/// The sharings of many keys among the same holders, checked at once, and the wrong ones named.
///
/// Each key Q_v with its shares P_v,1 … P_v,n gets a secret random coefficient c_v, and instead of every sharing the
/// sum is checked:
///
///     sum of c_v P_v,1, …, sum of c_v P_v,n   are shares of   sum of c_v Q_v
///
/// What makes a sharing right is that n - t + 1 linear combinations of its points vanish (`isShared`). The same
/// combinations of the sums are the sums, weighted with c_v, of each sharing's own. A wrong sharing has one that is
/// not zero, an element of prime order r, so with the other coefficients fixed at most one value of its own makes
/// that sum vanish: 63 random bits, hence a chance of at most 2^-63 for each of the fewer than 2m sums looked at.
/// Sharings that are wrong by amounts that cancel out fail alike. If a sum fails it is halved, down to single
/// sharings, which are checked exactly.
///
/// Decoding has checked that every point is in the subgroup of order r, which the argument needs.
package struct SharingBatch: Sendable {
    private let threshold: Int
    /// Column 0 has the keys, column i the shares of index i; a row for each sharing.
    private var columns: [[blst_p1_affine]]

    /// `shares` of each key, 1 through `shareIndexMax`, `threshold` of them needed.
    package init(threshold: Int, shares: Int) {
        self.threshold = threshold
        columns = [[blst_p1_affine]](repeating: [], count: shares + 1)
    }

    package var count: Int { columns[0].count }

    /// - Precondition: as many shares as announced, index 1 first.
    package mutating func add(_ key: PublicKey, shares: [PublicKey]) {
        precondition(shares.count == columns.count - 1, "all sharings are among the same holders")
        columns[0].append(key.point)
        for (i, share) in shares.enumerated() { columns[i + 1].append(share.point) }
    }

    /// Positions of those that are not sharings with this threshold, ascending, in the order of adding. The
    /// coefficients come from `generator`: whoever made the shares must not foresee it.
    package func wrongOnes(using generator: inout some RandomNumberGenerator) -> [Int] {
        guard count > 0 else { return [] }
        let coefficients = (0..<count).map { _ in (generator.next() | 1).littleEndian }
        var wrong: [Int] = []
        var suspects = [0..<count]
        while let rows = suspects.popLast() {
            if isShared(rows, coefficients) { continue }
            if rows.count == 1 {
                wrong.append(rows.lowerBound)
                continue
            }
            let middle = rows.lowerBound + rows.count / 2
            suspects.append(middle..<rows.upperBound)
            suspects.append(rows.lowerBound..<middle)
        }
        return wrong
    }

    package func wrongOnes() -> [Int] {
        var generator = SystemRandomNumberGenerator()
        return wrongOnes(using: &generator)
    }

    private func isShared(_ rows: Range<Int>, _ coefficients: [UInt64]) -> Bool {
        let sums = columns.map { column in
            rows.count == 1 ? column[rows.lowerBound] : sum(of: column, rows, coefficients).affine
        }
        return sums[0].isShared(as: Array(sums.dropFirst()), threshold: threshold)
    }

    /// Sum of coefficient times point, 64 bits each.
    private func sum(of column: [blst_p1_affine], _ rows: Range<Int>, _ coefficients: [UInt64]) -> blst_p1 {
        coefficients.withUnsafeBytes { bytes in
            column.withUnsafeBufferPointer { points in
                guard let scalars = bytes.bindMemory(to: UInt8.self).baseAddress else { return blst_p1() }
                let first = scalars + rows.lowerBound * MemoryLayout<UInt64>.stride
                return blst_p1.multiScalarSum(UnsafeBufferPointer(rebasing: points[rows]), scalars: first, bits: 64)
            }
        }
    }
}
