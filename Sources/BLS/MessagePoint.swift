import CBlst
import SSZ

/// A message's point in G2, hashed once, to sign with many keys: validators of one slot mostly sign one root.
///
/// From `tableMin` keys on, multiples of the point are computed ahead: j * 2^(5i) * H for every window i of five
/// bits. A signature is then one addition for each window and no doubling, about 85 µs instead of 215 µs.
///
/// A key's digits choose among the multiples, so the choice must not show: every window reads all of its multiples
/// and keeps one by a mask, negation is blst's conditional one, and blst's addition takes the same time for equal
/// points and for infinity. Nothing branches on, or is addressed by, a digit.
package struct MessagePoint: Sendable {
    /// Keys from which the table, about 1.8 ms, pays.
    package static let tableMin = 24

    private static let windowBits = 5
    /// Signed digits need bit 254 of the scalar once more, as the carry of the window below.
    private static let windows = 52
    /// Multiples 1...16 of a window's point; a digit is between -16 and 16.
    private static let multiples = 1 << (windowBits - 1)

    private let point: blst_p2
    /// `multiples` points for each window; empty for few keys.
    private let table: [blst_p2_affine]

    /// - Parameter keys: about how many will sign.
    package init(_ root: Bytes32, keys: Int) {
        point = Ciphersuite.proofOfPossession.hash(root.bytes)
        table = keys < Self.tableMin ? [] : Self.table(of: point)
    }

    /// The signatures by `keys`, in their order.
    package func sign(with keys: [SecretKey]) -> [Signature] {
        if table.isEmpty { return keys.map { $0.sign(point) } }
        return blst_p2.affine(keys.map(product)).map { Signature(checked: $0) }
    }

    private static func table(of point: blst_p2) -> [blst_p2_affine] {
        var starts: [blst_p2] = []
        var start = point
        for _ in 0..<windows {
            starts.append(start)
            for _ in 0..<windowBits { start.double() }
        }
        let affine = blst_p2.affine(starts)
        return [blst_p2_affine](unsafeUninitializedCapacity: windows * multiples) { table, count in
            affine.withUnsafeBufferPointer {
                blst_p2s_mult_wbits_precompute(table.baseAddress, windowBits, [$0.baseAddress, nil], windows)
            }
            count = windows * multiples
        }
    }

    /// Constant time.
    private func product(_ key: SecretKey) -> blst_p2 {
        // One limb more, which stays zero, so that the last window reads like all others.
        let scalar = SecretMemory<UInt64>(count: 5)
        blst_uint64_from_scalar(scalar.pointer, key.scalar.pointer)
        let (sum, chosen) = (SecretMemory<blst_p2>(), SecretMemory<blst_p2_affine>())
        table.withUnsafeBytes { table in
            for window in 0..<Self.windows {
                let digit = Self.digit(window, of: scalar.pointer)
                Self.choose(digit.magnitude, from: table, window: window, into: chosen.pointer)
                withUnsafeMutablePointer(to: &chosen.pointer.pointee.y) { blst_fp2_cneg($0, $0, digit.isNegative) }
                blst_p2_add_or_double_affine(sum.pointer, sum.pointer, chosen.pointer)
            }
        }
        return sum.pointer.pointee
    }

    /// Booth's recoding: bits 5i - 1 through 5i + 4 of the scalar as a number from -16 through 16.
    private static func digit(_ window: Int, of scalar: UnsafePointer<UInt64>) -> (magnitude: UInt64, isNegative: Bool)
    {
        let bits: UInt64
        if window == 0 {
            bits = scalar[0] << 1 & 63
        } else {
            let (limb, shift) = ((windowBits * window - 1) / 64, UInt64((windowBits * window - 1) % 64))
            bits = (scalar[limb] &>> shift | (scalar[limb + 1] &<< 1) &<< (63 &- shift)) & 63
        }
        let sign = bits &>> 5
        let mask = 0 &- sign
        return (((((bits &+ 1) &>> 1) ^ mask) &- mask) & 31, sign != 0)
    }

    /// The multiple `magnitude` of the window, all zeros (infinity) for 0.
    private static func choose(
        _ magnitude: UInt64, from table: UnsafeRawBufferPointer, window: Int,
        into chosen: UnsafeMutablePointer<blst_p2_affine>
    ) {
        typealias Limbs = SIMD8<UInt64>
        var (first, second, third) = (Limbs.zero, Limbs.zero, Limbs.zero)
        let pointBytes = MemoryLayout<blst_p2_affine>.stride
        for multiple in 0..<multiples {
            let offset = (window * multiples + multiple) * pointBytes
            // All ones where `multiple` + 1 is the wanted one: only zero has a borrow.
            let mask = Limbs(repeating: 0 &- (((UInt64(multiple + 1) ^ magnitude) &- 1) &>> 63))
            first |= table.loadUnaligned(fromByteOffset: offset, as: Limbs.self) & mask
            second |= table.loadUnaligned(fromByteOffset: offset + 64, as: Limbs.self) & mask
            third |= table.loadUnaligned(fromByteOffset: offset + 128, as: Limbs.self) & mask
        }
        let out = UnsafeMutableRawPointer(chosen)
        out.storeBytes(of: first, as: Limbs.self)
        out.storeBytes(of: second, toByteOffset: 64, as: Limbs.self)
        out.storeBytes(of: third, toByteOffset: 128, as: Limbs.self)
    }
}
